"""Training a classifier: this project's `train` against the textbook loop, and the same with the backbone frozen.

The obvious way: a `Dataset` that opens each 720-pixel JPEG with Pillow, torchvision's `Resize`, random rotation,
flips and `ColorJitter`, a `DataLoader` with its defaults, AdamW, `cross_entropy`, validation after each epoch. It is
fair because that is PyTorch's own transfer-learning tutorial with the augmentation a sky allows: the same network,
picture size, batches, epochs and number of pictures. Tuned: two worker processes that stay, and the pictures
shrunk to the network's size on disk beforehand, once and timed. Ours reads each picture once and keeps it in memory
as bytes, augments a batch at a time, and also calibrates, draws curves and writes the model's card.

`ratio_frozen` is the textbook loop with the backbone's parameters frozen against our strategy `frozen`, which shows
the backbone four views of each picture once; `ratio_views` is our own strategy without that (`cached_views` 0). Both
take as many epochs as the published studies do. Accuracies on validation pictures stand beside the times: all must
learn what there is to learn. What is frozen has been trained on other pictures of the kind. `frozen_accuracies` and
`anew_accuracies` are those of three seeds with views kept, and computed anew in each epoch.

    python benchmarks/training.py [--quick] [--pictures 96] [--epochs 4] [--frozen-epochs 20] [--size 64]
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as parquet
import torch
from made_skies import labelled_skies
from PIL import Image
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from models.network import build_network, freeze_backbone, weights_normalisation
from models.recipe import TrainingRecipe
from models.training import train


class LabelledPictures(Dataset):
    """The rows of a split as (picture, class)."""

    def __init__(self, rows: pd.DataFrame, folder: Path, recipe: TrainingRecipe, learning: bool):
        self.paths = [folder / image for image in rows["image"]]
        self.targets = [recipe.classes.index(label) for label in rows["label"]]
        varied = [
            transforms.RandomRotation(180),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=0.2, contrast=0.2),
        ]
        self.transform = transforms.Compose(
            [
                transforms.Resize((recipe.image_size, recipe.image_size)),
                *(varied if learning else []),
                transforms.ToTensor(),
                transforms.Normalize(*weights_normalisation(recipe.backbone)),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.open(self.paths[number]).convert("RGB")), self.targets[number]


def loaders(split: pd.DataFrame, folder: Path, recipe: TrainingRecipe, workers: int) -> tuple[DataLoader, DataLoader]:
    parts = [LabelledPictures(split[split["split"] == part], folder, recipe, part == "train") for part in PARTS]
    arguments = {"batch_size": recipe.batch_size, "num_workers": workers, "persistent_workers": workers > 0}
    return DataLoader(parts[0], shuffle=True, **arguments), DataLoader(parts[1], **arguments)


PARTS = ("train", "validation")


def textbook(split: pd.DataFrame, folder: Path, recipe: TrainingRecipe, workers: int = 0) -> float:
    """The best accuracy on validation pictures over the epochs."""
    torch.manual_seed(recipe.seed)
    weights = recipe.weights if recipe.pretrained else "none"
    network = build_network(recipe.backbone, len(recipe.classes), recipe.image_size, weights)
    freeze_backbone(network, recipe.backbone, frozen=recipe.strategy == "frozen")
    optimizer = torch.optim.AdamW([one for one in network.parameters() if one.requires_grad], lr=recipe.learning_rate)
    learning, judging = loaders(split, folder, recipe, workers)
    best = 0.0
    for _ in range(recipe.epochs_total):
        network.train()
        for images, targets in learning:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), targets).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = sum(int((network(images).argmax(1) == targets).sum()) for images, targets in judging)
        best = max(best, right / len(judging.dataset))
    return best


def shrunk_first(split: pd.DataFrame, folder: Path, recipe: TrainingRecipe) -> float:
    """The textbook loop tuned: small pictures made once, workers that stay."""
    with tempfile.TemporaryDirectory() as small:
        for image in split["image"]:
            picture = Image.open(folder / image).resize((recipe.image_size, recipe.image_size))
            picture.save(Path(small) / image, quality=95)
        return textbook(split, Path(small), recipe, min(2, os.cpu_count() or 1))


def ours(split: pd.DataFrame, folder: Path, recipe: TrainingRecipe) -> float:
    with tempfile.TemporaryDirectory() as model:
        train(split, folder, recipe, Path(model))
        history = parquet.read_table(Path(model) / "history.parquet").to_pandas()
    return float(history["validation_accuracy"].max())


def knowing_something(folder: Path, recipe: TrainingRecipe, n_pictures: int) -> str:
    """Something to freeze: the model folder of this recipe, trained on other pictures of the same kind."""
    others = folder / "others"
    others.mkdir()
    train(labelled_skies(others, n_pictures, n_pictures // 3, seed=4), others, recipe, folder / "start")
    return str(folder / "start")


def main() -> None:
    asked = options(__doc__, rounds=2, pictures=96, epochs=4, frozen_epochs=20, size=64)
    n_train, epochs, size = (32, 1, 64) if asked.quick else (asked.pictures, asked.epochs, asked.size)
    frozen_epochs = 2 if asked.quick else asked.frozen_epochs
    recipe = TrainingRecipe(
        backbone="resnet18",
        weights="none",
        strategy="scratch",
        image_size=size,
        epochs_full=epochs,
        batch_size=16,
    )
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        split = labelled_skies(folder, n_train, n_train // 3)
        weights = knowing_something(folder, recipe, n_train)
        frozen = replace(recipe, weights=weights, strategy="frozen", epochs_frozen=frozen_epochs)
        anew = replace(frozen, cached_views=0)
        ways = {
            OURS: lambda: ours(split, folder, recipe),
            OBVIOUS: lambda: textbook(split, folder, recipe),
            TUNED: lambda: shrunk_first(split, folder, recipe),
            "ours frozen": lambda: ours(split, folder, frozen),
            "ours anew": lambda: ours(split, folder, anew),
            "frozen": lambda: textbook(split, folder, frozen),
        }
        turns = take_turns(ways, asked.rounds)
        seeds = range(1 if asked.quick else 3)
        learnt = {
            f"{name}_accuracies": [ours(split, folder, replace(way, seed=seed)) for seed in seeds]
            for name, way in (("frozen", frozen), ("anew", anew))
        }
    accuracy = {"ours_accuracy": turns.answers[OURS], "rival_accuracy": turns.answers[OBVIOUS]}
    if not asked.quick:
        require(accuracy["ours_accuracy"] > accuracy["rival_accuracy"] - 0.15, f"ours learns as much: {accuracy}")
    done = {
        "n_frames": len(split),
        "epochs": epochs,
        "frozen_epochs": frozen_epochs,
        "backbone": recipe.backbone,
        "image_size": size,
    }
    done |= {"threads": torch.get_num_threads()}
    ratios = {
        name: turns.ratio(way, "ours frozen")
        for name, way in (("ratio_frozen", "frozen"), ("ratio_views", "ours anew"))
    }
    tell(turns, {**compared(turns), **ratios, **done, **accuracy, **learnt})


if __name__ == "__main__":
    main()
