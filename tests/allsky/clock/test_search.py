"""The clock is found where letters touch, where date and time stand in the corners of one line, and whole."""

from datetime import datetime

import numpy as np
import pytest

from allsky.clock.boxes import Box
from allsky.clock.given import given_boxes
from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from allsky.clock.search import Place, _nearest, _Seen, clocks_in, find_clock, widened
from allsky.clock.tesseract import Char, TextLine
from allsky.clock.text_rows import Line, text_lines
from allsky.errors import NoClock
from benchmarks.made_clocks import Clip, Text, draw, evenly, frames

TIMES = evenly(datetime(2013, 11, 3, 1, 58), 6.0, 12)
FRAME = (240, 320)


def place(x: int, y: int, width: int) -> Place:
    return Place(Box(x, y, width, 20), 12.0, True, "ink", ())


def test_a_date_and_a_time_in_two_corners_do_not_reach_into_each_other():
    date, time = widened([place(10, 210, 110), place(220, 210, 90)], np.zeros(FRAME, np.uint8))
    assert (date.box.x, date.box.right) == (0, 220)
    assert (time.box.x, time.box.right) == (120, 320)


def test_pieces_of_one_line_and_places_on_two_lines_are_widened_as_far_as_any():
    alone = widened([place(10, 210, 110)], np.zeros(FRAME, np.uint8))[0].box
    assert widened([place(10, 210, 110), place(150, 210, 90)], np.zeros(FRAME, np.uint8))[0].box == alone
    assert widened([place(10, 210, 110), place(220, 10, 90)], np.zeros(FRAME, np.uint8))[0].box == alone


def test_no_word_is_cut_through_where_a_place_ends():
    frame = np.full(FRAME, 20.0)
    draw(frame, Text("", 20, 100, 12, "DejaVuSans"), "6:35:10")
    draw(frame, Text("", 262, 100, 12, "DejaVuSans"), "PM")
    luma = frame.astype(np.uint8)
    first, last = np.flatnonzero((luma[:, 250:] > 100).any(axis=0))[[0, -1]] + 250
    # Fourteen heights of letters are added to a place that does not show all: here up to the middle of the word.
    found = Place(Box(20, 96, (first + last) // 2 - 20 - 14 * 12, 20), 12.0, True, "ink", ())
    assert found.widened(FRAME).box.right < last
    assert widened([found], luma)[0].box.right > last


def test_a_line_whose_letters_all_touch_is_a_line_of_text_and_a_blot_is_none():
    picture = np.full(FRAME, 120, np.uint8)
    picture[100:108, 200:285:4] = picture[100:108, 201:285:4] = picture[107, 200:285] = 0
    picture[150:158, 200:232:4] = picture[157, 200:232] = 0
    picture[50:58, 20:36:4] = picture[57, 20:36] = 0
    found = [line.box for line in text_lines(picture) if not line.bright]
    texts = Box(200, 100, 85, 8), Box(200, 150, 32, 8)
    assert [[box.overlap(text) for text in texts].count(1.0) for box in found] == [1, 1]
    assert len({found[0].y, found[1].y}) == 2


def test_clocks_in_corners_and_of_outlined_text_are_read_to_the_second():
    corners = (Text("%Y-%m-%d", 16, -17, 12), Text("%H:%M:%S", -17, -17, 12))
    for texts in (corners, (Text("%Y-%m-%d %H:%M:%S.%1f", 0, 0, 11, "simplex", outline=0),)):
        clip = Clip(TIMES, texts, sky=110.0, seed=282)
        keyframes = [Keyframe("made", number, luma) for number, luma in enumerate(frames(clip))]
        shown = learn_clock(keyframes, ClockSettings(), None, 0.0).readings["overlay_time"]
        assert [moment.replace(microsecond=0) for moment in shown.dt.to_pydatetime()] == list(TIMES)


def test_a_time_set_to_the_right_edge_whose_narrow_digits_move_it_is_read_apart_from_the_date_before_it():
    """Zoo clip 52119: 46 pixels between both, the time's first digit within nine of each other."""
    corners = (
        Text("%Y-%m-%d", 0, -1, 16, "DejaVuSans-Bold/narrow"),
        Text("%H:%M:%S", -1, -1, 16, "DejaVuSans-Bold/narrow"),
    )
    clip = Clip(evenly(datetime(2017, 2, 27, 23, 5, 1), 3.0, 60), corners, sky=60.0, seed=3)
    lumas = list(frames(clip))
    keyframes = [Keyframe("made", number, lumas[number]) for number in range(0, len(lumas), 3)]
    clock = learn_clock(keyframes, ClockSettings(), None, 0.0)
    assert [part.format.pattern for part in clock.parts] == ["%Y-%m-%d", "%H:%M:%S"]
    assert [reading.overlay_time for reading in clock.read_all(lumas)] == list(clip.times)


def test_texts_on_grounds_that_nearly_touch_are_as_far_apart_as_their_letters():
    """Zoo clip 60677: 20 pixels between the grounds, 47 and fewer between the letters of 16 pixels."""
    looks = {"height": 16, "font": "DejaVuSansMono/narrow", "backing": 10}
    corners = (Text("%Y-%m-%d", 16, -17, **looks), Text("%H:%M:%S", -17, -17, **looks))
    clip = Clip(evenly(datetime(2024, 5, 26, 21, 38, 21), 60.0, 40), corners, sky=120.0, seed=60677)
    lumas = list(frames(clip))
    clock = learn_clock([Keyframe("made", k, lumas[k]) for k in range(0, 40, 3)], ClockSettings(), None, 0.0)
    assert [part.format.pattern for part in clock.parts] == ["%Y-%m-%d", "%H:%M:%S"]
    assert [reading.overlay_time for reading in clock.read_all(lumas)] == list(clip.times)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        # In two guises a date is read from one piece of the row and a time from another.
        (Text("%m/%d/%Y %I:%M:%S %p", -3, 2, 20, "DejaVuSansMono-Bold"), (400, 256)),
        # Boxes of the digits over the disk are wide, overlap, and tell neither places nor what is bright.
        (Text("%H:%M:%S %d.%m.%Y", 0, 0, 12, "DejaVuSans-Bold"), (320, 280)),
    ],
    ids=["in pieces", "ill boxed"],
)
def test_white_text_through_which_the_rim_of_a_bright_disk_runs_is_read_on_every_frame(text, size):
    clip = Clip(evenly(datetime(2018, 9, 21, 0, 21, 35), 30.0, 36), (text,), size, sky=170.0, contrast=6.0)
    lumas = list(frames(clip))
    keyframes = [Keyframe("night.mp4", number, lumas[number]) for number in range(0, len(lumas), 3)]
    clock = learn_clock(keyframes, ClockSettings(), "2018-09-20", 0.0)
    assert [reading.overlay_time for reading in clock.read_all(lumas)] == list(clip.times)


@pytest.mark.parametrize("box", [(400, 10, 150, 20), (0, 238, 320, 20), (-90, 10, 80, 20), (10, -30, 80, 30)], ids=str)
def test_a_box_outside_the_frame_is_refused_with_file_frame_size_box_and_what_to_do(box):
    frame = Keyframe("night_20131103.mp4", 0, np.zeros(FRAME, np.uint8))
    with pytest.raises(NoClock) as refused:
        learn_clock([frame], ClockSettings((box,)), None, 0.0)
    for said in ("night_20131103.mp4", "clock_box " + str(box)[1:-1], "320x240", "measure it"):
        assert said in str(refused.value)


def test_a_box_that_reaches_over_the_edge_is_cut_at_it():
    assert given_boxes([(200, -10, 300, 40)], FRAME, "night.mp4") == (Box(200, 0, 120, 30),)
    assert given_boxes((), FRAME, "night.mp4") == ()


def test_text_at_the_foot_of_a_picture_full_of_marks_is_a_line():
    rng = np.random.default_rng(5)
    height, width = 800, 1200
    picture = np.full((height, width), 120, np.uint8)
    for y, x in zip(rng.integers(0, height - 40, 9000), rng.integers(0, width - 6, 9000), strict=True):
        picture[y : y + 6, x : x + 2] = 200
    letters = range(500, 640, 10)
    for x in letters:
        picture[height - 20 : height - 8, x : x + 4] = 250
    text = Box(letters[0], height - 20, letters[-1] + 4 - letters[0], 12)
    assert any(line.bright and line.box.overlap(text) == 1.0 and line.box.width < 2 * text.width
               for line in text_lines(picture))  # fmt: skip


@pytest.mark.parametrize("text", ["Sunrise 05:38", "Night Start 23:32", "Moonset: 08:27", "Sonnenuntergang: 21:03:18"])
def test_the_time_of_an_event_is_no_clock(text):
    assert not clocks_in(text)
    assert clocks_in(f"2023-06-07 {text}")[0].format.pattern == "%Y-%m-%d"


@pytest.mark.parametrize("text", ["Time 05:38", "set 3 05:38:00", "start 2023-06-07 05:38:00"])
def test_other_words_before_a_time_leave_it_a_clock(text):
    assert clocks_in(text)[0].format.shows_time


def test_of_several_times_the_one_below_the_date_is_the_clock():
    texts = (Text("%d/%m/%y", 16, 16, 14), Text("%H:%M", 16, 40, 14), Text("Dark from 23:32:10", 16, 200, 14))
    clip = Clip(evenly(datetime(2013, 11, 23, 1, 58), 6.0, 1), texts, sky=20.0, seed=7)
    places, _ = find_clock(list(frames(clip)))
    assert [one.box.y < 70 for one in places] == [True, True]


def test_of_two_times_beside_a_date_the_one_as_bright_as_it_is_taken():
    """Zoo clip 64752: what lies between bright letters read as a dark `21:11`, and the time itself in another guise."""
    day = Place(Box(130, 0, 190, 39), 20.0, True, "grey", ())
    chars = tuple(Char(char, 16.0 * k, 5.0, 15.0, 20.0, 0.9) for k, char in enumerate("21:11"))
    times = [
        _Seen(Line(Box(170, 50, 150, 35), 20.0, bright), "grey", TextLine(chars), clocks_in("21:11"))
        for bright in (False, False, True)
    ]
    assert _nearest(day, times).bright
    assert not _nearest(day, times[:2]).bright


def test_a_date_that_the_rim_of_the_disk_runs_through_is_looked_for_beside_a_time_alone():
    """Zoo clip 68266: of `2013-11-01` the year alone could be read, in the way of drawing that is tried first."""
    y, x = np.mgrid[: FRAME[0], : FRAME[1]]
    disk = np.where((x - 160) ** 2 + (y - 120) ** 2 < 115**2, 150.0, 0.0)
    lumas = []
    for second in (11, 25, 48):
        frame = disk + np.random.default_rng(second).normal(0.0, 3.0, FRAME)
        draw(frame, Text("", 3, 132, 16, "duplex", grey=226), "2013-11-01")
        draw(frame, Text("", 3, 162, 16, "duplex", grey=226), f"21:52:{second}")
        lumas.append(np.clip(frame, 0, 255).astype(np.uint8))
    places, _ = find_clock(lumas)
    assert [each.formats[0].pattern for each in places] == ["%Y-%m-%d", "%H:%M:%S"]
