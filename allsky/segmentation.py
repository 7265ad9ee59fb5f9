"""Which part of the sky does a heat map cover, and how well does it meet the truth?

A map thresholded within the sky disk is a mask that nobody drew: weakly supervised segmentation. How much of the sky it
covers is counted in solid angle, since a fisheye's pixels see unequal shares of it.
"""

from __future__ import annotations

import cv2
import numpy as np

# A map is scaled by its own maximum; from this share of it on a place counts as seen.
THRESHOLD = 0.5


def map_to_mask(heat: np.ndarray, sky: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """Where a map, any size, reaches `threshold` of its maximum within `sky`: bool (h, w), as `sky`."""
    height, width = sky.shape
    fitted = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    largest = float(np.max(fitted * sky, initial=0.0))
    return (fitted >= threshold * largest) & sky if largest > 0 else np.zeros_like(sky)


def covered_fraction(mask: np.ndarray, solid_angle: np.ndarray) -> float:
    """The share of the sky's solid angle that a mask covers; `solid_angle` [sr] of each pixel is 0 outside the sky."""
    total = float(solid_angle.sum())
    return float(solid_angle[mask].sum()) / total if total > 0 else 0.0


def overlap(mask: np.ndarray, truth: np.ndarray, solid_angle: np.ndarray | None = None) -> float:
    """Intersection over union of two masks, in pixels or in solid angle; NaN where both are empty."""
    weight = np.ones(mask.shape) if solid_angle is None else solid_angle
    union = float(weight[mask | truth].sum())
    return float(weight[mask & truth].sum()) / union if union > 0 else float("nan")
