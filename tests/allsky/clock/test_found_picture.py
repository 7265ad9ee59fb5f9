"""The picture of what was found as the clock marks where the clock was drawn."""

from datetime import datetime

import numpy as np

from allsky.clock.found_picture import RED, found_picture
from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from benchmarks.made_clocks import Clip, Text, evenly, frames


def test_the_clock_is_framed_where_it_was_drawn_and_enlarged_below():
    text = Text("%Y-%m-%d %H:%M:%S", x=40, y=200, height=14)
    cards = (None,)
    lumas = list(frames(Clip(cards + evenly(datetime(2015, 3, 26, 1, 58), 61.0, 12), (text,))))
    clock = learn_clock([Keyframe("a.mp4", k, luma) for k, luma in enumerate(lumas)], ClockSettings(), None, 0.0)
    picture = found_picture(lumas, clock)
    marked = np.argwhere((picture[:240] == RED).all(axis=2))
    (top, left), (bottom, right) = marked.min(axis=0), marked.max(axis=0)
    assert 190 <= top <= 200 and 210 <= bottom <= 225
    assert 25 <= left <= 40 and 180 <= right <= 260
    assert picture.shape[1] == 320
    # The card before the first frame shows no clock: it is the sky that is shown.
    assert np.ptp(picture[60:180, 60:260]) > 20
    # Two lines of words, below them and above the enlarged clock.
    assert len(picture) > 240 + 2 * 22 + 14
    assert (picture[240:] > 200).any()
