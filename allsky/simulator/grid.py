"""What does each cell of the square about the sky's circle see?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allsky.fisheye import Lens, solid_angle_map
from allsky.sky_disk import SkyDisk


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
