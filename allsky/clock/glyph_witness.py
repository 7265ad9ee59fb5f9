"""Do the glyphs of a video's frames speak for the times that it was given?

A time that a frame's glyphs do not show is not given to it; a frame between two stretches is dated by the one that its
glyphs show it goes on with; a stretch that differs from its neighbour by a single digit is flagged, unless its glyphs
prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import TypeVar

import numpy as np

from allsky.clock.digit_leaps import DigitLeap, digit_leaps, runs
from allsky.clock.glyphs import SURE_LEAD
from allsky.clock.video_times import (
    FEW_FRAMES,
    FEWEST_IN_STRETCH,
    LOST,
    MOSTLY,
    VideoTimes,
)

# Glyphs speak against a time with this little support, where they show another. With this little they show it badly:
# that is enough beyond the readings, and in most frames it proves that the time is not shown. (A digit that is strange
# to its place has glyphs.STRANGE, between the two: it shows the time badly, and is no other one.)
AGAINST, STRANGE_TO_IT = -0.5, -0.4
# They show a time with as much as makes a reading sure.
SHOWN = SURE_LEAD
# A second is taken against the fit's where the glyphs speak for it by so much more.
CLEARLY_MORE = 0.3
# A frame between two stretches goes on with one of them that is no farther than so many frames.
NEAR_A_STRETCH = 20
# Where this share of readings stand in short stretches the camera keeps no even time and that says nothing.
SELDOM = 0.2
# Share of frames between two readings that may speak against what lies between, and how many it takes for frames that
# only show it badly.
MANY, FEW = 1 / 3, 3
HARD_TO_READ = "the clock is hard to read here and does not look like the night's clock"
JUMPS_BY_A_DIGIT = "one digit of the clock may be misread here: the times jump by it"
# Frames of a stretch looked at for proof.
FRAMES_OF_PROOF = 25

T = TypeVar("T")
# How far the glyphs of a row speak for a UTC in seconds (-1 to 1).
Heard = Callable[[int, float], float]


@dataclass(frozen=True)
class Witness:
    """What the glyphs of a night's rows have to say of naive times: `support(row, moment)`, how far they speak for one
    (-1 to 1; 0 where nothing is known), and `familiar(row, moment)`, whether each of its digits was seen at its place;
    `impossible` (a bool a row) marks what they surely show and no clock does, a 25th hour or a 31st of June."""

    support: Callable[[int, datetime], float]
    familiar: Callable[[int, datetime], bool]
    impossible: np.ndarray


def hear(video: VideoTimes, witness: Witness, zones: Sequence[tzinfo]) -> None:
    """Flag what the glyphs speak against: interpolated times they do not show, and stretches read with one digit other
    than their neighbours promise without proof that it is another. Date frames between stretches by what they show.

    `zones` are those of each row's overlay."""
    support, familiar = _of_utc(witness.support, zones), _of_utc(witness.familiar, zones)
    heard = np.ones(len(video.index))
    for place in map(int, np.flatnonzero(~video.read & ~np.isnan(video.fitted))):
        heard[place] = _hear_unread(video, place, support)
    _hear_spans(video, heard <= STRANGE_TO_IT)
    whole, joined = video.timeline.stretch, runs(video)
    # Where no lost frames part stretches the runs are these.
    for stretch in (whole, joined) if len(np.unique(joined)) < len(np.unique(whole)) else (whole,):
        _hear_leaps(video, stretch, zones, lambda leap: _is_proved(video, leap, support, familiar))
    _doubt_what_is_dated_by_doubted(video)


def _hear_leaps(
    video: VideoTimes,
    stretch: np.ndarray,
    zones: Sequence[tzinfo],
    is_proved: Callable[[DigitLeap], bool],
) -> None:
    """Flag the stretches that leap by a digit and do not prove it."""
    misread: set[int] = set()
    # What a stretch that may be misread stands beside is then held against the one beyond it.
    for _ in range(2):
        for leap in digit_leaps(video, zones, stretch, misread):
            # No clock leaps by a digit and back onto its old line: a digit misread from the first proves itself.
            back = leap.comes_back and not leap.only_lost
            if back or (leap.is_shorter and not is_proved(leap)):
                video.flags[leap.frames[0] : leap.frames[-1] + 1] = JUMPS_BY_A_DIGIT
                misread.add(leap.stretch)
        if not misread:
            break


def _doubt_what_is_dated_by_doubted(video: VideoTimes) -> None:
    """Flag the frames between stretches that were dated by one which may be misread: they show that digit, too."""
    believed = np.flatnonzero(video.believed)
    for place in map(int, np.flatnonzero(~video.read & ~video.inside)):
        if video.flags[place] is not None or np.isnan(video.seconds[place]):
            continue
        sides = [*believed[believed < place][-1:], *believed[believed > place][:1]]
        off = [abs(video.seconds[place] - video.promised(side, video.index[place])) for side in sides]
        nearest = sides[int(np.argmin(off))] if sides else None
        if nearest is not None and video.flags[nearest] == JUMPS_BY_A_DIGIT:
            video.flags[place] = JUMPS_BY_A_DIGIT


def _is_proved(video: VideoTimes, leap: DigitLeap, support: Heard, familiar: Callable[[int, float], bool]) -> bool:
    """Whether the glyphs prove that the frames of a leap do not show what was promised for them. That a digit is not
    there proves nothing where nobody knows what it looks like there; where a frame or two may simply have been lost, it
    need not prove much."""
    chosen = np.unique(np.linspace(0, len(leap.frames) - 1, FRAMES_OF_PROOF).astype(int))
    promises = list(zip(video.rows[leap.frames[chosen]], leap.promised[chosen], strict=True))
    known = leap.only_lost or np.mean([familiar(*promise) for promise in promises]) > MOSTLY
    return bool(known and np.median([support(*promise) for promise in promises]) <= STRANGE_TO_IT)


def _of_utc(said: Callable[[int, datetime], T], zones: Sequence[tzinfo]) -> Callable[[int, float], T]:
    """What is `said` of a row and a naive time, for a UTC in seconds."""

    def of_utc(row: int, seconds: float) -> T:
        utc = datetime.fromtimestamp(round(seconds * 10) / 10, UTC)
        return said(row, utc.astimezone(zones[row]).replace(tzinfo=None))

    return of_utc


def _hear_spans(video: VideoTimes, doubted: np.ndarray) -> None:
    """Between two believed readings where many frames do not show what lies between, nothing does: one of the two
    is wrong, and the lonelier is not believed."""
    believed = np.flatnonzero(video.believed)
    if len(believed) == 0:
        return
    contradicted = np.array([flag == HARD_TO_READ for flag in video.flags])
    stretch = video.timeline.stretch
    begins = np.diff(stretch, prepend=stretch[0]) != 0
    parted = np.zeros(len(stretch), bool)
    for number, (before, after) in enumerate(pairwise(believed)):
        span = slice(before + 1, after)
        against = (doubted if after - before > FEW else contradicted)[span]
        if after - before > 1 and against.mean() > MANY:
            video.flags[span] = HARD_TO_READ
            begins[number + 1] = True
            parted |= stretch == stretch[number]
    pieces = np.cumsum(begins)
    few = np.bincount(pieces)[pieces] < FEWEST_IN_STRETCH
    if len(video.index) > FEW_FRAMES and few.mean() < SELDOM:
        lonely = believed[few & (parted | video.alone[believed])]
        video.flags[lonely] = "this reading stands alone between jumps of the clock"


def _hear_unread(video: VideoTimes, place: int, support: Heard) -> float:
    """How far the glyphs of a frame speak for its fitted time. A fit between two seconds leaves open which is shown:
    the one they speak for most is taken. One that the fit excludes has to be shown."""
    row, fitted = video.rows[place], video.fitted[place]
    if video.flags[place] == LOST and video.mostly_believed and video.quantum_s <= 1:
        return _place_lost(video, place, support)
    near = np.floor(fitted / video.quantum_s) + np.array([0, 1, -1])
    heard = [support(row, second * video.quantum_s) for second in near]
    # Readings are cut down to whole seconds, so that between them there is no second less than the fit, nor more than
    # a whole one.
    left_open = heard[: 1 if fitted % video.quantum_s == 0 else 2]
    best = int(np.argmax(heard))
    if heard[best] <= max(0.0, max(left_open) + CLEARLY_MORE):
        best = int(np.argmax(left_open))
    if heard[best] <= (AGAINST if video.inside[place] else STRANGE_TO_IT):
        video.flags[place] = HARD_TO_READ
    elif (heard[best] > 0 or heard[best] > heard[0] + CLEARLY_MORE) and video.quantum_s <= 1:
        video.seconds[place] = near[best]
    return heard[best]


def _place_lost(video: VideoTimes, place: int, support: Heard) -> float:
    """A frame between two stretches, dated by the one whose time its glyphs show."""
    believed, row = np.flatnonzero(video.believed), video.rows[place]
    sides = [believed[believed < place][-1:], believed[believed > place][:1]]
    near = [int(side[0]) for side in sides if len(side) and abs(side[0] - place) <= NEAR_A_STRETCH]
    lines = [video.promised(one, video.index[place]) for one in near]
    seconds = [second for line in lines for second in np.floor(line) + np.array([0, 1, -1])]
    heard = [support(row, second) for second in seconds]
    if heard and max(heard) >= SHOWN:
        video.seconds[place], video.flags[place] = seconds[int(np.argmax(heard))], None
    elif max(heard, default=0.0) <= STRANGE_TO_IT:
        video.flags[place] = HARD_TO_READ
    return max(heard, default=0.0)
