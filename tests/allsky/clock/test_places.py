"""What a line read at a place is worth, by what it shows."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.places import AmbiguousDate, DateOfNoNight, _fullest, _settled, _told
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


SHORT_YEARS = tuple(map(ClockFormat, ("%d/%m/%y %H:%M:%S", "%y/%m/%d %H:%M:%S")))


def test_where_one_guise_shows_no_day_of_the_night_another_that_does_is_believed():
    """Zoo clip 71130: every 8 of `13/08/13` was a 3 in the usual guise."""
    place = Place(Box(0, 0, 200, 20), 12.0, True, "ink", SHORT_YEARS)
    misread = [line("13/03/13 01:23:45"), line("13/03/13 01:29:45")]
    time_only = [line("01:28:45"), line("01:29:45")]
    right = [line("13/08/13 01:28:45"), line("13/08/13 01:29:45")]
    form, guises = _settled(place, [misread, time_only, right], "2013-08-12", ())
    assert form.search("13/08/13 01:28:45").day == date(2013, 8, 13)
    assert guises == [right, misread, time_only]


@pytest.mark.parametrize(
    "other",
    [
        ["01:28:45", "01:29:45"],
        ["", ""],
        ["13/08/13 01:28:45", ""],  # a day of the night on few lines
        ["2013-03-13 01:23:45", "2013-03-13 01:29:45"],  # a date that has one order
    ],
)
def test_where_no_guise_shows_a_day_of_the_night_the_first_is_told_with_the_night(other):
    others = [[line(text) for text in other]]
    place = Place(Box(0, 0, 200, 20), 12.0, True, "ink", SHORT_YEARS)
    misread = [line("13/03/13 01:23:45"), line("13/03/13 01:29:45")]
    with pytest.raises(DateOfNoNight, match=r"'13/03/13 01:23:45'.*no day of the night 2013-08-12"):
        _settled(place, [misread, *others], "2013-08-12", ())


def test_where_nothing_tells_the_order_no_other_guise_is_asked():
    """Of a true 02/04/09 a misread digit may make a date that has one order only."""
    place = Place(Box(0, 0, 200, 20), 12.0, True, "ink", SHORT_YEARS)
    with pytest.raises(AmbiguousDate, match="neither the file's name nor a midnight"):
        _settled(place, [[line("02/04/09 01:23:45")], [line("02/04/99 01:23:45")]], None, ())
