"""Circles and their rims on the map of bright moments: where light falls to dark, and on which circle it does.

A circle is (x, y, radius) in pixels of the map, several are (n, 3); a rim is looked at in BINS parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allsky.bright_moments import BORDER, BrightMoments

# Levels above the frame's dark at which light may end, in luma, about a factor 1.4 apart.
LEVELS = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 36, 54, 80)
RAYS = 360
BINS = 72
# A rim place belongs to a circle within this share of its radius.
TOLERANCE = 0.01
# Blur and compression spread a step of light over this many pixels.
STEP_WIDTH = 3.0


def falling_edges(moments: BrightMoments) -> np.ndarray:
    """Places (n, 2) on rays from the bright middle where light falls to dark for the last or last but one time."""
    bright, (height, width) = moments.bright, moments.bright.shape
    light = bright > (moments.dark + np.percentile(bright, 80)) / 2
    y0, x0 = (places.mean() if len(places) else size / 2 for places, size in zip(np.nonzero(light), bright.shape))
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    reach = np.arange(0, np.hypot(width, height), 0.5)
    x, y = x0 + np.outer(np.cos(angle), reach), y0 + np.outer(np.sin(angle), reach)
    values, inside = moments.at(x, y), moments.holds(x, y, BORDER)
    edges = []
    for level in moments.dark + np.array(LEVELS):
        falls = (values[:, :-1] >= level) & (values[:, 1:] < level) & inside[:, 1:]
        from_outside = falls[:, ::-1].cumsum(axis=1)[:, ::-1]
        ray, step = np.nonzero(falls & (from_outside <= 2))
        before, after = values[ray, step], values[ray, step + 1]
        distance = reach[step] + 0.5 * (before - level) / (before - after)
        edges.append(np.c_[x0 + np.cos(angle[ray]) * distance, y0 + np.sin(angle[ray]) * distance])
    return np.concatenate(edges)


def circles_through(triples: np.ndarray) -> np.ndarray:
    """The circles (n, 3: x, y, radius) through three points each, (n, 3, 2); NaN where these lie on a line."""
    a, b, c = triples[:, 0], triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0]
    cross = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    cross[np.abs(cross) < 1e-6] = np.nan
    bb, cc = (b**2).sum(axis=1), (c**2).sum(axis=1)
    x = (c[:, 1] * bb - b[:, 1] * cc) / cross
    y = (b[:, 0] * cc - c[:, 0] * bb) / cross
    return np.c_[a[:, 0] + x, a[:, 1] + y, np.hypot(x, y)]


def fitted(circle: np.ndarray, edges: np.ndarray, tolerance: float = 1.5 * TOLERANCE) -> np.ndarray:
    """`circle` moved to the edges near it, by least squares in which every direction weighs the same."""
    for _ in range(6):
        offset = edges - circle[:2]
        distance = np.hypot(*offset.T)
        near = np.abs(distance - circle[2]) < tolerance * circle[2]
        if near.sum() < 10:
            return circle
        direction = offset[near] / distance[near, None]
        bins = _bin_of(offset[near])
        weight = 1 / np.sqrt(np.bincount(bins, minlength=BINS)[bins])
        equations = np.c_[direction, np.ones(len(bins))] * weight[:, None]
        circle = circle + np.linalg.lstsq(equations, (distance[near] - circle[2]) * weight, rcond=None)[0]
    return circle


def _bin_of(offset: np.ndarray) -> np.ndarray:
    return (np.arctan2(offset[..., 1], offset[..., 0]) / (2 * np.pi) % 1 * BINS).astype(int) % BINS


def rim_bins(moments: BrightMoments, circles: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, BINS) each: whether a rim place lies on that part of the circle, and whether that part is in the picture."""
    hits = np.zeros((len(circles), BINS), dtype=bool)
    for start in range(0, len(circles), 200):
        some = circles[start : start + 200]
        x, y = (np.subtract.outer(some[:, k], edges[:, k]).astype(np.float32) for k in (0, 1))
        off = np.sqrt(x * x + y * y) - some[:, 2:].astype(np.float32)
        which, edge = np.nonzero(np.abs(off) < TOLERANCE * some[:, 2:])
        hits[start + which, _bin_of(-np.c_[x[which, edge], y[which, edge]])] = True
    angle = (np.arange(BINS) + 0.5) * 2 * np.pi / BINS
    x = circles[:, :1] + circles[:, 2:] * np.cos(angle)
    y = circles[:, 1:2] + circles[:, 2:] * np.sin(angle)
    return hits, moments.holds(x, y, BORDER + TOLERANCE * circles[:, 2:])


def rim_share(hits: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Share of the visible rim that is found, less where little of the rim is in the picture."""
    n_visible = visible.sum(axis=-1)
    return hits.sum(axis=-1) / np.maximum(n_visible, BINS // 6) * np.sqrt(n_visible / BINS)


def dark_beyond(moments: BrightMoments, circles: np.ndarray, dark: float, shares: Sequence[float]) -> np.ndarray:
    """(n, BINS): whether that part of each circle is dark just outside, at `shares` of the radius.

    Beyond the picture counts as dark; so does a part with a spot of light, a fifth of it.
    """
    angle = (np.arange(2 * BINS) + 0.5) * np.pi / BINS
    radius = circles[:, 2, None, None] * np.asarray(shares)
    x = circles[:, 0, None, None] + np.cos(angle)[:, None] * radius
    y = circles[:, 1, None, None] + np.sin(angle)[:, None] * radius
    flat = moments.at(x.reshape(len(circles), -1), y.reshape(len(circles), -1)) <= dark
    return (flat.reshape(x.shape) | ~moments.holds(x, y)).reshape(len(circles), BINS, -1).mean(axis=2) > 0.8


def settled(moments: BrightMoments, circle: np.ndarray) -> np.ndarray:
    """`circle` moved to where, on each ray, the light of the outermost step has fallen half way.

    Not half way from the sky: trees may stand between it and the rim, darker than sky and lighter than nothing.
    """
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    for _ in range(2):
        radius = circle[2] + np.arange(-0.06 * circle[2] - STEP_WIDTH, 0.06 * circle[2], 0.25)
        x, y = circle[0] + np.outer(np.cos(angle), radius), circle[1] + np.outer(np.sin(angle), radius)
        seen = moments.holds(x, y).all(axis=1)
        rays, steps = _outermost_steps(moments.at(x[seen], y[seen]), round(STEP_WIDTH / 0.25))
        if len(rays) < RAYS // 8:
            return circle
        edges = np.c_[x[seen][rays, steps], y[seen][rays, steps]]
        circle = fitted(circle, edges, tolerance=0.03)
        off = np.abs(np.hypot(*(edges - circle[:2]).T) - circle[2])
        circle = fitted(circle, edges, tolerance=max(0.004, 3 * float(np.median(off)) / circle[2]))
    return circle


def _outermost_steps(profiles: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the `profiles` (n, steps outwards) fall to dark, and the index where the last fall is half done."""
    outer = np.median(profiles[:, -profiles.shape[1] // 3 :], axis=1, keepdims=True)
    inner = np.median(profiles[:, : profiles.shape[1] // 3], axis=1, keepdims=True)
    above = profiles > outer + np.maximum(2.0, 0.04 * (inner - outer))
    end = profiles.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    before = np.maximum(end - width, 0)
    half = (profiles[np.arange(len(profiles)), before][:, None] + outer) / 2
    lit = (profiles >= half) & (np.arange(profiles.shape[1]) <= end[:, None])
    steps = profiles.shape[1] - 1 - lit[:, ::-1].argmax(axis=1)
    sound = above.any(axis=1) & (before > 0) & (end < profiles.shape[1] * 0.9) & (half > outer + 1)[:, 0]
    return np.nonzero(sound)[0], steps[sound]
