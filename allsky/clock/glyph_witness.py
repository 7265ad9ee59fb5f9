"""Do the glyphs of a video's frames speak for the times that it was given?

A time that a frame's glyphs do not show is not given to it; a frame between two stretches is dated by the one that its
glyphs show it goes on with; a stretch that differs from its neighbour by a single digit is flagged, unless its glyphs
prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import TypeVar

import numpy as np

from allsky.clock.timeline import only_lost_frames
from allsky.clock.video_times import (
    FEW_FRAMES,
    FEWEST_IN_STRETCH,
    LOST,
    MOSTLY,
    SMALLEST_TOLERANCE_S,
    Dates,
    VideoTimes,
)

# Glyphs speak against a time with this little support, where they show another. With this little they show it badly:
# that is enough beyond the readings, and in most frames it proves that the time is not shown.
AGAINST, STRANGE_TO_IT = -0.5, -0.4
# They show a time with this much: the lead that makes a reading sure.
SHOWN = 0.35
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
# Readings on either side of a stretch that are looked at, and how many of them must keep the promise that it does not.
LOOKED_BEYOND, ENOUGH_BEYOND = 8, 2
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


def hear(video: VideoTimes, witness: Witness, dated: Dates, zones: Sequence[tzinfo], never_was: np.ndarray) -> None:
    """Flag what the glyphs speak against: interpolated times they do not show, and stretches read with one digit other
    than their neighbours promise without proof that it is another. Date frames between stretches by what they show.

    `zones` are those of each row's overlay: a digit is one of the time that is shown. `never_was` (a bool a row) marks
    times that summer time skips, which promise nothing."""
    support, familiar = _of_utc(witness.support, zones), _of_utc(witness.familiar, zones)
    heard = np.ones(len(video.index))
    for place in map(int, np.flatnonzero(~video.read & ~np.isnan(video.fitted))):
        heard[place] = _hear_unread(video, place, support, dated)
    _hear_spans(video, heard <= STRANGE_TO_IT, dated)
    for members, expected, is_shorter, only_lost in _odd_stretches(video, zones, never_was):
        chosen = members[np.unique(np.linspace(0, len(members) - 1, FRAMES_OF_PROOF).astype(int))]
        promises = [(video.rows[place], expected(video.index[place])) for place in chosen]
        # That a digit is not there proves nothing where nobody knows what it looks like there. Where a frame or two may
        # simply have been lost, it need not prove much.
        known = only_lost or np.mean([familiar(*promise) for promise in promises]) > MOSTLY
        proved = known and np.median([support(*promise) for promise in promises]) <= STRANGE_TO_IT
        if (is_shorter and not proved) or (not only_lost and _kept_beyond(video, members, expected)):
            dated.flags[video.rows[members[0] : members[-1] + 1]] = JUMPS_BY_A_DIGIT


def _of_utc(said: Callable[[int, datetime], T], zones: Sequence[tzinfo]) -> Callable[[int, float], T]:
    """What is `said` of a row and a naive time, for a UTC in seconds."""

    def of_utc(row: int, seconds: float) -> T:
        utc = datetime.fromtimestamp(round(seconds * 10) / 10, UTC)
        return said(row, utc.astimezone(zones[row]).replace(tzinfo=None))

    return of_utc


def _hear_spans(video: VideoTimes, doubted: np.ndarray, dated: Dates) -> None:
    """Between two believed readings where many frames do not show what lies between, nothing does: one of the two
    is wrong, and the lonelier is not believed."""
    believed = np.flatnonzero(video.believed)
    if len(believed) == 0:
        return
    contradicted = np.array([flag == HARD_TO_READ for flag in dated.flags[video.rows]])
    stretch = video.timeline.stretch
    begins = np.diff(stretch, prepend=stretch[0]) != 0
    parted = np.zeros(len(stretch), bool)
    for number, (before, after) in enumerate(pairwise(believed)):
        span = slice(before + 1, after)
        against = (doubted if after - before > FEW else contradicted)[span]
        if after - before > 1 and against.mean() > MANY:
            dated.flags[video.rows[span]] = HARD_TO_READ
            begins[number + 1] = True
            parted |= stretch == stretch[number]
    pieces = np.cumsum(begins)
    few = np.bincount(pieces)[pieces] < FEWEST_IN_STRETCH
    if len(video.index) > FEW_FRAMES and few.mean() < SELDOM:
        lonely = believed[few & (parted | video.alone[believed])]
        dated.flags[video.rows[lonely]] = "this reading stands alone between jumps of the clock"


def _hear_unread(video: VideoTimes, place: int, support: Heard, dated: Dates) -> float:
    """How far the glyphs of a frame speak for its fitted time. The fit leaves open which second is shown: the one they
    speak for most is taken."""
    row, fitted = video.rows[place], video.fitted[place]
    if dated.flags[row] == LOST and video.mostly_believed and video.quantum_s <= 1:
        return _place_lost(video, place, support, dated)
    near = np.floor(fitted / video.quantum_s) + np.array([0, 1, -1])
    heard = [support(row, second * video.quantum_s) for second in near]
    best = int(np.argmax(heard))
    if heard[best] <= (AGAINST if video.inside[place] else STRANGE_TO_IT):
        dated.flags[row] = HARD_TO_READ
    elif (heard[best] > 0 or heard[best] > heard[0] + CLEARLY_MORE) and video.quantum_s <= 1:
        dated.seconds[row] = near[best]
    return heard[best]


def _place_lost(video: VideoTimes, place: int, support: Heard, dated: Dates) -> float:
    """A frame between two stretches, dated by the one whose time its glyphs show."""
    believed, row = np.flatnonzero(video.believed), video.rows[place]
    sides = [believed[believed < place][-1:], believed[believed > place][:1]]
    near = [int(side[0]) for side in sides if len(side) and abs(side[0] - place) <= NEAR_A_STRETCH]
    lines = [video.own[one] + (video.index[place] - video.index[one]) * video.timeline.step_s for one in near]
    seconds = [second for line in lines for second in np.floor(line) + np.array([0, 1, -1])]
    heard = [support(row, second) for second in seconds]
    if heard and max(heard) >= SHOWN:
        dated.seconds[row], dated.flags[row] = seconds[int(np.argmax(heard))], None
    elif max(heard, default=0.0) <= STRANGE_TO_IT:
        dated.flags[row] = HARD_TO_READ
    return max(heard, default=0.0)


def _odd_stretches(
    video: VideoTimes, zones: Sequence[tzinfo], never_was: np.ndarray
) -> Iterator[tuple[np.ndarray, Callable[[float], float], bool, bool]]:
    """Of neighbouring stretches whose times differ by one digit only the frames of each that do not keep what the other
    one promises for them, these promises, whether it is the shorter, and whether lost frames alone may part them."""
    places = np.flatnonzero(video.believed)
    stretch = video.timeline.stretch
    for number, other in pairwise(np.unique(stretch)):
        before, behind = _moving(video, places[stretch == number]), _moving(video, places[stretch == other][::-1])[::-1]
        if never_was[video.rows[[before[-1], behind[0]]]].any():
            continue
        is_shorter = len(before) < len(behind)
        frames, gap = (np.array([of[behind[0]] - of[before[-1]]]) for of in (video.index, video.own))
        only_lost = bool(only_lost_frames(gap, frames, video.timeline.step_s, video.quantum_s)[0])
        for own, edge, promise, shorter in (
            (before, before[-1], _line(video, behind, at_end=False), is_shorter),
            (behind, behind[0], _line(video, before, at_end=True), not is_shorter),
        ):
            odd = own[[not _keeps(video, place, promise) for place in own]]
            if len(odd) and _one_digit_apart(video.own[edge], promise(video.index[edge]), zones[video.rows[edge]]):
                yield odd, promise, shorter, only_lost


def _kept_beyond(video: VideoTimes, members: np.ndarray, promise: Callable[[float], float]) -> bool:
    """Whether readings on both sides of a stretch keep the promise that it does not: no clock leaps by a digit and
    then back onto its old line, so no look of the glyphs can prove it (a digit misread from the first is its own
    proof)."""
    read = np.flatnonzero(video.read)
    kept = [
        sum(_keeps(video, place, promise) for place in side)
        for side in (read[read < members[0]][-LOOKED_BEYOND:], read[read > members[-1]][:LOOKED_BEYOND])
    ]
    return min(kept) >= ENOUGH_BEYOND


def _keeps(video: VideoTimes, place: int, promise: Callable[[float], float]) -> bool:
    slack = max(abs(video.timeline.step_s) / 2, SMALLEST_TOLERANCE_S)
    return bool(abs(video.own[place] - promise(video.index[place])) <= slack)


def _line(video: VideoTimes, members: np.ndarray, at_end: bool) -> Callable[[float], float]:
    """The times that a stretch promises beyond its end, or before its beginning."""
    near = members[-1] if at_end else members[0]
    return lambda index: float(video.own[near] + (index - video.index[near]) * video.timeline.step_s)


def _moving(video: VideoTimes, members: np.ndarray) -> np.ndarray:
    """The members of a stretch up to where its picture froze, if it ends so: the clock went on unseen."""
    frozen = int(np.argmax(np.append(video.own[members[::-1]] != video.own[members[-1]], True)))
    return members[: len(members) - frozen + 1]


def _one_digit_apart(one_s: float, other_s: float, zone: tzinfo) -> bool:
    """Whether two times are written alike in `zone` but for one digit (of either hour, minute, second or day)."""
    one, other = (datetime.fromtimestamp(round(moment), zone).strftime("%Y%m%d%H%M%S") for moment in (one_s, other_s))
    return sum(first != second for first, second in zip(one, other, strict=True)) == 1
