"""Text that moves by a pixel is brought to one height; text that does not is left as it is."""

from datetime import datetime

import numpy as np

from allsky.clock.heights import at_one_height, common_rows
from allsky.clock.learned import LearnedClock
from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from benchmarks.made_clocks import Clip, Text, draw, evenly, frames

MINUTES = ("21h35m", "21h41m", "21h47m", "22h03m", "22h15m", "22h27m")


def crops(heights: list[int]) -> np.ndarray:
    """Crops that show MINUTES at these heights, with noise."""
    rng = np.random.default_rng(5)
    pictures = [rng.normal(20.0, 3.0, (16, 90)) for _ in heights]
    for picture, height, words in zip(pictures, heights, MINUTES, strict=True):
        draw(picture, Text("", 6, height, 9, "DejaVuSansMono"), words)
    return np.clip(pictures, 0, 255).astype(np.uint8)


def tops(pictures: np.ndarray) -> set[int]:
    """The rows in which the text of the pictures begins."""
    return {int(np.argmax(one.max(axis=1) > 150)) for one in pictures}


def test_crops_a_pixel_apart_are_brought_to_one_height():
    moved = crops([3, 4, 3, 4, 4, 3])
    assert len(tops(moved)) == 2
    assert len(tops(at_one_height(moved, common_rows(moved)))) == 1


def test_a_single_crop_that_is_moved_beyond_doubt_is_brought_to_the_others_height():
    moved = crops([3, 3, 3, 4, 3, 3])
    assert len(tops(at_one_height(moved, common_rows(moved)))) == 1


def test_text_that_keeps_its_height_is_left_alone():
    steady = crops([3] * 6)
    assert common_rows(steady) == ()
    assert at_one_height(steady, ()) is steady


def test_a_clock_that_is_placed_by_its_ink_is_read_on_every_frame():
    times = evenly(datetime(2009, 7, 27, 21, 29), 120.0, 24)
    texts = (
        Text("Exposure {e} s", -9, -9, 10, "simplex", outline=0),
        Text("%Hh%Mm", -9, -28, 10, "simplex", outline=0),
    )
    keyframes = [Keyframe("made", number, luma) for number, luma in enumerate(frames(Clip(times, texts, sky=60.0)))]
    learned = learn_clock(keyframes, ClockSettings(), "2009-07-27", 0.0)
    clock = LearnedClock.restore(learned.to_json(), learned.glyph_atlas())
    assert clock.parts[0].rows == learned.parts[0].rows != ()
    assert [clock.read(keyframe.luma).overlay_time for keyframe in keyframes] == list(times)
