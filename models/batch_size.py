"""How many pictures does a GPU want at once? As many as still make it faster, and fit."""

from __future__ import annotations

import time
from dataclasses import replace

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


def useful_batch(model: Model, engine: Engine | None, pictures: np.ndarray, device: torch.device) -> int:
    """The smallest of `SIZES` within `GAIN` of the quickest, by trying on `pictures` (repeated), or as remembered.

    `engine` None: in the device's halved numbers, as what is chosen later most likely is. A trial that memory ended is
    not remembered: who else had the memory may be gone the next time. Raises torch.OutOfMemoryError where not even
    the smallest fits.
    """
    engine = engine or Engine("half", HALF[device.type])
    memory = Measured.of(model.description, 0, device, engine.name)
    rates = memory.rates if set(memory.rates) == set(map(str, SIZES)) else _tried(model, engine, pictures, device)
    for name, rate in rates.items() if len(rates) == len(SIZES) else ():
        memory.note(name, rate)
    return next(size for size in SIZES if rates[str(size)] * (1 + GAIN) >= max(rates.values()))


def _tried(model: Model, engine: Engine, pictures: np.ndarray, device: torch.device) -> dict[str, float]:
    """Pictures a second by size of the batch, as far as memory goes."""
    # Compiling for each size would take minutes.
    plain = replace(engine, compiled=False) if engine.compiled else engine
    ready = Ready(model, plain, device)
    rates: dict[str, float] = {}
    for size in SIZES:
        batch = np.resize(pictures, (size, *pictures.shape[1:]))
        try:
            ready.answer(batch)
            started = time.perf_counter()
            for _ in range(_TIMES):
                ready.answer(batch)
        except torch.OutOfMemoryError:
            if not rates:
                raise
            break
        rates[str(size)] = _TIMES * size / (time.perf_counter() - started)
    return rates
