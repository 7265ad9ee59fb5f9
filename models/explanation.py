"""Where in the picture does the network see what it answers?

Heat maps by the methods of the grad-cam library (models.cam_methods), from the last map of features that still has a
place for each part of the sky (models.feature_maps).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from allsky.errors import BadConfiguration
from allsky.pictures import read_pictures
from models.cam_methods import METHODS
from models.description import METHOD
from models.feature_maps import last_feature_map
from models.kept_memory import memory_kept
from models.model_folder import Model

_BATCH = 8


def explain(model: Model, image_paths: Sequence[Path], method: str = METHOD, target: str | None = None) -> np.ndarray:
    """Heat maps of where `target` (None: the positive class) is seen, float16 (n, size, size), 0 to 1.

    Each map is scaled by its own maximum: it says where, not how much. Maps of many pictures are better
    taken one by one from `heat_maps`. Raises BadConfiguration for an unknown method or class, BadImage
    naming a damaged picture.
    """
    size = model.description.image_size
    maps = list(heat_maps(model, image_paths, method, target))
    return np.stack(maps) if maps else np.empty((0, size, size), np.float16)


def heat_maps(
    model: Model, image_paths: Sequence[Path], method: str = METHOD, target: str | None = None
) -> Iterator[np.ndarray]:
    """`explain`, one map (size, size) after the other, in memory that does not grow with their number."""
    explainer = Explainer(model, method, target)
    with memory_kept():
        for batch in read_pictures(image_paths, model.description.image_size, _BATCH):
            yield from explainer(batch)


class Explainer:
    """A model made ready to be explained by one method, for any number of pictures.

    Raises BadConfiguration for an unknown method or class.
    """

    def __init__(self, model: Model, method: str = METHOD, target: str | None = None):
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
        with (
            _gradients_from(self.layer.module, self.model.network),
            self.method(self.model.network, [self.layer.module], self.layer.reshape) as cam,
            blank,
        ):
            maps = cam(input_tensor=seen, targets=[self.target] * len(seen))
        return np.nan_to_num(maps).astype(np.float16)


@contextmanager
def _gradients_from(layer: nn.Module, network: nn.Module) -> Iterator[None]:
    """Within, gradients reach back to the layer's output and no further: no map is made of those of the weights.

    Back through the whole network an EfficientNet-B1 took five times as long for a map. Where the input's gradient
    is asked for they reach that as well.
    """
    taught = [weight for weight in network.parameters() if weight.requires_grad]
    hook = layer.register_forward_hook(_with_gradient)
    try:
        for weight in taught:
            weight.requires_grad_(False)
        yield
    finally:
        hook.remove()
        for weight in taught:
            weight.requires_grad_(True)


def _with_gradient(_layer: nn.Module, _given: tuple, output: torch.Tensor) -> torch.Tensor:
    """The layer's output, as what gradients are taken of; a copy, since a layer behind may write upon its input."""
    return output if output.requires_grad else output.requires_grad_().clone()


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


def _class_index(model: Model, target: str | None) -> int:
    name = target or model.description.positive
    if name not in model.description.classes:
        raise BadConfiguration(f"target = {name!r} is none of the model's classes {list(model.description.classes)}.")
    return model.description.classes.index(name)
