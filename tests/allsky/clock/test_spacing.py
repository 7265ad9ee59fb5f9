"""A clock whose `1` takes less room than its other digits is read all the same."""

from datetime import datetime

import numpy as np
import pytest

from allsky.clock.glyph_lessons import Sample
from allsky.clock.learned import LearnedClock
from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from allsky.clock.spacing import Cells, Spacing, straightened
from allsky.clock.spacing_lessons import learn_spacing, straight_samples
from benchmarks.made_clocks import Clip, Text, coverage, evenly, frames

NARROW, EVEN = "DejaVuSans/narrow", "DejaVuSans"
START = datetime(2008, 10, 1, 22, 7, 58)
# 11:09:59 to 12:11:20: all places that change show narrow digits and others.
TIMES = evenly(datetime(2013, 12, 4, 11, 9, 59), 61, 60)


def middles(text: str, font: str, right_end: float | None = None) -> np.ndarray:
    """The middles of the cells of the characters of `text` but blanks, as they are drawn from x = 5 on, or up to an
    end."""
    ends = np.array([coverage(font, 13, text[: k + 1]).shape[1] for k in range(len(text))], float)
    starts = np.array([0.0, *ends[:-1]])
    begin = 5.0 if right_end is None else right_end - ends[-1]
    return np.array([begin + (start + end) / 2 for start, end, char in zip(starts, ends, text) if char != " "])


def learned(font: str, x: int) -> tuple[LearnedClock, list[np.ndarray]]:
    """The clock of a clip in a `font`, as it is taught, and the frames."""
    clip = Clip(TIMES, (Text("%d.%m.%Y %H:%M:%S", x, 4, 12, font),), (320, 200), sky=30.0, contrast=6.0)
    return taught(clip, "2013-12-04")


def taught(clip: Clip, night: str) -> tuple[LearnedClock, list[np.ndarray]]:
    """The clock that every third frame of a clip teaches, and the frames."""
    lumas = list(frames(clip))
    keyframes = [Keyframe("night.mp4", k, luma) for k, luma in enumerate(lumas) if k % 3 == 0]
    return learn_clock(keyframes, ClockSettings(), night, 16.0), lumas


@pytest.mark.parametrize(("right_end", "anchor"), [(None, 0.0), (300.0, 1.0)])
def test_the_widths_of_digits_are_those_that_they_are_drawn_with(right_end, anchor):
    texts = [f"{moment:%d.%m.%Y %H:%M:%S}" for moment in TIMES]
    spacing = learn_spacing(texts, [middles(text, NARROW, right_end) for text in texts])
    drawn = np.array([coverage(NARROW, 13, digit).shape[1] for digit in "0123456789"])
    seen = [int(digit) for digit in sorted(set("".join(texts)) & set("0123456789"))]
    assert spacing.anchor == anchor
    assert np.array(spacing.wider)[seen] == pytest.approx((drawn - np.median(drawn))[seen], abs=0.2)


def test_digits_of_one_width_are_told_from_others_though_boxes_are_measured_to_half_a_pixel():
    texts = [f"{moment:%d.%m.%Y %H:%M:%S}" for moment in TIMES[::4]]
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (len(texts), 18))
    assert learn_spacing(texts, [middles(text, EVEN) + row for text, row in zip(texts, noise)]) is None
    assert learn_spacing(texts, [middles(text, NARROW) + row for text, row in zip(texts, noise)]) is not None


def test_what_a_narrow_cell_leaves_free_shows_nothing_of_the_characters_beside_it():
    # Three cells of 6, 2 and 6 pixels whose characters fill them but for a pixel on either side.
    crop = np.repeat([[0, 9, 9, 9, 9, 0, 5, 5, 0, 7, 7, 7, 7, 0, 0, 0, 0, 0]], 3, axis=0).astype(np.uint8)[None]
    cells = Cells(np.array([[0.0, -2.0, -4.0]]), np.array([[0.0, -4.0, 0.0]]))
    straight = straightened(crop, np.array([2.5, 8.5, 14.5]), cells)[0, 0]
    assert straight.tolist() == [0, 9, 9, 9, 9, 0, 5, 5, 5, 5, 5, 5, 0, 7, 7, 7, 7, 0]


@pytest.mark.parametrize("x", [6, -8], ids=["from the left", "up to the right edge"])
def test_every_frame_of_a_clock_with_narrow_digits_is_read(x):
    clock, lumas = learned(NARROW, x)
    times = [reading.overlay_time for reading in clock.read_all(lumas)]
    read = [(time, true) for time, true in zip(times, TIMES, strict=True) if time]
    assert all(time == true for time, true in read)
    assert len(read) >= 0.9 * len(TIMES)
    kept = LearnedClock.restore(clock.to_json(), clock.glyph_atlas())
    assert [one.overlay_time for one in kept.read_all(lumas)] == times


def test_a_narrow_digit_is_looked_for_without_what_stands_beside_its_cell():
    # Letters of nine pixels: a window as wide as a usual digit takes in parts of both neighbours of a 1.
    text, times = Text("%d/%m/%Y %H:%M:%S", 16, -60, 9, "STIXGeneral/narrow", backing=10), evenly(START, 60, 51)
    clock, lumas = taught(Clip(times, (text,), (320, 256), sky=120.0, contrast=6.0, seed=2), "2008-10-01")
    assert [reading.overlay_time for reading in clock.read_all(lumas)] == list(times)


def test_a_text_up_to_the_right_edge_may_begin_where_one_of_usual_digits_has_no_room():
    # 297 pixels with five digits 1, 30 more with usual ones: the frame has 320.
    text, times = Text("%d/%m/%Y %H:%M:%S", -1, 0, 20, NARROW), evenly(datetime(2009, 11, 1, 1, 0, 10), 20, 45)
    clock, lumas = taught(Clip(times, (text,), (320, 240), sky=120.0, contrast=6.0, seed=2), "2009-10-31")
    assert [reading.overlay_time for reading in clock.read_all(lumas)] == list(times)
    kept = LearnedClock.restore(clock.to_json(), clock.glyph_atlas())
    assert [reading.overlay_time for reading in kept.read_all(lumas)] == list(times)


def test_clocks_whose_digits_share_a_width_are_read_as_they_are():
    clock, _ = learned(EVEN, 6)
    assert clock.parts[0].spacing is None


def test_text_behind_narrow_digits_is_not_cut_off_where_usual_ones_would_need_more_room():
    # Cells of 2, 2 and 6 pixels in a crop of 10, which three usual cells of 6 do not fit into.
    crop = np.repeat([[0, 5, 0, 5, 0, 7, 8, 9, 7, 0]], 3, axis=0).astype(np.uint8)[None]
    spacing = Spacing((0.0, -4.0, *[0.0] * 8))
    cells = spacing.cells(["118"])
    straight = spacing.straightened(crop, np.array([2.5, 8.5, 14.5]), cells)[0, 0]
    assert straight[12:18].tolist() == [0, 7, 8, 9, 7, 0]


@pytest.mark.parametrize("start", [datetime(2014, 9, 9, 21, 9, 59), datetime(2014, 9, 9, 23, 39, 59)],
                         ids=["never changes", "changes at midnight"])  # fmt: skip
def test_a_date_that_stands_apart_has_the_widths_that_its_time_tells(start):
    corners = (Text("%Y-%m-%d", 2, -3, 11, NARROW), Text("%H:%M:%S", -3, -3, 11, NARROW))
    times = evenly(start, 61, 40)
    clock, lumas = taught(Clip(times, corners, (320, 256), sky=40.0, contrast=6.0, seed=4), None)
    date, time = clock.parts
    assert date.spacing and date.spacing.wider == pytest.approx(time.spacing.wider, abs=0.5)
    assert [reading.overlay_time for reading in clock.read_all(lumas)] == list(times)


def test_samples_of_several_layouts_made_straight_stay_in_their_order():
    texts = ["10:11 AM", "9:11 AM", "11:11 AM", "8:15 AM"]
    samples = [Sample(np.zeros((8, 90)), text, middles(text, NARROW)) for text in texts]
    straight = straight_samples(samples, Spacing((0.0, -4.0, *[0.0] * 8)))
    assert [sample.text for sample in straight] == texts


def test_what_reading_moves_a_little_is_taught_where_reading_has_it():
    """Zoo clip 60671: the last 1 of `2011` is looked for a part of a pixel from where it was taught."""
    times = evenly(datetime(2011, 3, 27, 23, 38, 29), 1506, 22)
    text = Text("%Y-%m-%d UTC %H:%M:%S", 2, -3, 9, "STIXGeneral/narrow", backing=10)
    clip = Clip(times, (text,), (320, 240), sky=60.0, contrast=6.0, noise=1.0, seed=5)
    clock = learn_clock([Keyframe("made", k, luma) for k, luma in enumerate(frames(clip))], ClockSettings(), None, 0.0)
    after = Clip(evenly(times[0], 61, 60), (text,), (320, 240), sky=60.0, contrast=6.0, noise=1.0, seed=6)
    read = [reading.overlay_time for reading in clock.read_all(list(frames(after)))]
    assert [time == true for time, true in zip(read, after.times, strict=True)].count(True) >= 0.8 * len(read)
