"""What does each frame of a recording show where neither its night nor the order of day and month is known?

Its clock is learned with every night and order that it could have, and all of its frames are read as the chain reads
them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd

from allsky.clock.formats import ClockFormat
from allsky.clock.frames_read import FramesRead
from allsky.clock.learning import ClockSettings, Keyframe, LearnedClock, NoDate, learn_clock
from allsky.clock.picture import likeliest_order
from allsky.clock.places import AmbiguousDate
from allsky.clock.recognition import recognise
from allsky.clock.timeline import Timeline
from allsky.recordings.recording import Recording, StillsRecording
from allsky.recordings.stills import look_at_still
from allsky.recordings.video import VideoFrame

# Frames in doubt that Tesseract reads again.
MOST_REREAD = 64
# A time that shows the seconds since the video began, to this much, is an elapsed time and no clock.
ELAPSED_WITHIN_S = 1.5
# Stands for the night where a clock shows no date.
SOME_NIGHT = "2000-01-01"


@dataclass(frozen=True)
class Unconfigured:
    """A clock, the other formats its dates could be in, and whether it shows no whole date."""

    clock: LearnedClock
    others: tuple[str, ...] = ()
    dateless: bool = False

    def candidates(self, moment: datetime) -> tuple[datetime, ...]:
        """The time of a frame, and the other one that it could mean where day and month could be swapped."""
        written = self.clock.date_format
        text = moment.strftime(_without_zone(written.pattern)) if written else ""
        found = [ClockFormat(_without_zone(pattern)).search(text) for pattern in self.others]
        return moment, *(datetime.combine(one.day, moment.time()) for one in found if one and one.day)


def _without_zone(pattern: str) -> str:
    """A naive time writes no zone, and a format with one would not find it."""
    return re.sub(r"\s*\(?%[Zz]\)?", "", pattern)


def learn_unconfigured(
    keyframes: Sequence[Keyframe],
    given: ClockSettings,
    hint: date | None,
    likelier: Sequence[ClockFormat] = (),
) -> Unconfigured:
    """The clock of `keyframes`, of which so much is `given` and whose file's name tells the date `hint`. Of formats
    that nothing tells apart the first of those `likelier` is taken.

    Raises NoClock as `learn_clock` does.
    """
    try:
        return Unconfigured(learn_clock(keyframes, given, None, 0.0, likelier))
    except AmbiguousDate as error:
        if likelier:
            raise
        ranked = likeliest_order(error.formats, error.text, hint)
        known = learn_unconfigured(keyframes, given, hint, ranked)
        return replace(known, others=tuple(each.pattern for each in ranked[1:]))
    except NoDate as error:
        for night in _nights_without_year(error.texts):
            try:
                return Unconfigured(learn_clock(keyframes, given, night, 0.0, likelier), dateless=True)
            except NoDate:
                continue
        raise


def _nights_without_year(texts: Sequence[str]) -> list[str]:
    """Nights that the texts of a clock without a whole date could belong to."""
    shown = [found.shown.month_day for text in texts for found in recognise(text) if found.shown.month_day]
    if not shown:
        return [SOME_NIGHT]
    evening = date(2000, *shown[0])
    return [(evening - timedelta(days=days)).isoformat() for days in (0, 1)]


def of_usual_size(keyframes: Sequence[Keyframe]) -> list[Keyframe]:
    """The keyframes of the size that most have: among stills lie pictures of others."""
    shapes = Counter(keyframe.luma.shape for keyframe in keyframes)
    return [keyframe for keyframe in keyframes if keyframe.luma.shape == shapes.most_common(1)[0][0]]


# All frames.


@dataclass
class Series:
    """What all frames of a recording show: `readings` (READINGS by frame index), their `timeline`, and why frames are
    `left_out` of them."""

    readings: pd.DataFrame = field(default_factory=pd.DataFrame)
    timeline: Timeline | None = None
    left_out: dict[int, str] = field(default_factory=dict)


def read_series(clock: LearnedClock, recording: Recording, shape: tuple[int, ...]) -> Series:
    """Every frame of this `shape` (H, W), read and dated as the chain does."""
    series, read = Series(), FramesRead(clock, MOST_REREAD)
    for frame in recording.frames():
        reading = clock.read(frame.luma) if frame.luma.shape == shape else None
        if reading is None:
            series.left_out[frame.index] = _odd_size(frame, shape)
            continue
        if read.set_aside_card(recording.name, frame.index, frame.luma, reading):
            series.left_out[frame.index] = "a card between the frames, not the sky"
            continue
        read.add(recording.name, frame.index, reading)
    readings, timelines = read.date_all()
    series.readings, series.timeline = readings.set_index("frame_index"), timelines.get(recording.name)
    return series


def _odd_size(frame: VideoFrame, shape: tuple[int, ...]) -> str:
    (height, width), (usual_height, usual_width) = frame.luma.shape, shape
    return f"it is {width}x{height} pixels where most of its folder are {usual_width}x{usual_height}"


def why_absent(recording: Recording, index: int) -> str:
    """Why a recording gives no frame of this index."""
    if index < 0 or 0 < recording.n_frames <= index:
        return f"there is no such frame, the last one is {recording.n_frames - 1}"
    if isinstance(recording, StillsRecording):
        problem = look_at_still(Path(recording.folder, recording.stills[index])).problem
        return problem or "it is damaged and cannot be decoded"
    return "this frame cannot be decoded: the video is damaged there"


def is_elapsed(readings: pd.DataFrame, fps: float | None) -> bool:
    """Whether the times shown are those since the video began."""
    shown = readings.dropna(subset="overlay_time")
    seconds = (shown["overlay_time"] - shown["overlay_time"].dt.normalize()).dt.total_seconds()
    if not fps or shown.empty:
        return False
    return bool(((seconds - shown.index.to_numpy() / fps).abs() < ELAPSED_WITHIN_S).all())
