"""Does a `1` take less room than the other digits, so that all that stands behind it moves?

In most fonts digits share one width. Where they do not, crops are drawn anew as if they did, each character at the
place that it has behind usual digits, before glyphs are learned or read. Reading goes from the end that stays where it
is: what a digit is says where the next one stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from allsky.clock.formats import DIGITS
from allsky.clock.glyphs import GlyphSheet, is_digit_place, unit

# Programs round each character's place to a pixel: it is looked for this far from where it should be, in such steps;
# each pixel away from there costs so much likeness. So much of it is believed to move what stands behind as well.
ROUNDING_PX, STEP_PX, OFF_COST, BELIEVED = 0.5, 0.25, 0.02, 0.5
# Cells narrower than the usual one are told apart by so much.
NARROW_PX = 0.5


class Cells(NamedTuple):
    """The cells of the characters but blanks of the text on each of several crops (both m, n): by how many pixels each
    stands to the right of the place it has behind usual digits, and how much wider than a usual one it is."""

    shifts: np.ndarray
    wider: np.ndarray


@dataclass(frozen=True)
class Spacing:
    """By how many pixels each digit (10) is `wider` than the usual one, and which end of the text stays where it is:
    the left one (`anchor` 0) or the right one (1). A text that keeps its right end gets so many pixels of `room` before
    it, since one of usual digits may begin farther left than the box, or the frame, does."""

    wider: tuple[float, ...]
    anchor: float = 0.0
    room: int = 0

    def with_room(self, inks: np.ndarray) -> np.ndarray:
        """Crops (m, h, w) with the room before their text."""
        return np.pad(inks, ((0, 0), (0, 0), (self.room, 0)), mode="edge")

    def cells(self, texts: Sequence[str]) -> Cells:
        """The cells of `texts`, all of one layout."""
        width = dict(zip(DIGITS, self.wider, strict=True))
        own = np.array([[width.get(char, 0.0) for char in text.replace(" ", "")] for text in texts])
        return Cells(np.cumsum(own, axis=1) - own / 2 - self.anchor * own.sum(axis=1, keepdims=True), own)

    def straight(self, inks: np.ndarray, sheet: GlyphSheet) -> tuple[np.ndarray, Cells]:
        """Crops (m, h, w) with their characters at the places of a `sheet`, and the cells they were in."""
        cells = self._read(inks, sheet)
        return self.straightened(inks, sheet.centers, cells), cells

    def straightened(self, inks: np.ndarray, centers: np.ndarray, cells: Cells) -> np.ndarray:
        """Crops (m, h, w) with each character moved from its cell to its place, one of `centers` (n). They become wider
        by what narrow digits in all cells would leave free: behind them a text of usual ones takes more room than the
        box that was drawn around it has."""
        room = 0 if self.anchor else room_needed(self.wider, len(centers))
        return straightened(np.pad(inks, ((0, 0), (0, 0), (0, room)), mode="edge"), centers, cells)

    def _read(self, inks: np.ndarray, sheet: GlyphSheet) -> Cells:
        """The cells of the text on crops (m, h, w), as far as the shapes that a `sheet` knows tell them."""
        digit = is_digit_place(sheet.layout)
        shifts, wider = np.zeros((2, len(inks), len(digit)))
        # From the end that stays where it is.
        x, onward = np.zeros(len(inks)), -1 if self.anchor else 1
        literals = dict(zip(np.flatnonzero(~digit), sheet.literals, strict=True))
        for place in range(len(digit))[::onward]:
            shapes = sheet.common if digit[place] else literals[place][None]
            widths = np.array(self.wider) if digit[place] else np.zeros(1)
            shifts[:, place], own = _found(inks, sheet.centers[place], x, widths, onward, shapes)
            wider[:, place] = widths[own]
            surprise = shifts[:, place] - (x + onward * widths[own] / 2)
            x = x + onward * widths[own] + BELIEVED * surprise
        return Cells(shifts, wider)


def room_needed(wider: Sequence[float], n_characters: int) -> int:
    """The pixels that narrow digits in all cells would leave free."""
    return int(np.ceil(max(-min(wider), 0.0) * n_characters))


def _found(
    inks: np.ndarray, center: float, x: np.ndarray, wider: np.ndarray, onward: int, shapes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the `shapes` (k, h, width) crops (m, h, w) have near `center`, and at what shift of it (both m): in a
    cell that begins at `x` (m), is so much `wider` (k) than a usual one, and goes `onward` from there."""
    middles = onward * wider / 2
    steps = np.arange(middles.min() - ROUNDING_PX, middles.max() + ROUNDING_PX + STEP_PX / 2, STEP_PX)
    flat, width = shapes.reshape(len(shapes), -1), shapes.shape[2]
    off = np.abs(steps[:, None] - middles)
    near = off <= ROUNDING_PX + STEP_PX / 2
    # A narrow digit was learned without what stands beside its cell, and is looked for without it.
    cells = np.minimum(np.round(wider / NARROW_PX) * NARROW_PX, 0.0)
    likeness = np.full((len(inks), *off.shape), -np.inf)
    for cell in np.unique(cells):
        alike = np.flatnonzero(cells == cell)
        for step in np.flatnonzero(near[:, alike].any(axis=1)):
            likeness[:, step, alike] = _patches(inks, center + x + steps[step], width, width + cell) @ flat[alike].T
    likeness = np.where(near, likeness - OFF_COST * off, -np.inf)
    step, shape = np.divmod(likeness.reshape(len(inks), -1).argmax(axis=1), len(shapes))
    return x + steps[step], shape


def straightened(inks: np.ndarray, centers: np.ndarray, cells: Cells) -> np.ndarray:
    """Crops (m, h, w) with each character moved from its cell to its place, one of `centers` (n). What a narrow one
    leaves free shows the edge of its cell: nothing of the characters beside it."""
    columns = np.arange(inks.shape[2])
    nearest = np.abs(columns[:, None] - centers).argmin(axis=1)
    middles = centers + cells.shifts
    edges = (middles[:, 1:] + middles[:, :-1]) / 2 + (cells.wider[:, :-1] - cells.wider[:, 1:]) / 4
    edges = np.pad(edges, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))
    taken = np.clip(columns + cells.shifts[:, nearest], edges[:, nearest] + 0.5, edges[:, nearest + 1] - 0.5)
    return _sampled(inks, taken).round().astype(inks.dtype)


def _patches(inks: np.ndarray, centers: np.ndarray, width: int, cell: float) -> np.ndarray:
    """What `glyphs.windows` gives, (m, h * width), of one place that each crop (m, h, w) has at a center (m) of its
    own, in a `cell` of so many pixels beyond which its edge goes on."""
    columns = np.arange(width) - (width - 1) / 2
    within = np.clip(columns, (1 - cell) / 2, (cell - 1) / 2)
    return unit(_sampled(inks, centers[:, None] + within).reshape(len(inks), -1))


def _sampled(inks: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Crops (m, h, w) at columns (m, k) that lie between pixels; beyond a crop its edge goes on."""
    whole = np.floor(columns).astype(int)
    part = (columns - whole).astype(np.float32)[:, None]
    left, right = (np.clip(whole + more, 0, inks.shape[2] - 1)[:, None] for more in (0, 1))
    return np.take_along_axis(inks, left, axis=2) * (1 - part) + np.take_along_axis(inks, right, axis=2) * part
