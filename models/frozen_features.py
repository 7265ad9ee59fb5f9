"""What does a backbone that no longer changes make of each picture, computed once instead of in every epoch?

Of every training picture a few variations are shown to the backbone, of every validation picture the one as it is,
and what enters the network's last layer is kept; the head then learns from that alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from models.dataset import LabelledPictures
from models.network import head_parameters

# Pictures that pass through the backbone at once.
_BATCH = 32

# Pictures of one part, chosen by index, as the network is to see them: float (n, 3, size, size).
Seen = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class FrozenFeatures:
    """What enters the head: of training pictures float32 (views, n, features), of validation pictures (n, features)."""

    training: torch.Tensor
    validation: torch.Tensor

    def drawn(self, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Of each picture in `batch` one of its views, drawn by `generator` (a CPU's): (len(batch), features)."""
        view = torch.randint(len(self.training), batch.shape, generator=generator)
        return self.training[view.to(self.training.device), batch.to(self.training.device)]


def last_layer(network: nn.Module, backbone: str) -> nn.Linear | None:
    """The layer that is the whole head; None where the head is built otherwise (a convolution, two layers)."""
    owners = {name.rpartition(".")[0] for name in head_parameters(backbone)}
    module = network.get_submodule(owners.pop()) if len(owners) == 1 else None
    return module if isinstance(module, nn.Linear) else None


def frozen_features(
    network: nn.Module,
    backbone: str,
    parts: tuple[LabelledPictures, LabelledPictures],
    seen: tuple[Seen, Seen],
    views: int,
    halved: bool = False,
) -> FrozenFeatures | None:
    """The features of both parts, shown to `network` by `seen` (the training pictures' and the validation pictures').

    `halved`: training pictures are computed in bfloat16, as steps that train are; validation pictures never.

    None where the network's answer is not its last layer's, so that its features cannot stand for it.
    """
    training, validation = parts
    head = last_layer(network, backbone)
    if head is None or not _answers_last(network, head, seen[1](torch.arange(min(2, len(validation))))):
        return None
    varied = torch.stack([_features(network, head, seen[0], len(training), halved) for _ in range(views)])
    return FrozenFeatures(varied, _features(network, head, seen[1], len(validation)))


@torch.no_grad()
def _features(network: nn.Module, head: nn.Linear, seen: Seen, n: int, halved: bool = False) -> torch.Tensor:
    kept: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0].float()))
    network.eval()
    try:
        for batch in torch.split(torch.arange(n), _BATCH):
            images = seen(batch)
            with torch.autocast(images.device.type, torch.bfloat16, enabled=halved):
                network(images)
    finally:
        hook.remove()
    return torch.cat(kept)


@torch.no_grad()
def _answers_last(network: nn.Module, head: nn.Linear, images: torch.Tensor) -> bool:
    kept: list[torch.Tensor] = []
    hook = head.register_forward_hook(lambda _, inputs, output: kept.append(output))
    network.eval()
    try:
        answer = network(images)
    finally:
        hook.remove()
    return len(kept) == 1 and answer.shape == kept[0].shape and torch.equal(answer, kept[0])
