"""Where is the sky disk, when nobody says: the circle inside which it is ever bright and outside never.

The frames' brightest moments (auroras, twilight, the moon's glow on lens and ground) show the rim of
the lens's image where a single dark frame does not. Along rays from the middle, the places where light
falls to dark at any of several levels are candidates for the rim; the circle wins that has such places
on most of its visible rim, dark beyond them and light within. Trees, lamps, text and axes cost it a
part of its rim, not the vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from allsky.errors import NotASky
from allsky.sky_disk import SkyDisk

# The search works on frames no larger than this [pixel]: 1 % of the radius is then more than a pixel.
WORKING_SIZE = 640
# Share of frames in which a pixel is darker than its entry in the map of bright moments, in percent.
BRIGHT_PERCENTILE = 95
# Luma that only paper has all the time (white margins of a figure); video white is 235.
PAPER_LUMA = 225
# Correlation with the usual frame that only other things than the sky fall below: cards have 0.1, skies 0.8 and more.
LEAST_LIKENESS = 0.4
# Levels above the frame's dark at which light may end, in luma, about a factor 1.4 apart.
LEVELS = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 36, 54, 80)
RAYS = 360
BINS = 72
# A rim place belongs to a circle within this share of its radius.
TOLERANCE = 0.01
# Places this close to the picture's border [pixel] are the border's own.
BORDER = 3
# Beyond the rim it is dark: no more than this share of the light within, and this much above what is usual there.
DARK_AROUND, DARK_STEP = 0.2, 0.08
# Blur and compression spread a step of light over this many pixels.
STEP_WIDTH = 3.0
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
# Below this score a circle is no sky disk. Over 24 recordings of 12 cameras, the 14 with a disk in view
# score 0.57 and more, those of other scenes 0.25 and less, skies larger than their frame between.
LEAST_SCORE = 0.45


@dataclass(frozen=True)
class BrightMoments:
    """How bright each pixel ever is: `bright` (h, w) float32 luma of the part of the frame that is a picture.

    `dark` is its dark level; a pixel (x, y) of it is pixel ((x, y) + `corner` + 0.5) / `scale` - 0.5 of the frame.
    """

    bright: np.ndarray
    dark: float
    corner: tuple[int, int]
    scale: float

    def to_frame(self, circle: np.ndarray) -> np.ndarray:
        center = (circle[:2] + self.corner + 0.5) / self.scale - 0.5
        return np.array([*center, circle[2] / self.scale])


def find_sky_disk(frames: Sequence[np.ndarray]) -> SkyDisk:
    """The sky disk common to `frames`, all of one size, luma (h, w) or RGB (h, w, 3) uint8.

    The more they differ (other hours, other nights) the better; a single frame may do. `confidence` is
    the share of the visible rim found, times how dark it is beyond, times how light within. Raises
    NotASky saying what was found instead.
    """
    height, width = frames[0].shape[:2]
    moments = bright_moments(frames)
    edges = _falling_edges(moments)
    finalists = [(_score(moments, circle, edges), circle) for circle in _circles_to_judge(moments, edges)]
    finalists = [_climbed(moments, edges, *finalist) for finalist in _unlike(finalists, CLIMBERS)]
    score, circle = max(finalists, key=lambda finalist: finalist[0], default=(0.0, None))
    if score < LEAST_SCORE:
        raise NotASky(_what_was_found(moments, score, len(frames), width, height))
    settled = _settled(moments, circle)
    # A rim too faint to settle on stays where the vote was.
    circle = settled if _score(moments, settled, edges) > 0.9 * score else circle
    center_x, center_y, radius = (round(float(value), 2) for value in moments.to_frame(circle))
    disk = SkyDisk(center_x, center_y, radius, width, height, "found", round(score, 3))
    return within_picture(disk, frames)


def within_picture(disk: SkyDisk, frames: Sequence[np.ndarray]) -> SkyDisk:
    """`disk` with the part of the frame that is the camera's picture, where white paper surrounds it in `frames`."""
    x, y, width, height = _picture_box(_ever_paper([_small_luma(frame, 1.0) for frame in frames]))
    if (width, height) == (disk.width, disk.height):
        return disk
    # Drawn frames and the blur of compression reach a few pixels into the picture.
    inset = BORDER
    return replace(
        disk,
        picture_x=x + inset,
        picture_y=y + inset,
        picture_width=width - 2 * inset,
        picture_height=height - 2 * inset,
    )


def _what_was_found(moments: BrightMoments, score: float, n: int, width: int, height: int) -> str:
    spread = float(np.percentile(moments.bright, 95)) - moments.dark
    found = (
        f"nothing brighter than {spread:.0f} luma steps above black"
        if spread < 5
        else f"no circle that is light within and dark around (score {score:.2f} of {LEAST_SCORE})"
    )
    return (
        f"no sky disk in {n} frames of {width}x{height}: expected a round image of the sky, found {found}; "
        "set [camera] disk_center and disk_radius if these are frames of the sky"
    )


# The picture within the frame.


def bright_moments(frames: Sequence[np.ndarray]) -> BrightMoments:
    """The map of bright moments of `frames`, without white margins and plots around the picture."""
    scale = min(1.0, WORKING_SIZE / max(frames[0].shape[:2]))
    small = _alike([_small_luma(frame, scale) for frame in frames])
    paper = _ever_paper(small)
    bright = np.percentile(small, BRIGHT_PERCENTILE, axis=0).astype(np.float32)
    x, y, width, height = _picture_box(paper)
    if (width, height) != bright.shape[::-1]:
        around = cv2.dilate(paper.astype(np.uint8), np.ones((5, 5))) > 0
        bright[around] = bright[~around].min(initial=255.0)
    picture = cv2.GaussianBlur(bright[y : y + height, x : x + width], (0, 0), 1.0)
    return BrightMoments(picture, float(np.percentile(picture, 5)), (x, y), scale)


def _alike(lumas: list[np.ndarray]) -> list[np.ndarray]:
    """The frames that share the usual frame's pattern of light and dark: no cards between them, no empty frames."""
    if len(lumas) < 3:
        return lumas
    usual = np.median(lumas, axis=0).ravel()[::7]
    with np.errstate(invalid="ignore"):
        likeness = [np.corrcoef(luma.ravel()[::7], usual)[0, 1] for luma in lumas]
    return [luma for luma, r in zip(lumas, likeness) if r > LEAST_LIKENESS] or lumas


def _ever_paper(lumas: Sequence[np.ndarray]) -> np.ndarray:
    """Where every frame is as white as paper, (h, w) bool."""
    darkest = lumas[0].copy()
    for luma in lumas[1:]:
        np.minimum(darkest, luma, out=darkest)
    return darkest >= PAPER_LUMA


def _picture_box(paper: np.ndarray) -> tuple[int, int, int, int]:
    """x, y, width and height of the largest thing on the paper; of everything where the edges are not of paper."""
    height, width = paper.shape
    if paper[[0, -1]].mean() + paper[:, [0, -1]].mean() > 1:
        parts, _, boxes, _ = cv2.connectedComponentsWithStats((~paper).astype(np.uint8), connectivity=4)
        if parts > 1:
            x, y, width, height = boxes[1 + np.argmax(boxes[1:, cv2.CC_STAT_AREA])][:4].tolist()
            return x, y, width, height
    return 0, 0, width, height


def _small_luma(frame: np.ndarray, scale: float) -> np.ndarray:
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else frame
    return cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else luma


# Candidates.


def _circles_to_judge(moments: BrightMoments, edges: np.ndarray) -> list[np.ndarray]:
    """Circles (x, y, radius) worth judging, of those through three `edges` each, fitted to the edges near them."""
    rng = np.random.default_rng(0)
    if len(edges) < 30:
        return []
    circles = _circles_through(edges[rng.integers(0, len(edges), (SAMPLES, 3))])
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
    return [_fitted(circle, edges) for _, circle in best]


def _vote(moments: BrightMoments, circles: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of each circle's rim that has an edge and dark just beyond."""
    dark = moments.dark + max(2.0, 0.1 * float(np.percentile(moments.bright, 80) - moments.dark))
    hits, visible = _rim_bins(moments, circles, edges)
    return _rim_share(hits & visible & _dark_beyond(moments, circles, dark, (1.04, 1.09)), visible)


def _falling_edges(moments: BrightMoments) -> np.ndarray:
    """Places (n, 2) on rays from the bright middle where light falls to dark for the last or last but one time."""
    bright, (height, width) = moments.bright, moments.bright.shape
    light = bright > (moments.dark + np.percentile(bright, 80)) / 2
    y0, x0 = (places.mean() if len(places) else size / 2 for places, size in zip(np.nonzero(light), bright.shape))
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    reach = np.arange(0, np.hypot(width, height), 0.5)
    x, y = x0 + np.outer(np.cos(angle), reach), y0 + np.outer(np.sin(angle), reach)
    values = _sampled(bright, x, y)
    inside = (x >= BORDER) & (y >= BORDER) & (x <= width - 1 - BORDER) & (y <= height - 1 - BORDER)
    edges = []
    for level in moments.dark + np.array(LEVELS):
        falls = (values[:, :-1] >= level) & (values[:, 1:] < level) & inside[:, 1:]
        from_outside = falls[:, ::-1].cumsum(axis=1)[:, ::-1]
        ray, step = np.nonzero(falls & (from_outside <= 2))
        before, after = values[ray, step], values[ray, step + 1]
        distance = reach[step] + 0.5 * (before - level) / (before - after)
        edges.append(np.c_[x0 + np.cos(angle[ray]) * distance, y0 + np.sin(angle[ray]) * distance])
    return np.concatenate(edges)


def _sampled(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cv2.remap(
        image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _circles_through(triples: np.ndarray) -> np.ndarray:
    """The circles (n, 3: x, y, radius) through three points each, (n, 3, 2); NaN where these lie on a line."""
    a, b, c = triples[:, 0], triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0]
    cross = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    cross[np.abs(cross) < 1e-6] = np.nan
    bb, cc = (b**2).sum(axis=1), (c**2).sum(axis=1)
    x = (c[:, 1] * bb - b[:, 1] * cc) / cross
    y = (b[:, 0] * cc - c[:, 0] * bb) / cross
    return np.c_[a[:, 0] + x, a[:, 1] + y, np.hypot(x, y)]


def _fitted(circle: np.ndarray, edges: np.ndarray, tolerance: float = 1.5 * TOLERANCE) -> np.ndarray:
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


# Judgement.


def _bin_of(offset: np.ndarray) -> np.ndarray:
    return (np.arctan2(offset[..., 1], offset[..., 0]) / (2 * np.pi) % 1 * BINS).astype(int) % BINS


def _rim_bins(moments: BrightMoments, circles: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, BINS) each: whether a rim place lies on that part of the circle, and whether that part is in the picture."""
    height, width = moments.bright.shape
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
    margin = BORDER + TOLERANCE * circles[:, 2:]
    visible = (x >= margin) & (y >= margin) & (x <= width - 1 - margin) & (y <= height - 1 - margin)
    return hits, visible


def _rim_share(hits: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Share of the visible rim that is found, less where little of the rim is in the picture."""
    n_visible = visible.sum(axis=-1)
    return hits.sum(axis=-1) / np.maximum(n_visible, BINS // 6) * np.sqrt(n_visible / BINS)


def _score(moments: BrightMoments, circle: np.ndarray, edges: np.ndarray) -> float:
    """0 to 1: rim found with dark beyond it, times the share of dark around, times the share of light within."""
    hits, visible = _rim_bins(moments, circle[None], edges)
    height, width = moments.bright.shape
    step = max(1, min(height, width) // 120)
    y, x = np.ogrid[:height:step, :width:step]
    distance = np.hypot(x - circle[0], y - circle[1]) / circle[2]
    bright = moments.bright[::step, ::step]
    around, within = bright[(distance > 1.02) & (distance < 1.25)], bright[distance < 0.95]
    if len(around) < 20 or len(within) < 20:
        return 0.0
    dark = _dark_level(moments.dark, np.median(around), np.median(within))
    rim = hits & visible & _dark_beyond(moments, circle[None], dark, np.linspace(1.02, 1.14, 9))
    light = (within > np.percentile(around, 80)).mean()
    return float(_rim_share(rim, visible)[0] * (around <= dark).mean() * light**2)


def _unlike(scored: list[tuple[float, np.ndarray]], most: int) -> list[tuple[float, np.ndarray]]:
    """The best `most` of (score, circle), no two nearly the same."""
    best: list[tuple[float, np.ndarray]] = []
    for score, circle in sorted(scored, key=lambda one: -one[0]):
        if len(best) == most:
            break
        if all(np.abs(circle - other).max() > LIKE * circle[2] for _, other in best):
            best.append((score, circle))
    return best


def _climbed(moments: BrightMoments, edges: np.ndarray, score: float, circle: np.ndarray) -> tuple[float, np.ndarray]:
    """`circle` moved and resized, a percent of its radius and less at a time, while its score rises."""
    for share in (0.01, 0.005):
        moves = share * circle[2] * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
        for _ in range(4):
            scores = [_score(moments, circle + move, edges) for move in moves]
            if max(scores) <= score:
                break
            score, circle = max(scores), circle + moves[int(np.argmax(scores))]
    return score, circle


def _dark_level(darkest: float, around: float, within: float) -> float:
    """Luma up to which something beyond the rim is dark: little more than usual there (glare reaches beyond the rim)."""
    step = within - darkest
    return darkest + max(2.0, min(around - darkest, DARK_AROUND * step) + DARK_STEP * step)


def _dark_beyond(moments: BrightMoments, circles: np.ndarray, dark: float, shares: Sequence[float]) -> np.ndarray:
    """(n, BINS): whether that part of each circle is dark just outside, at `shares` of the radius.

    Beyond the picture counts as dark; so does a part with a spot of light, a fifth of it.
    """
    angle = (np.arange(2 * BINS) + 0.5) * np.pi / BINS
    radius = circles[:, 2, None, None] * np.asarray(shares)
    x = circles[:, 0, None, None] + np.cos(angle)[:, None] * radius
    y = circles[:, 1, None, None] + np.sin(angle)[:, None] * radius
    height, width = moments.bright.shape
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    flat = _sampled(moments.bright, x.reshape(len(circles), -1), y.reshape(len(circles), -1)) <= dark
    return (flat.reshape(x.shape) | outside).reshape(len(circles), BINS, -1).mean(axis=2) > 0.8


def _settled(moments: BrightMoments, circle: np.ndarray) -> np.ndarray:
    """`circle` moved to where, on each ray, the light of the outermost step has fallen half way.

    Not half way from the sky: trees may stand between it and the rim, darker than sky and lighter than nothing.
    """
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    height, width = moments.bright.shape
    for _ in range(2):
        radius = circle[2] + np.arange(-0.06 * circle[2] - STEP_WIDTH, 0.06 * circle[2], 0.25)
        x, y = circle[0] + np.outer(np.cos(angle), radius), circle[1] + np.outer(np.sin(angle), radius)
        seen = (x.min(axis=1) >= 0) & (y.min(axis=1) >= 0) & (x.max(axis=1) < width) & (y.max(axis=1) < height)
        rays, steps = _outermost_steps(_sampled(moments.bright, x[seen], y[seen]), round(STEP_WIDTH / 0.25))
        if len(rays) < RAYS // 8:
            return circle
        edges = np.c_[x[seen][rays, steps], y[seen][rays, steps]]
        circle = _fitted(circle, edges, tolerance=0.03)
        off = np.abs(np.hypot(*(edges - circle[:2]).T) - circle[2])
        circle = _fitted(circle, edges, tolerance=max(0.004, 3 * float(np.median(off)) / circle[2]))
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
