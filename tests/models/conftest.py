"""A toy sky: small enough to train on in a second, with a class that can be learnt."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from allsky.pictures import inscribed_disk
from models.recipe import TrainingRecipe

SIZE = 48

# Tests run side by side; threads that wait for one another on taken cores take a hundred times as long.
torch.set_num_threads(1)


def toy_sky(aurora: bool, generator: np.random.Generator, size: int = SIZE) -> np.ndarray:
    """A dark, noisy disk, RGB uint8; a green arc in it when there is aurora, a grey one when not."""
    picture = np.full((size, size, 3), generator.uniform(10, 40), np.float32)
    radius, width = generator.uniform(0.2, 0.6) * size, max(2, size // 12)
    start = generator.uniform(0, 360)
    centre = tuple(generator.integers(size // 3, 2 * size // 3, 2).tolist())
    colour = (40, 160, 60) if aurora else (110, 100, 110)
    cv2.ellipse(picture, centre, (int(radius), int(radius)), 0, start, start + 120, colour, width)
    picture += generator.normal(0, 8, picture.shape)
    picture *= inscribed_disk(size)[..., None]
    return picture.clip(0, 255).astype(np.uint8)


def write_jpeg(path: Path, rgb: np.ndarray) -> None:
    assert cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])


def toy_split(folder: Path, n_train: int = 24, n_validation: int = 12) -> pd.DataFrame:
    """Pictures under `folder` and the split that names them."""
    generator = np.random.default_rng(1)
    rows = []
    for number in range(n_train + n_validation):
        part = "train" if number < n_train else "validation"
        aurora = number % 2 == 0
        write_jpeg(folder / f"frame{number}.jpg", toy_sky(aurora, generator))
        night = f"2024-01-{1 + number // 6:02d}"
        label = "aurora" if aurora else "no_aurora"
        rows.append((f"toy_{number:04d}", night, label, part, 1.0 + number % 3, f"frame{number}.jpg"))
    return pd.DataFrame(rows, columns=["frame_id", "night", "label", "split", "weight", "image"])


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> tuple[pd.DataFrame, Path]:
    """A split and the folder of its pictures."""
    folder = tmp_path_factory.mktemp("toy_sky")
    return toy_split(folder), folder


@pytest.fixture(scope="session")
def quick() -> TrainingRecipe:
    """The smallest recipe that trains: one epoch of a small network from nothing."""
    return TrainingRecipe(
        backbone="shufflenet_v2_x0_5", weights="none", strategy="scratch", image_size=SIZE, epochs_full=1, batch_size=8
    )


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What engines are remembered for is this machine's, and no test's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
