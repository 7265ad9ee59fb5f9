"""What does the clock burned into this file show, before anything is configured?

A video's clock is learned and all of its frames are read, as the chain does. Where that fails, and for a picture,
each picture has to speak for itself (`allsky.clock.picture`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.clock.formats import ClockFormat
from allsky.clock.learning import ClockSettings, Keyframe, LearnedClock, NoDate, Reading, learn_clock, reading_table
from allsky.clock.overlay import Box, union
from allsky.clock.picture import PictureClock, likeliest_order, read_picture_clock
from allsky.clock.places import AmbiguousDate
from allsky.clock.recognition import recognise
from allsky.clock.timeline import Timeline
from allsky.errors import NoClock
from allsky.pictures import BadImage, read_picture
from allsky.recordings.files import VIDEO_SUFFIXES, night_from_name
from allsky.recordings.recording import Recording, StillsRecording, open_recording
from allsky.recordings.teaching import teaching_frames
from allsky.recordings.video import probe

# Frames of a video looked at where none are named.
FRAMES_SHOWN = 5
# Frames in doubt that Tesseract reads again, and frames read one by one where no clock could be learned.
MOST_REREAD, MOST_ALONE = 64, 12
# A time that shows the seconds since the video began, to this much, is an elapsed time and no clock.
ELAPSED_WITHIN_S = 1.5

# Stands for the night where a clock shows no date.
SOME_NIGHT = "2000-01-01"


@dataclass(frozen=True)
class ShownTime:
    """What one frame shows: `overlay_time` naive and cut down to the second, None where it abstains (`reason` says why)
    or where no date is shown (`time_only` then has the time); `candidates` are both times where day and month could be
    swapped."""

    frame_index: int | None
    overlay_time: datetime | None = None
    zone: str | None = None
    box: Box | None = None
    confidence: float = 0.0
    reason: str | None = None
    candidates: tuple[datetime, ...] = ()
    time_only: time | None = None


@dataclass(frozen=True)
class FirstLook:
    """What a file, or a folder of `stills`, shows: `frames` looked at, and `sentences` on where the clock is, its
    format, and the fit."""

    path: Path
    frames: list[ShownTime]
    sentences: list[str] = field(default_factory=list)
    stills: tuple[str, ...] = ()

    def file_of(self, shown: ShownTime) -> Path:
        """The file in which a frame looked at is."""
        inside = self.stills and shown.frame_index is not None and shown.frame_index < len(self.stills)
        return self.path / self.stills[shown.frame_index or 0] if inside else self.path


def look_at(path: Path, wanted: Sequence[int] | str | None = None) -> FirstLook:
    """The clock of a video, a picture, or a folder of stills, read as a video is. `wanted` are frame indices, `all`, or
    None for a few.

    Raises BadVideo where the file is none of these, MissingTool without Tesseract.
    """
    path = Path(path)
    hint = _date_in_name(path)
    if path.is_dir():
        stills = open_recording(path)
        assert isinstance(stills, StillsRecording)
        return replace(_look_at_recording(path, stills, wanted, hint), stills=stills.stills)
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        try:
            return FirstLook(path, [_of_picture(0, read_picture_clock(read_picture(path), hint))])
        except BadImage:
            pass  # perhaps a video under another name
    return _look_at_recording(path, open_recording(path), wanted, hint)


def _date_in_name(path: Path) -> date | None:
    night = night_from_name(path.name, 0.0)
    return date.fromisoformat(night) if night else None


def _of_picture(index: int, clock: PictureClock) -> ShownTime:
    box = union(clock.boxes) if clock.boxes else None
    shown = ShownTime(index, None, clock.zone, box, clock.confidence, clock.reason, (), clock.time_only)
    return _with_times(shown, clock.moments)


def _with_times(shown: ShownTime, moments: Sequence[datetime]) -> ShownTime:
    """With the times that the clock could mean, likeliest first; none of them lies in the future."""
    past = [moment for moment in moments if moment < datetime.now() + timedelta(days=1)]
    if moments and not past:
        return replace(shown, reason=f"the date was read as {moments[0].date()}, which is still to come")
    if not past:
        return shown
    return replace(shown, overlay_time=past[0], candidates=tuple(past) if len(past) > 1 else ())


# A video, or a folder of stills.


def _look_at_recording(
    path: Path, recording: Recording, wanted: Sequence[int] | str | None, hint: date | None
) -> FirstLook:
    keyframes = teaching_frames([recording])
    n_frames = recording.n_frames or max(keyframe.frame_index for keyframe in keyframes) + 1
    indices = _indices(wanted, n_frames)
    try:
        learned = _learned(keyframes, hint)
    except NoClock as error:
        return _one_by_one(path, recording, indices, hint, str(error))
    readings, timelines = _dated(learned.clock, recording)
    if learned.dateless and not path.is_dir() and _elapsed(readings, probe(path).fps):
        reason = "the time shown counts from the beginning of the video: an elapsed time, no clock"
        return FirstLook(path, [ShownTime(index, reason=reason) for index in indices])
    rows = readings.set_index("frame_index")
    frames = [_shown(learned, rows, index) for index in indices]
    return FirstLook(
        path, frames, [_place_sentence(learned.clock), _fit_sentence(readings, timelines.get(recording.name))]
    )


def _indices(wanted: Sequence[int] | str | None, n_frames: int) -> list[int]:
    if wanted == "all":
        return list(range(n_frames))
    if wanted is None or isinstance(wanted, str):
        return sorted(set(np.linspace(0, n_frames - 1, FRAMES_SHOWN).astype(int).tolist()))
    return list(wanted)


@dataclass(frozen=True)
class _Learned:
    """A clock, the other formats its dates could be in, and whether it shows no whole date."""

    clock: LearnedClock
    others: tuple[str, ...] = ()
    dateless: bool = False


def _learned(keyframes: Sequence[Keyframe], hint: date | None, settings: ClockSettings | None = None) -> _Learned:
    settings = settings or ClockSettings()
    try:
        return _Learned(learn_clock(keyframes, settings, None, 0.0))
    except AmbiguousDate as error:
        patterns = [each.pattern for each in likeliest_order(error.formats, error.text, hint)]
        known = _learned(keyframes, hint, replace(settings, format=patterns[0]))
        return replace(known, others=tuple(patterns[1:]))
    except NoDate as error:
        for night in _nights_without_year(error.texts):
            try:
                return _Learned(learn_clock(keyframes, settings, night, 0.0), dateless=True)
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


def _dated(clock: LearnedClock, recording: Recording) -> tuple[pd.DataFrame, dict[str, Timeline]]:
    """READINGS of every frame of the video, and its timeline."""
    rows: list[tuple[str, int, Reading]] = []
    doubtful: dict[int, Reading] = {}
    cards: list[tuple[str, int]] = []
    for frame in recording.frames():
        reading = clock.read(frame.luma)
        if reading.overlay_time is None and not reading.crops and clock.is_card(frame.luma):
            cards.append((recording.name, frame.index))
            continue
        if reading.overlay_time is None and reading.crops and len(doubtful) < MOST_REREAD:
            doubtful[len(rows)] = reading
        rows.append((recording.name, frame.index, replace(reading, crops=())))
    for row, reading in zip(doubtful, clock.reread([one.crops for one in doubtful.values()])):
        if reading.overlay_time is not None:
            rows[row] = (*rows[row][:2], reading)
    return clock.dated(reading_table(rows), cards)


def _elapsed(readings: pd.DataFrame, fps: float | None) -> bool:
    """Whether the times shown are those since the video began."""
    shown = readings.dropna(subset="overlay_time")
    seconds = (shown["overlay_time"] - shown["overlay_time"].dt.normalize()).dt.total_seconds()
    return bool(fps) and bool(((seconds - shown["frame_index"] / fps).abs() < ELAPSED_WITHIN_S).all())


def _shown(learned: _Learned, rows: pd.DataFrame, index: int) -> ShownTime:
    box = union([part.box for part in learned.clock.parts])
    if index not in rows.index:
        return ShownTime(index, reason="the video has no such frame, or it is a card without a sky")
    row = rows.loc[index]
    moment, reason = _moment(rows, row)
    shown = ShownTime(index, None, _zone_word(learned.clock, row), box, round(float(row["confidence"]), 3), reason)
    if moment is None:
        return shown
    if learned.dateless:
        return replace(shown, time_only=moment.time(), reason=reason or "the clock shows no whole date")
    return _with_times(shown, _candidates(learned, moment))


def _moment(rows: pd.DataFrame, row: pd.Series) -> tuple[datetime | None, str | None]:
    """The naive time of a frame, cut down to the second, and what there is to say of it."""
    if isinstance(row["clock_flag"], str):
        return None, row["clock_flag"]
    if pd.notna(row["overlay_time"]):
        return row["overlay_time"].to_pydatetime().replace(microsecond=0), None
    if pd.isna(row["utc"]):
        return None, "the clock cannot be read here"
    read = rows.dropna(subset="overlay_time")
    near = read.iloc[int(np.abs(read.index.to_numpy() - row.name).argmin())]
    ahead = near["overlay_time"].tz_localize("UTC").floor("s") - near["utc"].floor("s")
    local = (row["utc"] + ahead).tz_localize(None).floor("s")
    return local.to_pydatetime(), "not readable by itself: told by the frames around it"


def _zone_word(clock: LearnedClock, row: pd.Series) -> str | None:
    text = row["ocr_text"] if isinstance(row["ocr_text"], str) else ""  # none was read: a missing value
    shown = [part.format.search(text) for part in clock.parts]
    return next((one.zone for one in shown if one and one.zone), None)


def _candidates(learned: _Learned, moment: datetime) -> tuple[datetime, ...]:
    """The time of a frame, and the other one that it could mean where day and month could be swapped."""
    text = moment.strftime(_without_zone(learned.clock.parts[0].format.pattern))
    found = [ClockFormat(_without_zone(pattern)).search(text) for pattern in learned.others]
    return moment, *(one.moment.replace(microsecond=0) for one in found if one and one.moment)


def _without_zone(pattern: str) -> str:
    """A naive time writes no zone, and a format with one would not find it."""
    return re.sub(r"\s*\(?%[Zz]\)?", "", pattern)


def _one_by_one(path: Path, recording: Recording, indices: Sequence[int], hint: date | None, reason: str) -> FirstLook:
    """Frames of a video whose clock could not be learned, each as a picture of its own."""
    if len(indices) > MOST_ALONE:
        return FirstLook(path, [ShownTime(index, reason=reason) for index in indices])
    read = {frame.index: read_picture_clock(frame.rgb(), hint) for frame in recording.chosen(indices)}
    missing = ShownTime(None, reason="the video has no such frame, or it cannot be decoded")
    frames = [_of_picture(index, read[index]) if index in read else replace(missing, frame_index=index)
              for index in indices]  # fmt: skip
    return FirstLook(path, frames, [reason])


# What there is to say.


def _place_sentence(clock: LearnedClock) -> str:
    places = " and ".join(
        f"{part.format.pattern!r} at x {part.box.x}, y {part.box.y}, {part.box.width} wide, {part.box.height} high"
        f" ({'bright on dark' if part.bright else 'dark on bright'})"
        for part in clock.parts
    )
    return f"clock: {places}"


def _fit_sentence(readings: pd.DataFrame, timeline: Timeline | None) -> str:
    n, flagged = len(readings), int(readings["clock_flag"].notna().sum())
    interpolated = int(((readings["source"] == "interpolated") & readings["clock_flag"].isna()).sum())
    if timeline is None or len(timeline.index) < 2:
        return f"fit: {n} frames, {flagged} of them in doubt"
    stretches = len(np.unique(timeline.stretch))
    return (
        f"fit: {n} frames, one each {timeline.step_s:g} s, in {stretches} unbroken stretch{'es' * (stretches > 1)}; "
        f"{n - flagged - interpolated} read, {interpolated} told by their neighbours, {flagged} in doubt"
    )
