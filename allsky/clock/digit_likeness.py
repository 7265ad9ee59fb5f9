"""How much does each digit look like every digit at the other places?

By its strokes and by its brightness: the rim of the sky's disk behind a digit changes how its strokes stand out, but
not how bright they are. Where it counts, places are moved a little: boxes tell only roughly where a digit stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allsky.clock.glyphs import is_digit_place, unit, windows

# Places are looked for within this share of a character's width of where the boxes put them.
REACH = 0.2
SHIFTS = np.linspace(-REACH, REACH, 9)
# The share of places that are taken to be the least alike.
LEAST_PLACES = 0.15
# Stands for a digit without a name.
NO_LABEL = 10

# Patches (m, places, d) of the same digits by their strokes and, where it is at hand, by their brightness.
Looks = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Lesson:
    """The samples of one layout: `crops` (m, h, w), and `levels` (m, h, w), the same by brightness, where they are at
    hand; `labels` (m, digit places) 0 to 9 or NO_LABEL, its places; which digits (digit places, 10) are `possible` at
    each place, and which are `refused` though they were read there.
    """

    layout: str
    crops: np.ndarray
    labels: np.ndarray
    centers: np.ndarray
    width: int
    possible: np.ndarray
    refused: np.ndarray
    levels: np.ndarray | None = None

    def looks(self, away: float = 0.0) -> Looks:
        """The patches (m, places, d) of its digits in each guise, taken so many widths beside their places."""
        centers = self.digit_centers + away * self.width
        guises = (self.crops,) if self.levels is None else (self.crops, self.levels)
        return tuple(windows(crops, centers, self.width) for crops in guises)

    @property
    def is_digit(self) -> np.ndarray:
        return is_digit_place(self.layout)

    @property
    def digit_centers(self) -> np.ndarray:
        return self.centers[self.is_digit]


def least_alike(patches: np.ndarray, labels: np.ndarray) -> float:
    """How much the places whose digits are least like the same digits elsewhere have in common with them; -1 where no
    digit stands at two places. (Not the very least: it may be misread.)"""
    own = of_label(likeness_to_others((patches,), labels), labels)
    usual = usual_of_places(own)
    return float(np.nanquantile(usual, LEAST_PLACES)) if np.isfinite(usual).any() else -1.0


def likeness_to_others(looks: Looks, labels: np.ndarray) -> np.ndarray:
    """How much each patch is like each digit, in the guise and at the place where it is most like it, but its own place
    (m, places, 10); NaN where that stands nowhere else. Not like the mean of all: a place that shows one digit
    throughout would outweigh the others, and were it misread, make the true ones look false."""
    return _likeness_of([looks], looks, labels)


def usual_of_places(own: np.ndarray) -> np.ndarray:
    """The median (places) of what each place's patches have in common with their own digits elsewhere, `own` (m,
    places); NaN where these stand nowhere else."""
    return np.array([np.nanmedian(column) if np.isfinite(column).any() else np.nan for column in own.T])


def moved_likeness(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    """What `likeness_to_others` gives, each place moved within its reach to where it is most like any: where a digit
    stands that nobody read, or that is like nothing elsewhere, has not been told yet."""
    return _likeness_of([lesson.looks(away) for away in SHIFTS], lesson.looks(), labels)


def _likeness_of(moved: Sequence[Looks], looks: Looks, labels: np.ndarray) -> np.ndarray:
    """How much each patch, where it is most so of the places it was `moved` to, is like each digit elsewhere."""
    shapes = [mean_shapes(one, labels) for one in looks]
    each = [
        np.einsum("mpd,qkd->mpqk", patches, shape, optimize=True)
        for guises in moved
        for patches, shape in zip(guises, shapes, strict=True)
    ]
    return _best_elsewhere(np.max(each, axis=0), times_named(labels) > 0)


def _best_elsewhere(likeness: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Of the likenesses (m, places, places, 10) of each patch to the digits `seen` (places, 10) at every place the best
    at another place than its own (m, places, 10); NaN for digits that stand nowhere else."""
    elsewhere = seen[None] & ~np.eye(len(seen), dtype=bool)[:, :, None]
    best = np.where(elsewhere, likeness, -np.inf).max(axis=2)
    return np.where(np.isinf(best), np.nan, best)


def likeness_elsewhere(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    """How much each digit's mean shape at each place is at most like each digit's at another place (places, 10, 10),
    moved within the reach of a badly measured place; -1 where there is none."""
    seen = times_named(labels) > 0

    def shapes(away: float) -> np.ndarray:
        return np.stack([mean_shapes(one, labels) for one in lesson.looks(away)])

    moved = np.stack([shapes(away) for away in SHIFTS])
    likeness = np.einsum("sgpkd,gqjd->sgpkqj", moved, shapes(0.0), optimize=True).max(axis=(0, 1))
    places = np.arange(len(seen))
    likeness[places, :, places] = -1.0
    likeness[~(seen[:, :, None, None] & seen[None, None])] = -1.0
    return likeness.max(axis=2)


def of_label(likeness: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of likenesses (m, places, 10) that to each patch's own label (m, places), NaN for none."""
    rows, places = np.indices(labels.shape)
    return np.pad(likeness, ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)[rows, places, labels]


def mean_shapes(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean shape (places, 10, d) of the patches (m, places, d) that bear each label (m, places); zeros for none."""
    return unit(np.einsum("mpk,mpd->pkd", one_hot(labels), patches), 1e-6)


def times_named(labels: np.ndarray) -> np.ndarray:
    """How often (places, 10) each digit is named at each place by labels (m, places)."""
    return one_hot(labels).sum(axis=0)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """(..., 10) with a one at each label; all zeros for NO_LABEL."""
    return np.eye(NO_LABEL + 1, 10, dtype=np.float32)[labels]
