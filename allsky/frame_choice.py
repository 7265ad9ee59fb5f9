"""Which of a night's dated frames are kept, and what is there to say of them?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from allsky.clock.learning import LearnedClock
from allsky.recordings.given_clock import GivenClock
from allsky.recordings.recording import Recording
from allsky.site import night_of
from allsky.tables import READINGS


def choose_frames(readings: pd.DataFrame, cadence_s: float) -> pd.DataFrame:
    """The rows of READINGS to keep, in order of time: the first of each UTC slot of `cadence_s` that has one.

    A frame without a flag comes before one with, then the first video by name, then the earlier frame.
    Frames without a time are not kept.
    """
    order = readings.loc[readings["utc"].notna(), ["video", "utc", "frame_index", "clock_flag"]]
    order = order.assign(slot=slots_of(order, cadence_s), clock_flag=order["clock_flag"].notna())
    order = order.sort_values(["slot", "clock_flag", "video", "utc", "frame_index"])
    kept = order.drop_duplicates("slot").sort_values("utc").index
    return readings.loc[kept, READINGS.names].reset_index(drop=True)


def slots_of(dated: pd.DataFrame, cadence_s: float) -> np.ndarray:
    milliseconds = dated["utc"].astype("datetime64[ms, UTC]").astype("int64").to_numpy()
    return milliseconds // round(cadence_s * 1000)


def frame_names(table: pd.DataFrame) -> Iterable[tuple[str, int]]:
    """Video (or recording) and frame_index of each row."""
    return zip(table["video"], table["frame_index"].astype(int))


# What there is to say.


def contested(readings: pd.DataFrame, cadence_s: float) -> list[str]:
    """A sentence for each pair of videos with frames in the same slots."""
    sure = readings[readings["utc"].notna() & readings["clock_flag"].isna()]
    slots = {video: set(slots_of(rows, cadence_s).tolist()) for video, rows in sure.groupby("video")}
    said = []
    for first in sorted(slots):
        for second in sorted(slots):
            if first < second and (shared := slots[first] & slots[second]):
                said.append(f"{first} and {second} overlap in {len(shared):,} frames' times; {first} was kept there")
    return said


def of_another_night(frames: pd.DataFrame, clock: LearnedClock | GivenClock) -> list[str]:
    """A sentence where the clock says another night than the videos' name."""
    sure = frames[frames["clock_flag"].isna()]
    nights = pd.Series(night_of(sure["utc"], clock.longitude_deg), dtype=object)
    strange = nights[nights != clock.night].value_counts()
    if clock.night is None or strange.empty:
        return []
    return [
        f"{strange.sum():,} of {len(sure):,} frames are of another night by their clock (most of {strange.index[0]}): "
        "if the date in the videos' names is not the UTC date, set [archive] name_date to evening or morning; if they "
        "run over noon, set [archive] video_nights to clock; if the clock shows another zone, set [camera] "
        "clock_timezone"
    ]


def lost_frames(lost: set[tuple[str, int]], recordings: Sequence[Recording]) -> list[str]:
    """A sentence for each recording of which chosen frames could not be had."""
    said = []
    for recording in recordings:
        indices = sorted(index for name, index in lost if name == recording.name)
        if indices:
            first, _ = recording.origin(indices[0])
            what = f"damaged, {len(indices):,} of the frames to keep could not be decoded (the first in {first})"
            said.append(f"{recording.name}: {what}; others were taken where there are")
    return said


def nothing_dated(readings: pd.DataFrame, recordings: Sequence[Recording]) -> str:
    names = ", ".join(recording.name for recording in recordings)
    return (
        f"none of the {len(readings):,} frames of {names} could be dated by its clock; "
        "look at the night's clock picture and set [camera] clock_box and clock_format"
    )
