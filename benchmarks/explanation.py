"""Heat maps of many frames: this project's `heat_maps` against grad-cam's README.

The obvious way follows the library's README for one picture and wraps a loop around it: Pillow, torchvision's
transforms, and for each picture `with GradCAM(model=..., target_layers=[...])`. It is fair because
the README shows one picture at a time, and most scripts keep it so. Tuned: one `GradCAM` for all, batches of 8, the
next pictures read by two worker processes. Method, layer and network are the same on both
sides; maps are compared on equal pixels, for the last layer of a network that is not sure of itself feels every pixel.

`peak_mb_first` and `peak_mb_last` are this process's memory (the highest seen) in the first and the last fifth of a
longer run of ours, of `maps` pictures, the same over and over: a corpus's maps must not pile up.

    python benchmarks/explanation.py [--quick] [--frames 24] [--size 240] [--maps 120]
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil
import torch
from made_skies import write_skies
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell
from torch import nn
from torch.utils.data import DataLoader
from trained import Pictures, pixels, tried_model

from models.explanation import heat_maps
from models.feature_maps import last_feature_map
from models.model_folder import Model

AURORA = [ClassifierOutputTarget(0)]


def layer_of(model: Model) -> nn.Module:
    """The one that ours takes its maps from."""
    return last_feature_map(model.network, model.description.image_size).module


def ours(model: Model, paths: list[Path]) -> np.ndarray:
    return np.stack(list(heat_maps(model, paths, "GradCAM")))


def obvious(model: Model, paths: list[Path]) -> np.ndarray:
    transform = Pictures(paths, model).transform
    maps = []
    for path in paths:
        image = transform(Image.open(path).convert("RGB")).unsqueeze(0)
        with GradCAM(model=model.network, target_layers=[layer_of(model)]) as cam:
            maps.append(cam(input_tensor=image, targets=AURORA)[0])
    return np.stack(maps)


def tuned(model: Model, paths: list[Path]) -> np.ndarray:
    loader = DataLoader(Pictures(paths, model), batch_size=8, num_workers=min(2, os.cpu_count() or 1))
    with GradCAM(model=model.network, target_layers=[layer_of(model)]) as cam:
        return np.concatenate([cam(input_tensor=images, targets=AURORA * len(images)) for images in loader])


def memory(model: Model, paths: list[Path], n_maps: int) -> tuple[float, float]:
    """Highest resident memory [MB] in the first and in the last fifth of `n_maps` maps, of `paths` over and over."""
    process = psutil.Process()
    pictures = list(islice(cycle(paths), n_maps))
    seen = [process.memory_info().rss / 1e6 for _ in heat_maps(model, pictures, "GradCAM")]
    fifth = max(1, n_maps // 5)
    return max(seen[:fifth]), max(seen[-fifth:])


def alike(maps: np.ndarray, model: Model, paths: list[Path]) -> float:
    """Mean correlation of our maps with the library's own, made one by one, of the pictures as we read them."""
    with GradCAM(model=model.network, target_layers=[layer_of(model)]) as cam:
        others = [cam(input_tensor=image[None], targets=AURORA)[0] for image in pixels(model, paths)]
    pairs = [(one.ravel(), other.ravel()) for one, other in zip(maps.astype(float), others) if one.std() > 0]
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs if pair[1].std() > 0]))


def main() -> None:
    asked = options(__doc__, frames=24, size=240, maps=120)
    n_frames, size, n_maps = (8, 96, 16) if asked.quick else (asked.frames, asked.size, asked.maps)
    with tempfile.TemporaryDirectory() as root:
        paths = write_skies(Path(root), n_frames, n_skies=4 if asked.quick else 12)
        backbone = "mobilenet_v3_small" if asked.quick else "efficientnet_b1"
        model = tried_model(backbone, size, paths[:32])
        ways = {OURS: ours, OBVIOUS: obvious, TUNED: tuned}
        turns = take_turns({name: partial(way, model, paths) for name, way in ways.items()}, asked.rounds)
        first, last = memory(model, paths, n_maps)
        likeness = alike(turns.answers[OURS][:8], model, paths[:8])
    require(likeness > 0.99, f"maps agree (mean correlation {likeness:.3f})")
    held = {"frames": n_maps, "peak_mb_first": first, "peak_mb_last": last}
    done = {"n_frames": n_frames, "map_correlation": likeness, "threads": torch.get_num_threads()}
    tell(turns, {**compared(turns), **done, **held})


if __name__ == "__main__":
    main()
