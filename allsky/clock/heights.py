"""Does a line of text stand a pixel higher or lower on this crop than on the others?

Where a program places text by its ink, a line moves by a pixel when a digit that reaches lower comes or goes. Crops of
such a clock are moved back before their glyphs are learned or read; other clocks are left as they are.
"""

from __future__ import annotations

import numpy as np

# Rows by which a crop may be moved.
STEPS = (-1, 0, 1)
# A crop is moved where its rows are then more alike the others' by this.
CLEARLY = 0.02
# Text moves where so many crops, and this share of them, are moved, or one is beyond any doubt: its rows are more alike
# the others' by this, and then alike.
FEWEST_MOVED, LEAST_MOVED = 2, 0.1
SURELY, ALIKE = 0.3, 0.8


def common_rows(inks: np.ndarray) -> tuple[float, ...]:
    """How ink is spread over the rows of crops (n, h, w) of one clock; empty where its text keeps its height."""
    rows = _rows(inks)
    first = rows[(rows @ rows.T).sum(axis=0).argmax()]
    likeness, moved = _likeness(rows, first), _steps(rows, first)
    best, here = likeness.max(axis=0), likeness[STEPS.index(0)]
    surely = ((best - here >= SURELY) & (best >= ALIKE)).any()
    if not surely and np.count_nonzero(moved) < max(FEWEST_MOVED, LEAST_MOVED * len(inks)):
        return ()
    return tuple(np.round(_rows(_rolled(inks, moved)).mean(axis=0), 4).tolist())


def at_one_height(inks: np.ndarray, common: tuple[float, ...]) -> np.ndarray:
    """Crops (n, h, w), each moved to the height of the `common_rows`; as they are where there are none."""
    return _rolled(inks, _steps(_rows(inks), np.array(common))) if common else inks


def _rows(inks: np.ndarray) -> np.ndarray:
    """The ink of each row (n, h), of zero mean and unit length."""
    rows = inks.mean(axis=2, dtype=np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _steps(rows: np.ndarray, common: np.ndarray) -> np.ndarray:
    """By how many rows (n) each crop is to be moved down."""
    likeness = _likeness(rows, common) - CLEARLY * np.abs(STEPS)[:, None]
    return np.array(STEPS)[likeness.argmax(axis=0)]


def _likeness(rows: np.ndarray, common: np.ndarray) -> np.ndarray:
    """How alike (steps, n) the common rows those of each crop are, moved by each of the STEPS."""
    return np.stack([np.roll(rows, step, axis=1) @ common for step in STEPS])


def _rolled(inks: np.ndarray, steps: np.ndarray) -> np.ndarray:
    answer = inks.copy()
    for step in set(steps.tolist()) - {0}:
        answer[steps == step] = np.roll(inks[steps == step], step, axis=1)
    return answer
