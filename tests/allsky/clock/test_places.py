"""What a line read at a place is worth, by what it shows."""

from dataclasses import replace

import numpy as np
import pytest

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.places import _fullest, _told
from allsky.clock.search import Place
from allsky.clock.tesseract import Char, TextLine


def line(text: str) -> TextLine:
    return TextLine(tuple(Char(char, 8.0 * place, 4.0, 7.0, 12.0, 0.9) for place, char in enumerate(text)))


@pytest.mark.parametrize(
    ("pattern", "read", "fullness"),
    [
        ("%Y-%m-%d", "2021-04-17", 1),
        ("%Y-%m-%d", "ee 21-04-17", 0),
        ("%y-%m-%d", "21-04-17", 1),
        ("%Y-%m-%d %H:%M:%S", "2021-04-17 00:06:04", 3),
        ("%Y-%m-%d %H:%M:%S", "21-04-17 00:06:04", 1),
        ("%H:%M:%S", "00:06:04", 2),
        # Of 2013-08-20.
        ("%d-%m-%yT%H:%M:%S", "201,3-08-20T00:07:51", 1),
        ("%d-%m-%yT%H:%M:%S", "3-08-20T00:07:51", 3),
    ],
)
def test_where_years_of_four_digits_were_found_one_of_two_is_half_a_year(pattern, read, fullness):
    place = Place(Box(0, 0, 200, 20), 12.0, True, "ink", (ClockFormat(pattern),))
    assert [one.fullness for one in _told(place, [line(read)], [np.zeros((20, 200), np.uint8)])] == [fullness]


def test_of_two_guises_that_show_as_much_the_one_without_a_mended_character_teaches():
    """Zoo clip 65281: the 5 of `OS May 2017` was mended, and nothing of it taught anything."""
    place = Place(Box(0, 0, 200, 20), 12.0, True, "ink", (ClockFormat("%d %b %Y %H:%M:%S"),))
    sure = line("05 May 2017 21:30:51")
    mended = TextLine((sure.chars[0], replace(sure.chars[1], confidence=0.0), *sure.chars[2:]))
    luma = np.zeros((20, 200), np.uint8)
    best, _ = _fullest(place, [[mended], [sure]], [luma])
    assert best == [sure]
