"""Which readings are off their clock's line by whole tens of seconds, as if one digit of theirs were misread?

A slow camera may take a frame late, so that a reading is believed to half a step from its line. Where all others keep
the line to the second, one that is off by ten seconds, or by a minute, was misread.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from allsky.clock.video_times import SMALLEST_TOLERANCE_S, VideoTimes

TEN_S = 10.0
# Readings over which the line is looked for: their median, so that three of them may be off it.
NEIGHBOURS = 7
OFF_BY_TENS = "this reading is off the clock's line by whole tens of seconds: one of its digits may be misread"


def off_by_tens(video: VideoTimes) -> np.ndarray:
    """The places (in the video) of such readings, and of frames without one that they date; none where readings do not
    keep to a line."""
    step = video.timeline.step_s
    places = np.flatnonzero(video.believed)
    if video.quantum_s > 1 or not step >= 2 * TEN_S:
        return places[:0]
    off = video.own[places] - step * video.index[places]
    stretches = np.split(off, np.flatnonzero(np.diff(video.timeline.stretch)) + 1)
    away = np.concatenate([own - median_filter(own, NEIGHBOURS, mode="nearest") for own in stretches])
    tens = np.round(away / TEN_S)
    misread = (tens != 0) & (np.abs(away - tens * TEN_S) <= SMALLEST_TOLERANCE_S)
    if not misread.any() or np.median(np.abs(away)) > SMALLEST_TOLERANCE_S:
        return places[:0]
    answer = np.zeros(len(video.index), bool)
    answer[places] = misread
    unread = np.flatnonzero(~video.believed)
    before, behind = np.searchsorted(places, unread) - 1, np.searchsorted(places, unread)
    beside = misread[np.clip(before, 0, None)] | misread[np.clip(behind, None, len(places) - 1)]
    answer[unread[beside]] = True
    return np.flatnonzero(answer)
