"""Which part of the sky does each pixel of a kept square see, and where in it stand the moon and the burned-in clock?

A kept square is the sky disk's own, so the lens, north and the clock's box in the video frame are all there is to know.
What is not known of a camera is assumed, and said to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from allsky.fisheye import Lens, solid_angle_map
from allsky.pictures import inscribed_disk
from allsky.sky_disk import SkyDisk

ASSUMED_LENS = "equidistant"

# Where only the moon's altitude is known, it is looked for in the ring of sky this far from it [degrees].
RING_DEG = 5.0

# How the moon's place was told.
BY_GEOMETRY, BY_BRIGHTNESS, BELOW_HORIZON = "geometry", "brightness", "below the horizon"


@dataclass(frozen=True)
class SquareView:
    """How the squares of a camera look at the sky.

    `lens` None: not given, equidistant is assumed; the rim lies at zenith angle `edge_deg`. `north_deg` is geographic
    north, clockwise from up, None where it is not known; `east` is `left` or `right` of it. `clock` is the clock's box
    (left, top, right, bottom) in shares of the square's side, which may lie outside it; None where there is none.
    `zenith` is the zenith's place (x, y) in the same shares: the middle, unless the camera leans.
    """

    lens: str | None = None
    edge_deg: float = 90.0
    north_deg: float | None = None
    east: str = "left"
    clock: tuple[float, float, float, float] | None = None
    zenith: tuple[float, float] = (0.5, 0.5)

    @property
    def lens_in_words(self) -> str:
        return self.lens or f"assumed {ASSUMED_LENS}"

    @property
    def _projection(self) -> str:
        return self.lens or ASSUMED_LENS

    def solid_angle(self, size: int) -> np.ndarray:
        """Steradian that each pixel sees, (size, size); 0 outside the disk."""
        return _solid_angle(self._projection, self.edge_deg, size)

    def zenith_deg(self, size: int) -> np.ndarray:
        """Zenith angle of each pixel, (size, size); NaN where the lens sees nothing."""
        optics = self._optics(size)
        x, y = np.arange(size) - optics.center_x, np.arange(size) - optics.center_y
        return optics.zenith_at(np.hypot(y[:, None], x))

    def meridian(self, azimuth_deg: float, height: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """x and y [pixel] (height,) of the great circle through the zenith: from the rim towards `azimuth_deg` to the
        rim opposite, by equal steps of zenith angle. Only where north is known."""
        angle = np.linspace(self.edge_deg, -self.edge_deg, height)
        return self._optics(size).pixel(np.abs(angle), np.where(angle >= 0, azimuth_deg, azimuth_deg + 180.0))

    def place(self, altitude_deg: float, azimuth_deg: float, size: int) -> tuple[float, float] | None:
        """x and y [pixel] of a direction; None where north is not known."""
        if self.north_deg is None:
            return None
        x, y = self._optics(size).pixel(90.0 - altitude_deg, azimuth_deg)
        return float(x), float(y)

    def direction(self, places: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Altitude and azimuth [degree] of `places` (n, 2: x, y in pixels). Only where north is known."""
        zenith, azimuth = self._optics(size).direction(places[:, 0], places[:, 1])
        return 90.0 - zenith, azimuth

    def moon(
        self, square: np.ndarray, altitude_deg: float, azimuth_deg: float
    ) -> tuple[tuple[float, float] | None, str]:
        """Where the moon stands in a square, uint8 (size, size, 3), and how that was told.

        Where north is not known it is the brightest place as high as the moon stands.
        """
        if not altitude_deg > 90.0 - self.edge_deg:
            return None, BELOW_HORIZON
        known = self.place(altitude_deg, azimuth_deg, len(square))
        return (known, BY_GEOMETRY) if known else (self._brightest(square, altitude_deg), BY_BRIGHTNESS)

    def clock_mask(self, size: int) -> np.ndarray:
        """Where the clock is, bool (size, size); a box outside the square leaves the part of the margin within."""
        mask = np.zeros((size, size), bool)
        if self.clock is not None:
            left, top, right, bottom = (round(size * edge) for edge in self.clock)
            mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
        return mask

    def _optics(self, size: int) -> Lens:
        x, y = (share * size - 0.5 for share in self.zenith)
        return Lens(x, y, size / 2, self._projection, self.edge_deg, self.north_deg or 0.0, self.east)

    def _brightest(self, square: np.ndarray, altitude_deg: float) -> tuple[float, float]:
        size = len(square)
        luma = cv2.GaussianBlur(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), size / 60)
        ring = np.abs(self.zenith_deg(size) - (90.0 - altitude_deg)) <= RING_DEG
        y, x = np.unravel_index(int(np.argmax(np.where(ring & inscribed_disk(size), luma, -1.0))), luma.shape)
        return float(x), float(y)


def clock_in_square(box: tuple[float, float, float, float], disk: SkyDisk) -> tuple[float, float, float, float]:
    """A box (x, y, width, height) of the video frame in shares of the side of the disk's square: its four edges."""
    x, y, width, height = box
    left, top = disk.center_x - disk.radius, disk.center_y - disk.radius
    edges = (x - left, y - top, x + width - left, y + height - top)
    a, b, c, d = (edge / (2 * disk.radius) for edge in edges)
    return a, b, c, d


@lru_cache(maxsize=8)
def _solid_angle(lens: str, edge_deg: float, size: int) -> np.ndarray:
    return solid_angle_map(SkyDisk((size - 1) / 2, (size - 1) / 2, size / 2, size, size), lens, edge_deg)
