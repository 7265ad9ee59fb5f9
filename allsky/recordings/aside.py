"""How are a recording's frames looked at while the next ones are being decoded?

FFmpeg decodes in threads of its own, but only the few frames it was given: where whoever asks for them does something
else meanwhile, these threads soon wait. So frames are gathered in batches, and a thread handles one batch while the
next is decoded. Decoder, OpenCV and products of matrices all leave Python to the other thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from allsky.recordings.video import VideoFrame

# A batch is no larger than either: frames, and bytes of them (a frame in 4:2:0 has half as much colour as luma).
FRAMES_AT_ONCE, BYTES_AT_ONCE = 16, 24_000_000
COLOUR_TOO = 1.5
# Batches that are handled or wait for it while another is gathered.
BATCHES_AHEAD = 2


class Aside:
    """Has `handle` look at batches of frames, one batch at a time and in order, in a thread of its own.

    When the `with` block is left all frames added have been handled, unless somebody interrupts it. What `handle`
    raises is raised by a later `add`, or when the block is left. Memory stays at three batches, however many frames
    there are.
    """

    def __init__(self, handle: Callable[[list[VideoFrame]], None]) -> None:
        self._handle = handle
        self._pool = ThreadPoolExecutor(1, "frames-aside")
        self._batch: list[VideoFrame] = []
        self._bytes = 0.0
        self._ahead: deque[Future[None]] = deque()

    def __enter__(self) -> Aside:
        return self

    def add(self, frame: VideoFrame) -> None:
        self._batch.append(frame)
        self._bytes += COLOUR_TOO * frame.luma.nbytes
        if len(self._batch) == FRAMES_AT_ONCE or self._bytes >= BYTES_AT_ONCE:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0.0
        while len(self._ahead) >= BATCHES_AHEAD:
            self._ahead.popleft().result()
        self._ahead.append(self._pool.submit(self._handle, batch))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self._pool.shutdown(cancel_futures=True)
            return
        with self._pool:
            if self._batch:
                self._hand_over()
            while self._ahead:
                self._ahead.popleft().result()
