"""What does the clock burned into this file show, before anything is configured?

A video's clock is learned and all of its frames are read, as the chain does. Where that fails, and for a picture,
each picture has to speak for itself (`allsky.clock.picture`).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.clock.boxes import Box, union
from allsky.clock.given import given_boxes
from allsky.clock.learning import ClockSettings, NothingFound
from allsky.clock.picture import PictureClock, read_picture_clock
from allsky.errors import BadVideo, NoClock
from allsky.first_look.sentences import learned_sentences, picture_sentences, unlearned_sentence
from allsky.first_look.unconfigured import (
    Series,
    Unconfigured,
    is_elapsed,
    learn_unconfigured,
    of_usual_size,
    read_series,
    why_absent,
)
from allsky.pictures import BadImage, read_picture
from allsky.recordings.files import VIDEO_SUFFIXES, night_from_name
from allsky.recordings.recording import Recording, StillsRecording, open_recording
from allsky.recordings.stills import look_at_still
from allsky.recordings.teaching import teaching_frames
from allsky.recordings.video import probe

# Frames of a video looked at where none are named.
FRAMES_SHOWN = 5
# Frames read one by one where their recording does not tell their times.
MOST_ALONE = 12
ELAPSED = "the time shown counts from the beginning of the video: an elapsed time, no clock"
NOTHING_GIVEN = ClockSettings()


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

    @property
    def tells(self) -> bool:
        """Whether a time is told, with a date or without."""
        return self.overlay_time is not None or self.time_only is not None


@dataclass(frozen=True)
class FirstLook:
    """What a file, or a folder of `stills`, shows: `frames` looked at, `sentences` on where the clock is, its format,
    and the fit; whether a clock was `learned` from many frames, and whether the file is one `picture`."""

    path: Path
    frames: list[ShownTime]
    sentences: list[str] = field(default_factory=list)
    stills: tuple[str, ...] = ()
    learned: bool = False
    picture: bool = False

    def still(self, shown: ShownTime) -> str | None:
        """The name of the still that a frame looked at is; None for a video's, or where none has this number."""
        inside = shown.frame_index is not None and 0 <= shown.frame_index < len(self.stills)
        return self.stills[shown.frame_index or 0] if inside else None

    def file_of(self, shown: ShownTime) -> Path:
        """The file in which a frame looked at is."""
        return self.path / (self.still(shown) or "")


@dataclass(frozen=True)
class _Asked:
    """What is asked of a file: `frames` (indices, `all`, or None for a few), what is `given` of its clock, and the date
    `hint` in its name."""

    path: Path
    frames: Sequence[int] | str | None
    given: ClockSettings

    @property
    def hint(self) -> date | None:
        return _date_in_name(self.path)

    def clock_of(self, rgb: np.ndarray, name: str) -> PictureClock:
        """The clock of a picture that has to speak for itself."""
        within = given_boxes(self.given.boxes, rgb.shape, name)
        return read_picture_clock(rgb, _date_in_name(Path(name)) or self.hint, within, self.given.given_formats())

    def alone(self, index: int, rgb: np.ndarray, name: str) -> ShownTime:
        """What a picture shows that has to speak for itself."""
        return self.told_by(self.clock_of(rgb, name), index)

    def told_by(self, clock: PictureClock, index: int) -> ShownTime:
        """What a frame's own clock shows."""
        box = union(clock.boxes) if clock.boxes else None
        reason = clock.reason
        if self.given.formats and not clock.moments and clock.time_only is None:
            written = shlex.join(self.given.formats)
            reason = (
                f"nothing on it is read as {written}; without a format every known one is tried. If that is what "
                "stands there, its letters are too small, outlined or unusual to be read"
            )
        shown = ShownTime(index, None, clock.zone, box, clock.confidence, reason, (), clock.time_only)
        return _with_times(shown, clock.moments)

    def indices(self, n_frames: int) -> list[int]:
        if self.frames == "all":
            return list(range(n_frames))
        if self.frames is None or isinstance(self.frames, str):
            return sorted(set(np.linspace(0, n_frames - 1, FRAMES_SHOWN).astype(int).tolist()))
        return list(self.frames)


def look_at(path: Path, wanted: Sequence[int] | str | None = None, given: ClockSettings = NOTHING_GIVEN) -> FirstLook:
    """The clock of a video, a picture, or a folder of stills, read as a video is. `wanted` are frame indices, `all`, or
    None for a few; `given` what is known of the clock.

    Raises BadVideo where the file is none of these, NoClock where the box given lies outside its frames, MissingTool
    without Tesseract.
    """
    asked = _Asked(Path(path), wanted, given)
    if not asked.path.is_dir() and asked.path.suffix.lower() not in VIDEO_SUFFIXES:
        try:
            clock = asked.clock_of(read_picture(asked.path), asked.path.name)
            return FirstLook(asked.path, [asked.told_by(clock, 0)], picture_sentences(clock), picture=True)
        except BadImage:
            _require_no_still(asked.path)  # perhaps a video under another name
    recording = open_recording(asked.path)
    try:
        look = _look_at_recording(asked, recording)
    except BadVideo:
        if asked.path.is_dir() or asked.path.suffix.lower() in VIDEO_SUFFIXES:
            raise
        raise BadVideo(f"{asked.path.name} is neither a picture (JPEG, PNG) nor a video that can be read") from None
    return replace(look, stills=recording.stills) if isinstance(recording, StillsRecording) else look


def _require_no_still(path: Path) -> None:
    """Raises BadVideo for a JPEG or PNG: FFmpeg would make a picture of a damaged one."""
    facts = look_at_still(path)
    if facts.codec is not None:
        raise BadVideo(f"{path.name}: {facts.problem or 'it is damaged'}; copy it again or remove it")


def _date_in_name(path: Path) -> date | None:
    night = night_from_name(path.name, 0.0)
    return date.fromisoformat(night) if night else None


def _with_times(shown: ShownTime, moments: Sequence[datetime]) -> ShownTime:
    """With the times that the clock could mean, likeliest first; none of them lies in the future."""
    past = [moment for moment in moments if moment < datetime.now() + timedelta(days=1)]
    if moments and not past:
        return replace(shown, reason=f"the date was read as {moments[0].date()}, which is still to come")
    if not past:
        return shown
    return replace(shown, overlay_time=past[0], candidates=tuple(past) if len(past) > 1 else ())


# A video, or a folder of stills.


def _look_at_recording(asked: _Asked, recording: Recording) -> FirstLook:
    keyframes = of_usual_size(teaching_frames([recording]))
    # A file cut off before its index does not say how many frames it has.
    n_frames = recording.n_frames or max(keyframe.frame_index for keyframe in keyframes) + 1
    indices = asked.indices(n_frames)
    shape = keyframes[0].luma.shape
    given_boxes(asked.given.boxes, shape, recording.name)
    try:
        learned = learn_unconfigured(keyframes, asked.given, asked.hint)
    except NoClock as error:
        told = unlearned_sentence(len(keyframes), error.most_like) if isinstance(error, NothingFound) else str(error)
        return _each_alone(asked, recording, indices, told)
    series = read_series(learned.clock, recording, shape)
    if learned.dateless and not asked.path.is_dir() and is_elapsed(series.readings, probe(asked.path).fps):
        return FirstLook(asked.path, [ShownTime(index, reason=ELAPSED) for index in indices], learned=True)
    frames = [_shown(learned, series, recording, index) for index in indices]
    if isinstance(recording, StillsRecording):
        frames = _with_stills_alone(asked, recording, frames)
    said = learned_sentences(learned.clock, learned.others, series.readings, series.timeline)
    if asked.frames is None and len(indices) < n_frames:
        said.append(f"shown here: {len(indices)} of its {n_frames} frames; --frames all shows every one")
    return FirstLook(asked.path, frames, said, learned=True)


def _each_alone(asked: _Asked, recording: Recording, indices: Sequence[int], said: str) -> FirstLook:
    """Frames of a recording whose clock could not be learned, each as a picture of its own."""
    if len(indices) > MOST_ALONE:
        few = f"no clock could be learned; up to {MOST_ALONE} frames are read by themselves where they are named"
        return FirstLook(asked.path, [ShownTime(index, reason=few) for index in indices], [said])
    read = {frame.index: asked.alone(frame.index, frame.rgb(), recording.origin(frame.index)[0])
            for frame in recording.chosen(indices)}  # fmt: skip
    frames = [read.get(index) or ShownTime(index, reason=why_absent(recording, index)) for index in indices]
    return FirstLook(asked.path, frames, [said])


def _with_stills_alone(asked: _Asked, recording: StillsRecording, frames: list[ShownTime]) -> list[ShownTime]:
    """Stills that do not fit in with the others, among which other pictures may lie, as pictures of their own."""
    doubted = {shown.frame_index: shown for shown in frames if not shown.tells}
    few = [index for index in doubted if index is not None][:MOST_ALONE]
    answers: dict[int | None, ShownTime] = {}
    for frame in recording.chosen(few):
        alone = asked.alone(frame.index, frame.rgb(), recording.stills[frame.index])
        if alone.tells:
            answers[frame.index] = replace(alone, reason=f"read by itself: {doubted[frame.index].reason}")
    return [answers.get(shown.frame_index, shown) for shown in frames]


def _shown(learned: Unconfigured, series: Series, recording: Recording, index: int) -> ShownTime:
    box, rows = union([part.box for part in learned.clock.parts]), series.readings
    if index not in rows.index:
        return ShownTime(index, reason=series.left_out.get(index) or why_absent(recording, index))
    row = rows.loc[index]
    moment, reason = _moment(rows, row)
    shown = ShownTime(
        index, None, learned.clock.zone_word(row["ocr_text"]), box, round(float(row["confidence"]), 3), reason
    )
    if moment is None:
        return shown
    if learned.dateless:
        return replace(shown, time_only=moment.time(), reason=reason or "the clock shows no whole date")
    return _with_times(shown, learned.candidates(moment))


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
