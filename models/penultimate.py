"""What did a network make of a picture before it decided: what enters its last layer."""

from __future__ import annotations

import copy

import torch
from torch import nn

from allsky.errors import BadConfiguration
from models.frozen_features import last_layer
from models.model_folder import Model


class WithFeatures(nn.Module):
    """A network that answers with its logits and, behind them, what entered its last layer: (n, classes + features)."""

    def __init__(self, body: nn.Module, head: nn.Linear):
        super().__init__()
        self.body, self.head = body, head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.body(images)
        return torch.cat([self.head(features), features], dim=1)


def with_features(model: Model) -> Model:
    """The model whose network answers with its features too; `model` stays as it is.

    Raises BadConfiguration for a network that does not end in one linear layer.
    """
    body, backbone = copy.deepcopy(model.network), model.description.backbone
    head = last_layer(body, backbone)
    if head is None:
        raise BadConfiguration(
            f"[inference] features = stored: {backbone} does not end in one linear layer, whose input they would be. "
            "Set it to `none`, or take another backbone."
        )
    owner = next(module for module in body.modules() if head in module.children())
    name = next(name for name, child in owner.named_children() if child is head)
    setattr(owner, name, nn.Identity())
    return Model(WithFeatures(body, head).eval(), model.description)
