"""Pictures that validate and are nearly ones that taught are counted, and no others."""

import numpy as np
import pandas as pd
import torch

from models.near_duplicates import near_duplicates
from models.training import train


def skies(seed: int, n: int = 12, size: int = 48) -> torch.Tensor:
    """Coarse clouds over a horizon that all share."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.uniform(0, 120, (n, 3, 6, 6)).astype(np.float32))
    horizon = torch.linspace(0, 100, size)[:, None].expand(size, size)
    return (torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear") + horizon).to(torch.uint8)


def test_other_skies_over_the_same_horizon_are_no_duplicates():
    assert near_duplicates(skies(1), skies(2)) == 0


def test_a_noisier_lighter_copy_is_one():
    taught, judged = skies(1), skies(2)
    noise = torch.from_numpy(np.random.default_rng(3).normal(0, 12, judged[:4].shape))
    judged[:4] = (taught[3:7] * 1.05 + noise).clamp(0, 255).to(torch.uint8)
    assert near_duplicates(taught, judged) == 4


def test_a_models_card_says_how_many(toy, quick, tmp_path):
    split, root = toy
    repeated = split[split["split"] == "train"].head(5).assign(split="validation")
    described = train(pd.concat([split, repeated]), root, quick, tmp_path)
    assert described.metrics["used for selection"]["near_duplicates"] >= 5
    assert "nearly the same picture" in (tmp_path / "card.md").read_text(encoding="utf-8")
