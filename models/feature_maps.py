"""Where does a network keep a map of features that still has a place for each part of the sky?

It is found by watching one picture pass through, so any backbone will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

# Networks were made for pictures of 224 pixels, of which their last map has 7 x 7 cells (He et al. 2016,
# https://arxiv.org/abs/1512.03385, table 1). Finer maps helped small networks of small pictures, and lost the aurora in
# an EfficientNet-B1 at 240 pixels (docs/science/explanation.md).
CELLS = 7


@dataclass(frozen=True)
class FeatureMap:
    """A module whose output is a map of features, and how its output becomes (n, channels, height, width)."""

    module: nn.Module
    reshape: Callable[[torch.Tensor], torch.Tensor] | None = None


def last_feature_map(network: nn.Module, size: int) -> FeatureMap:
    """The last map of features that has CELLS a side (or else the finest there is below that).

    In a convolutional network the last such output with height and width; in a transformer of tokens what enters
    the last attention (after it, only the class token counts).
    """
    seen = _outputs(network, size)
    tokens = _last_tokens(seen)
    if tokens is not None:
        return FeatureMap(tokens, tokens_as_map)
    maps = _maps(seen)
    finest = max(min(sides) for _, sides in maps)
    return [layer for layer, sides in maps if min(sides) >= min(CELLS, finest)][-1]


def feature_maps(network: nn.Module, size: int) -> list[tuple[FeatureMap, tuple[int, int]]]:
    """Every map of features of a convolutional network, in order, with height and width in cells."""
    return _maps(_outputs(network, size))


Outputs = list[tuple[nn.Module, tuple[int, ...]]]


def _maps(seen: Outputs) -> list[tuple[FeatureMap, tuple[int, int]]]:
    return [(FeatureMap(module, reshape), sides) for module, shape in seen for sides, reshape in _as_map(shape)]


def _last_tokens(seen: Outputs) -> nn.Module | None:
    """What enters the last attention between tokens, unless maps come after it (then tokens were its windows)."""
    attention = [place for place, (module, shape) in enumerate(seen) if _is_attention(module) and len(shape) == 3]
    if not attention or any(_as_map(shape) for _, shape in seen[attention[-1] :]):
        return None
    within = set(seen[attention[-1]][0].modules())  # these finish before it does, but see what came out of it
    before = [module for module, shape in seen[: attention[-1]] if len(shape) == 3 and module not in within]
    return before[-1] if before else None


def _is_attention(module: nn.Module) -> bool:
    """torchvision's transformers have PyTorch's attention, timm's a class of that name each."""
    return isinstance(module, nn.MultiheadAttention) or type(module).__name__.endswith("Attention")


def _as_map(shape: tuple[int, ...]) -> list[tuple[tuple[int, int], Callable[[torch.Tensor], torch.Tensor] | None]]:
    """Height and width of an output that is a map (pictures are square, and so are their maps), and how it becomes
    one with channels first; nothing where it is none."""
    if len(shape) != 4:
        return []
    if shape[2] == shape[3]:
        return [((shape[2], shape[3]), None)]
    return [((shape[1], shape[2]), channels_first)] if shape[1] == shape[2] else []


def channels_first(features: torch.Tensor) -> torch.Tensor:
    """A map (n, height, width, channels) as (n, channels, height, width)."""
    return features.permute(0, 3, 1, 2)


def tokens_as_map(tokens: torch.Tensor) -> torch.Tensor:
    """Tokens (n, tokens, channels) as a square map (n, channels, side, side), class token left out."""
    side = math.isqrt(tokens.shape[1])
    patches = tokens[:, tokens.shape[1] - side**2 :]
    return patches.transpose(1, 2).reshape(len(tokens), -1, side, side)


def _outputs(network: nn.Module, size: int) -> Outputs:
    """Each module and its output's shape, in the order in which they finish with one picture."""
    seen: Outputs = []

    def watch(module: nn.Module, _: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        seen.append((module, tuple(first.shape)))

    with ExitStack() as stack, torch.inference_mode():
        for module in network.modules():
            stack.callback(module.register_forward_hook(watch).remove)
        parameter = next(network.parameters())
        network(torch.zeros(1, 3, size, size, device=parameter.device, dtype=parameter.dtype))
    return seen
