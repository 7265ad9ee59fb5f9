"""Do the digits of a date that stands apart look like those of its time?

A date alone has few digits, all of them the same throughout the night: a 5 that Tesseract calls 6 is contradicted by
nothing there. But the time beside it is drawn in the same letters and shows every digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from allsky.clock.glyphs import OWN, REFUSED, GlyphSheet
from allsky.clock.part import ClockPart

# Parts whose letters' heights differ by more than this share are not drawn in the same letters.
SAME_HEIGHT = 0.15
# A digit is refused where it is more like another one of the other part, by this; or, where that part does not know it,
# as much like another one as equal digits of the two usually are but for this.
MORE_LIKE, AS_LIKE = 0.08, 0.05
# Shapes are moved by so many pixels to where they are most alike: boxes are cut out to a pixel or two.
MOVED_PX = 2


def with_refused(parts: Sequence[ClockPart]) -> tuple[ClockPart, ...]:
    """The parts, a date without the digits that those of its time contradict. (Of a time many are seen, and the night's
    order bears them out: it is the better witness.)"""
    answers = []
    for part in parts:
        times = [other for other in parts if other.format.shows_time and _same_letters(part, other)]
        known = [sheet for other in times for sheet in other.sheets]
        contradicted = known and not part.format.shows_time
        answers.append(replace(part, sheets=tuple(_refused_by(sheet, known) for sheet in part.sheets))
                       if contradicted else part)  # fmt: skip
    return tuple(answers)


def _same_letters(one: ClockPart, other: ClockPart) -> bool:
    return one.bright == other.bright and abs(one.text_height - other.text_height) <= SAME_HEIGHT * one.text_height


def _refused_by(sheet: GlyphSheet, others: Sequence[GlyphSheet]) -> GlyphSheet:
    likeness = _likeness(sheet, others)
    digits = np.arange(10)
    own = likeness[:, digits, digits]
    seen = sheet.known == OWN
    there = seen & ~np.isnan(own)
    if not there.any():
        return sheet
    likeness[:, digits, digits] = np.nan
    rival = np.nan_to_num(likeness, nan=-1.0).max(axis=2)
    usual = float(np.median(own[there]))
    strange = np.where(np.isnan(own), rival >= usual - AS_LIKE, rival > own + MORE_LIKE)
    return replace(sheet, known=np.where(seen & strange, REFUSED, sheet.known).astype(np.int8))


def _likeness(sheet: GlyphSheet, others: Sequence[GlyphSheet]) -> np.ndarray:
    """How much each digit seen at each place is like each digit of the others (places, 10, 10); NaN where one of them
    is not known."""
    answer = np.full((*sheet.known.shape, 10), np.nan)
    for place, digit in np.argwhere(sheet.known == OWN):
        room = np.pad(sheet.shapes[place, digit].astype(np.float32), MOVED_PX, mode="edge")
        for other in others:
            for name, shape in enumerate(other.common.astype(np.float32)):
                if shape.any() and (np.array(shape.shape) <= room.shape).all():
                    found = cv2.matchTemplate(room, shape, cv2.TM_CCOEFF_NORMED).max()
                    answer[place, digit, name] = np.nanmax([answer[place, digit, name], found])
    return answer
