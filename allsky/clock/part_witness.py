"""Do the digits of a date that stands apart look like those of its time?

A date alone has few digits, all of them the same throughout the night: a 5 that Tesseract calls 6 is contradicted by
nothing there. But the time beside it is drawn in the same letters and shows every digit. Where no digit of the date is
like itself in the time (the places of one of them are off by more than is made up for) the time has nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from allsky.clock.digit_likeness import REACH
from allsky.clock.digit_names import BELIED, LIKE_ITSELF, RIVAL_SLACK
from allsky.clock.glyphs import OWN, REFUSED, GlyphSheet
from allsky.clock.part import ClockPart

# Parts whose letters' heights and digits' widths both differ by more than this share are not drawn in the same letters.
# (Heights are those of marks, which outlines join and compression cuts.)
SAME_SIZE = 0.15
# Shapes are moved to where they are most alike, by so many pixels at least: boxes are cut out to a pixel or two, and
# stand off by more behind a narrow digit of a date that never changes.
MOVED_PX = 2


def with_refused(parts: Sequence[ClockPart]) -> tuple[ClockPart, ...]:
    """The parts, a date without the digits that those of its time contradict. (Of a time many are seen, and the night's
    order bears them out: it is the better witness.)"""
    times = [part for part in parts if part.format.shows_time]
    return tuple(part if part.format.shows_time else _held_against(part, times) for part in parts)


def _held_against(part: ClockPart, times: Sequence[ClockPart]) -> ClockPart:
    others = [sheet for time in times if _same_letters(part, time) for sheet in time.sheets]
    return replace(part, sheets=tuple(_refused_by(sheet, others) for sheet in part.sheets))


def _same_letters(one: ClockPart, other: ClockPart) -> bool:
    sizes = ((part.text_height, part.sheets[0].width) for part in (one, other))
    alike = any(abs(here - there) <= SAME_SIZE * here for here, there in zip(*sizes, strict=True))
    return one.bright == other.bright and alike


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
    if usual < LIKE_ITSELF:
        return sheet
    # Like another digit rather than itself; or, where the time does not show it, as like another as equal digits are.
    # One that is like none of the time's was cut out beside its place, which is no evidence that it is another.
    belied = (rival > own + BELIED) & (rival >= LIKE_ITSELF)
    strange = np.where(np.isnan(own), rival >= usual - RIVAL_SLACK, belied)
    return replace(sheet, known=np.where(seen & strange, REFUSED, sheet.known).astype(np.int8))


def _likeness(sheet: GlyphSheet, others: Sequence[GlyphSheet]) -> np.ndarray:
    """How much each digit seen at each place is like each digit of the others (places, 10, 10); NaN where one of them
    is not known."""
    answer = np.full((*sheet.known.shape, 10), np.nan)
    moved = ((MOVED_PX, MOVED_PX), (max(MOVED_PX, round(REACH * sheet.width)),) * 2)
    for place, digit in np.argwhere(sheet.known == OWN):
        room = np.pad(sheet.shapes[place, digit].astype(np.float32), moved, mode="edge")
        for other in others:
            for name, shape in enumerate(other.common.astype(np.float32)):
                if shape.any() and (np.array(shape.shape) <= room.shape).all():
                    found = cv2.matchTemplate(room, shape, cv2.TM_CCOEFF_NORMED).max()
                    answer[place, digit, name] = np.fmax(answer[place, digit, name], found)
    return answer
