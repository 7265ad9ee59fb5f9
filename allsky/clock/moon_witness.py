"""Where does the moon stand in a night's pictures?

The moon is the one thing in a night sky that burns out a round spot of the picture, moves, and is not always there.
Lamps on the horizon burn out too, but stand still: what is bright in nearly all pictures of a night is none.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from allsky.pictures import inscribed_disk

# Luma from which a pixel is burnt out, and by how much a spot must stand above its surroundings [of 255].
BURNT_OUT, LEAST_CONTRAST = 235, 90
# Smallest and largest spot, as shares of the sky's pixels: a planet is smaller, a lit cloud or a lamp's glare larger.
SMALLEST, LARGEST = 2e-4, 2e-2
# A spot fills this share of the circle about it; streaks and clouds' edges do not.
ROUND = 0.5
# What is burnt out in more than this share of a night's pictures stands still.
STANDING = 0.5


def moon_places(squares: Sequence[np.ndarray]) -> list[tuple[float, float] | None]:
    """x and y [pixel] of the moon in each of a night's squares, uint8 (size, size, 3); None where none is seen."""
    if not len(squares):
        return []
    lumas = [cv2.cvtColor(square, cv2.COLOR_RGB2GRAY) for square in squares]
    sky = inscribed_disk(len(lumas[0]))
    burnt = [(luma >= BURNT_OUT) & sky for luma in lumas]
    standing = np.mean(burnt, axis=0) > STANDING
    around = cv2.dilate(standing.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return [_spot(luma, spots & ~around, sky) for luma, spots in zip(lumas, burnt, strict=True)]


def _spot(luma: np.ndarray, burnt: np.ndarray, sky: np.ndarray) -> tuple[float, float] | None:
    """The middle of the largest round spot."""
    count, _, stats, middles = cv2.connectedComponentsWithStats(burnt.astype(np.uint8))
    size = int(sky.sum())
    for spot in sorted(range(1, count), key=lambda spot: -stats[spot, cv2.CC_STAT_AREA]):
        area = int(stats[spot, cv2.CC_STAT_AREA])
        reach = max(stats[spot, cv2.CC_STAT_WIDTH], stats[spot, cv2.CC_STAT_HEIGHT])
        is_round = area >= ROUND * np.pi / 4 * reach**2
        if SMALLEST * size <= area <= LARGEST * size and is_round and _stands_out(luma, middles[spot], reach, sky):
            return float(middles[spot][0]), float(middles[spot][1])
    return None


def _stands_out(luma: np.ndarray, middle: np.ndarray, reach: int, sky: np.ndarray) -> bool:
    """Whether it is much darker four spots away."""
    y, x = np.ogrid[: luma.shape[0], : luma.shape[1]]
    distance = np.hypot(x - middle[0], y - middle[1])
    ring = sky & (distance >= 3.5 * reach) & (distance <= 4.5 * reach)
    return bool(ring.any() and BURNT_OUT - np.median(luma[ring]) >= LEAST_CONTRAST)
