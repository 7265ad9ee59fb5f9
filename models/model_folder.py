"""How does a trained network come to lie in a folder, and back into memory?

A model is a folder: `weights.safetensors`, `model.json` and what a person or a report reads beside them.
Loading it executes no code from it: the weights are plain tensors, and the backbone's name is looked up
among torchvision's.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
import torchvision
from torch import nn

from allsky.errors import BadModel
from models.dataset import brought, scaled
from models.description import WEIGHTS, ModelDescription, read_description
from models.network import build_network, load_backbone, read_state
from models.normalisation import normalised


@dataclass(frozen=True)
class Model:
    """A network in evaluation mode, and its description."""

    network: nn.Module
    description: ModelDescription

    def seen(self, pictures: np.ndarray) -> torch.Tensor:
        """Pictures, uint8 (n, size, size, 3), as the network sees them, on its device: float32 (n, 3, size, size)."""
        device = next(self.network.parameters()).device
        images = scaled(brought(torch.from_numpy(pictures), device).permute(0, 3, 1, 2), device)
        return normalised(images, self.description)

    def probabilities(self, logits: torch.Tensor) -> np.ndarray:
        """Calibrated probabilities float64 (n, classes) from the network's logits, whatever features follow them.

        Raises BadModel where the network's answer is no number.
        """
        calm = logits[:, : len(self.description.classes)].to("cpu", torch.float64) / self.description.temperature
        answers = calm.softmax(dim=1).numpy()
        if not np.isfinite(answers).all():
            raise BadModel(
                f"This {self.description.backbone} answers with no number (NaN) to {np.isnan(answers[:, 0]).sum()} of "
                f"{len(answers)} pictures. In 16 bits large numbers overflow: set [inference] engine = float32. If it "
                f"says so there too, {WEIGHTS} is damaged: train it again."
            )
        return answers


def load_model(folder: Path, device: torch.device | str = "cpu") -> Model:
    """The model in `folder`, ready to predict. Raises BadModel when anything of it is missing or does not fit."""
    description = read_description(Path(folder))
    network = build_network(description.backbone, len(description.classes), description.image_size)
    state = read_state(Path(folder) / WEIGHTS)
    load_backbone(network, state, description.backbone, str(Path(folder) / WEIGHTS))
    _require_head(network, state, Path(folder) / WEIGHTS)
    return Model(network.to(device).eval(), description)


def save_weights(network: nn.Module, folder: Path) -> None:
    """Write `weights.safetensors` into `folder`."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    # Its own writer lets nobody but the owner read the file, whatever the umask says.
    (folder / WEIGHTS).write_bytes(safetensors.torch.save(state))


def versions() -> dict[str, str]:
    """Of what computes: Python, PyTorch, torchvision."""
    return {"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__}


def _require_head(network: nn.Module, state: dict[str, torch.Tensor], path: Path) -> None:
    own = network.state_dict()
    strange = [name for name in own if name not in state or state[name].shape != own[name].shape]
    if strange:
        raise BadModel(
            f"{path} was made for another number of classes than model.json names ({strange[0]} differs); "
            "the two files are not of one model. Restore them together."
        )
