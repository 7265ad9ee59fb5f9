"""Networks and pictures that the benchmarks of inference and explanation share.

Weights trained on ImageNet cannot be counted on to be there, and training takes minutes; yet a network of random
weights, as it comes, answers the same whatever it sees. So its batch normalisation is given the statistics of
these pictures and its last layer is shifted until it finds aurora in half of them: its answers then hang on every
layer, as a trained network's do, and are harder to reproduce than those of one that is sure of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset
from torchvision import transforms

from allsky.pictures import read_picture
from models.description import ModelDescription
from models.model_folder import Model
from models.network import build_network, weights_normalisation

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
