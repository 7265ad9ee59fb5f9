"""Where on a frame does text stand, and what does it say?

Burned-in text is small, sharp and set in a row; sky is soft, stars stand alone. Candidates are rows of
connected marks of like height that stand out from their surroundings, bright or dark. Tesseract then
says which of them are words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from allsky.clock.tesseract import Char, TextLine, read_lines

# Tesseract's network was trained on lines about 36 px high with capitals of some 25 to 30 px.
OCR_TEXT_HEIGHT = 30
OCR_MARGIN = 12
# Of the contrast of full ink, what is drawn white and what is drawn black.
FAINTEST_INK, FULL_INK = 0.25, 0.85
FAINTEST_LEVEL, FULL_LEVEL = 0.7, 0.95
# Of the text's brightness, what is no outline any more, and what a letter reaches somewhere.
OUTLINE_LEVEL, LETTER_LEVEL = 0.3, 0.8
# Of the same, how far thin strokes may stay below their sky; what lies between two outlines stays farther below it.
BELOW_SKY = 0.05
# Contrast below this many grey levels is not ink.
LEAST_INK = 20.0
# Strokes within so many text heights tell what full ink is; between words it is no less than this share of the line's.
STROKES_NEAR, LEAST_SHARE = 0.5, 0.3

SMALLEST_TEXT, LARGEST_TEXT = 5, 80
# Grey levels by which text stands out from what surrounds it, and how much more from what is next to it.
LEAST_CONTRAST, LEAST_SHARPER = 25, 15
# The same for faint text, looked for where no other is found.
FAINT_CONTRAST = 10
# Beside strokes of full contrast, those below this share of it are noise.
STRONG_SHARE = 0.25
THICKEST_STROKE = 15
# A mark of its own so many times as wide as high may be small bold text whose letters touch (`22h08m` is 4.5).
GLUED_TEXT = 3.5
# Of two marks of one row the lower one's height is more than this share of the taller one's; so many of the taller's
# heights are the most between them, and less than so many of these their feet lie apart.
LIKE_HEIGHT, WIDEST_GAP, LEVEL = 0.6, 1.6, 0.3
# A detailed picture of some megapixels has ten thousand marks; those at its foot come last.
MOST_MARKS = 60_000


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the frame."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def crop(self, picture: np.ndarray) -> np.ndarray:
        """The part of `picture` (H, W, ...) inside the box."""
        return picture[self.y : self.bottom, self.x : self.right]

    def grown(self, by_x: int, by_y: int, width: int, height: int) -> Box:
        """The box with a margin, kept inside a frame of `width` x `height`."""
        x, y = max(self.x - by_x, 0), max(self.y - by_y, 0)
        return Box(x, y, min(self.right + by_x, width) - x, min(self.bottom + by_y, height) - y)

    def within(self, width: int, height: int) -> Box:
        """What of the box lies on a frame of `width` x `height`; of no width or height where nothing does."""
        x, y = (min(max(one, 0), most) for one, most in ((self.x, width), (self.y, height)))
        return Box(x, y, max(min(self.right, width) - x, 0), max(min(self.bottom, height) - y, 0))

    def moved(self, x: int, y: int) -> Box:
        """The box `x` farther right and `y` farther down."""
        return Box(self.x + x, self.y + y, self.width, self.height)

    def overlap(self, other: Box) -> float:
        """Shared area over the smaller one's area."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        smaller = min(self.width * self.height, other.width * other.height)
        return max(across, 0) * max(down, 0) / max(smaller, 1)


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around all of `boxes`."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    return Box(x, y, max(box.right for box in boxes) - x, max(box.bottom for box in boxes) - y)


@dataclass(frozen=True)
class Line:
    """A row of marks that may be text: its box, the height of its letters, and whether it is bright on dark."""

    box: Box
    text_height: float
    bright: bool


def text_lines(luma: np.ndarray, contrast: int = LEAST_CONTRAST) -> list[Line]:
    """Rows of marks on `luma` (H, W) that could be text, of both polarities, standing out by `contrast` grey levels."""
    lines = []
    for bright in (True, False):
        lines += _rows(_marks(luma, bright, contrast), bright, luma.shape)
    return lines


def between_outlines(luma: np.ndarray, lines: Sequence[Line], contrast: int = LEAST_CONTRAST) -> Iterator[Line]:
    """Bright text within those dark rows of `lines` on `luma` (H, W) that are its outlines: it stands out from the sky
    by `contrast` grey levels, as nothing does between dark letters."""
    for outlines in (line for line in lines if not line.bright):
        around = outlines.box.grown(0, round(outlines.text_height), luma.shape[1], luma.shape[0])
        if np.percentile(outlines.box.crop(luma), 90) - np.median(around.crop(luma)) > contrast:
            yield replace(outlines, bright=True)


def _marks(luma: np.ndarray, bright: bool, least: int) -> np.ndarray:
    """Boxes (n, 4: x, y, width, height) of connected marks that stand out from what surrounds them."""
    picture = luma if bright else 255 - luma
    contrast = cv2.subtract(picture, cv2.blur(picture, (25, 25)))
    sharp = cv2.subtract(picture, cv2.erode(picture, np.ones((7, 7), np.uint8)))
    sharper = LEAST_SHARPER * least // LEAST_CONTRAST
    # The rim of a bright disk stands out as text does, but is no stroke.
    thin = cv2.morphologyEx(picture, cv2.MORPH_TOPHAT, np.ones((THICKEST_STROKE, THICKEST_STROKE), np.uint8))
    both = np.minimum(np.minimum(contrast, thin), np.maximum(sharp, sharper) - sharper)
    # Beside strong strokes weak ones are noise: they would join letters to blots.
    strongest = cv2.dilate(both, np.ones((15, 15), np.uint8))
    ink = ((both > least) & (both > STRONG_SHARE * strongest)).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:, :4]
    width, height = stats[:, 2], stats[:, 3]
    letters = (height >= SMALLEST_TEXT) & (height <= LARGEST_TEXT) & (width <= 12 * height)
    return stats[letters][:MOST_MARKS]


def _rows(marks: np.ndarray, bright: bool, shape: tuple[int, ...]) -> list[Line]:
    """Marks joined to rows: neighbours of like height on one baseline, no more than about two letters apart."""
    if not len(marks):
        return []
    x, y, width, height = marks.T.astype(np.float32)
    order = np.argsort(x)
    x, y, width, height = x[order], y[order], width[order], height[order]
    left, right = _neighbours(x, y, width, height)
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(len(x), len(x)))
    group = connected_components(graph, directed=False)[1]
    by_group = np.argsort(group, kind="stable")
    rows = np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1)
    rows = [row for row in rows if len(row) >= 2 or width[row[0]] >= GLUED_TEXT * height[row[0]]]
    return [line for row in rows if (line := _line(x[row], y[row], width[row], height[row], bright, shape))]


def _neighbours(x: np.ndarray, y: np.ndarray, width: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs of marks, the left one first, that may belong to one row of text."""
    bottom = y + height
    reach, stretch = WIDEST_GAP * height / LIKE_HEIGHT, WIDEST_GAP / LEVEL
    left_of = cKDTree(np.column_stack([x + width, stretch * bottom]))
    found = left_of.query_ball_point(np.column_stack([x, stretch * bottom]), reach, p=np.inf)
    left = np.fromiter(chain.from_iterable(found), int)
    right = np.repeat(np.arange(len(x)), [len(some) for some in found])
    gap = x[right] - (x[left] + width[left])
    tall = np.maximum(height[right], height[left])
    like = np.minimum(height[right], height[left]) > LIKE_HEIGHT * tall
    level = (np.abs(bottom[right] - bottom[left]) < LEVEL * tall) & (np.abs(y[right] - y[left]) < 0.4 * tall)
    ahead = (x[left] < x[right]) | ((x[left] == x[right]) & (left < right))
    joined = ahead & like & level & (gap < WIDEST_GAP * tall) & (gap > -0.5 * tall)
    return left[joined], right[joined]


def _line(
    x: np.ndarray, y: np.ndarray, width: np.ndarray, height: np.ndarray, bright: bool, shape: tuple[int, ...]
) -> Line | None:
    text_height = float(np.median(height))
    box = Box(int(x.min()), int(y.min()), int((x + width).max() - x.min()), int((y + height).max() - y.min()))
    if box.width < 2.5 * text_height:
        return None
    margin = max(2, round(0.35 * text_height))
    return Line(box.grown(2 * margin, margin, shape[1], shape[0]), text_height, bright)


def strokes(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """What is thinner than a pen stroke in `crop` (h, w) and stands out from what lies behind: text without its sky."""
    size = 2 * max(round(text_height / 5), 2) + 1
    kind = cv2.MORPH_TOPHAT if bright else cv2.MORPH_BLACKHAT
    return cv2.morphologyEx(crop, kind, np.ones((size, size), np.uint8))


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


def near_page(crop: np.ndarray, text_height: float, bright: bool) -> np.ndarray:
    """Strokes weighed by those near them: for text that lies partly over the bright disk, where its contrast is less.
    (What lies between two outlines is made as black as a stroke.)"""
    ink = strokes(crop, text_height, bright).astype(np.float32)
    full, near = _full_ink(ink), (max(round(STROKES_NEAR * text_height), 3),) * 2
    local = cv2.blur(cv2.dilate(ink, np.ones(near, np.uint8)), near)
    return _inked(ink, np.clip(local, max(LEAST_SHARE * full, LEAST_INK), full))


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


# How a crop can be drawn for Tesseract.
# (In another size Tesseract sees other letters: what it drops of `11` in one it reads in another.)
GUISES = {
    "ink": Guise(ink_page),
    "grey": Guise(grey_page),
    "level": Guise(level_page),
    "fine level": Guise(level_page, enlarged=True),
    "near": Guise(near_page, enlarged=True),
    "outlined": Guise(outlined_page, enlarged=True),
    "raised": Guise(raised_page, enlarged=True),
    "small": Guise(ink_page, 22),
    "large": Guise(outlined_page, 40, enlarged=True),
}
# Those in which the frames of a video are tried, the usual one first. (Of a picture alone guises have to agree, and
# `level` differs more in what it gets wrong.)
STYLES = tuple(name for name in GUISES if name != "level")


def read_crops(
    crops: Sequence[np.ndarray], text_heights: Sequence[float], bright: Sequence[bool], style: str = "ink"
) -> list[TextLine]:
    """What Tesseract reads in each crop, drawn in one of the GUISES, its characters' boxes in pixels of the crop."""
    guise = GUISES[style]
    scales = [guise.letters / max(height, 1.0) for height in text_heights]
    lines = read_lines([_page(*each, guise) for each in zip(crops, text_heights, bright, scales, strict=True)])
    return [_back(line, scale) for line, scale in zip(lines, scales, strict=True)]


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
