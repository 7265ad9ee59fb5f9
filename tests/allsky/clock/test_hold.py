"""A clock that moves to and fro, because a counter behind it takes more or less room, is read all the same."""

from datetime import datetime

import numpy as np
import pytest

from allsky.clock.formats import ClockFormat
from allsky.clock.hold import Hold, offsets, unchanged
from allsky.clock.learned import LearnedClock
from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from allsky.clock.part_reading import PartReading, part_readings
from allsky.clock.tesseract import Char, TextLine
from benchmarks.made_clocks import Clip, Text, evenly, frames

START = datetime(2008, 11, 3, 20, 14, 47)


def reading(text: str, x: float) -> PartReading:
    """A text whose characters stand eight pixels apart from `x` on."""
    chars = tuple(Char(char, x + 8 * k, 4.0, 7.0, 12.0, 0.9) for k, char in enumerate(text))
    return part_readings([TextLine(chars)], ClockFormat("%Y-%m-%d %H:%M:%S"))[0]


def test_a_text_both_of_whose_ends_move_is_held_by_what_never_changes():
    moving = [reading(f"2008-11-03 20:14:{k}7", 5.0 + shift) for k, shift in enumerate((0, 4, 1, 6, 2))]
    same = unchanged(moving)
    assert same is not None
    assert "".join(char.text for char in moving[0].chars[same]) == "2008-11-0320:14:"
    assert offsets(moving, same) == pytest.approx([-2, 2, -1, 4, 0])
    still = [reading(f"2008-11-03 20:14:{k}7", 5.0 + shift) for k, shift in enumerate((0, 1, 0, 2, 1))]
    assert unchanged(still) is None


def test_crops_are_moved_to_where_what_never_changes_stands():
    rng = np.random.default_rng(0)
    text = rng.integers(0, 255, (12, 60)).astype(np.uint8)
    inks = np.zeros((4, 12, 100), np.uint8)
    for crop, shift in zip(inks, (10, 13, 7, 0), strict=True):
        crop[:, shift : shift + 60] = text
    inks[3] = rng.integers(0, 255, (12, 100))
    hold = Hold(text[:, :30], 10)
    assert hold.shifts(inks).tolist() == [0, 3, -3, 0]
    assert (hold.placed(inks)[:3, :, 10:70] == text).all()


@pytest.mark.parametrize("font", ["DejaVuSerif/narrow", "DejaVuSansMono/narrow"])
def test_a_clock_with_a_counter_of_narrow_digits_behind_it_is_read_on_every_frame(font):
    text = Text("%Y-%m-%d %H:%M:%S {k6}", -4, 4, 14, font)
    clip = Clip(evenly(START, 7.0, 60), (text,), (400, 240), sky=40.0, seed=5)
    lumas = list(frames(clip))
    keyframes = [Keyframe("night.mp4", k, lumas[k]) for k in range(0, 60, 3)]
    learned = learn_clock(keyframes, ClockSettings(), None, 0.0)
    clock = LearnedClock.restore(learned.to_json(), learned.glyph_atlas())
    assert [one.overlay_time for one in clock.read_all(lumas)] == list(clip.times)
