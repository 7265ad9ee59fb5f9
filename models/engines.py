"""In which way does this machine compute a network fastest, and does it still say what the reference says?

`float32` is the reference. `bfloat16` (on a GPU `float16`, which every GPU has and which keeps three bits more)
halves the numbers and folds batch normalisation into the convolutions before it; `compiled` has that translated by
TorchInductor, which takes a C++ compiler and half a minute, and pays for thousands of pictures; `compiled_float32`
keeps the reference's numbers, so that nothing is computed again, and so does `onnx`, which ONNX Runtime computes and
which needs no compiling. Which is fastest is measured once on the first pictures and remembered; a way that fails, or
answers otherwise than the reference, is left out.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.fx.experimental.optimization import fuse

from allsky.errors import BadConfiguration, BadModel
from models.device import has_bfloat16
from models.engine_memory import Measured, cache_folder
from models.model_folder import Model
from models.onnx_forward import onnx_forward
from models.streams import Streams, threads_a_stream

logger = logging.getLogger("allsky")

# TorchInductor keeps what it has compiled where temporary files go, and decides that early: a restart of the machine
# would have everything compiled anew.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "inductor"))

# Farther than this from the reference's probabilities on the first pictures, and an engine is not used.
FARTHEST = 0.05
# Roundings to bfloat16's 8 bits move the logarithm of the odds by 0.06 to 0.1 (a trained EfficientNet-B1, 240 pixels):
# of probabilities below this some lie more than 0.02 off, and float32 computes them again. float16 has 11 bits.
SURE_FROM = {torch.bfloat16: 0.85}
# Pictures from which on it is worth trying which engine is quickest (that takes as long as some 150 of them), and
# how long compiling takes.
TRY_FROM, COMPILE_FROM = 500, 3000
# Batches that each stream computes when an engine is timed, and how often that is: what else the machine does, and a
# processor that has only begun to compute in 16 bits, make it slower, and nothing quicker.
BATCHES_TIMED, TIMES = 1, 3

Forward = Callable[[torch.Tensor], torch.Tensor]


# Numbers of half the length, by device. A float16 that overflows answers otherwise than the reference, and is left out.
HALF = {"cpu": torch.bfloat16, "cuda": torch.float16}


@dataclass(frozen=True)
class Engine:
    """A way of computing: in which numbers (None: in the device's half ones), whether compiled first, and whether by
    ONNX Runtime, on a processor."""

    name: str
    dtype: torch.dtype | None = torch.float32
    compiled: bool = False
    onnx: bool = False

    @property
    def exact(self) -> bool:
        """Whether it computes in the reference's numbers, and leaves nothing in doubt."""
        return self.dtype == torch.float32

    def numbers(self, device: torch.device) -> torch.dtype:
        """What it computes in on `device`."""
        return self.dtype or HALF[device.type]


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("float32"),
        Engine("bfloat16", torch.bfloat16),
        Engine("float16", torch.float16),
        Engine("compiled", None, compiled=True),
        Engine("compiled_float32", torch.float32, compiled=True),
        Engine("onnx", torch.float32, onnx=True),
    )
}
AUTO, REFERENCE = "auto", ENGINES["float32"]


def tried_on(device: torch.device) -> list[Engine]:
    """The engines among which `auto` chooses on `device`; a GPU is always quicker in half the numbers, a processor that
    has none never."""
    if device.type == "cpu":
        halved = [None, HALF["cpu"]] if has_bfloat16() else []
        return [engine for engine in ENGINES.values() if engine.dtype in (torch.float32, *halved)]
    return [REFERENCE, *(engine for engine in ENGINES.values() if engine.dtype in (None, HALF[device.type]))]


def engine_named(name: str) -> Engine | None:
    """The engine of that name, None for `auto`. Raises BadConfiguration for an unknown one."""
    if name != AUTO and name not in ENGINES:
        raise BadConfiguration(f"engine = {name!r}: expected auto or one of {', '.join(ENGINES)}.")
    return ENGINES.get(name)


class Ready:
    """A model made ready to be computed by an engine on `device`."""

    def __init__(self, model: Model, engine: Engine, device: torch.device) -> None:
        self.model, self.engine, self.device = model, engine, device
        self._dtype = engine.numbers(device)
        network = model.network.to(device, memory_format=torch.channels_last)
        self._forward = self._made(network)

    def _made(self, network: nn.Module) -> Forward:
        if self.engine is REFERENCE:
            return network
        if self.engine.onnx:
            return onnx_forward(network, self.model.description.image_size, threads_a_stream())
        light = _lightened(network, self._dtype)
        return torch.compile(light, dynamic=False) if self.engine.compiled else light

    def answer(self, pictures: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (n, classes) of pictures of the model's size, uint8 (n, size, size, 3)."""
        return self.model.probabilities(self.begin(pictures))

    def doubtful(self, answers: np.ndarray) -> np.ndarray:
        """Whether the reference should be asked again, bool (n,): this engine's roundings may decide, or show."""
        unsure = answers.max(axis=1) < SURE_FROM.get(self._dtype, 0.0)
        return (unsure | self.model.description.doubtful(answers, FARTHEST)) & (not self.engine.exact)

    @torch.inference_mode()
    def begin(self, pictures: np.ndarray) -> torch.Tensor:
        """The logits (n, classes) to be, with any features behind them; a GPU goes on computing them after this."""
        images = self.model.seen(pictures).contiguous(memory_format=torch.channels_last)
        with self._compiling(), torch.autocast(self.device.type, self._dtype, enabled=not self.engine.exact):
            return self._forward(images)

    def _compiling(self) -> AbstractContextManager:
        """In which a network is compiled when the first pictures come: on a processor with constant weights.

        These are laid out beforehand as oneDNN wants them, and a convolution takes along the activation behind it,
        which in 16 bits takes as long as the convolution itself (EfficientNet's SiLU).
        """
        if not self.engine.compiled or self.device.type != "cpu":
            return contextlib.nullcontext()
        from torch._inductor import config  # a second to import

        return config.patch(freezing=True)  # of this thread, not of the network


def _lightened(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """A copy with batch normalisation folded into convolutions, where the network can be traced, and the weights of
    convolutions and linear layers in `dtype`: autocast would convert them anew for every batch."""
    try:
        light = fuse(copy.deepcopy(network))
    except Exception:  # tracing fails in as many ways as networks are written; unfolded they are only slower
        light = copy.deepcopy(network)
    for module in light.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.to(dtype)
    return light.to(memory_format=torch.channels_last).eval()


# Which one?


def choose(
    model: Model, pictures: np.ndarray, expected: int, streams: Streams, device: torch.device, memory: Measured
) -> Ready:
    """The model with the engine that needs the least time for `expected` pictures, of which `pictures` are some.

    For a few pictures it is the reference.
    """
    if expected < TRY_FROM:
        return Ready(model, REFERENCE, device)
    trials = _Trials(model, pictures, streams, device, memory)
    engines = tried_on(device)
    for engine in engines:
        if engine.name not in memory.rates and (expected >= COMPILE_FROM or not engine.compiled):
            trials.measure(engine)
    names = [engine.name for engine in engines]
    while not trials.make_ready(ENGINES[memory.quickest(names, expected)]):
        pass  # what failed is remembered as useless, and is the quickest no more
    return trials.ready[memory.quickest(names, expected)]


class _Trials:
    """Engines tried on a batch of `pictures`, all streams at work."""

    def __init__(
        self, model: Model, pictures: np.ndarray, streams: Streams, device: torch.device, memory: Measured
    ) -> None:
        self._model, self._pictures, self._streams = model, pictures, streams
        self._device, self._memory = device, memory
        reference = Ready(model, REFERENCE, device)
        self.ready = {REFERENCE.name: reference}
        self._exact = reference.answer(pictures)

    def measure(self, engine: Engine) -> None:
        """Remember how many pictures a second an engine computes, and how long it takes to make it ready."""
        started = time.perf_counter()
        if not self.make_ready(engine):
            return
        made_s = time.perf_counter() - started if engine.compiled or engine.onnx else 0.0
        try:
            rate = self._images_per_s(self.ready[engine.name])
        except Exception as error:  # what works once may not with all streams at work
            self._give_up(engine, error)
        else:
            self._memory.note(engine.name, rate, made_s)

    def make_ready(self, engine: Engine) -> bool:
        """Whether an engine can be used: it works, and answers what the reference does."""
        try:
            if engine.name not in self.ready:
                self.ready[engine.name] = Ready(self._model, engine, self._device)
            # In a stream: a network is compiled for the number of threads that it will have.
            (answers,) = self._streams.map(self.ready[engine.name].answer, [self._pictures])
        except Exception as error:  # whatever keeps a machine from computing so, another engine does it
            self._give_up(engine, error)
            return False
        return self._is_near(engine, answers)

    def _give_up(self, engine: Engine, error: Exception) -> None:
        if engine is REFERENCE:
            raise error
        self.ready.pop(engine.name, None)
        put_aside(engine, error, self._memory)

    def _is_near(self, engine: Engine, answers: np.ndarray) -> bool:
        """Whether the answers are the reference's, too. That is a matter of this model, and not remembered."""
        gap = float(np.abs(answers - self._exact).max())
        if gap <= FARTHEST:
            return True
        self.ready.pop(engine.name, None)
        self._memory.leave_out(engine.name)
        _say_left_out(engine, f"its probabilities are up to {gap:.3f} off those of {REFERENCE.name}")
        return False

    def _images_per_s(self, ready: Ready) -> float:
        batches = [self._pictures] * (BATCHES_TIMED * self._streams.number)
        moments = [time.perf_counter()]
        for _ in range(TIMES):
            list(self._streams.map(ready.answer, batches))
            moments.append(time.perf_counter())
        return len(batches) * len(self._pictures) / min(end - start for start, end in itertools.pairwise(moments))


def put_aside(engine: Engine, error: Exception, memory: Measured) -> None:
    """Say that an engine cannot be used, and remember it: for now where it lacked memory or this model overflowed."""
    # The processor's memory ends in a plain RuntimeError.
    lacked = isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
    if lacked or isinstance(error, BadModel):
        memory.leave_out(engine.name)
    else:
        memory.note(engine.name, 0.0)
    reason = str(error).strip().splitlines() or [repr(error)]
    _say_left_out(engine, reason[0])


def _say_left_out(engine: Engine, reason: str) -> None:
    logger.warning("the %s engine cannot be used here, the next best is: %s", engine.name, reason)
