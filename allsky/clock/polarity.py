"""Is this text bright on dark, or dark on bright?

Text is brighter, or darker, than what lies right above and below it. Outlined text on a grey sky is both: white strokes
in black lines. There the strokes are those that lie inside the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from allsky.clock.boxes import Box
from allsky.clock.part_reading import PartReading
from allsky.clock.tesseract import Char

# Rows above and below a text that are looked at.
RING = 2
# Share of the text's range of brightness that counts as its bright, and as its dark.
EXTREME = 0.2
# So much brighter (or darker) than its surroundings, by its own range of brightness, and text is that alone: twelve
# clips of the zoo have 0.88 to 0.99, five with outlined text on a grey sky 0.09 to 0.25. Around plain text lies sky.
CLEARLY_BRIGHTER = 0.5
# Where the rim of the sky's disk runs through a line, some of its digits tell nothing: this share of them, of one mind,
# do.
FEWEST_CLEAR = 1 / 3
# One is inside the other if this much more of its border touches that. (Drawn in the zoo's ten fonts, 9 to 26 pixels
# high, bright touches dark more than dark bright by 0.00 at most for black text, and by -0.01 at least for white; text
# for which it is too little to tell stands on a sky that tells by itself.)
CLEARLY_INSIDE = 0.03


def is_bright(taught: Sequence[tuple[np.ndarray, PartReading]], box: Box) -> bool:
    """Whether the digits read in `box` of each picture (H, W) are bright strokes and no dark ones."""
    digits = [[char for char in reading.chars if char.text.isdigit()] for _, reading in taught]
    shown = [(luma, of_one) for (luma, _), of_one in zip(taught, digits, strict=True)]
    told = np.array([_brighter(luma, char, box) for luma, of_one in shown for char in of_one]).reshape(-1, 2)
    brighter, ranges = told.sum(axis=0)
    clear = np.sign(told[:, 0]) * (np.abs(told[:, 0]) > CLEARLY_BRIGHTER * told[:, 1])
    one_sided = abs(clear.sum()) == np.abs(clear).sum() >= FEWEST_CLEAR * len(clear)
    if one_sided and clear.any():
        return bool(clear.sum() > 0)
    if abs(brighter) <= CLEARLY_BRIGHTER * ranges:
        inside = [_bright_inside(luma, of_one, box) for luma, of_one in shown]
        clearly = float(np.median([one for one in inside if one is not None] or [0.0]))
        if abs(clearly) > CLEARLY_INSIDE:
            return clearly > 0
    return bool(brighter > 0)


def _within(luma: np.ndarray, char: Char, box: Box) -> np.ndarray:
    x, y = round(char.x) + box.x, round(char.y) + box.y
    return luma[y : y + round(char.height), x : x + round(char.width)]


def _brighter(luma: np.ndarray, char: Char, box: Box) -> tuple[float, float]:
    """By how much a digit is brighter than what lies right above and below it, more than darker; and its own range."""
    x, y = round(char.x) + box.x, round(char.y) + box.y
    columns = slice(x, x + round(char.width))
    ring = np.concatenate([luma[max(y - RING, 0) : y, columns].ravel(),
                           luma[y + round(char.height) + 1 :, columns][:RING].ravel()])  # fmt: skip
    inside = _within(luma, char, box)
    if not inside.size:
        return 0.0, 0.0
    low, high = map(float, np.percentile(inside, (5, 95)))
    return (high + low - 2 * float(np.median(ring)) if ring.size else 0.0), high - low


def _rows_of(luma: np.ndarray, digits: Sequence[Char], box: Box) -> np.ndarray:
    """The part of a picture from the first of the digits to the last, and a little more."""
    top = int(np.median([char.y for char in digits])) + box.y - RING
    bottom = int(np.ceil(np.median([char.y + char.height for char in digits]))) + box.y + RING
    left, right = int(digits[0].x) + box.x - RING, int(digits[-1].x + digits[-1].width) + box.x + RING
    return luma[max(top, 0) : bottom, max(left, 0) : right]


def _bright_inside(luma: np.ndarray, digits: Sequence[Char], box: Box) -> float | None:
    """How much more of the border of what is bright touches what is dark than the other way round; the digits' own
    pixels say what is bright and dark. None where they have none."""
    pixels = [_within(luma, char, box).ravel() for char in digits]
    if not any(one.size for one in pixels):
        return None
    low, high = np.percentile(np.concatenate(pixels), (5, 95))
    rows = _rows_of(luma, digits, box)
    bright, dark = rows > high - EXTREME * (high - low), rows < low + EXTREME * (high - low)
    return _touching(bright, dark) - _touching(dark, bright)


def _touching(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the pixels right around `one` that belong to the `other`."""
    grown = cv2.dilate(one.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    around = grown & ~one
    return float(other[around].mean()) if around.any() else 0.0
