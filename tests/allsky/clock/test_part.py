"""Which readings of Tesseract's teach what a place of the clock looks like."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from allsky.clock.formats import ClockFormat
from allsky.clock.glyphs import GlyphSheet
from allsky.clock.learned import LearnedClock
from allsky.clock.part_learning import _whole
from allsky.clock.part_reading import PartReading, part_readings, well_boxed
from allsky.clock.part_votes import _placed
from allsky.clock.tesseract import Char, TextLine

FORMAT = ClockFormat("%d.%m.%Y %H:%M:%S")


def reading(text: str, missed: str = "", shift: float = 0.0) -> PartReading:
    """A clock's `text` read without the characters of `missed` (a mask of x), what stands behind them `shift` farther
    left."""
    chars = [
        Char(char, 8.0 * place - shift * ("x" in missed[:place]), 4.0, 7.0, 12.0, 0.9)
        for place, char in enumerate(text)
        if missed[place : place + 1] != "x"
    ]
    return part_readings([TextLine(tuple(chars))], FORMAT)[0]


def taught(readings: list[PartReading]) -> list[int]:
    return sorted(_whole(list(range(len(readings))), readings))


def test_an_hour_whose_first_digit_was_missed_teaches_nothing():
    whole = [reading(f"02.02.2021 23:0{k}:39") for k in range(3)]
    missed = [reading(f"02.02.2021 23:1{k}:39", missed="           x") for k in range(5)]
    assert taught(whole + missed) == [0, 1, 2]


def test_an_hour_of_one_digit_that_moves_what_stands_behind_it_is_another_layout():
    whole = [reading(f"02.02.2021 10:0{k}:39") for k in range(3)]
    shorter = [reading(f"02.02.2021 19:1{k}:39", missed="           x", shift=8.0) for k in range(5)]
    assert taught(whole + shorter) == list(range(8))


def test_one_reading_with_a_character_too_many_does_not_belie_the_others():
    whole = [reading(f"02.02.2021 3:1{k}:39") for k in range(8)]
    assert taught([*whole, reading("02.02.2021 33:15:39")]) == list(range(9))


def test_boxes_that_lie_over_each_other_tell_no_places():
    boxes = [(8.0, "2"), (16.0, "0"), (32.0, "0"), (32.5, "0"), (33.0, ":"), (48.0, "3")]
    chars = [Char(text, x, 4.0, 7.0, 12.0, 0.9) for x, text in boxes]
    np.testing.assert_array_equal(well_boxed(chars), [True, True, False, False, False, True])


@pytest.mark.parametrize(("text", "last"), [("2017-08-23", 9), ("2017-08-23 :", 9), ("017-08-23", 0)])
def test_characters_of_a_whole_layout_stand_at_its_places_whatever_their_boxes_are(text, last):
    """Zoo clip 61880: four guises shared out `-08-23` in boxes as wide as two and a half digits."""
    places = np.arange(10) * 8.0 + 3.5
    zeros = np.zeros
    sheet = GlyphSheet("0000-00-00", places, 8, zeros((8, 10, 4, 8)), zeros((8, 10), np.int8), zeros((10, 4, 8)),
                       zeros((2, 4, 8)), zeros(8))  # fmt: skip
    chars = [Char(char, 8.0 * k, 4.0, 20.0 if k > 0 else 7.0, 12.0, 0.9) for k, char in enumerate(text)]
    placed = dict(_placed(TextLine(tuple(chars)), sheet, places))
    assert max(placed) == last and "".join(char.text for char in placed.values()) == text[: last + 1]


@pytest.mark.parametrize(("spread", "card"), [(0.0, True), (1.7, True), (8.0, False)])
def test_a_card_is_one_though_compression_left_some_of_the_picture_before(spread, card):
    """Zoo clip 66732: a code of few bits leaves a card's ground two grey levels off here and there."""
    unseen = SimpleNamespace(present=False)
    nowhere: Any = SimpleNamespace(crop=lambda luma: luma, read=lambda crop: SimpleNamespace(reading=unseen))
    luma = np.random.default_rng(0).normal(30.0, spread, (240, 320)).round().astype(np.uint8)
    assert LearnedClock((nowhere,), "UTC", None, 0.0).is_card(luma) == card
