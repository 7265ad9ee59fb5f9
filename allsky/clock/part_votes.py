"""What does a line teach that Tesseract did not read as a whole, or in several guises?

Its digits are given to the places they stand at, and each guise votes for what it read there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allsky.clock.glyph_lessons import UNREAD, Sample
from allsky.clock.glyphs import GlyphSheet, is_digit_place, layout_of
from allsky.clock.part_reading import SURE_CHAR, PartReading
from allsky.clock.spacing import Spacing
from allsky.clock.tesseract import Char, TextLine

# A character belongs to the place whose middle is within this share of a glyph's width of its own.
NEAR_PLACE = 0.4
# Share of the guises' votes that names a digit.
AGREED = 0.55


@dataclass(frozen=True)
class Voted:
    """What the guises of a line agree on, and at each of its characters the digits between which they leave it open."""

    sample: Sample
    left_open: tuple[frozenset[str], ...]


def without_doubted(voted: Sequence[Voted]) -> list[Sample]:
    """The samples, without the digit of a place that shows only one if more lines leave it open than name it: nothing
    else would contradict it. (Zoo clip 72251: of a month `03` ten lines had as much of a 5.)"""
    if not voted:
        return []
    chars = np.array([list(one.sample.chars) for one in voted])
    for place in range(chars.shape[1]):
        named = set(chars[:, place]) - {UNREAD}
        if len(named) == 1:
            n_open = sum(named <= one.left_open[place] for one in voted)
            if n_open > (chars[:, place] != UNREAD).sum():
                chars[:, place] = UNREAD
    return [
        replace(one.sample, text=_with_blanks(own, layout_of(one.sample.text)))
        for one, own in zip(voted, chars, strict=True)
    ]


def voted_sample(
    ink: np.ndarray,
    reading: PartReading,
    sheet: GlyphSheet,
    possible: Sequence[set[str]],
    away_x: int,
    spacing: Spacing | None,
    level: np.ndarray | None = None,
) -> Voted | None:
    """A line that Tesseract did not read as a whole, or in several guises: its digits given to the places they stand
    at, `?` where there is none of those `possible` or the guises do not agree. None where fewer than half of the places
    have one."""
    places = sheet.centers
    if spacing:
        (ink,), cells = spacing.straight(ink[None], sheet)
        level = None if level is None else spacing.straightened(level[None], sheet.centers, cells)[0]
        places = sheet.centers + cells.shifts[0]
    votes: list[dict[str, float]] = [{} for _ in sheet.centers]
    for line, weight in zip((reading.line, *reading.others), reading.weights, strict=True):
        for place, char in _placed(line, sheet, places - away_x):
            if char.text.isdigit() and char.confidence >= SURE_CHAR:
                votes[place][char.text] = votes[place].get(char.text, 0.0) + weight * char.confidence
    digit = is_digit_place(sheet.layout)
    for here, digits in zip(np.flatnonzero(digit), possible, strict=True):
        votes[here] = {one: worth for one, worth in votes[here].items() if one in digits}
    text = [_elected(own) if is_digit else char
            for char, is_digit, own in zip(_chars(sheet), digit, votes, strict=True)]  # fmt: skip
    if text.count(UNREAD) > digit.sum() / 2:
        return None
    left_open = tuple(frozenset(own) if char == UNREAD else frozenset() for char, own in zip(text, votes, strict=True))
    return Voted(Sample(ink, _with_blanks(text, sheet.layout), sheet.centers, level), left_open)


def _placed(line: TextLine, sheet: GlyphSheet, places: np.ndarray) -> Iterator[tuple[int, Char]]:
    """The characters of a line and at which of the sheet's `places` (in the line's pixels) each stands: one after the
    other where the line shows the whole layout, whatever their boxes are, else those whose boxes tell."""
    whole = re.search(rf"(?<!0){re.escape(sheet.layout)}(?!0)", layout_of(line.text))
    if whole:
        yield from enumerate(char for char in line.chars[whole.start() : whole.end()] if char.text.strip())
        return
    for char in line.chars:
        place = int(np.abs(places - char.center).argmin())
        if abs(places[place] - char.center) <= NEAR_PLACE * sheet.width and char.width <= 1.4 * sheet.width:
            yield place, char


def _elected(votes: dict[str, float]) -> str:
    """The digit that most guises read, or `?`."""
    best = max(votes, key=lambda digit: votes[digit], default=UNREAD)
    return best if votes and votes[best] >= AGREED * sum(votes.values()) else UNREAD


def _chars(sheet: GlyphSheet) -> list[str]:
    return list(sheet.layout.replace(" ", ""))


def _with_blanks(chars: Sequence[str], layout: str) -> str:
    left = iter(chars)
    return "".join(" " if char == " " else next(left) for char in layout)
