"""On which day are the frames of a video that runs on over noon, under a clock that shows no date?

The night that the file's name tells puts each time between one noon and the next. A video that runs on would go back by
a day there: it goes on instead.
"""

from __future__ import annotations

import pandas as pd

DAY, HALF_A_DAY = pd.Timedelta(days=1), pd.Timedelta(hours=12)
# Over noon a clock goes on by no more than this from one reading to the next; what leaps farther was set anew.
LONGEST_STEP = pd.Timedelta(hours=1)


def beyond_noon(readings: pd.DataFrame) -> pd.Series:
    """The `overlay_time` of readings (video, frame_index, overlay_time), a day later where their video has gone on over
    noon. A single misread time that falls back goes forward again, and leaves the others as they are."""
    shown = readings.dropna(subset="overlay_time").sort_values(["video", "frame_index"], kind="stable")
    step = shown.groupby("video")["overlay_time"].diff()
    onward = ((step < -HALF_A_DAY) & (step + DAY <= LONGEST_STEP)).astype(int)
    back = ((step > HALF_A_DAY) & (step - DAY >= -LONGEST_STEP)).astype(int)
    days = (onward - back).groupby(shown["video"]).cumsum()
    # Most of a video is of the night that its name tells: one that begins a little before noon began a day earlier.
    days -= days.groupby(shown["video"]).transform("median").round()
    later = shown["overlay_time"] + pd.to_timedelta(days, unit="D")
    return later.reindex(readings.index).astype(readings["overlay_time"].dtype)
