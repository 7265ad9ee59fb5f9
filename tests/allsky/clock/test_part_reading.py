"""A number of which a digit was missed is told by the strokes that stand beside it."""

from dataclasses import replace

import numpy as np
import pytest

from allsky.clock.formats import ClockFormat
from allsky.clock.missed_digits import cut_short
from allsky.clock.part_reading import part_readings
from allsky.clock.tesseract import Char, TextLine
from benchmarks.made_clocks import Text, coverage, draw

FONT, HEIGHT = "DejaVuSansMono", 14


def drawn_and_read(drawn: str, read: str, first: int | None = None) -> tuple[np.ndarray, TextLine]:
    """A crop that shows `drawn`, and a line that has characters of it, from the `first` or up to its last, as `read`,
    each in its place."""
    frame = np.full((28, 240), 20.0)
    draw(frame, Text("", 10, 6, HEIGHT, FONT), drawn)
    advance = coverage(FONT, HEIGHT, "0" * 20).shape[1] / 20
    first = len(drawn) - len(read) if first is None else first
    chars = tuple(Char(char, 10 + advance * (first + k), 6, advance - 1, HEIGHT, 0.9) for k, char in enumerate(read))
    return frame.astype(np.uint8), TextLine(chars)


def is_cut(drawn: str, read: str, pattern: str, first: int | None = None) -> bool:
    crop, line = drawn_and_read(drawn, read, first)
    return cut_short(crop, part_readings([line], ClockFormat(pattern))[0], HEIGHT, True)


def test_a_day_whose_first_digit_was_missed_begins_with_what_nobody_read():
    assert is_cut("13 Nov 2013", "3 Nov 2013", "%d %b %Y")
    assert is_cut("22:15:08", "2:15:08", "%H:%M:%S")


def test_a_day_of_one_digit_and_what_was_read_before_it_are_taken_as_they_are():
    assert not is_cut(" 3 Nov 2013", "3 Nov 2013", "%d %b %Y")
    assert not is_cut("on 3 Nov 2013", "on 3 Nov 2013", "%d %b %Y")
    assert not is_cut("13 Nov 2013", "13 Nov 2013", "%d %b %Y")


def test_to_the_second_a_fraction_may_go_on_with_what_nobody_read_and_no_other_number():
    """Zoo clip 52438: the rim of the sky's disk behind the tenths."""
    for drawn, read, pattern, matters in (
        ("01:59:12.45", "01:59:12.4", "%H:%M:%S.%f", False),
        ("2013-11-12", "2013-11-1", "%Y-%m-%d", True),
    ):
        crop, line = drawn_and_read(drawn, read, 0)
        reading = part_readings([line], ClockFormat(pattern))[0]
        assert cut_short(crop, reading, HEIGHT, True)
        assert cut_short(crop, reading, HEIGHT, True, to_the_second=True) == matters


def without(drawn: str, place: int) -> tuple[np.ndarray, TextLine]:
    """A crop that shows `drawn`, and its line without the character at a place."""
    crop, line = drawn_and_read(drawn, drawn)
    return crop, TextLine((*line.chars[:place], *line.chars[place + 1 :]))


@pytest.mark.parametrize(
    ("drawn", "missed", "pattern", "cut"),
    [
        ("11 Aug 2009", 1, "%d %b %Y", True),
        ("Aug 11, 2009", 4, "%b %d, %Y", True),
        ("1  Aug 2009", 1, "%d %b %Y", False),
        ("Aug 1, 2009", 3, "%b %d, %Y", False),
    ],
)
def test_of_two_digits_one_that_nobody_read_stands_in_the_gap_beside_the_other(drawn, missed, pattern, cut):
    crop, line = without(drawn, missed)
    blank = [char for char in line.chars if char.text.strip()]
    read = TextLine(tuple(blank)) if not cut else line
    assert cut_short(crop, part_readings([read], ClockFormat(pattern))[0], HEIGHT, True) == cut


def test_a_day_whose_last_digit_was_missed_or_read_as_a_mark_ends_with_what_nobody_read():
    assert is_cut("2013-11-23", "2013-11-2", "%Y-%m-%d", 0)
    assert is_cut("2013-11-23", "2013-11-2%", "%Y-%m-%d", 0)
    assert not is_cut("2013-11-2", "2013-11-2", "%Y-%m-%d", 0)
    assert not is_cut("2013-11-2 x", "2013-11-2 x", "%Y-%m-%d", 0)


def test_a_digit_that_is_faint_over_the_bright_disk_is_missed_all_the_same():
    crop, line = drawn_and_read("20:41:39 11.10.2008", "1:39 11.10.2008")
    start = round(line.chars[0].x)
    crop[:, :start] = np.maximum(crop[:, :start], 160)
    assert cut_short(crop, part_readings([line], ClockFormat("%H:%M %d.%m.%Y"))[0], HEIGHT, True)


@pytest.mark.parametrize(
    ("drawn", "read", "pattern", "first"),
    [("2019-06-23", "19-06-23", "%y-%m-%d", 2), ("23.06.2019", "23.06.20", "%d.%m.%y", 0)],
)
def test_a_year_of_two_digits_beside_others_that_nobody_read_is_half_a_year(drawn, read, pattern, first):
    def is_half(drawn: str, first: int) -> bool:
        crop, line = drawn_and_read(drawn, read, first)
        return cut_short(crop, part_readings([line], ClockFormat(pattern))[0], HEIGHT, True, short_year=True)

    assert is_half(drawn, first)
    assert not is_half(read, 0)


def test_a_digit_in_whose_box_there_is_room_for_two_was_two():
    crop, line = drawn_and_read("06 July 2012", "6 July 2012")
    first = line.chars[0]
    wide = TextLine((replace(first, x=10.0, width=first.x + first.width - 10.0), *line.chars[1:]))
    assert cut_short(crop, part_readings([wide], ClockFormat("%d %B %Y"))[0], HEIGHT, True)


@pytest.mark.parametrize("ground", [20, 160])
@pytest.mark.parametrize(("missed", "cut"), [("00:", True), ("   ", False), (" | ", False)])
def test_strokes_that_nobody_read_between_date_and_time_are_a_number(missed, cut, ground):
    crop, line = drawn_and_read(f"2009-01-21 {missed}06:35", "2009-01-21 " + "?" * len(missed) + "06:35")
    # Over the sky's bright disk they are fainter.
    left, right = round(line.chars[10].x), round(line.chars[11 + len(missed)].x)
    crop[:, left:right] = np.maximum(crop[:, left:right], ground)
    date, time = line.chars[:10], line.chars[11 + len(missed) :]
    end = date[-1].x + date[-1].width
    read = TextLine((*date, Char(" ", end, 6, time[0].x - end, HEIGHT, 1.0), *time))
    assert cut_short(crop, part_readings([read], ClockFormat("%Y-%m-%d %H:%M"))[0], HEIGHT, True) == cut
