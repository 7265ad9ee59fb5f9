"""What in a crop is text, without the sky behind it?"""

from __future__ import annotations

import cv2
import numpy as np

# Of the text's brightness, what is drawn white and what is drawn black.
FAINTEST_LEVEL, FULL_LEVEL = 0.7, 0.95


def strokes(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """What is thinner than a pen stroke in `crop` (h, w) and stands out from what lies behind: text without its sky."""
    size = 2 * max(round(text_height / 5), 2) + 1
    kind = cv2.MORPH_TOPHAT if bright else cv2.MORPH_BLACKHAT
    return cv2.morphologyEx(crop, kind, np.ones((size, size), np.uint8))


def text_level(crop: np.ndarray, text_height: float, bright: bool) -> float:
    """How bright (or dark, from 255 down) the text of `crop` (h, w) is: as most of its brightest strokes."""
    picture = crop if bright else 255 - crop
    ink = strokes(crop, text_height, bright)
    return max(float(np.percentile(picture[ink >= np.percentile(ink, 95)], 75)), 1.0)


def level_ink(crop: np.ndarray, bright: bool, level: float) -> np.ndarray:
    """How near `crop` (..., h, w) comes to the text's `level`, as ink (0 to 255). The rim of a sky behind text does not
    change it, as it changes what the strokes stand out from."""
    picture = crop if bright else 255 - crop
    return np.clip((picture / level - FAINTEST_LEVEL) * 255 / (FULL_LEVEL - FAINTEST_LEVEL), 0, 255)
