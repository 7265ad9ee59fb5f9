"""A month that Tesseract reads as another one."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.month_names import with_month_heard, with_true_month
from allsky.clock.search import Place
from allsky.clock.tesseract import Char, TextLine
from allsky.errors import NoClock
from benchmarks.made_clocks import coverage

FORM = ClockFormat("%b %d %Y %H:%M:%S")


def line(text: str) -> TextLine:
    return TextLine(tuple(Char(char, 8.0 * place, 4.0, 7.0, 12.0, 0.9) for place, char in enumerate(text)))


def drawn(text: str, font: str) -> tuple[np.ndarray, TextLine]:
    """A frame that shows `text`, and a line with the places of its characters."""
    mask, frame = coverage(font, 14, text), np.full((24, 320), 40.0)
    frame[4 : 4 + len(mask), 10 : 10 + mask.shape[1]] += 190 * mask[:20]
    ends = [10 + coverage(font, 14, text[: place + 1]).shape[1] for place in range(len(text))]
    starts = [10, *ends[:-1]]
    places = zip(text, starts, ends, strict=True)
    chars = tuple(Char(char, float(first), 4.0, float(last - first), 14.0, 0.9) for char, first, last in places)
    return frame.clip(0, 255).astype(np.uint8), TextLine(chars)


@pytest.mark.parametrize(
    ("read", "heard", "month"),
    [
        ("Sun 18 Jun 2015 23:32:23", ["Sun 18 Jan 2015 23:34:53"], "Jan"),
        # Nobody saw the other month, or with a weekday that it has not, or the weekday does not belie the one read.
        ("Sun 18 Jun 2015 23:32:23", ["Sun 18 Jun 2015 23:34:53"], "Jun"),
        ("Mon 18 Jun 2015 23:32:23", ["Mon 18 Jan 2015 23:34:53"], "Jun"),
        ("Thu 18 Jun 2015 23:32:23", ["Sun 18 Jan 2015 23:34:53"], "Jun"),
        ("Sun 18 Sep 2015 23:32:23", ["Sun 18 Jan 2015 23:34:53"], "Sep"),
    ],
)
def test_a_month_that_its_weekday_belies_is_the_one_that_another_reading_shows(read, heard, month):
    form = ClockFormat("%a %d %b %Y %H:%M:%S")
    assert with_month_heard(line(read), form, heard).text == read.replace(read[7:10], month)


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSansMono-Bold", "DejaVuSansMono"])
@pytest.mark.parametrize(("true", "wrong"), [("Jan", "Jun"), ("Jun", "Jan"), ("JAN", "JUN")])
def test_where_readings_differ_the_look_of_the_letter_tells(font, true, wrong):
    frame, seen = drawn(f"{true} 13 2009 01:20:49", font)
    chars = [replace(char, text=letter) for char, letter in zip(seen.chars, wrong, strict=False)]
    read = TextLine((*chars, *seen.chars[len(wrong) :]))
    place = Place(Box(0, 0, 320, 24), 10.0, True, "ink", (FORM,))
    (answer,) = with_true_month(place, [read], FORM, [f"{true} 13 2009 01:20:49"], [frame], None)
    assert answer.text.startswith(true)
    # Where all readings agree nothing is asked.
    (answer,) = with_true_month(place, [read], FORM, [f"{wrong} 13 2009 01:20:49"], [frame], None)
    assert answer.text.startswith(wrong)


@pytest.mark.parametrize(("night", "month"), [("2009-01-12", 1), ("2009-06-13", 6)])
def test_where_readings_differ_the_night_tells_before_the_look(night, month):
    blank = np.full((24, 320), 40, np.uint8)
    place = Place(Box(0, 0, 320, 24), 10.0, True, "ink", (FORM,))
    (answer,) = with_true_month(place, [line("Jun 13 2009 01:20:49")], FORM, ["Jan 13 2009 01:20:49"], [blank], night)
    assert FORM.search(answer.text).moment == datetime(2009, month, 13, 1, 20, 49)


def test_where_nothing_tells_the_month_it_is_asked_for():
    blank = np.full((24, 320), 40, np.uint8)
    place = Place(Box(0, 0, 320, 24), 10.0, True, "ink", (FORM,))
    with pytest.raises(NoClock, match=r"'Jan 13 2009 01:20:49' and as 'Jun 13 2009 01:20:49'.*night_from_name"):
        with_true_month(place, [line("Jun 13 2009 01:20:49")], FORM, ["Jan 13 2009 01:20:49"], [blank], None)
