"""Frames in doubt are read again by Tesseract, and what it says of a date is held against the digits of the time."""

from collections.abc import Sequence

import numpy as np
import pytest

from allsky.clock import learned
from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.glyph_lessons import Sample, learn_sheets, possible_digits
from allsky.clock.glyphs import OWN, REFUSED
from allsky.clock.ink import strokes
from allsky.clock.learned import LearnedClock
from allsky.clock.part import ClockPart
from allsky.clock.part_reading import PartReading, part_readings
from allsky.clock.part_votes import voted_sample, without_doubted
from allsky.clock.tesseract import Char, TextLine
from benchmarks.made_clocks import coverage

FONT, LETTERS, MARGIN, HEIGHT, WIDTH = "DejaVuSansMono", 13, 6, 17, 140
TIMES = ("01:23:45", "06:37:53", "12:50:14", "13:46:50", "03:15:27", "17:25:36", "15:05:03", "10:34:53")


def crop(text: str, seed: int) -> np.ndarray:
    picture = np.random.default_rng(seed).normal(40.0, 3.0, (HEIGHT, WIDTH))
    mask = coverage(FONT, LETTERS, text)
    picture[2 : 2 + mask.shape[0], MARGIN : MARGIN + mask.shape[1]] += 190 * mask[: HEIGHT - 2]
    return np.clip(picture, 0, 255).astype(np.uint8)


def boxes(text: str) -> tuple[Char, ...]:
    """The characters of `text` where `crop` draws any text as long."""
    advance = coverage(FONT, LETTERS, "0" * 20).shape[1] / 20
    return tuple(Char(char, MARGIN + advance * k, 2.0, advance, LETTERS, 0.95) for k, char in enumerate(text))


def middles(text: str) -> np.ndarray:
    return np.array([char.x + char.width / 2 - 0.5 for char in boxes(text) if char.text != " "])


def part(pattern: str, texts: Sequence[str], taught: Sequence[str]) -> ClockPart:
    """The part of a clock that shows `texts`, of which only what is `taught` (`?` for a digit) could be read."""
    samples = [
        Sample(strokes(crop(text, seed), LETTERS, True), read, middles(text))
        for seed, (text, read) in enumerate(zip(texts, taught, strict=True))
    ]
    box = Box(0, 0, WIDTH, HEIGHT)
    return ClockPart(box, ClockFormat(pattern), LETTERS, True, "ink", tuple(learn_sheets(samples)))


@pytest.mark.parametrize(("read", "known"), [("2020-02-13", OWN), ("2020-02-15", REFUSED)])
def test_a_digit_of_the_date_that_tesseract_read_again_is_held_against_those_of_the_time(monkeypatch, read, known):
    true, clocks = ["2020-02-13"] * len(TIMES), []
    date, time = part("%Y-%m-%d", true, ["2020-02-1?"] * len(TIMES)), part("%H:%M:%S", TIMES, TIMES)
    crops = [(crop(day, 50 + k), crop(clock, 80 + k)) for k, (day, clock) in enumerate(zip(true, TIMES, strict=True))]

    def read_again(part: ClockPart, own: Sequence[np.ndarray]) -> list[PartReading]:
        texts = [read] * len(own) if part.format.shows_date else TIMES
        return part_readings([TextLine(boxes(text)) for text in texts], part.format)

    def kept(clock: LearnedClock, crops: Sequence[tuple[np.ndarray, ...]]) -> list:
        clocks.append(clock)
        return read_crops(clock, crops)

    read_crops = LearnedClock._read_crops
    monkeypatch.setattr(learned, "ocr_part", read_again)
    monkeypatch.setattr(LearnedClock, "_read_crops", kept)
    answers = LearnedClock((date, time), "UTC", None, 0.0).reread(crops)
    assert clocks[-1].parts[0].sheets[0].known[7, int(read[-1])] == known
    days = {answer.overlay_time and answer.overlay_time.day for answer in answers}
    assert days == ({13} if known == OWN else {None})


def test_a_digit_that_the_format_excludes_has_no_vote():
    format_ = ClockFormat("%I:%M:%S %p")
    texts = [f"{text} AM" for text in ("08:23:45", "06:37:59", "12:50:14", "10:46:50")]
    sheet = part("%I:%M:%S %p", texts, texts).sheets[0]
    misread, right = TextLine(boxes("98:23:45 AM")), TextLine(boxes("08:23:45 AM"))
    wrong = part_readings([misread], format_, [[misread]] * 3 + [[right]])[0]
    voted = voted_sample(crop(texts[0], 9), wrong, sheet, possible_digits(sheet.layout, format_), 0, None)
    assert voted is not None and voted.sample.text == "08:23:45 AM"


@pytest.mark.parametrize(("n_sure", "taught"), [(2, "2021-0?-14"), (6, "2021-05-14")])
def test_a_digit_that_never_changes_is_not_taught_by_the_few_lines_that_agree_on_it(n_sure, taught):
    """Zoo clip 72251: of the month in `2021-03-14` the guises of ten lines had as much of a 5, those of two a little
    more of it."""
    format_ = ClockFormat("%Y-%m-%d")
    text = "2021-03-14"
    sheet = part("%Y-%m-%d", [text] * 4, [text] * 4).sheets[0]
    fives, threes = (TextLine(boxes(one)) for one in ("2021-05-14", text))
    open_line = part_readings([fives], format_, [[threes]])[0]
    sure_line = part_readings([fives], format_, [[fives], [threes]])[0]
    possible = possible_digits(sheet.layout, format_)
    lines = [open_line] * 5 + [sure_line] * n_sure
    voted = [voted_sample(crop(text, 9), line, sheet, possible, 0, None) for line in lines]
    assert {one.text for one in without_doubted(voted[5:])} == {"2021-05-14"}
    assert {one.text for one in without_doubted(voted)} == {"2021-0?-14", taught}


def test_a_digit_of_several_at_a_place_is_taught_by_few_lines():
    """Another line shows another digit there, so that a night's order bears it out."""
    format_ = ClockFormat("%H:%M:%S")
    texts = ["23:15:07", "23:13:07"]
    sheet = part("%H:%M:%S", texts, texts).sheets[0]
    five, three = (TextLine(boxes(one)) for one in texts)
    lines = [part_readings([five], format_, [[three]])[0]] * 3
    lines += [part_readings([one], format_, [[one]])[0] for one in (five, three)]
    possible = possible_digits(sheet.layout, format_)
    voted = [voted_sample(crop(texts[0], 9), line, sheet, possible, 0, None) for line in lines]
    assert [one.text for one in without_doubted(voted)] == ["23:1?:07"] * 3 + texts
