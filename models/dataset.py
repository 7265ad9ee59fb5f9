"""Which pictures, of which class, does the network see, and in what order?

Training pictures are few (thousands) and small, so they are read once and kept in memory as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from allsky.errors import BadLabels
from allsky.pictures import read_pictures
from models.recipe import TrainingRecipe


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures uint8 (n, 3, size, size) with class indices (n,) and sampling weights (n,), and their split's rows."""

    pictures: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    def class_weights(self, n_classes: int) -> torch.Tensor:
        """Loss weights that let each class count as much as the others, mean 1 over the pictures."""
        counts = torch.bincount(self.targets, minlength=n_classes)
        return len(self.targets) / (n_classes * counts.to(torch.float32))


def read_labelled(split: pd.DataFrame, part: str, image_root: Path, recipe: TrainingRecipe) -> LabelledPictures:
    """The pictures of one part (`train` or `validation`) of a split.

    `split` has the columns of `SPLIT` and `image`, a path relative to `image_root`. Raises BadLabels for
    an empty part, an unknown label or a class that training has no picture of; BadImage naming a damaged picture.
    """
    rows = split[split["split"] == part].reset_index(drop=True)
    _check(rows, part, recipe.classes)
    paths = [Path(image_root) / image for image in rows["image"]]
    pictures = torch.empty((len(rows), 3, recipe.image_size, recipe.image_size), dtype=torch.uint8)
    start = 0
    for batch in read_pictures(paths, recipe.image_size, batch_size=64):
        pictures[start : start + len(batch)] = torch.from_numpy(batch).permute(0, 3, 1, 2)
        start += len(batch)
    targets = torch.tensor([recipe.classes.index(label) for label in rows["label"]])
    weights = torch.tensor(rows["weight"].to_numpy(float), dtype=torch.float32)
    return LabelledPictures(pictures, targets, weights, rows)


def scaled(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Pictures as float32 of 0 to 1 on `device`, channels last."""
    return brought(pictures, device).to(torch.float32, memory_format=torch.channels_last).div_(255)


def brought(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Pictures on `device`. A GPU fetches them by itself, from memory that stays in place: nobody waits for it."""
    if device.type != "cuda" or pictures.is_cuda:
        return pictures.to(device)
    return pictures.pin_memory().to(device, non_blocking=True)


def epoch_batches(n: int, batch_size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Indices of all `n` pictures in random order, in batches of nearly equal size.

    Nearly equal, because a last batch of one picture would have no variance for batch normalisation.
    """
    order = torch.randperm(n, generator=generator)
    yield from torch.tensor_split(order, -(-n // batch_size))


def _check(rows: pd.DataFrame, part: str, classes: Sequence[str]) -> None:
    unknown = sorted(set(rows["label"]) - set(classes))
    if unknown:
        raise BadLabels(f"The {part} part has the labels {unknown}; the classes are {list(classes)}. Mend one of them.")
    counts = rows["label"].value_counts()
    missing = [name for name in classes if name not in counts]
    if len(rows) == 0 or (missing and part == "train"):
        raise BadLabels(
            f"The {part} part has {len(rows)} frames and none of {', '.join(missing)} "
            f"({np.unique(rows['night']).size} nights). Label more frames of `{part}` nights until each class occurs."
        )
