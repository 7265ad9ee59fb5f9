"""Where on a frame may text stand?

Burned-in text is small, sharp and set in a row; sky is soft, stars stand alone. Candidates are rows of
connected marks of like height that stand out from their surroundings, bright or dark. Tesseract then
says which of them are words (`allsky.clock.guises`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from allsky.clock.boxes import Box

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
    on_one_line = (np.abs(bottom[right] - bottom[left]) < LEVEL * tall) & (np.abs(y[right] - y[left]) < 0.4 * tall)
    ahead = (x[left] < x[right]) | ((x[left] == x[right]) & (left < right))
    joined = ahead & like & on_one_line & (gap < WIDEST_GAP * tall) & (gap > -0.5 * tall)
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
