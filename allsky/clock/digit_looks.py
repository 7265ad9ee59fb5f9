"""Do the digits of a single text look like what they were read as?

A clock is drawn by a program: equal digits of one picture look equal and different ones different. Where a
reading says otherwise, one of its digits is wrong, however sure the reader was.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allsky.clock.glyphs import windows
from allsky.clock.ink import strokes
from allsky.clock.part_reading import PartReading
from allsky.clock.search import Place
from allsky.clock.text_layout import fit_text, glyph_width

# A digit may look more like one of another name than like its own name's by this much: noise does that.
SLACK = 0.06
# Two digits of different names that are as much alike as equal ones usually are, but for this, are one digit.
TOO_LIKE = 0.02
# Equal digits may be less alike than different ones by this: where it is more, some are two digits over each other.
MUCH_LESS = 0.12
# Boxes tell a digit's place to about this share of its width; likeness is the best within.
REACH = np.linspace(-0.2, 0.2, 9)


def looks_belie(crop: np.ndarray, readings: Sequence[PartReading], place: Place) -> bool:
    """Whether the digits that all `readings` of `crop` (h, w) agree on do not look like what they were read as."""
    written = readings[0].text
    alike = [one for one in readings if one.text == written and len(one.chars) == len(written.replace(" ", ""))]
    if not alike:
        return False
    digits = np.array([char.isdigit() for char in written if char != " "])
    labels = np.array([int(char) for char in written if char.isdigit()])
    likeness = _likeness(crop, alike, place, digits)
    return _strangers(likeness, labels)


def _likeness(crop: np.ndarray, alike: Sequence[PartReading], place: Place, digits: np.ndarray) -> np.ndarray:
    """How alike (n, n) the digits of the text look, -1 to 1."""
    measured = np.array([one.centers for one in alike])
    texts = [one.text for one in alike]
    # One text's boxes are a pixel off here and there, each of them throughout; a fit to all of them is not.
    centers = fit_text(texts, measured).places[digits]
    width = glyph_width(texts[0], measured)
    top = int(np.median([char.y for one in alike for char in one.chars if char.text.isdigit()]))
    bottom = np.median([char.y + char.height for one in alike for char in one.chars if char.text.isdigit()])
    rows = slice(max(top - 1, 0), int(np.ceil(bottom)) + 1)
    ink = strokes(np.ascontiguousarray(crop), place.text_height, place.bright)[rows]
    here = windows(ink, centers, width)
    moved = np.stack([windows(ink, centers + share * width, width) for share in REACH])
    likeness = np.einsum("id,sjd->sij", here, moved).max(axis=0)
    return np.maximum(likeness, likeness.T)


def _strangers(likeness: np.ndarray, labels: np.ndarray) -> bool:
    same = labels[:, None] == labels[None, :]
    alone = ~np.eye(len(labels), dtype=bool)
    if not (same & alone).any():
        return False
    usual = np.median(likeness[same & alone])
    own = np.where(same & alone, likeness, -np.inf).max(axis=1)
    other = np.where(~same, likeness, -np.inf).max(axis=1)
    if likeness[same & alone].min() < likeness[~same].max(initial=-1.0) - MUCH_LESS:
        return True
    named_twice = np.isfinite(own)
    return bool((other[named_twice] > own[named_twice] + SLACK).any() or (other > usual + TOO_LIKE).any())
