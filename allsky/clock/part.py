"""How is one place of the overlay read, frame after frame?

A `ClockPart` is a box on the frame, the format of its text and the glyph sheets that read it. A clock is
one part, or two where date and time stand apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allsky.clock.boxes import Box
from allsky.clock.formats import DIGITS, ClockFormat
from allsky.clock.glyphs import Expected, GlyphReading, GlyphSheet, GlyphVotes
from allsky.clock.guises import read_crops
from allsky.clock.heights import at_one_height
from allsky.clock.hold import Hold, moved_left
from allsky.clock.ink import level_ink, strokes
from allsky.clock.part_reading import PartReading, part_readings
from allsky.clock.spacing import Spacing

# Fields of which every frame may show another digit.
CHANGING = "HIMS"


@dataclass(frozen=True, slots=True)
class PartEvidence:
    """What one crop shows of a part: the sheet that reads it best, by number, and the reading."""

    sheet: int
    reading: GlyphReading


@dataclass(frozen=True)
class ClockPart:
    """A place of the overlay, its format, how Tesseract reads it best, and the sheets (one per layout of the text) that
    read it; `rows` by which crops are brought to one height, where the text does not keep its own; the `level` of its
    text where it is read by its brightness, 0 where by its strokes; the `spacing` of its digits where they differ in
    width; the `hold` by which crops are moved where the text as a whole does."""

    box: Box
    format: ClockFormat
    text_height: float
    bright: bool
    style: str
    sheets: tuple[GlyphSheet, ...]
    rows: tuple[float, ...] = ()
    level: float = 0.0
    spacing: Spacing | None = None
    hold: Hold | None = None

    def crop(self, luma: np.ndarray) -> np.ndarray:
        """The part's box of the frame `luma` (H, W)."""
        return self.box.crop(luma)

    def inks(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """The ink (n, h, w) of crops of the part's box, all at one height, with the room that its spacing asks for."""
        return self.placed(crops)[0]

    def placed(self, crops: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What `inks` gives, and by how many columns (n) the text of each crop stands farther right there."""
        inks = at_one_height(inks_of(crops, self.text_height, self.bright, self.level), self.rows)
        moved = np.zeros(len(crops), int)
        if self.hold:
            moved = -self.hold.shifts(inks)
            inks = moved_left(inks, -moved)
        if self.spacing:
            inks, moved = self.spacing.with_room(inks), moved + self.spacing.room
        return inks, moved

    def in_place(self, inks: np.ndarray, sheet: GlyphSheet) -> np.ndarray:
        """Inks (n, h, w) with their characters where a `sheet` has them."""
        return self.spacing.straight(inks, sheet)[0] if self.spacing else inks

    def read(self, crop: np.ndarray) -> PartEvidence:
        """What a crop (h, w) of the part's box shows, by its best fitting sheet."""
        return self.read_all([crop])[0]

    def read_all(self, crops: Sequence[np.ndarray]) -> list[PartEvidence]:
        """What each of several crops (h, w) of the part's box shows."""
        inks = self.inks(crops)
        every = [
            [PartEvidence(number, reading) for reading in sheet.read_all(self.in_place(inks, sheet), expected)]
            for number, (sheet, expected) in enumerate(zip(self.sheets, self._expected, strict=True))
        ]
        # Sheets may differ in a letter alone: MST or MDT, AM or PM.
        return [
            max(of_one, key=lambda one: (one.reading.sure, one.reading.presence + one.reading.words))
            for of_one in zip(*every, strict=True)
        ]

    @cached_property
    def _expected(self) -> list[Expected | None]:
        """What the format says of each sheet's digits."""
        return [_expected_of(self.format, sheet.layout) for sheet in self.sheets]

    def votes(self, evidence: PartEvidence) -> GlyphVotes:
        """How far the evidence speaks for each digit."""
        return self.sheets[evidence.sheet].votes(evidence.reading.likeness)


def _expected_of(clock_format: ClockFormat, layout: str) -> Expected | None:
    """A time is right to the second without its fraction, of which too few digits may have been seen to learn it. Of
    the others those of the time change, to digits that no keyframe may have shown; a date's seldom do."""
    fields, digits = clock_format.fields_of(layout), clock_format.possible_digits(layout)
    if not fields or digits is None:
        return None
    yet = [[name in CHANGING and digit in some for digit in DIGITS] for name, some in zip(fields, digits, strict=True)]
    return Expected(np.array([name == "f" for name in fields]), np.array(yet))


def ocr_part(part: ClockPart, crops: Sequence[np.ndarray]) -> list[PartReading]:
    """What Tesseract reads on crops of the part's box."""
    lines = read_crops(crops, [part.text_height] * len(crops), [part.bright] * len(crops), part.style)
    return part_readings(lines, part.format)


def inks_of(crops: Sequence[np.ndarray], text_height: float, bright: bool, level: float) -> np.ndarray:
    """The strokes (n, h, w) of crops, or how near they come to a text's `level`."""
    if level:
        return level_ink(np.stack(crops), bright, level).astype(np.uint8)
    return np.stack([strokes(crop, text_height, bright) for crop in crops])
