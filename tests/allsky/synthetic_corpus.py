"""Tables of a made-up corpus, small and quick: frames with their conditions, predictions, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.site import frame_ids
from allsky.tables import MONTH_FRAMES

SITE_NAME = "made_up"


def night_names(n: int, first: str = "2023-01-01") -> list[str]:
    return [str(day.date()) for day in pd.date_range(first, periods=n)]


def month_frames(cells: Mapping[str, Sequence[tuple[str, str]]]) -> pd.DataFrame:
    """MONTH_FRAMES with a frame a minute from 02:00 UTC after each night's evening, in the cells given for it."""
    nights = [frames_of_night(night, list(pairs)) for night, pairs in cells.items()]
    return pd.concat(nights, ignore_index=True) if nights else MONTH_FRAMES.empty()


def frames_of_night(night: str, cells: Sequence[tuple[str, str]]) -> pd.DataFrame:
    start = pd.Timestamp(night, tz="UTC") + pd.Timedelta("26h")
    utc = pd.Series(pd.date_range(start, periods=len(cells), freq="min")).dt.as_unit("ms")
    frames = pd.DataFrame({"night": night, "frame_id": frame_ids(SITE_NAME, utc), "utc": utc})
    frames["video"] = f"{night[:7]}/{night}.mp4"
    frames["frame_index"] = 10 * np.arange(len(cells))
    frames["solar_bin"] = [solar for solar, _ in cells]
    frames["lunar_bin"] = [lunar for _, lunar in cells]
    return frames.reindex(columns=MONTH_FRAMES.names).assign(clock_flag=pd.Series(dtype=object))


def random_frames(generator: np.random.Generator, nights: Sequence[str], n: int = 60) -> pd.DataFrame:
    """Nights of `n` frames, each spread over a few solar and lunar bins in blocks, as on a real sky."""
    cells = {}
    for night in nights:
        solar = np.sort(generator.integers(0, 3, n))
        lunar = generator.permutation(3)[np.sort(generator.integers(0, 3, n))]
        cells[night] = [(SOLAR_BINS[s], LUNAR_BINS[m]) for s, m in zip(solar, lunar, strict=True)]
    return month_frames(cells)
