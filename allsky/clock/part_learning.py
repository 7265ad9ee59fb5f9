"""What does a place of the overlay teach, given what Tesseract read there?

The box is drawn tightly around the clock, its crops are brought to one height and its characters to their places, and
what was read teaches the glyphs of a `ClockPart`; frames in doubt teach it more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from allsky.clock.boxes import Box, union
from allsky.clock.formats import ClockFormat
from allsky.clock.glyph_lessons import (
    UNREAD,
    Sample,
    clearer_by_level,
    learn_sheets,
    possible_digits,
    refusing,
    taught_more,
)
from allsky.clock.glyphs import GlyphSheet, is_digit_place, layout_of
from allsky.clock.hold import learn_hold, moved_left, offsets, unchanged
from allsky.clock.ink import text_level
from allsky.clock.levelling import common_rows, levelled
from allsky.clock.part import ClockPart, inks_of
from allsky.clock.part_reading import SURE_CHAR, PartReading, cut_short, well_boxed
from allsky.clock.polarity import is_bright
from allsky.clock.search import TALLEST, Place
from allsky.clock.spacing import Spacing
from allsky.clock.spacing_lessons import (
    ReadBack,
    learn_spacing,
    lent_spacing,
    read_back,
    refined,
    straight_samples,
)
from allsky.clock.tesseract import Char, TextLine

# A character belongs to the place whose middle is within this share of a glyph's width of its own.
NEAR_PLACE = 0.4
# Share of the guises' votes that names a digit.
AGREED = 0.55
# A layout that so many readings have, and this share of them, is one that the clock has; characters within so many
# pixels of its own, on the mean, stand at its places.
FEWEST_ALIKE, LEAST_ALIKE, SAME_PLACES_PX = 2, 0.15, 2.0


def learn_part(
    place: Place,
    clock_format: ClockFormat,
    lumas: Sequence[np.ndarray],
    readings: Sequence[PartReading],
    days: Sequence[date] = (),
    by_level: bool | None = None,
    lent: Spacing | None = None,
) -> ClockPart | None:
    """The part at `place`, its glyphs learned from what Tesseract read there on `lumas`, in a night of these `days`
    where they are known; None where nothing teaches. Digits are known by their strokes, or by their brightness where
    equal ones are more alike by that; `by_level` says which, where it is settled. Where its own texts do not tell how
    wide its digits are, those of another part, `lent` by it, may."""
    taught = _teaching(place, lumas, readings)
    if not taught:
        return None
    read = [readings[number] for number in taught]
    height, same = _digit_height(read, place.text_height), unchanged(read)
    measured = _measured(read, same)
    own_spacing = learn_spacing(*measured)
    spacing = own_spacing or (lent_spacing(lent, *measured) if lent else None)
    box = _tight_box(read, place, height, lumas[0].shape, spacing)
    crops = [np.ascontiguousarray(box.crop(luma)) for luma in lumas]
    bright = is_bright([(lumas[number], readings[number]) for number in taught], place.box)
    level = float(np.median([text_level(crops[number], height, bright) for number in taught]))
    both = [inks_of(crops, height, bright, one) for one in (0.0, level)]
    rows = common_rows(both[0][[number for number in range(len(lumas)) if number in taught or readings[number].text]])
    both = [levelled(inks, rows) for inks in both]
    away = np.full(len(crops), place.box.x - box.x)
    holds = [learn_hold(inks[taught], read, same, place.box.x - box.x) for inks in both]
    if holds[0]:
        shifts = holds[0].shifts(both[0])
        both, away = [moved_left(inks, shifts) for inks in both], away - shifts
    if spacing:
        both, away = [spacing.with_room(inks) for inks in both], away + spacing.room
    whole = drawn = [_sample(both[0][one], readings[one], away[one], both[1][one]) for one in taught]
    if spacing:
        spacing = refined(spacing, drawn) if own_spacing else spacing
        whole = straight_samples(drawn, spacing)
    by_level = clearer_by_level(whole) if by_level is None else by_level
    if by_level:
        both = both[1:] * 2
        whole, drawn = ([replace(one, crop=one.level) for one in some if one.level is not None]
                        for some in (whole, drawn))  # fmt: skip
    teach = partial(learn_sheets, clock_format=clock_format, days=days)
    sheets = teach(whole)
    if spacing:
        whole, sheets = _taught_as_read(whole, drawn, sheets, spacing, teach)
    if len(sheets) == 1 and any(reading.others for reading in readings):
        whole = []
    others = [number for number in range(len(crops)) if number not in taught or not whole]
    possible = possible_digits(sheets[0].layout, clock_format, days)
    partly = [
        _aligned_sample(both[0][number], readings[number], sheets[0], possible, away[number], spacing, both[1][number])
        for number in others
    ]
    if len(sheets) == 1 and any(partly):
        sheets = [refusing(sheet, sheets) for sheet in teach([*whole, *(sample for sample in partly if sample)])]
    level, hold = (level, holds[1]) if by_level else (0.0, holds[0])
    return ClockPart(box, clock_format, height, bright, place.style, tuple(sheets), rows, level, spacing, hold)


def _taught_as_read(
    whole: list[Sample],
    drawn: list[Sample],
    sheets: list[GlyphSheet],
    spacing: Spacing,
    teach: Callable[[list[Sample]], list[GlyphSheet]],
) -> tuple[list[Sample], list[GlyphSheet]]:
    """The samples and what they teach, made straight as reading does it, which moves characters a little, where it is
    then sure of more of them. Those of which reading makes another text stay as they are."""
    seen = read_back(drawn, sheets, spacing)
    again = [
        replace(sample, crop=one.crop, centers=one.centers) if one and one.reading.text == sample.text else sample
        for sample, one in zip(whole, seen, strict=True)
    ]
    taught = teach(again)
    surer = _n_sure(read_back(drawn, taught, spacing)) > _n_sure(seen)
    return (again, taught) if surer else (whole, sheets)


def _n_sure(seen: Sequence[ReadBack | None]) -> int:
    return sum(one is not None and one.reading.sure for one in seen)


def _teaching(place: Place, lumas: Sequence[np.ndarray], readings: Sequence[PartReading]) -> list[int]:
    """Which of the readings show the whole clock and teach."""
    of_place = [number for number, reading in enumerate(readings) if reading.teaches]
    cut = [
        cut_short(place.box.crop(lumas[number]), readings[number], place.text_height, place.bright, to_the_second=True)
        for number in of_place
    ]
    return _whole([number for number, short in zip(of_place, cut, strict=True) if not short], readings)


def _measured(readings: Sequence[PartReading], same: slice | None) -> tuple[list[str], list[np.ndarray]]:
    """The texts of readings, and where the middles of their characters are, with those that are the `same` throughout
    where they usually stand."""
    moved = offsets(readings, same) if same else np.zeros(len(readings))
    centers = [
        np.where(well_boxed(reading.chars), _middles(reading) - by, np.nan)
        for reading, by in zip(readings, moved, strict=True)
    ]
    return [reading.text for reading in readings], centers


def _whole(taught: list[int], readings: Sequence[PartReading]) -> list[int]:
    """Those of the readings in which no character was missed: that are no longer layout, seen as often as is told,
    without some of its characters and with the others at their places."""
    groups: dict[str, list[int]] = {}
    for number in taught:
        groups.setdefault(layout_of(readings[number].text).replace(" ", ""), []).append(number)
    whole = {layout: own for layout, own in groups.items() if len(own) >= max(FEWEST_ALIKE, LEAST_ALIKE * len(taught))}
    typical = {layout: np.median([_middles(readings[one]) for one in own], axis=0) for layout, own in whole.items()}
    return [
        number
        for layout, own in groups.items()
        for number in own
        if not any(_is_cut(layout, _middles(readings[number]), other, typical[other]) for other in whole)
    ]


def _is_cut(layout: str, middles: np.ndarray, whole: str, typical: np.ndarray) -> bool:
    """Whether a layout is a `whole` one but for a run of its characters, the others standing where they do there."""
    missed = len(whole) - len(layout)
    return missed > 0 and any(
        layout == whole[:first] + whole[first + missed :]
        and np.abs(middles - np.delete(typical, slice(first, first + missed))).mean() <= SAME_PLACES_PX
        for first in range(len(layout) + 1)
    )


def _middles(reading: PartReading) -> np.ndarray:
    return np.array([char.x + char.width / 2 for char in reading.chars])


def learn_more(part: ClockPart, crops: Sequence[np.ndarray], readings: Sequence[PartReading]) -> ClockPart:
    """The part with the shapes that further crops of its box teach, Tesseract having read them."""
    inks, away = part.placed(crops)
    sheets, shown = [], part.read_all(crops)
    possible = [possible_digits(sheet.layout, part.format) for sheet in part.sheets]
    for number, sheet in enumerate(part.sheets):
        own = [
            _aligned_sample(ink, reading, sheet, possible[number], by, part.spacing)
            for ink, reading, one, by in zip(inks, readings, shown, away, strict=True)
            if one.sheet == number and one.reading.present
        ]
        samples = [sample for sample in own if sample]
        sheets.append(taught_more(sheet, samples) if samples else sheet)
    return replace(part, sheets=tuple(sheets))


def _digits(readings: Sequence[PartReading]) -> list[Char]:
    return [char for reading in readings for char in reading.chars if char.text.isdigit()]


def _digit_height(readings: Sequence[PartReading], text_height: float) -> float:
    """The usual height of the digits' boxes, as far as they are about as high as the marks that were found: Tesseract's
    may reach into the line beside."""
    heights = [char.height for char in _well_high(_digits(readings), text_height)]
    return float(np.median(heights)) if heights else text_height


def _well_high(digits: Sequence[Char], text_height: float) -> list[Char]:
    return [char for char in digits if char.height <= TALLEST * text_height]


def _tight_box(
    readings: Sequence[PartReading], place: Place, height: float, shape: tuple[int, ...], spacing: Spacing | None
) -> Box:
    """The clock's own box: typical top and bottom of its digits, all of its width, and a margin of a pixel or two (of
    a letter's height beside a text that may be wider than any of those read)."""
    digits = _well_high(_digits(readings), place.text_height) or _digits(readings)
    top = float(np.median([char.y for char in digits]))
    bottom = float(np.median([char.y + char.height for char in digits]))
    spans = [
        Box(int(first.x), int(top), int(np.ceil(last.x + last.width - int(first.x))), int(np.ceil(bottom - int(top))))
        for first, last in ((reading.chars[0], reading.chars[-1]) for reading in readings)
    ]
    box = union(spans).moved(place.box.x, place.box.y)
    return box.grown(round(height / 2 if spacing is None else height), max(1, round(height / 12)), shape[1], shape[0])


def _sample(ink: np.ndarray, reading: PartReading, away_x: int, level: np.ndarray) -> Sample:
    chars = reading.chars
    centers = np.array([char.x + (char.width - 1) / 2 + away_x for char in chars])
    centers[~well_boxed(chars)] = np.nan
    return Sample(ink, reading.text, centers, level)


def _aligned_sample(
    ink: np.ndarray,
    reading: PartReading,
    sheet: GlyphSheet,
    possible: Sequence[set[str]],
    away_x: int,
    spacing: Spacing | None,
    level: np.ndarray | None = None,
) -> Sample | None:
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
    return Sample(ink, _with_blanks(text, sheet.layout), sheet.centers, level)


def _placed(line: TextLine, sheet: GlyphSheet, places: np.ndarray) -> Iterator[tuple[int, Char]]:
    """The characters of a line and at which of the sheet's `places` (in the line's pixels) each stands: one after the
    other where the line shows the whole layout, whatever their boxes are, else those whose boxes tell."""
    whole = re.search(rf"(?<!0){re.escape(sheet.layout)}(?!0)", layout_of(line.text))
    if whole:
        yield from enumerate(char for char in line.chars[whole.start() : whole.end()] if char.text.strip())
        return
    for char in line.chars:
        center = char.x + (char.width - 1) / 2
        place = int(np.abs(places - center).argmin())
        if abs(places[place] - center) <= NEAR_PLACE * sheet.width and char.width <= 1.4 * sheet.width:
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
