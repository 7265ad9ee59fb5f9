"""Where does each character of a line of text stand, to a fraction of a pixel?

A text renderer puts one character after the other, each taking its advance; a box drawn tightly around the ink sits
off the middle of that advance by an amount that depends on the character alone (a `1` leans left). Both are
fitted to all boxes at once, so a box that took in a stray mark, or was never measured, does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Boxes farther than this from the fit, in pixels, count the less the farther they are (Huber's weights).
HUBER_PX = 0.7
ROUNDS = 12
# How firmly a width is held to the usual one, and an offset to none, against one measured box.
WIDTH_TIE, OFFSET_TIE = 0.02, 0.05


def place_centers(texts: Sequence[str], centers: np.ndarray) -> np.ndarray:
    """The x (n) of the middle of each character but blanks, for `texts` that differ only in their digits.

    `centers` (m, n) are the middles of the measured boxes in pixels, NaN where there is none. A digit's place is the
    middle of its cell, another character's the middle of its ink.
    """
    advance = usual_advance(texts[0], centers)
    columns, middle, ink = _design(texts)
    seen = ~np.isnan(centers)
    rows = (middle[None, :, :] + ink)[seen]
    target = centers[seen]
    ties, tied_to = _ties(columns, advance)
    weight = np.ones(len(target))
    for _ in range(ROUNDS):
        # Normal equations: two dozen unknowns, tied well enough to be told apart, and a hundredth of the time.
        left = rows.T @ (rows * weight[:, None]) + ties.T @ ties
        right = rows.T @ (target * weight) + ties.T @ tied_to
        found = np.linalg.lstsq(left, right, rcond=None)[0]
        away = np.abs(rows @ found - target)
        weight = np.minimum(1.0, HUBER_PX / np.maximum(away, 1e-9))
    placed = middle @ found
    other = np.array([not char.isdigit() and char != "?" for char in texts[0].replace(" ", "")])
    return np.where(other, (middle + ink[0]) @ found, placed)


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


def _design(texts: Sequence[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the unknowns, and what each contributes to the middle of each place (n, k) and to the offset of the ink
    of each text's characters (m, n, k)."""
    cells = _cells(texts[0])
    names = ["start", *dict.fromkeys(f"width {cell}" for cell in cells)]
    names += [f"offset {char}" for char in dict.fromkeys("".join(texts)) if char not in " ?"]
    number = {name: place for place, name in enumerate(names)}
    middle = []
    before = np.zeros(len(names))
    before[number["start"]] = 1.0
    for cell in cells:
        width = np.zeros(len(names))
        width[number[f"width {cell}"]] = 1.0
        if not cell.startswith(" "):
            middle.append(before + width / 2)
        before = before + width
    ink = np.zeros((len(texts), len(middle), len(names)))
    for row, text in enumerate(texts):
        for place, char in enumerate(text.replace(" ", "")):
            if char != "?":
                ink[row, place, number[f"offset {char}"]] = 1.0
    return names, np.array(middle), ink


def _cells(text: str) -> list[str]:
    """The width class of each character: digits share one, each blank has its own (it may stand for several)."""
    return [
        "digit" if char.isdigit() or char == "?" else f" {place}" if char == " " else char
        for place, char in enumerate(text)
    ]


def _ties(names: Sequence[str], advance: float) -> tuple[np.ndarray, np.ndarray]:
    """Weak equations that hold widths to the usual advance and offsets to zero where the boxes do not tell."""
    strength = np.array([0.0 if name == "start" else WIDTH_TIE if name[0] == "w" else OFFSET_TIE for name in names])
    goal = np.array([advance if name.startswith("width") else 0.0 for name in names])
    return np.diag(strength), strength * goal
