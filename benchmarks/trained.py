"""Networks and pictures that the benchmarks of inference and explanation share.

Weights trained on ImageNet cannot be counted on to be there, and training takes minutes; yet a network of random
weights, as it comes, answers the same whatever it sees. So its batch normalisation is given the statistics of
these pictures and its last layer is shifted until it finds aurora in half of them: its answers then hang on every
layer, as a trained network's do, and are harder to reproduce than those of one that is sure of itself.

Where the answers must be a trained network's, an EfficientNet-B1 is trained on simulated nights (`made_nights.py`):
mostly on small pictures, which cost a fourteenth, and at the end on some of its own size. This makes one to be used
again (`--model`), from weights that have seen other pictures in some ten minutes of computing, from nothing in several
times that; a run that was stopped goes on where it was:

    python benchmarks/trained.py FOLDER [--weights FILE] [--nights 80] [--backbone efficientnet_b1] [--size 240]
                                        [--grey 0.25]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from made_nights import archive, filmed, labelled, split_of
from PIL import Image
from torch import nn
from torch.utils.data import Dataset
from torchvision import transforms

from allsky.green_rule import balanced_accuracy
from allsky.pictures import read_picture
from allsky.statistics.comparison import sample
from models.description import ModelDescription
from models.device import has_bfloat16
from models.inference import predict
from models.model_folder import Model, load_model
from models.network import build_network, weights_normalisation
from models.normalisation import local_contrast
from models.recipe import TrainingRecipe
from models.training import train

CLASSES = ("aurora", "no_aurora")
TAUGHT_NIGHTS = 80


@dataclass(frozen=True)
class Step:
    """Epochs on pictures of one size, at most `frames` of them (None: all), learning at `rate`."""

    size: int
    epochs: int
    rate: float
    frames: int | None = None
    precision: str = "float32"


# What comes before the network's own size: from nothing, and from weights that have seen other pictures.
FROM_NOTHING, FROM_WEIGHTS = (Step(64, 24, 1e-3), Step(128, 2, 3e-4)), (Step(64, 2, 1e-3), Step(128, 1, 5e-4, 800))
# bfloat16 pays here alone, and where the processor has it: smaller pictures are quicker in float32.
LAST = {"epochs": 1, "rate": 2e-4, "frames": 800, "precision": "bfloat16" if has_bfloat16() else "float32"}


def tried_model(backbone: str, size: int, paths: Sequence[Path]) -> Model:
    """A model that tells these pictures apart, by nothing in particular."""
    torch.manual_seed(0)
    network = build_network(backbone, len(CLASSES), size)
    mean, std = weights_normalisation(backbone)
    model = Model(network, ModelDescription(CLASSES, "aurora", backbone, size, mean, std))
    images = pixels(model, paths)
    _take_statistics(network, images)
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        logits = torch.cat([network(batch) for batch in torch.split(images, 8)])
        difference = logits[:, 0] - logits[:, 1]
        last.weight *= 2 / difference.std()
        last.bias[0] -= (difference.median() - (last.bias[0] - last.bias[1])) * 2 / difference.std()
    return model


def trained_model(
    folder: Path,
    backbone: str,
    size: int,
    n_nights: int = TAUGHT_NIGHTS,
    weights: str = "none",
    grey: float = TrainingRecipe.grey,
) -> Path:
    """A model's folder below `folder`: trained on simulated nights, on small pictures first.

    What lies there already is used again, to the epoch.
    """
    simulation = archive(n_nights)
    frames = labelled(filmed(simulation, folder / "nights", size), simulation)
    before = FROM_NOTHING if weights == "none" else FROM_WEIGHTS
    for step in (*before, Step(size, **LAST)):
        weights = str(_trained_on(step, split_of(frames), weights, folder, backbone, grey))
    print(f"balanced accuracy on audit nights: {audited(Path(weights), frames, folder / 'nights'):.4f}", flush=True)
    return Path(weights)


def audited(place: Path, frames: pd.DataFrame, root: Path, most: int = 500) -> float:
    """Balanced accuracy of the model in `place` on at most so many frames of audit nights."""
    model, audit = load_model(place), frames[frames["role"] == "audit"]
    audit = audit.iloc[np.linspace(0, len(audit) - 1, min(most, len(audit))).astype(int)]
    said = model.description.decide(predict(model, [root / image for image in audit["image"]], "float32"))
    return balanced_accuracy((audit["label"] == "aurora").to_numpy(), said == "aurora")


def _trained_on(step: Step, split: pd.DataFrame, weights: str, folder: Path, backbone: str, grey: float) -> Path:
    recipe = TrainingRecipe(
        backbone=backbone,
        weights=weights,
        strategy="scratch" if weights == "none" else "finetune",
        image_size=step.size,
        epochs_full=step.epochs,
        learning_rate=step.rate,
        fine_tuning_rate=step.rate,
        batch_size=16,
        averaging=0.99,
        contrast="local",
        grey=grey,
        precision=step.precision,
    )
    place, split = folder / f"{backbone}_{step.size}", sample(split, step.frames)
    if not (place / "model.json").exists():
        said = f"{step.size} px: "
        checkpoint = folder / f"{place.name}.epoch"
        train(split, folder / "nights", recipe, place, lambda _, told: print(said + told, flush=True), checkpoint)
    return place


def pixels(model: Model, paths: Sequence[Path]) -> torch.Tensor:
    """The pictures as this project reads them, normalised, float32 (n, 3, size, size)."""
    return model.seen(np.stack([read_picture(path, model.description.image_size) for path in paths]))


def _take_statistics(network: nn.Module, images: torch.Tensor) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain mean over all batches
    network.train()
    with torch.no_grad():
        for batch in torch.split(images, 16):
            network(batch)
    network.eval()


class Pictures(Dataset):
    """The textbook data set: Pillow opens, torchvision's transforms resize, scale and normalise (or take the local
    contrast, a picture at a time)."""

    def __init__(self, paths: Sequence[Path], model: Model):
        self.paths = list(paths)
        description = model.description
        seen = transforms.Normalize(description.mean, description.std)
        if description.contrast == "local":
            seen = transforms.Lambda(lambda image: local_contrast(image[None])[0])
        self.transform = transforms.Compose(
            [
                transforms.Resize((description.image_size, description.image_size)),
                transforms.ToTensor(),
                seen,
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> torch.Tensor:
        return self.transform(Image.open(self.paths[number]).convert("RGB"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nights", type=int, default=TAUGHT_NIGHTS, help=f"of the archive (default {TAUGHT_NIGHTS})")
    parser.add_argument("--backbone", default="efficientnet_b1", help="default efficientnet_b1")
    parser.add_argument("--size", type=int, default=240, help="pixels of its input (default 240)")
    parser.add_argument("--weights", default="none", help="a file to begin with, or imagenet (default none)")
    parser.add_argument("--grey", type=float, default=TrainingRecipe.grey, help="share of pictures without colour")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    print(trained_model(asked.folder, asked.backbone, asked.size, asked.nights, asked.weights, asked.grey))
