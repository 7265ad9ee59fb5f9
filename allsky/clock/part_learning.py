"""What does a place of the overlay teach, given what Tesseract read there?

Its crops are brought to have their characters in their places (`allsky.clock.part_crops`), and what was read teaches
the glyphs of a `ClockPart`: whole readings first, then what lines show in part (`allsky.clock.part_votes`); frames in
doubt teach it more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from allsky.clock.formats import ClockFormat
from allsky.clock.glyph_lessons import (
    Sample,
    clearer_by_level,
    learn_sheets,
    possible_digits,
    refusing,
    taught_more,
)
from allsky.clock.glyphs import GlyphSheet, layout_of
from allsky.clock.missed_digits import cut_short
from allsky.clock.part import ClockPart
from allsky.clock.part_crops import PartCrops, crops_in_place
from allsky.clock.part_reading import PartReading
from allsky.clock.part_votes import voted_sample, without_doubted
from allsky.clock.search import Place
from allsky.clock.spacing import Spacing
from allsky.clock.spacing_lessons import ReadBack, read_back, straight_samples

# A layout that so many readings have, and this share of them, is one that the clock has; characters within so many
# pixels of its own, on the mean, stand at its places.
FEWEST_ALIKE, LEAST_ALIKE, SAME_PLACES_PX = 2, 0.15, 2.0

Teach = Callable[[list[Sample]], list[GlyphSheet]]


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
    crops = crops_in_place(place, lumas, readings, taught, lent)
    drawn = [crops.sample(number, readings[number]) for number in taught]
    whole = straight_samples(drawn, crops.spacing) if crops.spacing else drawn
    if clearer_by_level(whole) if by_level is None else by_level:
        crops = crops.by_level()
        whole, drawn = (
            [replace(one, crop=one.level) for one in some if one.level is not None] for some in (whole, drawn)
        )
    teach = partial(learn_sheets, clock_format=clock_format, days=days)
    sheets = teach(whole)
    if crops.spacing:
        whole, sheets = _taught_as_read(whole, drawn, sheets, crops.spacing, teach)
    if len(sheets) == 1:
        # Where there are other guises, what was read as a whole is put to the vote, too.
        whole, settled = ([], []) if any(reading.others for reading in readings) else (whole, taught)
        open_yet = {number: reading for number, reading in enumerate(readings) if number not in settled}
        possible = possible_digits(sheets[0].layout, clock_format, days)
        if partly := _taught_in_part(crops, open_yet, sheets[0], possible):
            sheets = [refusing(sheet, sheets) for sheet in teach([*whole, *partly])]
    return crops.part(place, clock_format, sheets)


def _taught_in_part(
    crops: PartCrops, readings: Mapping[int, PartReading], sheet: GlyphSheet, possible: Sequence[set[str]]
) -> list[Sample]:
    """What the readings of frames, by number, teach of a sheet's digits."""
    found = [
        voted_sample(
            crops.inks[number], reading, sheet, possible, crops.away[number], crops.spacing, crops.nearness[number]
        )
        for number, reading in readings.items()
    ]
    return without_doubted([one for one in found if one])


def _taught_as_read(
    whole: list[Sample],
    drawn: list[Sample],
    sheets: list[GlyphSheet],
    spacing: Spacing,
    teach: Teach,
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


def _whole(taught: list[int], readings: Sequence[PartReading]) -> list[int]:
    """Those of the readings in which no character was missed: that are no longer layout, seen as often as is told,
    without some of its characters and with the others at their places."""
    groups: dict[str, list[int]] = {}
    for number in taught:
        groups.setdefault(layout_of(readings[number].text).replace(" ", ""), []).append(number)
    whole = {layout: own for layout, own in groups.items() if len(own) >= max(FEWEST_ALIKE, LEAST_ALIKE * len(taught))}
    typical = {layout: np.median([readings[one].centers for one in own], axis=0) for layout, own in whole.items()}
    return [
        number
        for layout, own in groups.items()
        for number in own
        if not any(_is_cut(layout, readings[number].centers, other, typical[other]) for other in whole)
    ]


def _is_cut(layout: str, centers: np.ndarray, whole: str, typical: np.ndarray) -> bool:
    """Whether a layout is a `whole` one but for a run of its characters, the others standing where they do there."""
    missed = len(whole) - len(layout)
    return missed > 0 and any(
        layout == whole[:first] + whole[first + missed :]
        and np.abs(centers - np.delete(typical, slice(first, first + missed))).mean() <= SAME_PLACES_PX
        for first in range(len(layout) + 1)
    )


def learn_more(part: ClockPart, crops: Sequence[np.ndarray], readings: Sequence[PartReading]) -> ClockPart:
    """The part with the shapes that further crops of its box teach, Tesseract having read them."""
    inks, away = part.placed(crops)
    sheets, shown = [], part.read_all(crops)
    possible = [possible_digits(sheet.layout, part.format) for sheet in part.sheets]
    for number, sheet in enumerate(part.sheets):
        own = [
            voted_sample(ink, reading, sheet, possible[number], by, part.spacing)
            for ink, reading, one, by in zip(inks, readings, shown, away, strict=True)
            if one.sheet == number and one.reading.present
        ]
        samples = without_doubted([one for one in own if one])
        sheets.append(taught_more(sheet, samples) if samples else sheet)
    return replace(part, sheets=tuple(sheets))
