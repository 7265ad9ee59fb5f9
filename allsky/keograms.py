"""The night as one picture: a strip of frames' columns through the zenith on a true axis of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import cv2
import numpy as np
import pandas as pd

# A column of time stays blank when its nearest frame is farther away than this many usual steps.
LONGEST_REACH = 1.5

# The picture's numbers: mean brightness of so many even bands from its upper edge to its lower one.
BANDS = 20

# Time left free before the first and after the last frame, and the shortest span drawn.
MARGIN = pd.Timedelta(minutes=5)


def keogram(
    strip: np.ndarray, utc: Sequence[datetime] | pd.Series, start: datetime, end: datetime, width: int = 1440
) -> tuple[np.ndarray, pd.Timestamp, pd.Timestamp]:
    """A strip of columns resampled to even steps of time: the picture (height, width, 4), its first and last instant.

    `strip` is (height, n, 3) uint8, column i taken at `utc[i]`, in any order. The picture covers the frames'
    own span with a small margin, within `start` to `end` (the night's bounds) unless all lie outside. Each column
    shows the frame nearest in time; where that is farther off than the frames' usual step allows (a gap) it is blank:
    black, and 0 in the fourth channel, which is 255 elsewhere. Raises ValueError when strip and times differ
    in number, or there is none.
    """
    times = pd.DatetimeIndex(pd.to_datetime(pd.Series(utc), utc=True))
    if len(times) != strip.shape[1] or not len(times):
        raise ValueError(f"keogram: {strip.shape[1]} columns for {len(times)} times")
    order = np.argsort(times.asi8, kind="stable")
    times, strip = times[order], strip[:, order]
    first, last = times[0] - MARGIN, times[-1] + MARGIN
    if times[0] < pd.Timestamp(end) and times[-1] >= pd.Timestamp(start):
        first, last = max(pd.Timestamp(start), first), min(pd.Timestamp(end), last)
    nearest, blank = _nearest(_seconds(times), _seconds(_column_times(first, last, width)))
    picture = np.full((strip.shape[0], width, 4), 255, np.uint8)
    picture[..., :3] = strip[:, nearest]
    picture[:, blank] = 0
    return picture, first, last


def keogram_numbers(
    strip: np.ndarray, frames: pd.DataFrame, sky: pd.DataFrame, predictions: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What a keogram and the panels beneath it show, as a table: a row per frame, in order of time.

    `strip` is (height, n, 3) uint8, column i of row i of `frames` (`frame_id`, `utc`); `sky` and `predictions` are the
    night's CONDITIONS and PREDICTIONS. Columns: frame_id, utc, `luma_1` to `luma_20` (mean brightness, 0 to 255, of
    even bands of the strip from top to bottom), then those of `sky` and `predictions`.
    """
    luma = cv2.resize(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY), (strip.shape[1], BANDS), interpolation=cv2.INTER_AREA)
    bands = pd.DataFrame(luma.T, columns=[f"luma_{number}" for number in range(1, BANDS + 1)], index=frames.index)
    table = frames[["frame_id", "utc"]].join(bands)
    for more in (sky, predictions):
        if more is not None:
            new = [name for name in more if name == "frame_id" or name not in ("night", *table)]
            table = table.merge(more[new], on="frame_id", how="left")
    return table.sort_values("utc", ignore_index=True)


def strip_along(x: np.ndarray, y: np.ndarray, squares: Iterable[np.ndarray]) -> np.ndarray:
    """The strip (height, n, 3) of the pixels at `x`, `y` (height,) of n squares, uint8 (size, size, 3)."""
    line = (x.astype(np.float32)[:, None], y.astype(np.float32)[:, None])
    columns = [cv2.remap(square, *line, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for square in squares]
    return np.concatenate(columns, axis=1) if columns else np.empty((len(x), 0, 3), np.uint8)


def spread_in_time(utc: pd.Series, start: datetime, end: datetime, n: int) -> list[int]:
    """Positions of at most `n` instants, one about the middle of each even part of `start` to `end` that has one."""
    middles = _column_times(pd.Timestamp(start), pd.Timestamp(end), n)
    part = (pd.Timestamp(end) - pd.Timestamp(start)) / n
    away = [(utc - middle).abs() for middle in middles]
    return [int(gap.to_numpy().argmin()) for gap in away if gap.min() <= part / 8]


def _column_times(first: pd.Timestamp, last: pd.Timestamp, width: int) -> pd.DatetimeIndex:
    """The instants in the middle of each of `width` columns."""
    return pd.DatetimeIndex(first + (last - first) * (np.arange(width) + 0.5) / width)


def _seconds(times: pd.DatetimeIndex) -> np.ndarray:
    return (times - pd.Timestamp(0, tz="UTC")).total_seconds().to_numpy()


def _nearest(taken: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each wanted instant the index of the nearest frame, and whether that is too far off to stand for it."""
    after = np.clip(np.searchsorted(taken, wanted), 1, max(1, len(taken) - 1))
    before = np.minimum(after, len(taken) - 1) - (len(taken) > 1)
    after = np.minimum(after, len(taken) - 1)
    nearest = np.where(np.abs(taken[before] - wanted) <= np.abs(taken[after] - wanted), before, after)
    step = float(np.median(np.diff(taken))) if len(taken) > 1 else 60.0
    column = float(wanted[1] - wanted[0]) if len(wanted) > 1 else step
    reach = max(LONGEST_REACH * step, column) / 2
    return nearest, np.abs(taken[nearest] - wanted) > reach
