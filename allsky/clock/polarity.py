"""Is this text bright on dark, or dark on bright?

Text is brighter, or darker, than what lies right above and below it. Outlined text on a grey sky is both: white strokes
in black lines. There the strokes are those that lie inside the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from allsky.clock.overlay import Box
from allsky.clock.part_reading import PartReading
from allsky.clock.tesseract import Char

# Rows above and below a text that are looked at.
RING = 2
# Share of the text's range of brightness that counts as its bright, and as its dark.
EXTREME = 0.2
# So much brighter (or darker) than its surroundings, by its own range of brightness, and text is that alone: twelve
# clips of the zoo have 0.88 to 0.99, five with outlined text on a grey sky 0.09 to 0.25. Around plain text lies sky.
CLEARLY_BRIGHTER = 0.5
# One is inside the other if this much more of its border touches that. (Drawn in the zoo's ten fonts, 9 to 26 pixels
# high, bright touches dark more than dark bright by 0.00 at most for black text, and by -0.01 at least for white; text
# for which it is too little to tell stands on a sky that tells by itself.)
CLEARLY_INSIDE = 0.03


def is_bright(taught: Sequence[tuple[np.ndarray, PartReading]], box: Box) -> bool:
    """Whether the digits read in `box` of each picture (H, W) are bright strokes and no dark ones."""
    brighter, ranges, inside = 0.0, 0.0, []
    for luma, reading in taught:
        digits = [char for char in reading.chars if char.text.isdigit()]
        pixels = [one for char in digits if (one := _within(luma, char, box)).size]
        if pixels:
            brighter += sum(_brighter(luma, char, box) for char in digits)
            ranges += sum(float(np.ptp(np.percentile(one, (5, 95)))) for one in pixels)
            inside.append(_bright_inside(_rows_of(luma, digits, box), np.concatenate([one.ravel() for one in pixels])))
    if not inside or abs(brighter) > CLEARLY_BRIGHTER * ranges:
        return brighter > 0
    clearly = float(np.median(inside))
    return clearly > 0 if abs(clearly) > CLEARLY_INSIDE else brighter > 0


def _within(luma: np.ndarray, char: Char, box: Box) -> np.ndarray:
    x, y = round(char.x) + box.x, round(char.y) + box.y
    return luma[y : y + round(char.height), x : x + round(char.width)]


def _brighter(luma: np.ndarray, char: Char, box: Box) -> float:
    """By how much a digit is brighter than what lies right above and below it, more than it is darker."""
    x, y = round(char.x) + box.x, round(char.y) + box.y
    columns = slice(x, x + round(char.width))
    ring = np.concatenate([luma[max(y - RING, 0) : y, columns].ravel(),
                           luma[y + round(char.height) + 1 :, columns][:RING].ravel()])  # fmt: skip
    inside = _within(luma, char, box)
    if not inside.size or not ring.size:
        return 0.0
    low, high = np.percentile(inside, (5, 95))
    return float(high + low - 2 * np.median(ring))


def _rows_of(luma: np.ndarray, digits: Sequence[Char], box: Box) -> np.ndarray:
    """The part of a picture from the first of the digits to the last, and a little more."""
    top = int(np.median([char.y for char in digits])) + box.y - RING
    bottom = int(np.ceil(np.median([char.y + char.height for char in digits]))) + box.y + RING
    left, right = int(digits[0].x) + box.x - RING, int(digits[-1].x + digits[-1].width) + box.x + RING
    return luma[max(top, 0) : bottom, max(left, 0) : right]


def _bright_inside(rows: np.ndarray, pixels: np.ndarray) -> float:
    """How much more of the border of what is bright touches what is dark than the other way round; `pixels` are those
    of the digits, which say what is bright and dark."""
    low, high = np.percentile(pixels, (5, 95))
    bright, dark = rows > high - EXTREME * (high - low), rows < low + EXTREME * (high - low)
    return _touching(bright, dark) - _touching(dark, bright)


def _touching(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the pixels right around `one` that belong to the `other`."""
    grown = cv2.dilate(one.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    around = grown & ~one
    return float(other[around].mean()) if around.any() else 0.0
