"""Lines as Tesseract read them off outlined, narrow and slashed text, and what stood there."""

from datetime import datetime

import pytest

from allsky.clock.formats import ClockFormat
from allsky.clock.mending import legible
from allsky.clock.recognition import recognise
from allsky.clock.tesseract import Char, TextLine


def line(text: str) -> TextLine:
    return TextLine(tuple(Char(char, 8.0 * place, 4.0, 7.0, 12.0, 0.9) for place, char in enumerate(text)))


def shows(text: str) -> bool:
    return any(found.shown.moment for found in recognise(text))


@pytest.mark.parametrize(
    ("read", "moment"),
    [
        ("2024-09-1 4T00:1 4:19", datetime(2024, 9, 14, 0, 14, 19)),
        ("2024-09-1 4T00;1 5: 07", datetime(2024, 9, 14, 0, 15, 7)),
        ("05) October 2021 00:36", datetime(2021, 10, 5, 0, 36)),
        ('05, October 2021" 00:41', datetime(2021, 10, 5, 0, 41)),
        ("02 Apr 2O11 23:48:00", datetime(2011, 4, 2, 23, 48)),
        ("May OS 2011 00:47:27", datetime(2011, 5, 5, 0, 47, 27)),
        ("20] 2-03-11 01:56:46", datetime(2012, 3, 11, 1, 56, 46)),
        ("201 6/1 1/06 01:56:46", datetime(2016, 11, 6, 1, 56, 46)),
        ("200911 062 10 503", datetime(2009, 11, 6, 21, 5, 3)),
        ("2008-12-09 20:12H29 UTC", datetime(2008, 12, 9, 20, 12, 29)),
        ("2008-12-09 20:12#45", datetime(2008, 12, 9, 20, 12, 45)),
        ("2008-12-09 20%12:45", datetime(2008, 12, 9, 20, 12, 45)),
        ("2024 08. 24 22:56:15", datetime(2024, 8, 24, 22, 56, 15)),
        ("12/26/2010 08:42:55 PH", datetime(2010, 12, 26, 20, 42, 55)),
    ],
)
def test_a_line_that_shows_almost_a_clock_is_mended(read, moment):
    assert {found.shown.moment for found in recognise(legible(line(read), shows).text)} == {moment}


@pytest.mark.parametrize(
    ("read", "mended"), [("OlhOlm", "01h01m"), ("ooh24m", "00h24m"), ("Olh 31 m", "01h31m"), (". Olh3 1m", ". 01h31m")]
)
def test_letters_read_for_the_digits_beside_units_are_mended(read, mended):
    """Zoo clips 74369 and 70609."""
    assert legible(line(read), shows).text == mended


@pytest.mark.parametrize("read", ["Ilhoomi", "99h24m", "Temp 10h00m", "oohm"])
def test_what_is_no_hour_and_minute_beside_units_is_left_as_it_is(read):
    whole = line(read)
    assert legible(whole, shows) is whole


def test_what_is_left_of_a_mended_line_keeps_its_boxes():
    mended = legible(line("2024-09-1 4T00:1 4:19"), shows)
    assert [char.x for char in mended.chars] == [8.0 * place for place in range(21) if place not in (9, 16)]


def test_a_letter_that_several_digits_are_read_as_is_of_no_confidence():
    mended = legible(line("May OS 2011 00:47:27"), shows)
    assert [char.confidence for char in mended.chars[4:6]] == [0.9, 0.0]


@pytest.mark.parametrize("read", ["2021-04-21 04:39:40", "Exposure 12.5 s Gain 250", "ISO 3200", "20] 7-13-41 91:56"])
def test_a_clock_and_what_cannot_be_one_are_left_as_they_are(read):
    whole = line(read)
    assert legible(whole, shows) is whole


def test_a_line_is_mended_to_the_given_format():
    date_only = ClockFormat("%d %b %Y")
    assert legible(line("0S Oct 2021 of 128"), lambda text: date_only.search(text) is not None).text[:2] == "05"
