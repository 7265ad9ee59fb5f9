"""Do the glyphs of a video's frames speak for the times that it was given?

A time that a frame's glyphs do not show is not given to it; a frame between two stretches is dated by the one that its
glyphs show it goes on with; a stretch that differs from its neighbour by a single digit is flagged, unless its glyphs
prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise

import numpy as np

from allsky.clock.video_times import FEW_FRAMES, FEWEST_IN_STRETCH, LOST, Dates, VideoTimes

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
# Frames of a stretch looked at for proof.
FRAMES_OF_PROOF = 25

# How far the glyphs of a row speak for a UTC in seconds (-1 to 1).
Heard = Callable[[int, float], float]


def hear(video: VideoTimes, support: Heard, dated: Dates, zones: Sequence[tzinfo]) -> None:
    """Flag what the glyphs speak against: interpolated times they do not show, and stretches read with one digit other
    than their neighbours promise without proof that it is another. Date frames between stretches by what they show.

    `zones` are those of each row's overlay: a digit is one of the time that is shown."""
    heard = np.ones(len(video.index))
    for place in map(int, np.flatnonzero(~video.read & ~np.isnan(video.fitted))):
        heard[place] = _hear_unread(video, place, support, dated)
    _hear_spans(video, heard <= STRANGE_TO_IT, dated)
    for members, expected in _odd_stretches(video, zones):
        chosen = members[np.unique(np.linspace(0, len(members) - 1, FRAMES_OF_PROOF).astype(int))]
        promised = [support(video.rows[place], expected(video.index[place])) for place in chosen]
        if np.median(promised) > STRANGE_TO_IT:
            dated.flags[video.rows[members]] = "one digit of the clock may be misread here: the times jump by it"


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


def _odd_stretches(video: VideoTimes, zones: Sequence[tzinfo]) -> list[tuple[np.ndarray, Callable[[float], float]]]:
    """The shorter of two neighbouring stretches whose times differ by one digit only, and the times that the longer
    one promises for it."""
    places = np.flatnonzero(video.believed)
    stretch, answers = video.timeline.stretch, []
    for number, other in zip(np.unique(stretch)[:-1], np.unique(stretch)[1:], strict=True):
        one, two = places[stretch == number], places[stretch == other]
        short, long = (one, two) if len(one) < len(two) else (two, one)
        promise = _line(video, long, at_end=short is two)
        edge = short[0] if short is two else short[-1]
        if _one_digit_apart(video.own[edge], promise(video.index[edge]), zones[video.rows[edge]]):
            answers.append((short, promise))
    return answers


def _line(video: VideoTimes, members: np.ndarray, at_end: bool) -> Callable[[float], float]:
    """The times that a stretch promises beyond its end, or before its beginning."""
    near = members[-1] if at_end else members[0]
    return lambda index: float(video.own[near] + (index - video.index[near]) * video.timeline.step_s)


def _one_digit_apart(one_s: float, other_s: float, zone: tzinfo) -> bool:
    """Whether two times are written alike in `zone` but for one digit (of either hour, minute, second or day)."""
    one, other = (datetime.fromtimestamp(round(moment), zone).strftime("%Y%m%d%H%M%S") for moment in (one_s, other_s))
    return sum(first != second for first, second in zip(one, other, strict=True)) == 1
