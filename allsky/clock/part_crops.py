"""Where do the characters of a part stand on each frame, and how is every crop brought to have them there?

The box is drawn tightly around the clock; its crops are brought to one height, a text that moves as a whole goes back
to its place, and one whose digits differ in width gets room for usual ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from allsky.clock.boxes import Box, union
from allsky.clock.formats import ClockFormat
from allsky.clock.glyph_lessons import Sample
from allsky.clock.glyphs import GlyphSheet
from allsky.clock.heights import at_one_height, common_rows
from allsky.clock.hold import Hold, learn_hold, moved_left, offsets, unchanged
from allsky.clock.ink import text_level
from allsky.clock.part import ClockPart, inks_of
from allsky.clock.part_reading import PartReading, well_boxed
from allsky.clock.polarity import is_bright
from allsky.clock.search import TALLEST, Place
from allsky.clock.spacing import Spacing
from allsky.clock.spacing_lessons import learn_spacing, lent_spacing, refined
from allsky.clock.tesseract import Char


@dataclass(frozen=True)
class PartCrops:
    """The crops of a part on all frames with their text in its place, and what brought it there.

    `inks` (n, h, w) are what tells the digits, `nearness` (n, h, w) how near pixels come to the text's `brightness`, by
    which they are told where strokes do not do (`by_level`); `away` (n) by how many columns each text stands farther
    right than Tesseract saw it. `level_hold` is the `hold` of crops by their brightness. The other fields are those of
    a ClockPart.
    """

    box: Box
    height: float
    bright: bool
    rows: tuple[float, ...]
    brightness: float
    inks: np.ndarray
    nearness: np.ndarray
    away: np.ndarray
    hold: Hold | None
    level_hold: Hold | None
    spacing: Spacing | None = None
    level: float = 0.0

    def by_level(self) -> PartCrops:
        """The same crops, their digits told by brightness."""
        return replace(self, inks=self.nearness, hold=self.level_hold, level=self.brightness)

    def sample(self, number: int, reading: PartReading) -> Sample:
        """What a whole reading of a frame teaches."""
        centers = reading.centers + self.away[number]
        centers[~well_boxed(reading.chars)] = np.nan
        return Sample(self.inks[number], reading.text, centers, self.nearness[number])

    def part(self, place: Place, clock_format: ClockFormat, sheets: Sequence[GlyphSheet]) -> ClockPart:
        """The part at the place that reads its crops in the same way, by `sheets`."""
        look = (self.height, self.bright, place.style, tuple(sheets), self.rows, self.level)
        return ClockPart(self.box, clock_format, *look, self.spacing, self.hold)


def crops_in_place(
    place: Place,
    lumas: Sequence[np.ndarray],
    readings: Sequence[PartReading],
    taught: Sequence[int],
    lent: Spacing | None,
) -> PartCrops:
    """The crops of the part at `place` on every frame (`lumas`), by what Tesseract read on those `taught`, by number.
    Where these do not tell how wide digits are, the spacing of another part, `lent` by it, may."""
    read = [readings[number] for number in taught]
    height, same = _digit_height(read, place.text_height), unchanged(read)
    measured = _measured(read, same)
    own_spacing = learn_spacing(*measured)
    spacing = own_spacing or (lent_spacing(lent, *measured) if lent else None)
    box = _tight_box(read, place, height, lumas[0].shape, spacing)
    crops = [np.ascontiguousarray(box.crop(luma)) for luma in lumas]
    bright = is_bright([(lumas[number], readings[number]) for number in taught], place.box)
    brightness = float(np.median([text_level(crops[number], height, bright) for number in taught]))
    both = [inks_of(crops, height, bright, one) for one in (0.0, brightness)]
    rows = common_rows(both[0][[number for number in range(len(lumas)) if number in taught or readings[number].text]])
    both = [at_one_height(inks, rows) for inks in both]
    away = np.full(len(crops), place.box.x - box.x)
    holds = [learn_hold(inks[taught], read, same, place.box.x - box.x) for inks in both]
    if holds[0]:
        shifts = holds[0].shifts(both[0])
        both, away = [moved_left(inks, shifts) for inks in both], away - shifts
    if spacing:
        both, away = [spacing.with_room(inks) for inks in both], away + spacing.room
    found = PartCrops(box, height, bright, rows, brightness, both[0], both[1], away, holds[0], holds[1], spacing)
    if not own_spacing:
        return found
    drawn = [found.sample(number, readings[number]) for number in taught]
    return replace(found, spacing=refined(own_spacing, drawn))


def _measured(readings: Sequence[PartReading], same: slice | None) -> tuple[list[str], list[np.ndarray]]:
    """The texts of readings, and where the middles of their characters are, with those that are the `same` throughout
    where they usually stand."""
    moved = offsets(readings, same) if same else np.zeros(len(readings))
    centers = [
        np.where(well_boxed(reading.chars), reading.centers - by, np.nan)
        for reading, by in zip(readings, moved, strict=True)
    ]
    return [reading.text for reading in readings], centers


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
