"""How many pictures does a GPU want at once? As many as still make it faster, and fit."""

from __future__ import annotations

import time

import numpy as np
import torch

from models.engine_memory import Measured
from models.engines import HALF, Engine, Ready
from models.model_folder import Model

SIZES = (32, 64, 128, 256, 512, 1024)
# A larger batch is worth its memory if it makes pictures quicker by this share.
GAIN = 0.05
# Times that a batch is computed to be timed.
_TIMES = 3


def useful_batch(model: Model, pictures: np.ndarray, device: torch.device) -> int:
    """The smallest of `SIZES` within `GAIN` of the quickest, by trying on `pictures` (repeated), or as remembered."""
    memory = Measured.of(model.description, 0, device)
    if not memory.rates:
        _try_sizes(model, pictures, device, memory)
    quickest = max(memory.rates.values(), default=0.0)
    return next((size for size in SIZES if memory.rates.get(str(size), 0.0) * (1 + GAIN) > quickest > 0), SIZES[0])


def _try_sizes(model: Model, pictures: np.ndarray, device: torch.device, memory: Measured) -> None:
    ready = Ready(model, Engine("half", HALF[device.type]), device)
    for size in SIZES:
        batch = np.resize(pictures, (size, *pictures.shape[1:]))
        try:
            ready.answer(batch)
            started = time.perf_counter()
            for _ in range(_TIMES):
                ready.answer(batch)
        except torch.OutOfMemoryError:
            return  # what fits today is remembered, no more
        memory.note(str(size), _TIMES * size / (time.perf_counter() - started))
