"""Which of the frames that were drawn is this one, by the clock that it shows?

Damage moves frames to other numbers and paints parts of one over another, so a decoded frame's number tells nothing.
Its clock is held against those of the sound clip, pixel by pixel and without reading a digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.recordings.recording import VideoRecording
from allsky.recordings.video import VideoFrame, read_frames

# Rows and columns of a clip's frames that hold its clock; grey levels by which a stroke differs from none there.
CLOCK = (slice(2, 34), slice(2, 300))
STROKE = 120


class DrawnClocks:
    """The clocks of a sound clip's frames."""

    def __init__(self, path: Path) -> None:
        lumas = [frame.luma.copy() for frame in read_frames(path)]
        self.shape = lumas[0].shape
        crops = np.array([luma[CLOCK] for luma in lumas], np.int16)
        self.changing = np.ptp(crops, axis=0) > STROKE
        self.drawn = crops[:, self.changing]
        apart = np.abs(self.drawn[:, None] - self.drawn[None]).mean(axis=2)
        self.half_way = apart[~np.eye(len(apart), dtype=bool)].min() / 2

    def frame_shown(self, luma: np.ndarray) -> int | None:
        """The number of the frame whose clock `luma` shows, nearer to it than half way to any other; None where that is
        none: its clock is damaged."""
        if luma.shape != self.shape:
            return None
        away = np.abs(luma[CLOCK][self.changing].astype(np.int16) - self.drawn).mean(axis=1)
        return int(away.argmin()) if away.min() < self.half_way else None


@dataclass(frozen=True)
class Watched(VideoRecording):
    """A video that notes, as its frames are read, which of those `drawn` each of them is."""

    drawn: DrawnClocks | None = None
    shown: dict[int, int | None] = field(default_factory=dict)

    def frames(self, threads: int = 0) -> Iterator[VideoFrame]:
        for frame in super().frames():
            self.shown[frame.index] = self.drawn.frame_shown(frame.luma) if self.drawn else None
            yield frame


def wrong_frames(readings: pd.DataFrame, shown: Mapping[int, int | None], true_s: Sequence[float]) -> list[int]:
    """The frames of READINGS that are dated, unflagged, at another second than the frame that is `shown` there has.

    A frame whose clock is damaged may have the time of any frame from the last one before it that can be told to the
    first one behind it that is no older, and no other.
    """
    said = readings[readings["clock_flag"].isna() & readings["utc"].notna()]
    seconds = said["utc"].astype("datetime64[ms, UTC]").astype("int64").to_numpy() / 1000.0
    wrong = []
    for index, second in zip(said["frame_index"].astype(int), seconds, strict=True):
        first, last = _could_be(index, shown, len(true_s))
        if not any(abs(second - true) < 1 for true in true_s[first : last + 1]):
            wrong.append(index)
    return wrong


def _could_be(index: int, shown: Mapping[int, int | None], count: int) -> tuple[int, int]:
    """The first and the last of the drawn frames that a frame could be."""
    told = shown.get(index)
    if told is not None:
        return told, told
    before = [number for place, number in shown.items() if place < index and number is not None]
    first = before[-1] if before else 0
    # Damage shows older pictures again: of those nothing lies between.
    behind = [number for place, number in shown.items() if place > index and number is not None and number >= first]
    return first, (behind[0] if behind else count - 1)
