"""What does a row of text say, drawn for Tesseract in one guise or another?

Text without its sky is what Tesseract reads best; what takes the sky off one clock spoils another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage

from allsky.clock.ink import FULL_LEVEL, level_ink, strokes, text_level
from allsky.clock.tesseract import Char, TextLine, read_lines

# Tesseract's network was trained on lines about 36 px high with capitals of some 25 to 30 px.
OCR_TEXT_HEIGHT = 30
OCR_MARGIN = 12
# Of the contrast of full ink, what is drawn white and what is drawn black.
FAINTEST_INK, FULL_INK = 0.25, 0.85
# Of the text's brightness, what is no outline any more, and what a letter reaches somewhere.
OUTLINE_LEVEL, LETTER_LEVEL = 0.3, 0.8
# Of the same, how far thin strokes may stay below their sky; what lies between two outlines stays farther below it.
BELOW_SKY = 0.05
# A page's grey below which there is ink; a digit's piece of ink is no wider than so many usual ones, and off its box by
# no more than this share of the way to the next one.
INKED, WIDEST_PIECE, FARTHEST_OFF = 128, 1.4, 0.6
# Contrast below this many grey levels is not ink.
LEAST_INK = 20.0


def ink_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """The strokes of `crop` in black on white: no sky behind them, whatever its brightness."""
    ink = strokes(crop, text_height, bright).astype(np.float32)
    return _inked(ink, _full_ink(ink))


def _full_ink(ink: np.ndarray) -> float:
    return max(float(np.percentile(ink, 97)), LEAST_INK)


def _inked(ink: np.ndarray, full: float | np.ndarray) -> np.ndarray:
    return 255 - np.clip((ink / full - FAINTEST_INK) * 255 / (FULL_INK - FAINTEST_INK), 0, 255)


def grey_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """`crop` as it is, dark on light: for outlined text, whose strokes alone say too little."""
    grey = 255.0 - crop if bright else crop.astype(np.float32)
    low, high = np.percentile(grey, (1, 95))
    return np.clip((grey - low) * (255.0 / max(high - low, 1.0)), 0, 255)


def level_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """What in `crop` is about as bright (or dark) as its brightest strokes: for outlined text on a bright sky, where
    what lies between two outlines stands out as much as a stroke."""
    return 255 - level_ink(crop, bright, text_level(crop, text_height, bright))


def even_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """The strokes of `crop`, each as black as its share of the way from the sky behind it to the text's brightness:
    over the bright disk, where a text stands out less, it is as black as beside it. (What lies between two outlines is
    made as black as a stroke.)"""
    picture = (crop if bright else 255 - crop).astype(np.float32)
    ink = strokes(crop, text_height, bright).astype(np.float32)
    behind, level = picture - ink, text_level(crop, text_height, bright)
    return _inked(ink, np.maximum(level - behind, LEAST_INK))


class Guise(NamedTuple):
    """How a crop is drawn for Tesseract, how high its letters are then in pixels, and whether it is `enlarged` before:
    what tells strokes from outlines by a threshold then follows their edges between the pixels. (Of small outlined
    clocks of the zoo, 114 crops of 38 clips, Tesseract reads 79 % of those drawn as `outlined` after, and 64 % before.)
    """

    draw: Callable[[np.ndarray, float, bool], np.ndarray]
    letters: float = OCR_TEXT_HEIGHT
    enlarged: bool = False


def outlined_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """Text without the sky that its outlines part from it: what is as wide as no stroke, and of what is left between
    outlines that which is no brighter than the sky, or nowhere comes near the text's brightness."""
    picture = crop if bright else 255 - crop
    level = text_level(crop, text_height, bright)
    least = np.clip(float(np.median(picture)) / level - BELOW_SKY, OUTLINE_LEVEL, LETTER_LEVEL)
    ink = np.clip((picture / level - least) * 255 / (FULL_LEVEL - least), 0, 255)
    wide = picture - strokes(crop, text_height, bright) > OUTLINE_LEVEL * level
    count, piece = cv2.connectedComponents(((ink > 0) & ~wide).astype(np.uint8), connectivity=4)
    letters = ndimage.maximum(picture, piece, np.arange(count)) > LETTER_LEVEL * level
    letters[0] = False
    return 255 - np.where(letters[piece], ink, 0)


def raised_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """How far `crop` rises from its sky to its text: outlines lie below the one, and are not drawn at all."""
    picture = (crop if bright else 255 - crop).astype(np.float32)
    sky, level = float(np.median(picture)), text_level(crop, text_height, bright)
    return _inked(np.maximum(picture - sky, 0.0), max(level - sky, LEAST_INK))


# How a crop can be drawn for Tesseract, the usual way first. (Of 336 crops of clips of the zoo it reads 92 % of those
# drawn as `even`, 91 % as `raised`, 88 % as `ink`; of outlined ones 88 % as `outlined` and 62 % as `even`.)
# (In another size Tesseract sees other letters: what it drops of `11` in one it reads in another.)
GUISES = {
    "even": Guise(even_page, enlarged=True),
    "ink": Guise(ink_page),
    "grey": Guise(grey_page),
    "level": Guise(level_page),
    "fine level": Guise(level_page, enlarged=True),
    "outlined": Guise(outlined_page, enlarged=True),
    "raised": Guise(raised_page, enlarged=True),
    "small": Guise(ink_page, 22),
    "large": Guise(outlined_page, 40, enlarged=True),
}
# Those in which the frames of a video are tried, the usual one first. (Of a picture alone guises have to agree, and
# `level` differs more in what it gets wrong.)
STYLES = tuple(name for name in GUISES if name != "level")


def read_crops(
    crops: Sequence[np.ndarray], text_heights: Sequence[float], bright: Sequence[bool], style: str
) -> list[TextLine]:
    """What Tesseract reads in each crop (h, w), drawn in one of the GUISES; boxes of characters in pixels of the crop.

    Raises MissingTool without Tesseract."""
    guise = GUISES[style]
    scales = [guise.letters / max(height, 1.0) for height in text_heights]
    pages = [_page(*each, guise) for each in zip(crops, text_heights, bright, scales, strict=True)]
    lines = [boxed_by_pieces(*each) for each in zip(read_lines(pages), pages, strict=True)]
    return [_back(line, scale) for line, scale in zip(lines, scales, strict=True)]


def boxed_by_pieces(line: TextLine, page: np.ndarray) -> TextLine:
    """The line, where Tesseract's boxes put a character beside its ink and the `page` (h, w) has a piece of ink for
    each: then with boxes as wide as these. (It shares out some words of serif letters as if all were as wide.)

    As many pieces as characters are not always theirs: two may touch and one be cut. So no digit's piece may be much
    wider than the others, and none be off by so much that it could be the next one's."""
    chars = [place for place, char in enumerate(line.chars) if char.text.strip()]
    edges = np.flatnonzero(np.diff((page < INKED).any(axis=0).astype(int), prepend=0, append=0))
    pieces = edges.reshape(-1, 2)
    if len(pieces) != len(chars) or len(chars) < 2:
        return line
    centers, middles = np.array([line.chars[place].center for place in chars]), (pieces.sum(axis=1) - 1) / 2
    if ((pieces[:, 0] <= centers) & (centers < pieces[:, 1])).all():
        return line
    widths = np.ptp(pieces, axis=1)[[line.chars[place].text.isdigit() for place in chars]]
    too_wide = widths.size > 0 and widths.max() > WIDEST_PIECE * np.median(widths)
    if too_wide or np.abs(middles - centers).max() > FARTHEST_OFF * np.median(np.diff(middles)):
        return line
    boxed = list(line.chars)
    for place, (left, right) in zip(chars, pieces, strict=True):
        boxed[place] = replace(boxed[place], x=float(left), width=float(right - left))
    return TextLine(tuple(boxed))


def _page(crop: np.ndarray, text_height: float, bright: bool, scale: float, guise: Guise) -> np.ndarray:
    """A page whose letters are as high as the guise has them, with a margin."""
    if guise.enlarged:
        page = guise.draw(_scaled(crop, scale), guise.letters, bright).astype(np.uint8)
    else:
        page = _scaled(guise.draw(crop, text_height, bright), scale)
    return cv2.copyMakeBorder(page, *(OCR_MARGIN,) * 4, cv2.BORDER_CONSTANT, value=255)


def _scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    size = (max(round(picture.shape[1] * scale), 8), max(round(picture.shape[0] * scale), 8))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _back(line: TextLine, scale: float) -> TextLine:
    """Character boxes from pixels of the page to pixels of the crop."""
    return TextLine(tuple(_unscaled(char, scale) for char in line.chars))


def _unscaled(char: Char, scale: float) -> Char:
    x, y = (char.x - OCR_MARGIN) / scale, (char.y - OCR_MARGIN) / scale
    return replace(char, x=x, y=y, width=char.width / scale, height=char.height / scale)
