"""What does a model say about many pictures?

Reading ahead in threads keeps the network busy; memory stays at a few batches. The `float32` engine is the
reference: what other engines answer is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from allsky.errors import BadConfiguration
from allsky.pictures import read_pictures
from models.dataset import scaled
from models.model_folder import Model

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Engine:
    """A way of computing: where, in which numbers, and whether compiled first."""

    name: str
    dtype: torch.dtype = torch.float32
    compiled: bool = False


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("float32"),
        Engine("bfloat16", torch.bfloat16),
        Engine("compiled", torch.bfloat16, compiled=True),
    )
}
DEFAULT_ENGINE = "float32"


def choose_engine(name: str = "auto") -> Engine:
    """The engine of that name; `auto` is the reference. Raises BadConfiguration for an unknown name."""
    chosen = DEFAULT_ENGINE if name == "auto" else name
    if chosen not in ENGINES:
        raise BadConfiguration(f"engine = {name!r}: expected auto or one of {', '.join(ENGINES)}.")
    return ENGINES[chosen]


def predict(
    model: Model,
    image_paths: Sequence[Path],
    engine: str = "auto",
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Calibrated probabilities of each picture, float64 (n, classes), in the order of the model's classes.

    `batch_size` None takes what suits the device. `progress` hears of each batch. Raises BadImage naming a
    damaged picture and BadConfiguration for an unknown engine.
    """
    answer = _prepared(model, choose_engine(engine))
    probabilities = np.empty((len(image_paths), len(model.description.classes)))
    done = 0
    for batch in read_pictures(image_paths, model.description.image_size, batch_size or _batch_size()):
        probabilities[done : done + len(batch)] = answer(batch)
        done += len(batch)
        if progress:
            progress(done / len(image_paths), f"{done} of {len(image_paths)} frames classified")
    return probabilities


def _prepared(model: Model, engine: Engine) -> Callable[[np.ndarray], np.ndarray]:
    """A function from pictures, uint8 (n, size, size, 3), to probabilities (n, classes)."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = model.network.to(device, memory_format=torch.channels_last)
    forward = torch.compile(network, dynamic=True) if engine.compiled else network

    @torch.inference_mode()
    def answer(pictures: np.ndarray) -> np.ndarray:
        images = model.normalised(scaled(torch.from_numpy(pictures).permute(0, 3, 1, 2), device))
        with torch.autocast(device.type, engine.dtype, enabled=engine.dtype != torch.float32):
            return model.probabilities(forward(images))

    return answer


def _batch_size() -> int:
    # On a CPU the activations of a larger batch leave the cache (EfficientNet-B1 at 240 px on two cores:
    # 56 images/s one by one, 20 in batches of 32; channels last, 47 in batches of 8).
    return 128 if torch.cuda.is_available() else 8
