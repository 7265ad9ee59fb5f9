"""How is one place of the overlay read, frame after frame?

A `ClockPart` is a box on the frame, the format of its text and the glyph sheets that read it. A clock is
one part, or two where date and time stand apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allsky.clock_format import ClockFormat, ClockText, plain
from allsky.clock_search import Place
from allsky.glyph_lessons import Sample, learn_sheets
from allsky.glyphs import GlyphReading, GlyphSheet
from allsky.overlay import Box, read_crops, strokes, union
from allsky.tesseract import Char, TextLine

# Characters Tesseract was less sure of than this teach nothing.
SURE_CHAR = 0.6
# A fuller format wins over one that fits more lines if it fits this share of them.
OFTEN_ENOUGH = 0.4


@dataclass(frozen=True)
class ClockPart:
    """A place of the overlay, its format, and the sheets (one per layout of the text) that read it."""

    box: Box
    format: ClockFormat
    text_height: float
    bright: bool
    sheets: tuple[GlyphSheet, ...]

    def read(self, luma: np.ndarray) -> GlyphReading:
        """What the part shows on the frame `luma` (H, W), by its best fitting sheet."""
        crop = strokes(self.box.crop(luma), self.text_height, self.bright)
        best = self.sheets[0].read(crop)
        for sheet in self.sheets[1:] if not best.sure else ():
            best = max(best, sheet.read(crop), key=lambda reading: reading.confidence)
        return best


@dataclass(frozen=True)
class PartReading:
    """What Tesseract read at one place of one frame; `chars` are the clock's own, boxes in pixels of the frame."""

    text: str
    shown: ClockText | None
    chars: tuple[Char, ...]

    @property
    def confidence(self) -> float:
        return min((char.confidence for char in self.chars), default=0.0) if self.shown else 0.0


def read_place(place: Place, lumas: Sequence[np.ndarray]) -> tuple[ClockFormat, list[PartReading]]:
    """What Tesseract reads at `place` on each frame, and the format that most of them fit."""
    crops = [place.box.crop(luma) for luma in lumas]
    lines = read_crops(crops, [place.text_height] * len(crops), [place.bright] * len(crops))
    best = _commonest(place.formats, lines)
    return best, [_part_reading(line, best, place.box) for line in lines]


def _commonest(formats: Sequence[ClockFormat], lines: Sequence[TextLine]) -> ClockFormat:
    """The fullest of the formats that fit nearly as many lines as any: a garbled line still fits a poorer format."""
    counts = [sum(each.search(line.text) is not None for line in lines) for each in formats]
    common = [each for each, count in zip(formats, counts, strict=True) if count >= OFTEN_ENOUGH * max(counts)]
    return max(common, key=lambda each: len(each.directives))


def reread_part(part: ClockPart, crops: Sequence[np.ndarray]) -> list[PartReading]:
    """What Tesseract reads on crops of the part's box."""
    lines = read_crops(crops, [part.text_height] * len(crops), [part.bright] * len(crops))
    return [_part_reading(line, part.format, part.box) for line in lines]


def _part_reading(line: TextLine, clock_format: ClockFormat, box: Box) -> PartReading:
    shown = clock_format.search(line.text)
    if shown is None:
        return PartReading(line.text, None, ())
    chars = [
        Char(plain(char.text), char.x + box.x, char.y + box.y, char.width, char.height, char.confidence)
        for char in line.chars[shown.start : shown.end]
    ]
    return PartReading("".join(char.text for char in chars), shown, tuple(chars))


def learn_part(
    place: Place,
    clock_format: ClockFormat,
    lumas: Sequence[np.ndarray],
    readings: Sequence[PartReading],
    taught: Sequence[bool],
) -> ClockPart | None:
    """The part at `place`, its glyphs learned from the frames that are `taught`; None where none can teach."""
    pupils = [
        (luma, reading)
        for luma, reading, sure in zip(lumas, readings, taught, strict=True)
        if sure and reading.confidence >= SURE_CHAR and _single_chars(reading)
    ]
    if not pupils:
        return None
    box = _tight_box([reading for _, reading in pupils], place, lumas[0].shape)
    sheets = learn_sheets([_sample(luma, box, place, reading) for luma, reading in pupils])
    return ClockPart(box, clock_format, place.text_height, place.bright, tuple(sheets))


def _single_chars(reading: PartReading) -> bool:
    return all(len(char.text) == 1 for char in reading.chars)


def _tight_box(readings: Sequence[PartReading], place: Place, shape: tuple[int, ...]) -> Box:
    """The clock's own box: typical top and bottom of its digits, all of its width, and a margin of a pixel or two."""
    digits = [char for reading in readings for char in reading.chars if char.text.isdigit()]
    top = float(np.median([char.y for char in digits]))
    bottom = float(np.median([char.y + char.height for char in digits]))
    spans = [
        Box(int(first.x), int(top), int(np.ceil(last.x + last.width - int(first.x))), int(np.ceil(bottom - int(top))))
        for first, last in ((reading.chars[0], reading.chars[-1]) for reading in readings)
    ]
    return union(spans).grown(round(place.text_height / 2), max(1, round(place.text_height / 12)), shape[1], shape[0])


def _sample(luma: np.ndarray, box: Box, place: Place, reading: PartReading) -> Sample:
    chars = [char for char in reading.chars if char.text != " "]
    centers = np.array([char.x + (char.width - 1) / 2 - box.x for char in chars])
    centers[~_well_boxed(chars)] = np.nan
    return Sample(strokes(box.crop(luma), place.text_height, place.bright), reading.text, centers)


def _well_boxed(chars: Sequence[Char]) -> np.ndarray:
    """Whether each character's box is no larger than a digit's: one that took in a stray mark tells no place."""
    digits = [char for char in chars if char.text.isdigit()]
    widest = 1.4 * np.median([char.width for char in digits])
    tallest = 1.3 * np.median([char.height for char in digits])
    return np.array([char.width <= widest and char.height <= tallest for char in chars])
