"""How do all of a machine's cores compute one network at a time?

Each takes batches of its own, so that nothing waits for another core within a layer. While streams are at work some
settings of the whole process are as they want them; the last ones to end put them back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import torch

from models.kept_memory import memory_kept

# More streams than this would wait for each other in Python.
MOST_STREAMS = 16


def threads_a_stream() -> int:
    """Threads on which each stream computes on a processor."""
    return max(1, torch.get_num_threads() // MOST_STREAMS)


class Streams:
    """The cores, each taking batches of its own, within a `with` block.

    On two cores EfficientNet-B1 computes a quarter more pictures a second so than with both cores on one batch. A GPU
    is one stream.
    """

    def __init__(self, device: torch.device) -> None:
        cores = torch.get_num_threads()
        self.number = min(cores, MOST_STREAMS) if device.type == "cpu" else 1
        self.threads = threads_a_stream() if device.type == "cpu" else cores
        self._pool = ThreadPoolExecutor(self.number, initializer=lambda: torch.set_num_threads(self.threads))
        self.map = self._pool.map
        self._settings = contextlib.ExitStack()

    def __enter__(self) -> Streams:
        self._settings.enter_context(memory_kept())
        self._settings.enter_context(_settings_of_streams())
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._settings.close()


class _Users:
    """How many streams are at work, and the settings of the process from before the first."""

    number = 0
    before: tuple[int, int, bool] = (1, 1, True)
    lock = threading.Lock()


@contextlib.contextmanager
def _settings_of_streams() -> Iterator[None]:
    with _Users.lock:
        if not _Users.number:
            _Users.before = torch.get_num_threads(), cv2.getNumThreads(), torch.backends.cudnn.allow_tf32
            # Pictures are read by as many threads as there are cores: OpenCV's own would only wait for each other.
            cv2.setNumThreads(1)
            # A GPU's convolutions would take float32 numbers with 10 bits of their 23: no reference.
            torch.backends.cudnn.allow_tf32 = False
        _Users.number += 1
    try:
        yield
    finally:
        with _Users.lock:
            _Users.number -= 1
            if not _Users.number:
                cores, of_opencv, torch.backends.cudnn.allow_tf32 = _Users.before
                torch.set_num_threads(cores)
                cv2.setNumThreads(of_opencv)
