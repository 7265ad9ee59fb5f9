"""Where a direction of the sky falls in the picture, and which direction a pixel looks.

Zenith angles are measured from the zenith, azimuths from north through east, both in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allsky.fisheye import lens_functions, solid_angle_map
from allsky.sky_disk import SkyDisk


@dataclass(frozen=True)
class Lens:
    """A fisheye lens looking at the zenith.

    The sky's circle has `radius` pixels about (`center_x`, `center_y`), where the zenith angle is
    `radius_zenith_angle_deg`. Geographic north lies `north_deg` clockwise from image up; `east` is `left` (as the sky
    is seen from below) or `right`.
    """

    center_x: float
    center_y: float
    radius: float
    projection: str = "equidistant"
    radius_zenith_angle_deg: float = 90.0
    north_deg: float = 0.0
    east: str = "left"

    def pixel(self, zenith_deg, azimuth_deg):
        """x and y [pixel] of each direction; arrays of one shape in, two arrays of it out."""
        forward, _ = lens_functions(self.projection, self.radius_zenith_angle_deg)
        edge = forward(np.radians(self.radius_zenith_angle_deg))
        r = self.radius * forward(np.radians(zenith_deg)) / edge
        turn = np.radians(self.north_deg + self._handedness * np.asarray(azimuth_deg))
        return self.center_x + r * np.sin(turn), self.center_y - r * np.cos(turn)

    def direction(self, x, y):
        """Zenith angle and azimuth [deg] each pixel looks at; pixels outside the circle look below the horizon."""
        forward, inverse = lens_functions(self.projection, self.radius_zenith_angle_deg)
        right, up = np.asarray(x) - self.center_x, self.center_y - np.asarray(y)
        edge = forward(np.radians(self.radius_zenith_angle_deg))
        with np.errstate(invalid="ignore"):
            zenith = np.degrees(np.nan_to_num(inverse(np.hypot(right, up) / self.radius * edge), nan=np.pi))
        turn = np.degrees(np.arctan2(right, up))
        return zenith, (self._handedness * (turn - self.north_deg)) % 360.0

    @property
    def _handedness(self) -> float:
        return -1.0 if self.east == "left" else 1.0


@dataclass(frozen=True)
class SkyGrid:
    """The square about the sky's circle in n x n cells: what each sees.

    `zenith` and `azimuth` [radian], `solid_angle` [sr], all (n, n) float32; `inside` tells the cells of the circle;
    `cell` is a cell's width in video pixels.
    """

    zenith: np.ndarray
    azimuth: np.ndarray
    solid_angle: np.ndarray
    inside: np.ndarray
    cell: float

    @property
    def unit_vectors(self) -> np.ndarray:
        """(n, n, 3): east, north and up components of each cell's direction."""
        across = np.sin(self.zenith)
        return np.stack(
            [across * np.sin(self.azimuth), across * np.cos(self.azimuth), np.cos(self.zenith)], axis=-1
        ).astype(np.float32)


def sky_grid(lens: Lens, n: int) -> SkyGrid:
    """The square about the circle of `lens` in n x n cells."""
    cell = 2.0 * lens.radius / n
    offset = (np.arange(n) + 0.5) * cell - lens.radius
    x, y = np.meshgrid(lens.center_x + offset, lens.center_y + offset)
    zenith, azimuth = (np.radians(angle) for angle in lens.direction(x, y))
    inside = np.hypot(x - lens.center_x, y - lens.center_y) <= lens.radius
    disk = SkyDisk((n - 1) / 2, (n - 1) / 2, n / 2, n, n)
    return SkyGrid(
        np.where(inside, zenith, np.pi / 2).astype(np.float32),
        azimuth.astype(np.float32),
        solid_angle_map(disk, lens.projection, lens.radius_zenith_angle_deg).astype(np.float32),
        inside,
        cell,
    )


def grid_position(lens: Lens, n: int, zenith_deg, azimuth_deg):
    """Column and row (fractional, cell centres at whole numbers) in the n x n grid of each direction."""
    x, y = lens.pixel(zenith_deg, azimuth_deg)
    cell = 2.0 * lens.radius / n
    return (x - lens.center_x + lens.radius) / cell - 0.5, (y - lens.center_y + lens.radius) / cell - 0.5
