"""Where did a part of the clock's picture stand still while the rest went on?

In a damaged file the decoder moves what arrives over what it last had. The digits that change in every frame may then
go on over tens of minutes, hours or a date that are those of an earlier frame. Every glyph is sharp and none speaks
against such a time, only the whole picture that comes later does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

import numpy as np

from allsky.clock.video_times import SMALLEST_TOLERANCE_S, SURE_GLYPHS, VideoTimes

TEN_MINUTES_S, HOUR_S = 600.0, 3600.0
# Readings on either side of a stretch that are held against it.
LOOKED_BEYOND = 8
STOOD_STILL = "the clock's tens of minutes may have stood still here while its seconds went on: the times jump by them"


def stale_stretches(video: VideoTimes, zones: Sequence[tzinfo]) -> Iterator[np.ndarray]:
    """The places of each stretch over which nothing but minutes and seconds moved and beside which a sure reading is
    later than it promises by whole tens of minutes, as if those had stood still. `zones` are those of each row's
    overlay. What one digit tells apart by whole hours is left to `allsky.clock.digit_leaps`: summer time does that."""
    if video.quantum_s > 1:
        return
    believed, read = np.flatnonzero(video.believed), np.flatnonzero(video.read & (video.confidence >= SURE_GLYPHS))
    for number in np.unique(video.timeline.stretch):
        own = believed[video.timeline.stretch == number]
        if len(own) == 1 or len({_written(video.own[place], zones[video.rows[place]])[:-1] for place in own}) > 1:
            continue
        # The step of the stretch itself: where little was read the video's usual one is a guess.
        step_s = float(np.ptp(video.own[own]) / np.ptp(video.index[own]))
        for place in [*read[read < own[0]][-LOOKED_BEYOND:], *read[read > own[-1]][:LOOKED_BEYOND]]:
            promised = float(video.own[own[0]] + (video.index[place] - video.index[own[0]]) * step_s)
            if _later_by_what_stood_still(video.own[place], promised, zones[video.rows[place]]):
                yield own
                break


def _later_by_what_stood_still(shown_s: float, promised_s: float, zone: tzinfo) -> bool:
    """Whether a clock that shows one time (UTC seconds) could be thought to show another one, were its tens of minutes,
    hours and date those of some while ago."""
    tens = round((shown_s - promised_s) / TEN_MINUTES_S)
    later_s = tens * TEN_MINUTES_S
    if tens < 1 or abs(shown_s - promised_s - later_s) > SMALLEST_TOLERANCE_S:
        return False
    shown, stale = _written(promised_s + later_s, zone), _written(promised_s, zone)
    carried = sum(one != other for one, other in zip(shown, stale, strict=True)) > 1
    return carried or later_s % HOUR_S != 0


def _written(seconds: float, zone: tzinfo) -> str:
    """A time's digits down to the minute."""
    return datetime.fromtimestamp(round(seconds), zone).strftime("%Y%m%d%H%M")
