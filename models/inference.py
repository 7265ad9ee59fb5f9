"""What does a model say of many pictures?

Each core reads and computes batches of its own, so that both go on at once everywhere; memory stays at a batch a
core. A GPU is handed large batches that the cores have read ahead. How it computes is `models.engines`. Another engine
than `float32` answers with other roundings: where these might decide, or show, `float32` computes again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from allsky.errors import AllskyError
from allsky.pictures import read_picture, read_pictures
from models.batch_size import useful_batch
from models.device import device
from models.engine_memory import Measured
from models.engines import (
    AUTO,
    ENGINES,
    REFERENCE,
    TRY_FROM,
    Engine,
    Ready,
    choose,
    engine_named,
    put_aside,
    tried_on,
)
from models.model_folder import Model
from models.penultimate import WithFeatures, with_features
from models.streams import Streams

Progress = Callable[[float, str], None]

logger = logging.getLogger("allsky")

# On a CPU the activations of a larger batch leave the cache. What a GPU wants is found by trying, where it pays.
CPU_BATCH, GPU_BATCH = 8, 128


class OutOfMemory(AllskyError):
    """A device on which not even one picture fits."""


class Predictor:
    """A model made ready once for any number of calls: on its device, by the quickest engine, compiled where it pays.

    `engine` is `auto` or a name; `batch_size` None takes what suits the device; `expected` says how many pictures
    there will be in all calls together (those of the first call, where it is None). Where a GPU's memory does not
    suffice the batches are halved until it does. `features`: `with_features` may be asked. Raises BadConfiguration for
    an unknown engine, or a network that has no features to give.
    """

    def __init__(
        self,
        model: Model,
        engine: str = AUTO,
        batch_size: int | None = None,
        expected: int | None = None,
        features: bool = False,
    ) -> None:
        self._asked, self._expected = engine_named(engine), expected
        self.device = device()
        self._batch_free = batch_size is None and self.device.type == "cuda"
        self.batch_size = batch_size or (GPU_BATCH if self.device.type == "cuda" else CPU_BATCH)
        self.model = with_features(model) if features else model
        self._ready: Ready | None = None
        self._reference: Ready | None = None
        self._memory: Measured | None = None
        self._doubtful = np.zeros(2, int)
        self._weighing = threading.Lock()
        self._used: dict[str, None] = {}

    def expect(self, pictures: int) -> None:
        """Say how many pictures there will be in the calls to come; of use before the first."""
        self._expected = pictures

    @property
    def engine(self) -> Engine:
        """The engine in use; the reference until pictures have been seen."""
        return self._ready.engine if self._ready else self._asked or REFERENCE

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that computed the last call's batches, by name; two where it changed over to the reference."""
        return tuple(self._used)

    @property
    def computed_twice(self) -> float:
        """The share of the pictures so far of which this engine was in doubt; 0 for an exact one."""
        again, seen = self._doubtful
        return float(again / seen) if seen and not self.engine.exact else 0.0

    def __call__(self, image_paths: Sequence[Path], progress: Progress | None = None) -> np.ndarray:
        """Calibrated probabilities of each picture, float64 (n, classes), in the order of the model's classes.

        `progress` hears of each batch. Raises BadImage naming a damaged picture.
        """
        return self.with_features(image_paths, progress)[0]

    def with_features(
        self, image_paths: Sequence[Path], progress: Progress | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same probabilities, and what entered the network's last layer, float16 (n, features).

        That is the engine's, also where the probabilities are computed again; without `features` there are 0 of them.
        """
        n_classes, done = len(self.model.description.classes), 0
        self._used.clear()
        probabilities = np.empty((len(image_paths), n_classes))
        features = np.empty((len(image_paths), _n_features(self.model)), np.float16)
        for answers in self._answers(image_paths) if len(image_paths) else ():
            batch = slice(done, done + len(answers))
            probabilities[batch], features[batch] = answers[:, :n_classes], answers[:, n_classes:]
            done += len(answers)
            if progress:
                progress(done / len(image_paths), f"{done} of {len(image_paths)} frames classified")
        return probabilities, features

    def answer(self, pictures: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) of pictures of the model's size, uint8 (n, size, size, 3)."""
        if not len(pictures):
            return np.empty((0, len(self.model.description.classes)))
        pieces = [pictures[start : start + self.batch_size] for start in range(0, len(pictures), self.batch_size)]
        with Streams(self.device) as streams:
            self._make_ready(pieces[0], len(pictures), streams)
            return np.concatenate(list(streams.map(self._answer, pieces)))[:, : len(self.model.description.classes)]

    def _answers(self, paths: Sequence[Path]) -> Iterator[np.ndarray]:
        """The answers to each batch, in order."""
        with Streams(self.device) as streams:
            self._make_ready(self._read(paths[: self.batch_size]), len(paths), streams)
            if self.device.type == "cuda":
                yield from self._computed_ahead(paths)
                return
            batches = [paths[start : start + self.batch_size] for start in range(0, len(paths), self.batch_size)]
            yield from streams.map(lambda batch: self._answer(self._read(batch)), batches)

    def _computed_ahead(self, paths: Sequence[Path]) -> Iterator[np.ndarray]:
        """A GPU is given the next batch before its answers to the last are waited for."""
        readers = max(2, torch.get_num_threads())
        begun: deque[tuple[np.ndarray, torch.Tensor, Ready]] = deque()
        for pictures in read_pictures(paths, self.model.description.image_size, self.batch_size, threads=readers):
            ready = self._in_use()
            begun.append((pictures, self._begin(pictures, ready), ready))
            if len(begun) > 1:
                yield self._settled(*begun.popleft())
        yield from (self._settled(*batch) for batch in begun)

    def _read(self, paths: Sequence[Path]) -> np.ndarray:
        return np.stack([read_picture(path, self.model.description.image_size) for path in paths])

    def _make_ready(self, pictures: np.ndarray, here: int, streams: Streams) -> None:
        """Choose batch and engine, if that is still to be done; `pictures` are the first of those `here`."""
        if self._expected is None:
            self._expected = here
        expected = self._expected
        while self._ready is None:
            try:
                if self._batch_free and expected >= TRY_FROM:
                    self._batch_free = False
                    self.batch_size = useful_batch(self.model, self._asked, pictures, self.device)
                self._ready = self._chosen(pictures[: self.batch_size], expected, streams)
                self._reference = Ready(self.model, REFERENCE, self.device)
            except torch.OutOfMemoryError as error:
                self._halve(self.batch_size, error)

    def _chosen(self, pictures: np.ndarray, expected: int, streams: Streams) -> Ready:
        if self._asked is not None:
            return Ready(self.model, self._asked, self.device)
        self._memory = Measured.of(self.model.description, self.batch_size, self.device)
        return choose(self.model, _filled(pictures, self.batch_size), expected, streams, self.device, self._memory)

    def _answer(self, pictures: np.ndarray) -> np.ndarray:
        ready = self._in_use()
        return self._settled(pictures, self._begin(pictures, ready), ready)

    def _in_use(self) -> Ready:
        assert self._ready is not None, "_make_ready comes first"
        return self._ready

    def _settled(self, pictures: np.ndarray, logits: torch.Tensor, ready: Ready) -> np.ndarray:
        """The probabilities; of pictures of which `ready`, whose logits these are, is in doubt, the reference's.

        Features follow them. Another batch may have changed over to the reference meanwhile.
        """
        self._used[ready.engine.name] = None
        answers = self.model.probabilities(logits)
        doubtful = ready.doubtful(answers)
        if doubtful.any():
            answers[doubtful] = self.model.probabilities(self._begin(pictures[doubtful], self._reference))
        if ready is self._ready:
            self._weigh(doubtful, pictures)
        features = logits[:, answers.shape[1] :]
        return np.hstack([answers, features.float().cpu().numpy()]) if features.shape[1] else answers

    def _weigh(self, doubtful: np.ndarray, pictures: np.ndarray) -> None:
        """Go on with exact numbers alone where computing so many pictures twice takes longer, and nobody asked for this
        engine. One stream does so at a time; the others go on.
        """
        self._doubtful += np.array([doubtful.sum(), len(doubtful)])
        if self._memory is None or not self._weighing.acquire(blocking=False):
            return
        try:
            if alone := self._quicker_alone(self._memory):
                again, seen = self._doubtful
                logger.info("%d of %d pictures were computed twice; going on with %s alone", again, seen, alone)
                self._ready = self._exact(ENGINES[alone], pictures, self._memory)
        finally:
            self._weighing.release()

    def _quicker_alone(self, memory: Measured) -> str | None:
        """The exact engine that would be through with the pictures to come before the one in use."""
        (again, seen), expected = self._doubtful, self._expected or 0
        if seen < TRY_FROM or self.engine.exact:
            return None
        exact = [engine.name for engine in tried_on(self.device) if engine.exact]
        return memory.quicker_alone(self.engine.name, again / seen, REFERENCE.name, exact, max(0, expected - seen))

    def _exact(self, engine: Engine, pictures: np.ndarray, memory: Measured) -> Ready:
        """The model with an exact engine, compiled by `pictures` where it is; the reference where that fails."""
        assert self._reference is not None
        if engine is REFERENCE:
            return self._reference
        try:
            ready = Ready(self.model, engine, self.device)
            ready.answer(_filled(pictures, self.batch_size))
        except Exception as error:  # as for any engine that a machine cannot compute by, another does it
            put_aside(engine, error, memory)
            return self._reference
        return ready

    def _begin(self, pictures: np.ndarray, ready: Ready | None) -> torch.Tensor:
        """Logits of a batch, in smaller pieces where memory does not suffice for it at once."""
        size = self.batch_size  # which a piece may yet make smaller
        if len(pictures) > size:
            return torch.cat([self._begin(pictures[at : at + size], ready) for at in range(0, len(pictures), size)])
        try:
            return self._piece(pictures, ready)
        except torch.OutOfMemoryError as error:
            self._halve(len(pictures), error)
        # Not within the handling, during which the failed attempt keeps its memory.
        return self._begin(pictures, ready)

    def _piece(self, pictures: np.ndarray, ready: Ready | None) -> torch.Tensor:
        """Logits of a batch; a compiled network is given whole ones only, or it would be compiled again."""
        assert ready is not None
        whole = _filled(pictures, self.batch_size) if ready.engine.compiled else pictures
        return ready.begin(whole)[: len(pictures)]

    def _halve(self, failed: int, error: torch.OutOfMemoryError) -> None:
        if failed <= 1:
            raise OutOfMemory(
                f"{self.device} has not enough memory for a single picture of {self.model.description.image_size} "
                f"pixels in {self.model.description.backbone} ({error}). Stop what else uses it, or set "
                "CUDA_VISIBLE_DEVICES to another one, or to nothing for the processor."
            ) from error
        # Several streams may fail at once.
        half = failed // 2
        self.batch_size = min(self.batch_size, half)
        logger.warning("%s has not enough memory for %d pictures at once; going on with %d", self.device, failed, half)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def predict(
    model: Model,
    image_paths: Sequence[Path],
    engine: str = AUTO,
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Probabilities of each picture from a `Predictor` made for this one call."""
    return Predictor(model, engine, batch_size)(image_paths, progress)


def _n_features(model: Model) -> int:
    return model.network.head.in_features if isinstance(model.network, WithFeatures) else 0


def _filled(pictures: np.ndarray, size: int) -> np.ndarray:
    """`size` pictures: these, the last one repeated."""
    missing = size - len(pictures)
    return pictures if missing <= 0 else np.concatenate([pictures, np.repeat(pictures[-1:], missing, axis=0)])
