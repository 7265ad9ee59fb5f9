"""Where do a video's times leap by a single digit of its clock?

Cameras do pause, and are set back; but a stretch that is one digit away from what its neighbour promises is as likely a
stretch in which that digit was misread. The times alone do not tell: `allsky.clock.glyph_witness` asks the glyphs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise

import numpy as np

from allsky.clock.timeline import MOST_LOST, lost_frames, only_lost_frames
from allsky.clock.video_times import MOSTLY, VideoTimes

# Readings on either side of a stretch that are looked at, and how many of them must keep the promise that it does not.
LOOKED_BEYOND, ENOUGH_BEYOND = 8, 2
# The reading at an edge may be off by a second, with its last digit misread, too: so many beside it are asked as well.
FEW_AT_EDGE = 3
# The frames lost between two stretches of a run are no more than this share of those that are there, or MOST_LOST.
LOST_SHARE = 1.0


@dataclass(frozen=True)
class DigitLeap:
    """A stretch whose times are one digit away from what its neighbour promises: its number, its `frames` (places in
    the video) that do not keep the promise, and the times `promised` for these (UTC seconds); whether it is the shorter
    of both, whether lost frames alone may part them, and whether readings on both sides of it keep the promise, so that
    the clock leapt and came back onto its old line."""

    stretch: int
    frames: np.ndarray
    promised: np.ndarray
    is_shorter: bool
    only_lost: bool
    comes_back: bool


def runs(video: VideoTimes) -> np.ndarray:
    """The number, for each believed reading, of the stretches that it belongs to which lost frames alone part: a digit
    misread in one of them is in the next as well."""
    timeline = video.timeline
    parted = np.flatnonzero(np.diff(timeline.stretch))
    gap, frames = np.diff(timeline.seconds)[parted], np.diff(timeline.index)[parted]
    lost = lost_frames(gap, frames, timeline.step_s, video.quantum_s)
    starts = np.zeros(len(timeline.stretch), int)
    starts[parted + 1] = ~((lost >= 0) & (lost <= np.maximum(MOST_LOST, LOST_SHARE * frames)))
    return np.cumsum(starts)


def digit_leaps(
    video: VideoTimes, zones: Sequence[tzinfo], stretch: np.ndarray, without: Collection[int] = ()
) -> Iterator[DigitLeap]:
    """The leaps between neighbouring stretches of a video (its timeline's, or its `runs`: `stretch` is the number of
    that of each believed reading), seen from either side, `without` some of them. `zones` are those of each row's
    overlay: a digit is one of the time that is shown. A video that keeps no pace promises nothing."""
    places = np.flatnonzero(video.believed)
    numbers = [number for number in np.unique(stretch).tolist() if number not in without]
    for number, other in pairwise(numbers) if video.timeline.keeps_a_pace else ():
        before, behind = _moving(video, places[stretch == number]), _moving(video, places[stretch == other][::-1])[::-1]
        is_shorter = len(before) < len(behind)
        frames, gap = (np.array([of[behind[0]] - of[before[-1]]]) for of in (video.index, video.own))
        only_lost = bool(only_lost_frames(gap, frames, video.timeline.step_s, video.quantum_s)[0])
        for one, own, edge, near, shorter in (
            (number, before, before[-1], behind[0], is_shorter),
            (other, behind, behind[0], before[-1], not is_shorter),
        ):
            odd = own[[not video.keeps_promise(near, place) for place in own]]
            promised = _promised_but_for_a_digit(video, odd, edge, near, zones) if len(odd) else None
            if promised is not None:
                yield DigitLeap(one, odd, promised, shorter, only_lost, _kept_beyond(video, odd, near))


def _promised_but_for_a_digit(
    video: VideoTimes, odd: np.ndarray, edge: int, near: int, zones: Sequence[tzinfo]
) -> np.ndarray | None:
    """What the reading `near` a stretch promises for its `odd` frames (UTC seconds), where the `edge` beside it, or one
    of the few next to that, and most of these differ from that by one digit alone; None where they do not. Where the
    digit changes frames may have been lost, too."""
    nearest = odd[np.argsort(np.abs(odd - edge), kind="stable")][:FEW_AT_EDGE]
    for place in dict.fromkeys([edge, *nearest.tolist()]):
        at_place = video.promised(near, video.index[place])
        # All of them are as far from their promise as this one: where frames were lost behind it no pace tells them.
        promised = video.own[odd] - (video.own[place] - at_place)
        for later in np.sign(edge - near) * video.timeline.step_s * np.arange(MOST_LOST + 1):
            apart = _digit_apart(video.own[place], at_place + later, zones[video.rows[place]])
            if apart and _same_digit(video, odd, promised + later, zones):
                return promised + later
    return None


def _same_digit(video: VideoTimes, odd: np.ndarray, promised: np.ndarray, zones: Sequence[tzinfo]) -> bool:
    """Whether it is one digit, taken for one other, by which most of the frames differ from what was promised: a clock
    that is set shows each of its digits as another one."""
    pairs = zip(video.own[odd], promised, video.rows[odd], strict=True)
    apart = Counter(_digit_apart(own, promise, zones[row]) for own, promise, row in pairs)
    return any(digit and count >= MOSTLY * len(odd) for digit, count in apart.items())


def _kept_beyond(video: VideoTimes, members: np.ndarray, near: int) -> bool:
    """Whether readings on both sides of a stretch keep the promise, of the reading `near` it, that it does not, but for
    a few lost frames."""
    read = np.flatnonzero(video.read)
    kept = [
        sum(video.keeps_promise(near, place, MOST_LOST) for place in side)
        for side in (read[read < members[0]][-LOOKED_BEYOND:], read[read > members[-1]][:LOOKED_BEYOND])
    ]
    return min(kept) >= ENOUGH_BEYOND


def _moving(video: VideoTimes, members: np.ndarray) -> np.ndarray:
    """The members of a stretch up to where its picture froze, if it ends so: the clock went on unseen."""
    frozen = int(np.argmax(np.append(video.own[members[::-1]] != video.own[members[-1]], True)))
    return members[: len(members) - frozen + 1]


def _digit_apart(one_s: float, other_s: float, zone: tzinfo) -> tuple[int, str, str] | None:
    """The digit (of either hour, minute, second or day) in which alone two times differ as written in `zone`: its first
    place and what it is in both. At more places than one it is the same digit, taken for the same other one."""
    one, other = (datetime.fromtimestamp(round(moment), zone).strftime("%Y%m%d%H%M%S") for moment in (one_s, other_s))
    apart = [(place, *both) for place, both in enumerate(zip(one, other, strict=True)) if both[0] != both[1]]
    return apart[0] if len({digits[1:] for digits in apart}) == 1 else None
