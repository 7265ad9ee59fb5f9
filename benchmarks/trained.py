"""Networks and pictures that the benchmarks of inference and explanation share.

Weights trained on ImageNet cannot be counted on to be there, and training takes minutes; yet a network of random
weights, as it comes, answers the same whatever it sees. So its batch normalisation is given the statistics of
these pictures and its last layer is shifted until it finds aurora in half of them: its answers then hang on every
layer, as a trained network's do, and are harder to reproduce than those of one that is sure of itself.

Where the answers must be a trained network's, an EfficientNet-B1 is trained on simulated skies for some minutes; this
makes one to be used again (`--model`):

    python benchmarks/trained.py FOLDER [--pictures 384] [--epochs 10]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from made_skies import told_skies
from PIL import Image
from torch import nn
from torch.utils.data import Dataset
from torchvision import transforms

from allsky.pictures import read_picture
from models.description import ModelDescription
from models.model_folder import Model
from models.network import build_network, weights_normalisation
from models.recipe import TrainingRecipe
from models.training import train

CLASSES = ("aurora", "no_aurora")


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


def trained_model(folder: Path, backbone: str, size: int, n_train: int = 384, epochs: int = 10) -> Path:
    """A model's folder below `folder`: trained from nothing on simulated skies. What is asked of it is that its answers
    mean something, not that they are right."""
    pictures, place = folder / "told", folder / f"trained_{backbone}"
    pictures.mkdir(exist_ok=True)
    split = told_skies(pictures, n_train, n_train // 4, n_skies=n_train // 4)
    recipe = TrainingRecipe(
        backbone=backbone,
        weights="none",
        strategy="scratch",
        image_size=size,
        epochs_full=epochs,
        batch_size=16,
        averaging=0.95,
        precision="bfloat16",
    )
    train(split, pictures, recipe, place, lambda share, message: print(message, flush=True))
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
    """The textbook data set: Pillow opens, torchvision's transforms resize, scale and normalise."""

    def __init__(self, paths: Sequence[Path], model: Model):
        self.paths = list(paths)
        description = model.description
        self.transform = transforms.Compose(
            [
                transforms.Resize((description.image_size, description.image_size)),
                transforms.ToTensor(),
                transforms.Normalize(description.mean, description.std),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> torch.Tensor:
        return self.transform(Image.open(self.paths[number]).convert("RGB"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=384, help="to learn from (default 384)")
    parser.add_argument("--epochs", type=int, default=10, help="default 10")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    print(trained_model(asked.folder, "efficientnet_b1", 240, asked.pictures, asked.epochs))
