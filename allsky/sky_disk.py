"""The circle of sky in an all-sky frame: what it may be, the masked square cut from it, and how to show it.

Pixel coordinates: x to the right, y down, pixel centres at whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from allsky.errors import BadConfiguration

# A disk may be cut by the frame's edge (many cameras fill the frame's width); at least this share of it
# must be inside, or something else was meant.
LEAST_SHARE_INSIDE = 0.5

# A frame is no picture of a round sky where it is this light around the disk [luma], and this light compared to
# the light within. Of three real and three simulated cameras no frame exceeds 18, and a third of the light within.
LIT_LUMA, LIT_SHARE = 48, 0.7

# Orange: seen on dark and on light, and not a colour of the night sky.
MARK = (255, 140, 0)


# A disk that was found with less confidence should be looked at: simulated cameras reach 0.95 and more, of two real
# recordings one is found right with 0.74, one wrong by 6 % with 0.54.
SURE = 0.7


@dataclass(frozen=True)
class SkyDisk:
    """The circle of sky in a video frame.

    `center_x`, `center_y` and `radius` in pixels of the frame, which is `width` by `height`; `source` is
    `given` or `found`; `confidence` 0 to 1, of a given disk the share of frames that are dark around it.
    Where the camera's picture is only a part of the frame (a figure with margins and plots), `picture_x`, `picture_y`,
    `picture_width`, `picture_height` say which, and nothing outside it is sky; a width of 0 is the whole frame.
    """

    center_x: float
    center_y: float
    radius: float
    width: int
    height: int
    source: str = "given"
    confidence: float = 1.0
    picture_x: int = 0
    picture_y: int = 0
    picture_width: int = 0
    picture_height: int = 0

    def mask(self) -> np.ndarray:
        """(height, width) bool, true where a pixel is sky: its centre in the disk and in the picture."""
        y, x = np.ogrid[: self.height, : self.width]
        left, top, right, bottom = self.picture_box
        inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        return inside & ((x - self.center_x) ** 2 + (y - self.center_y) ** 2 <= self.radius**2)

    @property
    def picture_box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom (exclusive) of the camera's picture within the frame."""
        if not self.picture_width:
            return 0, 0, self.width, self.height
        return (
            self.picture_x,
            self.picture_y,
            self.picture_x + self.picture_width,
            self.picture_y + self.picture_height,
        )


def check_disk(disk: SkyDisk) -> None:
    """Raise BadConfiguration, saying what does not fit, unless `disk` can be a sky disk of its frame.

    A disk partly cut by the frame's edge is legal; one with its centre outside the frame, or less than
    half inside, is not.
    """
    where = (
        f"the sky disk (centre {disk.center_x:g}, {disk.center_y:g}, radius {disk.radius:g}) "
        f"does not fit the {disk.width}x{disk.height} frame"
    )
    mend = "correct disk_center and disk_radius, or set both to `auto`"
    if not disk.radius > 1:
        raise BadConfiguration(f"{where}: its radius must be more than one pixel; {mend}")
    if not (0 <= disk.center_x <= disk.width - 1 and 0 <= disk.center_y <= disk.height - 1):
        raise BadConfiguration(f"{where}: its centre lies outside; {mend}")
    inside = float(disk.mask().sum() / (np.pi * disk.radius**2))
    if inside < LEAST_SHARE_INSIDE:
        raise BadConfiguration(f"{where}: only {inside:.0%} of it is inside; {mend}")


def doubt_of(disk: SkyDisk) -> str | None:
    """Why a disk should be looked at, in a sentence; None where there is no doubt."""
    if disk.source != "found" or disk.confidence >= SURE:
        return None
    return (
        f"the sky disk was found with little confidence ({disk.confidence:.2f} of 1; centre {disk.center_x:.0f},"
        f" {disk.center_y:.0f}, radius {disk.radius:.0f}): look at its picture, and where the circle is not the sky's"
        " edge give [camera] disk_center and disk_radius"
    )


def lit_around(luma: np.ndarray, disk: SkyDisk) -> bool:
    """Whether a frame (height, width) is about as light around the disk as within: then it shows something else."""
    within, around = _samples(disk)
    if not len(around[0]):
        return False
    level = float(np.median(luma[around]))
    return level > LIT_LUMA and level > LIT_SHARE * float(np.median(luma[within]))


@lru_cache(maxsize=8)
def _samples(disk: SkyDisk) -> list[tuple[np.ndarray, ...]]:
    """Places (rows, columns) in the disk and, within the camera's picture, around it; a few thousand each."""
    y, x = np.mgrid[: disk.height, : disk.width]
    left, top, right, bottom = disk.picture_box
    distance = np.hypot(x - disk.center_x, y - disk.center_y) / disk.radius
    distance[(x < left) | (x >= right) | (y < top) | (y >= bottom)] = np.nan
    rings = (np.nonzero(ring) for ring in (distance < 0.9, (distance > 1.05) & (distance < 1.25)))
    return [tuple(axis[:: 1 + len(axis) // 3000] for axis in ring) for ring in rings]


# Pictures.


def square_crop(rgb: np.ndarray, disk: SkyDisk, size: int = 720) -> np.ndarray:
    """The disk's square of an image, (size, size, 3) or (size, size), black where it is not sky.

    `rgb` is (height, width, 3) or (height, width) uint8. The square's sides touch the disk; what lies
    outside the disk or beyond the camera's picture is black. Shrinking averages areas, enlarging
    interpolates linearly.
    """
    left, top, side = _square(disk)
    x0, y0, x1, y1 = disk.picture_box
    x0, y0, x1, y1 = max(left, x0), max(top, y0), min(left + side, x1), min(top + side, y1)
    square = rgb[y0:y1, x0:x1]
    if square.shape[:2] != (side, side):
        border = (y0 - top, top + side - y1, x0 - left, left + side - x1)
        square = cv2.copyMakeBorder(square, *border, cv2.BORDER_CONSTANT, value=0)
    if side != size:
        square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if size < side else cv2.INTER_LINEAR)
    # As deep as the picture: OpenCV takes twice as long over a mask of one channel.
    return cv2.bitwise_and(square, _round_mask(size, square.ndim))


def _square(disk: SkyDisk) -> tuple[int, int, int]:
    """Left, top and side of the disk's square in whole pixels."""
    side = max(1, round(2 * disk.radius))
    return round(disk.center_x - (side - 1) / 2), round(disk.center_y - (side - 1) / 2), side


@lru_cache(maxsize=8)
def _round_mask(size: int, dimensions: int) -> np.ndarray:
    y, x = np.ogrid[:size, :size]
    middle = (size - 1) / 2
    inside = (x - middle) ** 2 + (y - middle) ** 2 <= (size / 2) ** 2
    mask = np.where(inside, np.uint8(255), np.uint8(0))
    return mask if dimensions == 2 else np.ascontiguousarray(np.repeat(mask[..., None], 3, axis=2))


@lru_cache(maxsize=8)
def square_mask(disk: SkyDisk, size: int = 720) -> np.ndarray:
    """Where `square_crop` holds sky: (size, size) uint8, 255 or 0."""
    sky = square_crop(np.full((disk.height, disk.width), 255, np.uint8), disk, size)
    return np.where(sky > 127, np.uint8(255), np.uint8(0))


def disk_picture(rgb: np.ndarray, disk: SkyDisk) -> np.ndarray:
    """A frame with the disk drawn on it for people: brightened, what is not sky dimmed, edge and centre marked."""
    picture = _brightened(rgb if rgb.ndim == 3 else np.repeat(rgb[..., None], 3, axis=2))
    outside = ~disk.mask()
    picture[outside] = picture[outside] // 2
    centre = (round(disk.center_x), round(disk.center_y))
    thickness = max(1, round(disk.radius / 250))
    cv2.circle(picture, centre, round(disk.radius), MARK, thickness, cv2.LINE_AA)
    cv2.drawMarker(picture, centre, MARK, cv2.MARKER_CROSS, max(9, round(disk.radius / 12)), thickness)
    return picture


def _brightened(rgb: np.ndarray) -> np.ndarray:
    """Light enough that the rim of a dark sky shows: the square root of its share of the brightest."""
    top = max(1.0, float(np.percentile(rgb, 99.5)))
    return (255 * np.sqrt(np.clip(rgb / top, 0, 1))).astype(np.uint8)
