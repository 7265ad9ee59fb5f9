"""Where does each character of a line of text stand, to a fraction of a pixel?

A text renderer puts one character after the other, each taking its advance; a box drawn tightly around the ink sits
off the middle of that advance by an amount that depends on the character alone (a `1` leans left). Both are
fitted to all boxes at once, so a box that took in a stray mark, or was never measured, does no harm. Digits take the
same advance in most fonts; in some a `1` takes less, and then what stands behind it moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allsky.clock.formats import DIGITS

# Boxes farther than this from the fit, in pixels, count the less the farther they are (Huber's weights).
HUBER_PX = 0.7
ROUNDS = 12
# Digits do not share a width where a common one leaves the boxes this far off (as `TextFit.loss`). Of fonts whose
# digits do the boxes of 200 clocks were off by 0.025 at most.
FAR_OFF = 0.03
# The ink of no digit is off the middle of its cell by such a share of an advance.
OFF_ITS_CELL = 0.15
# How firmly a width is held to the usual one, and an offset to none, against one measured box.
WIDTH_TIE, OFFSET_TIE = 0.02, 0.05
# The same of what a digit takes more than the usual one.
OWN_TIE = 0.3


@dataclass(frozen=True)
class TextFit:
    """Where the characters (n, but blanks) of a text stand, by how many pixels each digit (10) takes more room than the
    usual one, and how far the measured boxes are from that: the mean of Huber's loss, in square pixels."""

    places: np.ndarray
    wider: np.ndarray
    loss: float


def place_centers(texts: Sequence[str], centers: np.ndarray) -> np.ndarray:
    """The x (n) of the middle of each character but blanks, for `texts` that differ only in their digits.

    `centers` (m, n) are the middles of the measured boxes in pixels, NaN where there is none. A digit's place is the
    middle of its cell, another character's the middle of its ink; where digits do not share a width and the text never
    changes, so that nobody can tell theirs, each stands where its boxes are, between those beside it, or a usual
    advance beyond the last of them.
    """
    fit = fit_text(texts, centers)
    measured = np.flatnonzero(~np.isnan(centers).all(axis=0))
    if len(set(texts)) > 1 or not len(measured):
        return fit.places
    boxes = np.nanmedian(centers[:, measured], axis=0)
    # A width that no digit has fits as well, each being far off the middle of its cell then.
    off = np.abs(boxes - fit.places[measured]).max()
    advance = usual_advance(texts[0], centers)
    if fit.loss < FAR_OFF and off < OFF_ITS_CELL * advance:
        return fit.places
    number = np.arange(len(fit.places))
    beyond = np.maximum(number - measured[-1], 0) - np.maximum(measured[0] - number, 0)
    return np.interp(number, measured, boxes) + advance * beyond


def fit_text(texts: Sequence[str], centers: np.ndarray, anchor: float | None = None) -> TextFit:
    """What `place_centers` finds; with an `anchor` each digit may take its own room, and the text keeps its left end
    where that is 0, its middle (0.5) or its right end (1). Its places are then those of a text of usual digits."""
    advance = usual_advance(texts[0], centers)
    names, rows = _design(texts, anchor)
    seen = ~np.isnan(centers)
    ties, tied_to = _ties(names, advance)
    found, away = _solved(rows[seen], centers[seen], ties, tied_to)
    value = dict(zip(names, found, strict=True))
    wider = np.array([value.get(f"own {digit}", np.nan) for digit in DIGITS])
    usual = np.nanmedian(wider) if np.isfinite(wider).any() else 0.0
    value["width digit"] = value.get("width digit", 0.0) + usual
    loss = np.where(away < HUBER_PX, away**2 / 2, HUBER_PX * (away - HUBER_PX / 2))
    return TextFit(_places(texts[0], value), np.nan_to_num(wider - usual), float(loss.mean()))


def _solved(rows: np.ndarray, target: np.ndarray, ties: np.ndarray, tied_to: np.ndarray) -> tuple[np.ndarray, ...]:
    """The unknowns (k) of `rows` (boxes, k), fitted to `target` (boxes), and how far each box is from the fit."""
    weight = np.ones(len(target))
    for _ in range(ROUNDS):
        # Normal equations: two dozen unknowns, tied well enough to be told apart, and a hundredth of the time.
        left = rows.T @ (rows * weight[:, None]) + ties.T @ ties
        right = rows.T @ (target * weight) + ties.T @ tied_to
        found = np.linalg.lstsq(left, right, rcond=None)[0]
        away = np.abs(rows @ found - target)
        weight = np.minimum(1.0, HUBER_PX / np.maximum(away, 1e-9))
    return found, away


def _places(text: str, value: Mapping[str, float]) -> np.ndarray:
    """The middle of each cell of digits, and of the ink of each other character but blanks."""
    x, places = value["start"], []
    for char, cell in zip(text, _cells(text), strict=True):
        if char != " ":
            places.append(x + value[f"width {cell}"] / 2 + (0.0 if cell == "digit" else value[f"offset {char}"]))
        x += value[f"width {cell}"]
    return np.array(places)


def usual_advance(text: str, centers: np.ndarray) -> float:
    """The usual way from one digit to a digit right beside it, in pixels."""
    places = np.array([place for place, char in enumerate(text) if char != " "])
    digit = np.array([text[place].isdigit() or text[place] == "?" for place in places])
    steps = np.diff(centers, axis=1)
    beside = steps[:, digit[1:] & digit[:-1] & (np.diff(places) == 1)]
    for some in (beside, steps):
        if np.isfinite(some).any():
            return float(np.nanmedian(some))
    return 8.0


def glyph_width(text: str, centers: np.ndarray) -> int:
    """The pixels that a character of `text` is given, from the middles of boxes (m, n)."""
    return max(round(usual_advance(text, centers)), 3)


def _design(texts: Sequence[str], anchor: float | None) -> tuple[list[str], np.ndarray]:
    """Names of the unknowns, and what each contributes to the middle of the ink of each text's characters but blanks
    (m, n, k)."""
    cells = _cells(texts[0])
    names = ["start", *dict.fromkeys(f"width {cell}" for cell in cells)]
    names += [f"offset {char}" for char in dict.fromkeys("".join(texts)) if char not in " ?"]
    if anchor is not None:
        names += [f"own {digit}" for digit in sorted(set("".join(texts)) & set(DIGITS))]
    number = {name: place for place, name in enumerate(names)}
    unit = np.eye(len(names))

    def rows(text: str) -> list[np.ndarray]:
        owns = [unit[number[f"own {char}"]] if f"own {char}" in number else 0.0 * unit[0] for char in text]
        x, middles = unit[0] - (anchor or 0.0) * np.sum(owns, axis=0), []
        for char, cell, own in zip(text, cells, owns, strict=True):
            width = unit[number[f"width {cell}"]] + own
            if char != " ":
                middles.append(x + width / 2 + (unit[number[f"offset {char}"]] if char != "?" else 0.0))
            x = x + width
        return middles

    return names, np.array([rows(text) for text in texts])


def _cells(text: str) -> list[str]:
    """The width class of each character: digits share one, each blank has its own (it may stand for several)."""
    return [
        "digit" if char.isdigit() or char == "?" else f" {place}" if char == " " else char
        for place, char in enumerate(text)
    ]


def _ties(names: Sequence[str], advance: float) -> tuple[np.ndarray, np.ndarray]:
    """Weak equations that hold widths to the usual advance, and offsets and what digits take more to zero, where the
    boxes do not tell."""
    strengths = {"start": 0.0, "width": WIDTH_TIE, "offset": OFFSET_TIE, "own": OWN_TIE}
    strength = np.array([strengths[name.split(" ")[0]] for name in names])
    goal = np.array([advance if name.startswith("width") else 0.0 for name in names])
    return np.diag(strength), strength * goal
