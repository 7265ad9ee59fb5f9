"""Did Tesseract miss a digit of a clock, whose strokes stand beside those it read?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from allsky.clock.ink import strokes
from allsky.clock.part_reading import PartReading
from allsky.clock.tesseract import Char

# A digit that was missed stands within this many digits' widths of the first or last one read, in strokes of this share
# of the others' contrast; it may have been read as a mark of this share of a digit's width.
BEFORE, STROKE_SHARE, WIDE_MARK = 1.5, 0.5, 0.6
# Over the bright disk strokes are missed for being faint: of this share of the others' contrast, and so many grey
# levels. So many columns of them are no noise.
FAINT_SHARE, FAINTEST, FAINT_COLUMNS = 0.25, 40.0, 2
# A blank of so many digits' widths has room for a number, whose faint strokes are in columns of so many digits' widths.
WIDE_BLANK, WIDE_BLANK_INK = 1.8, 0.8
# A digit as wide as so many has another one in its box.
TWO_IN_ONE = 1.6
# A gap of so many digits' widths has room for a digit besides a blank.
BLANK_AND_DIGIT = 1.2


class _Gap(NamedTuple):
    """Where a character that was missed may stand: in the rows of one `beside` it, from column `left` to `right`. It is
    there if so many `columns` have a stroke of this `share` of the others' contrast, and of so many grey levels."""

    beside: Char
    left: float
    right: float
    columns: float
    share: float
    faintest: float = 0.0


def cut_short(
    crop: np.ndarray,
    reading: PartReading,
    text_height: float,
    bright: bool,
    short_year: bool = False,
    to_the_second: bool = False,
) -> bool:
    """Whether strokes that nobody read stand right beside the clock, where it begins or ends with a number of one digit
    (the other of two digits was missed), or fill a wide blank in it (an hour was); with a `short_year`
    at both ends: its two digits may have been the last or the first of four. With `to_the_second` it does not matter
    how many digits a fraction has."""
    chars = reading.chars
    if len(chars) < 2 or reading.shown is None:
        return False
    digits = [char for char in chars if char.text.isdigit()]
    width = float(np.median([char.width for char in digits]))
    if any(_is_single(*pair) and pair[0].width > TWO_IN_ONE * width for pair in (chars[:2], chars[:-3:-1])):
        return True
    places = list(_unread_places(reading, chars, width, short_year, to_the_second))
    if not places:
        return False
    ink = strokes(np.ascontiguousarray(crop), text_height, bright)
    full = np.median([_columns_of(ink, char)[_span(char)].max(initial=0.0) for char in digits])
    for place in places:
        columns = _columns_of(ink, place.beside)
        for char in (*reading.line.chars[: reading.shown.start], *reading.line.chars[reading.shown.end :]):
            # A mark as wide as a digit may be one.
            if char.text.isalnum() or (char.text.strip() and char.width < WIDE_MARK * width):
                columns[max(int(char.x) - 1, 0) : int(np.ceil(char.x + char.width)) + 1] = 0.0
        inked = columns[max(round(place.left), 0) : max(round(place.right), 0)]
        if (inked > max(place.share * full, place.faintest)).sum() >= place.columns:
            return True
    return False


def _unread_places(
    reading: PartReading, chars: Sequence[Char], width: float, at_both_ends: bool, to_the_second: bool
) -> Iterator[_Gap]:
    """Where a character that was missed may stand."""
    first, last = chars[0], chars[-1]
    ways = ((1, STROKE_SHARE), (FAINT_COLUMNS, FAINT_SHARE, FAINTEST))
    if at_both_ends or _is_single(first, chars[1]):
        yield from (_Gap(first, first.x - BEFORE * width, first.x - 1, *way) for way in ways)
    fraction = reading.shown is not None and reading.shown.quantum_s < 1
    if at_both_ends or (_is_single(last, chars[-2]) and not (fraction and to_the_second)):
        right = last.x + last.width
        yield from (_Gap(last, right + 1, right + BEFORE * width, *way) for way in ways)
    for before, char, behind in zip(chars, chars[1:], chars[2:]):
        if _is_single(char, before) and _is_single(char, behind):
            yield from _gaps(before, char, width)
            yield from _gaps(char, behind, width)
    if _is_single(first, chars[1]):
        yield from _gaps(first, chars[1], width)
    if _is_single(last, chars[-2]):
        yield from _gaps(chars[-2], last, width)
    shown = reading.line.chars[reading.shown.start : reading.shown.end] if reading.shown else ()
    for char in shown:
        if not char.text.strip() and char.width > WIDE_BLANK * width:
            yield _Gap(first, char.x + 1, char.x + char.width - 1, WIDE_BLANK_INK * width, FAINT_SHARE)


def _gaps(one: Char, other: Char, width: float) -> Iterator[_Gap]:
    """The gap between two characters where it has room for a blank and a digit that was missed (of `11 Aug` one 1)."""
    left, right = one.x + one.width, other.x
    if right - left > BLANK_AND_DIGIT * width:
        digit = one if one.text.isdigit() else other
        yield _Gap(digit, left + 1, right - 1, 1, STROKE_SHARE)


def _is_single(char: Char, beside: Char) -> bool:
    return char.text.isdigit() and not beside.text.isdigit()


def _span(char: Char) -> slice:
    return slice(int(char.x), int(np.ceil(char.x + char.width)))


def _columns_of(ink: np.ndarray, char: Char) -> np.ndarray:
    """The strongest stroke of each column in a character's rows."""
    return ink[max(int(char.y), 0) : int(np.ceil(char.y + char.height))].max(axis=0, initial=0).astype(float)
