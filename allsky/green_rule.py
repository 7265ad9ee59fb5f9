"""How far does one get by counting green pixels?

The classical baseline beside which a network has to prove itself: aurora is bright in the green
oxygen line (557.7 nm), so a frame is called positive when enough pixels of the sky are greener than
some level. Which measure of green, which level and which share of the sky are tuned on labelled
frames, so that the rule is as good a rival as it can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from allsky.pictures import inscribed_disk, read_pictures

# Pictures are measured at this size in pixels: averaging over the sensor's noise helps the rule.
MEASURED_SIZE = 128

# Candidate levels of each measure, from hardly green to vivid.
_LEVELS = {
    # Green above the mean of red and blue, in grey levels of 255.
    "excess": np.array([1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64]),
    # The same as a share of the pixel's brightness, which exposure and moonlight change less.
    "chroma": np.array([0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.17, 0.22, 0.28, 0.35, 0.45]),
    # HSV saturation of the pixels whose hue is green (60 to 180 degrees).
    "saturation": np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
}
CANDIDATES = tuple((measure, float(level)) for measure, levels in _LEVELS.items() for level in levels)

# Pixels darker than this (of 255) have no colour worth the name.
_DARK = 8


@dataclass(frozen=True)
class GreenRule:
    """Positive when at least `share` of the sky's pixels reach `level` of `measure`.

    `measure` is `excess` (grey levels), `chroma` (of brightness) or `saturation` (HSV, green hues).
    """

    measure: str
    level: float
    share: float

    def scores(self, shares: np.ndarray) -> np.ndarray:
        """The share of green sky in each frame, (n,), from `green_shares` or `measure_pictures` (n, candidates)."""
        return shares[:, CANDIDATES.index((self.measure, self.level))]

    def decides(self, shares: np.ndarray) -> np.ndarray:
        """Whether each frame is called positive, bool (n,)."""
        return self.scores(shares) >= self.share

    def __str__(self) -> str:
        return f"positive when {100 * self.share:.2f} % of the sky or more has green {self.measure} >= {self.level:g}"


def green_shares(rgb: np.ndarray) -> np.ndarray:
    """For each of `CANDIDATES`, the share of a sky picture's disk that is at least so green: (candidates,).

    `rgb` is a square picture, uint8 (size, size, 3), black outside the disk.
    """
    sky = rgb[inscribed_disk(rgb.shape[0])]
    measures = {"excess": _excess(sky), "chroma": _chroma(sky), "saturation": _green_saturation(sky)}
    return np.array([np.mean(measures[measure] >= level) for measure, level in CANDIDATES])


def measure_pictures(paths: list[Path]) -> np.ndarray:
    """`green_shares` of each picture: (n, candidates). Raises BadImage naming an unreadable one."""
    batches = read_pictures(paths, MEASURED_SIZE, batch_size=32)
    rows = [green_shares(rgb) for batch in batches for rgb in batch]
    return np.array(rows).reshape(len(paths), len(CANDIDATES))


def tune_green_rule(shares: np.ndarray, positive: np.ndarray, weight: np.ndarray | None = None) -> GreenRule:
    """The rule with the highest balanced accuracy on labelled frames.

    `shares` (n, candidates) as from `measure_pictures`; `positive` bool (n,); `weight` the frames'
    sampling weights. Among rules and cuts that do equally well the one with the widest gap between the frames on
    either side is taken, in proportion to the cut. Raises ValueError unless both answers occur.
    """
    positive = np.asarray(positive, bool)
    if positive.all() or not positive.any():
        raise ValueError("a green-pixel rule is tuned on frames with and frames without aurora; only one kind is here")
    weights = np.ones(len(positive)) if weight is None else np.asarray(weight, float)
    best = [_best_cut(column, positive, weights) for column in shares.T]
    chosen = max(range(len(best)), key=lambda candidate: best[candidate])
    measure, level = CANDIDATES[chosen]
    return GreenRule(measure, level, best[chosen][-1])


def balanced_accuracy(positive: np.ndarray, decided: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean of the shares of positives and of negatives that were decided rightly."""
    weights = np.ones(len(positive)) if weight is None else np.asarray(weight, float)
    right = np.asarray(decided, bool) == np.asarray(positive, bool)
    halves = (np.asarray(positive, bool), ~np.asarray(positive, bool))
    return float(np.mean([np.average(right[half], weights=weights[half]) for half in halves]))


def _excess(sky: np.ndarray) -> np.ndarray:
    red, green, blue = sky.astype(np.float32).T
    return green - (red + blue) / 2


def _chroma(sky: np.ndarray) -> np.ndarray:
    return np.where(sky.max(axis=1) >= _DARK, _excess(sky) / np.maximum(sky.sum(axis=1), 1), 0)


def _green_saturation(sky: np.ndarray) -> np.ndarray:
    hue, saturation, value = cv2.cvtColor(sky[None], cv2.COLOR_RGB2HSV)[0].T
    # OpenCV stores hue in steps of two degrees.
    green = (hue >= 30) & (hue <= 90) & (value >= _DARK)
    return np.where(green, saturation / 255, 0)


def _best_cut(score: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> tuple[float, float, float]:
    """Highest balanced accuracy of `score >= cut`, the relative gap there, and the cut, midway between two scores."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    hits = np.cumsum((weight * positive)[order]) / (weight * positive).sum()
    alarms = np.cumsum((weight * ~positive)[order]) / (weight * ~positive).sum()
    below = np.append(ranked[1:], 0.0)
    # Rounded, so that what is equal but for the order of additions is a tie.
    accuracy = np.where(ranked > below, np.round((1 + hits - alarms) / 2, 12), 0)
    gap = np.divide(ranked - below, ranked, out=np.zeros_like(ranked), where=ranked > 0)
    best = int(np.lexsort((gap, accuracy))[-1])
    return float(accuracy[best]), float(gap[best]), float((ranked[best] + below[best]) / 2)
