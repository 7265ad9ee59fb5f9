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


class Predictor:
    """A model made ready once for any number of calls: on its device, in its engine's numbers, compiled if asked.

    `batch_size` None takes what suits the device. Raises BadConfiguration for an unknown engine.
    """

    def __init__(self, model: Model, engine: str = "auto", batch_size: int | None = None):
        self.engine = choose_engine(engine)
        self.batch_size = batch_size or _batch_size()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = model
        network = model.network.to(self.device, memory_format=torch.channels_last)
        self._forward = torch.compile(network, dynamic=True) if self.engine.compiled else network

    def __call__(self, image_paths: Sequence[Path], progress: Progress | None = None) -> np.ndarray:
        """Calibrated probabilities of each picture, float64 (n, classes), in the order of the model's classes.

        `progress` hears of each batch. Raises BadImage naming a damaged picture.
        """
        probabilities = np.empty((len(image_paths), len(self.model.description.classes)))
        done = 0
        for batch in read_pictures(image_paths, self.model.description.image_size, self.batch_size):
            probabilities[done : done + len(batch)] = self.answer(batch)
            done += len(batch)
            if progress:
                progress(done / len(image_paths), f"{done} of {len(image_paths)} frames classified")
        return probabilities

    @torch.inference_mode()
    def answer(self, pictures: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) of pictures of the model's size, uint8 (n, size, size, 3)."""
        images = self.model.seen(pictures)
        with torch.autocast(self.device.type, self.engine.dtype, enabled=self.engine.dtype != torch.float32):
            return self.model.probabilities(self._forward(images))


def predict(
    model: Model,
    image_paths: Sequence[Path],
    engine: str = "auto",
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Probabilities of each picture from a `Predictor` made for this one call."""
    return Predictor(model, engine, batch_size)(image_paths, progress)


def _batch_size() -> int:
    # On a CPU the activations of a larger batch leave the cache (EfficientNet-B1 at 240 px on two cores:
    # 56 images/s one by one, 20 in batches of 32; channels last, 47 in batches of 8).
    return 128 if torch.cuda.is_available() else 8
