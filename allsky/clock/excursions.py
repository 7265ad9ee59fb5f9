"""Where does a clock leave its line and come back onto it, as none does?

A clock that is set, or a camera that pauses, goes on from its new time. Frames between two parts of one line that show
other times were misread, all in one way, by whatever digits; but a picture that froze shows the last time before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allsky.clock.timeline import MOST_LOST
from allsky.clock.video_times import FEWEST_IN_STRETCH, VideoTimes

# Readings between the two parts of a line, at most: farther apart they may meet by chance.
LONGEST = 120
# Steps, or values of the clock's last place, by which a time is off its line: an uneven camera's may be by less.
FAR_OFF = 2.0
OFF_ITS_LINE = "the clock is misread here, or was wrong: before and behind it goes on as if nothing were"


def excursions(video: VideoTimes) -> Iterator[np.ndarray]:
    """The places (in the video) of frames between two parts of one line among which are some far off it, but for those
    that show the last time before; all with a time, read or not. A video that keeps no pace has no line."""
    step = abs(video.timeline.step_s)
    if not video.timeline.keeps_a_pace or not step > 0:
        return
    places, stretch = np.flatnonzero(video.believed), video.timeline.stretch
    seconds = np.where(video.believed, video.own, video.fitted)
    for end in np.flatnonzero(np.diff(stretch)):
        last, behind = places[end], places[end + 1 : end + 1 + LONGEST]
        if (stretch == stretch[end]).sum() < FEWEST_IN_STRETCH:
            continue
        back = next((place for place in range(len(behind)) if _is_back(video, last, behind[place:])), 0)
        if back == 0:
            continue
        between = np.arange(last + 1, behind[back])
        line = np.array([video.promised(last, video.index[place]) for place in between])
        moving = seconds[between] != video.own[last]
        far = np.abs(seconds[between] - line) > FAR_OFF * max(step, video.quantum_s)
        if (far & moving).any():
            yield between[moving]


def _is_back(video: VideoTimes, last: int, behind: np.ndarray) -> bool:
    """Whether the readings `behind` begin on the line of the reading `last`, and go on along it."""
    first, *more = behind[:FEWEST_IN_STRETCH]
    enough = len(more) == FEWEST_IN_STRETCH - 1
    return enough and all(
        video.keeps_promise(near, place, MOST_LOST) for near, place in [(last, first), *((first, one) for one in more)]
    )
