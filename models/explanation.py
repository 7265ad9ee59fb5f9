"""Where in the picture does the network see what it answers?

Heat maps by the methods of the grad-cam library, from the last map of features that still has a place for each part
of the sky. That layer is found by watching one picture pass through, so any backbone will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from allsky.errors import BadConfiguration
from allsky.pictures import read_pictures
from models.model_folder import Model

# The library's classes by the names their papers use.
METHODS: dict[str, type] = {
    "GradCAM": pytorch_grad_cam.GradCAM,
    "HiResCAM": pytorch_grad_cam.HiResCAM,
    "GradCAMElementWise": pytorch_grad_cam.GradCAMElementWise,
    "GradCAM++": pytorch_grad_cam.GradCAMPlusPlus,
    "XGradCAM": pytorch_grad_cam.XGradCAM,
    "EigenCAM": pytorch_grad_cam.EigenCAM,
    "EigenGradCAM": pytorch_grad_cam.EigenGradCAM,
    "LayerCAM": pytorch_grad_cam.LayerCAM,
    "AblationCAM": pytorch_grad_cam.AblationCAM,
    "ScoreCAM": pytorch_grad_cam.ScoreCAM,
    "KPCA-CAM": pytorch_grad_cam.KPCA_CAM,
}
# The networks were made for pictures of 224 pixels, of which their last map has 7 x 7 cells (He et al. 2016,
# https://arxiv.org/abs/1512.03385, table 1). Of smaller pictures it has so few that a cell is half of the sky.
FEWEST_CELLS = 7
_BATCH = 8


def explain(
    model: Model, image_paths: Sequence[Path], method: str = "GradCAM", target: str | None = None
) -> np.ndarray:
    """Heat maps of where `target` (None: the positive class) is seen, float16 (n, size, size), 0 to 1.

    Each map is scaled by its own maximum: it says where, not how much. Maps of many pictures are better
    taken one by one from `heat_maps`. Raises BadConfiguration for an unknown method or class, BadImage
    naming a damaged picture.
    """
    size = model.description.image_size
    maps = list(heat_maps(model, image_paths, method, target))
    return np.stack(maps) if maps else np.empty((0, size, size), np.float16)


def heat_maps(
    model: Model, image_paths: Sequence[Path], method: str = "GradCAM", target: str | None = None
) -> Iterator[np.ndarray]:
    """`explain`, one map (size, size) after the other, in memory that does not grow with their number."""
    explainer = Explainer(model, method, target)
    for batch in read_pictures(image_paths, model.description.image_size, _BATCH):
        yield from explainer(batch)


class Explainer:
    """A model made ready to be explained by one method, for any number of pictures.

    Raises BadConfiguration for an unknown method or class.
    """

    def __init__(self, model: Model, method: str = "GradCAM", target: str | None = None):
        if method not in METHODS:
            raise BadConfiguration(f"method = {method!r}: expected one of {', '.join(METHODS)}.")
        self.model, self.method = model, METHODS[method]
        self.target = ClassifierOutputTarget(_class_index(model, target))
        self.layer = last_feature_map(model.network.eval(), model.description.image_size)

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Heat maps, float16 (n, size, size) of 0 to 1, of pictures of the model's size, uint8 (n, size, size, 3)."""
        seen = self.model.seen(pictures)
        # Hooks are taken away again at the end: they would keep the last batch's maps of features.
        # Some methods divide by a score that may be nought; such a map is blank.
        blank = np.errstate(invalid="ignore", divide="ignore")
        with self.method(self.model.network, [self.layer.module], self.layer.reshape) as cam, blank:
            maps = cam(input_tensor=seen, targets=[self.target] * len(seen))
        return np.nan_to_num(maps).astype(np.float16)


def overlay(rgb: np.ndarray, heat: np.ndarray, opacity: float = 0.45, sky: np.ndarray | None = None) -> np.ndarray:
    """A picture with its heat map over it, uint8 (h, w, 3), at the picture's own size.

    `rgb` uint8 (h, w, 3); `heat` of 0 to 1, any size; `sky` bool (h, w), None for everywhere. Where the map is 0, and
    outside the sky, the picture shows unchanged.
    """
    height, width = rgb.shape[:2]
    share = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR).clip(0, 1)
    if sky is not None:
        share = share * sky
    colours = cv2.applyColorMap((255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    alpha = (opacity * np.sqrt(share))[..., None]
    return ((1 - alpha) * rgb + alpha * colours).round().astype(np.uint8)


@dataclass(frozen=True)
class FeatureMap:
    """A module whose output is a map of features, and how its output becomes (n, channels, height, width)."""

    module: nn.Module
    reshape: Callable[[torch.Tensor], torch.Tensor] | None = None


def last_feature_map(network: nn.Module, size: int) -> FeatureMap:
    """The last map of features that has FEWEST_CELLS cells a side (or else the finest there is below that).

    In a convolutional network the last such output with height and width; in a transformer of tokens what enters
    the last attention (after it, only the class token counts).
    """
    seen = _outputs(network, size)
    attention = [place for place, (module, _) in enumerate(seen) if isinstance(module, nn.MultiheadAttention)]
    tokens = [module for module, shape in seen[: attention[-1]] if len(shape) == 3] if attention else []
    if tokens:
        return FeatureMap(tokens[-1], tokens_as_map)
    maps = [(module, sides, reshape) for module, shape in seen for sides, reshape in _as_map(shape)]
    finest = max(min(sides) for _, sides, _ in maps)
    module, _, reshape = [entry for entry in maps if min(entry[1]) >= min(FEWEST_CELLS, finest)][-1]
    return FeatureMap(module, reshape)


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


def _outputs(network: nn.Module, size: int) -> list[tuple[nn.Module, tuple[int, ...]]]:
    """Each module and its output's shape, in the order in which they finish with one picture."""
    seen: list[tuple[nn.Module, tuple[int, ...]]] = []

    def watch(module: nn.Module, _: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        seen.append((module, tuple(first.shape)))

    with ExitStack() as stack, torch.inference_mode():
        for module in network.modules():
            stack.callback(module.register_forward_hook(watch).remove)
        parameter = next(network.parameters())
        network(torch.zeros(1, 3, size, size, device=parameter.device, dtype=parameter.dtype))
    return seen


def _class_index(model: Model, target: str | None) -> int:
    name = target or model.description.positive
    if name not in model.description.classes:
        raise BadConfiguration(f"target = {name!r} is none of the model's classes {list(model.description.classes)}.")
    return model.description.classes.index(name)
