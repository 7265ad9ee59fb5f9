"""Where is the sky disk, when nobody says: the circle inside which it is ever bright and outside never.

Along rays from the middle, the places where light falls to dark at any of several levels are candidates
for the rim; the circle wins that has such places on most of its visible rim, dark beyond them and light
within. Trees, lamps, text and axes cost it a part of its rim, not the vote.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allsky.bright_moments import BrightMoments, bright_moments, within_picture
from allsky.disk_rim import circles_through, dark_beyond, falling_edges, fitted, rim_bins, rim_share, settled
from allsky.errors import NotASky
from allsky.sky_disk import SkyDisk

Scored = tuple[float, np.ndarray]

# Circles tried, on some of the edges; the best eighth on all; the best of these are fitted and judged in full,
# and the best of those moved about.
SAMPLES = 20_000
FINALISTS = 60
CLIMBERS = 6
SOME_EDGES = 600
# Circles that differ by less than this share of the radius are one.
LIKE = 0.015
# Radii considered, in shares of the picture's shorter and longer side.
SMALLEST, LARGEST = 0.2, 0.75
# Beyond the rim it is dark: no more than this share of the light within, and this much above what is usual there.
DARK_AROUND, DARK_STEP = 0.2, 0.08
# What is usual around a disk is this percentile of it: beside a black margin the corners of the sensor's own picture,
# which are never quite black, may be less than half.
AROUND_PERCENTILE = 75
# Below this score a circle is no sky disk. Of 26 recordings of 14 cameras, the 14 with a disk in view score
# 0.53 and more, 9 of other scenes 0.22 and less, 3 of skies larger than their frame 0.30 to 0.41.
LEAST_SCORE = 0.45


def find_sky_disk(frames: Sequence[np.ndarray], least_score: float = LEAST_SCORE) -> SkyDisk:
    """The sky disk common to `frames`, all of one size, luma (h, w) or RGB (h, w, 3) uint8.

    The more they differ (other hours, other nights) the better; a single frame may do. `confidence`, the score, is
    the share of the visible rim found, times how dark it is beyond, times how light within. Raises
    NotASky saying what was found instead where that is below `least_score`.
    """
    if not len(frames):
        raise NotASky("no sky disk: there is no frame to look for it in")
    height, width = frames[0].shape[:2]
    moments = bright_moments(frames)
    edges = falling_edges(moments)
    finalists = [(_score(moments, circle, edges), circle) for circle in _circles_to_judge(moments, edges)]
    finalists = [_climbed(moments, edges, *finalist) for finalist in _unlike(finalists, CLIMBERS)]
    score, circle = max(finalists, key=lambda finalist: finalist[0], default=(0.0, np.zeros(3)))
    if score < least_score:
        raise NotASky(_what_was_found(moments, score, len(frames), width, height, least_score))
    # A rim too faint to settle on stays where the vote was.
    final = settled(moments, circle)
    circle = final if _score(moments, final, edges) > 0.9 * score else circle
    center_x, center_y, radius = (round(float(value), 2) for value in moments.to_frame(circle))
    disk = SkyDisk(center_x, center_y, radius, width, height, "found", round(score, 3))
    return within_picture(disk, frames)


def find_sky_disk_of_nights(nights: Sequence[Sequence[np.ndarray]]) -> SkyDisk:
    """The sky disk common to several nights' frames; a night that shows something else costs the others nothing.

    Raises NotASky where no night shows one.
    """
    try:
        return find_sky_disk([frame for frames in nights for frame in frames])
    except NotASky:
        showing = [frames for frames in nights if _shows_disk(frames)]
        if len(showing) in (0, len(nights)):
            raise
        return find_sky_disk([frame for frames in showing for frame in frames])


def _shows_disk(frames: Sequence[np.ndarray]) -> bool:
    try:
        find_sky_disk(frames)
    except NotASky:
        return False
    return True


def rim_score(picture: np.ndarray, disk: SkyDisk) -> float:
    """How well a known disk, or one a percent or two beside it, fits a picture of bright moments (h, w) of its frame,
    or a smaller one; 0 to 1."""
    moments = bright_moments([picture])
    scale = picture.shape[1] / disk.width * moments.scale
    x, y = ((place + 0.5) * scale - 0.5 for place in (disk.center_x, disk.center_y))
    circle = np.array([x - moments.corner[0], y - moments.corner[1], disk.radius * scale])
    edges = falling_edges(moments)
    return _climbed(moments, edges, _score(moments, circle, edges), circle)[0]


def _what_was_found(moments: BrightMoments, score: float, n: int, width: int, height: int, least_score: float) -> str:
    spread = float(np.percentile(moments.bright, 95)) - moments.dark
    found = (
        f"nothing brighter than {spread:.0f} luma steps above black"
        if spread < 5
        else f"no circle that is light within and dark around (score {score:.2f} of {least_score})"
    )
    return (
        f"no sky disk in {n} frames of {width}x{height}: expected a round image of the sky, found {found}; "
        "set [camera] disk_center and disk_radius if these are frames of the sky"
    )


def _circles_to_judge(moments: BrightMoments, edges: np.ndarray) -> list[np.ndarray]:
    """Circles (x, y, radius) worth judging, of those through three `edges` each, fitted to the edges near them."""
    rng = np.random.default_rng(0)
    if len(edges) < 30:
        return []
    circles = circles_through(edges[rng.integers(0, len(edges), (SAMPLES, 3))])
    height, width = moments.bright.shape
    x, y, radius = circles.T
    fits = (radius > SMALLEST * min(width, height)) & (radius < LARGEST * max(width, height))
    fits &= (x > 0) & (y > 0) & (x < width) & (y < height)
    circles = circles[fits]
    if not len(circles):
        return []
    places = np.unique(np.round(edges), axis=0)
    few = places[rng.permutation(len(places))[:SOME_EDGES]]
    circles = circles[np.argsort(-_vote(moments, circles, few))[: SAMPLES // 8]]
    votes = _vote(moments, circles, places)
    best = _unlike([(float(vote), circle) for vote, circle in zip(votes, circles)], FINALISTS)
    return [fitted(circle, edges) for _, circle in best]


def _vote(moments: BrightMoments, circles: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of each circle's rim that has an edge and dark just beyond."""
    dark = moments.dark + max(2.0, 0.1 * float(np.percentile(moments.bright, 80) - moments.dark))
    hits, visible = rim_bins(moments, circles, edges)
    return rim_share(hits & visible & dark_beyond(moments, circles, dark, (1.04, 1.09)), visible)


def _score(moments: BrightMoments, circle: np.ndarray, edges: np.ndarray) -> float:
    """0 to 1: rim found with dark beyond it, times the share of dark around, times the share of light within."""
    hits, visible = rim_bins(moments, circle[None], edges)
    height, width = moments.bright.shape
    step = max(1, min(height, width) // 120)
    y, x = np.ogrid[:height:step, :width:step]
    distance = np.hypot(x - circle[0], y - circle[1]) / circle[2]
    bright = moments.bright[::step, ::step]
    around, within = bright[(distance > 1.02) & (distance < 1.25)], bright[distance < 0.95]
    if len(around) < 20 or len(within) < 20:
        return 0.0
    dark = _dark_level(moments.dark, np.percentile(around, AROUND_PERCENTILE), np.median(within))
    rim = hits & visible & dark_beyond(moments, circle[None], dark, tuple(np.linspace(1.02, 1.14, 9)))
    light = (within > np.percentile(around, 80)).mean()
    return float(rim_share(rim, visible)[0] * (around <= dark).mean() * light**2)


def _dark_level(darkest: float, around: float, within: float) -> float:
    """Luma up to which things beyond the rim are dark: little more than usual there, for glare reaches beyond it."""
    step = within - darkest
    return darkest + max(2.0, min(around - darkest, DARK_AROUND * step) + DARK_STEP * step)


def _unlike(scored: list[Scored], most: int) -> list[Scored]:
    """The best `most` of (score, circle), no two nearly the same."""
    best: list[Scored] = []
    for score, circle in sorted(scored, key=lambda one: -one[0]):
        if len(best) == most:
            break
        if all(np.abs(circle - other).max() > LIKE * circle[2] for _, other in best):
            best.append((score, circle))
    return best


def _climbed(moments: BrightMoments, edges: np.ndarray, score: float, circle: np.ndarray) -> Scored:
    """`circle` moved and resized, a percent of its radius and less at a time, while its score rises."""
    for share in (0.01, 0.005):
        moves = share * circle[2] * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
        for _ in range(4):
            scores = [_score(moments, circle + move, edges) for move in moves]
            if max(scores) <= score:
                break
            score, circle = max(scores), circle + moves[int(np.argmax(scores))]
    return score, circle
