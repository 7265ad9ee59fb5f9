"""Which direction of the sky a pixel of an all-sky frame sees, and how much of the sky.

Zenith angles are measured from the zenith, azimuths from north through east, both in degrees; distances in the frame
are in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from allsky.errors import BadConfiguration
from allsky.sky_disk import SkyDisk

# Radial lens models, from https://en.wikipedia.org/wiki/Fisheye_lens#Mapping_function
# (r = radius over focal length as a function of the zenith angle, and the inverse).
LENSES: dict[str, tuple[Callable, Callable]] = {
    "equidistant": (lambda z: z, lambda r: r),
    "equisolid": (lambda z: 2 * np.sin(z / 2), lambda r: 2 * np.arcsin(r / 2)),
    "stereographic": (lambda z: 2 * np.tan(z / 2), lambda r: 2 * np.arctan(r / 2)),
    "orthographic": (np.sin, np.arcsin),
}


@dataclass(frozen=True)
class Lens:
    """A fisheye lens looking at the zenith.

    The sky's circle has `radius` pixels about (`center_x`, `center_y`), where the zenith angle is
    `radius_zenith_angle_deg`; `projection` is one of LENSES. Geographic north lies `north_deg` clockwise from image
    up; `east` is `left` (as the sky is seen from below) or `right`.

    Raises BadConfiguration for an unknown projection, or an edge that it cannot show.
    """

    center_x: float
    center_y: float
    radius: float
    projection: str = "equidistant"
    radius_zenith_angle_deg: float = 90.0
    north_deg: float = 0.0
    east: str = "left"

    def __post_init__(self) -> None:
        if self.projection not in LENSES:
            raise BadConfiguration(f"lens = {self.projection} is not known; the lenses are {', '.join(LENSES)}")
        edge_deg, limit = self.radius_zenith_angle_deg, 90.0 if self.projection == "orthographic" else 180.0
        if not 0 < edge_deg <= limit or (self.projection == "stereographic" and edge_deg >= limit):
            raise BadConfiguration(
                f"radius_zenith_angle_deg = {edge_deg:g}: {self.projection} shows up to {limit:g} degrees"
            )

    def radius_at(self, zenith_deg):
        """Distance from the centre [pixel] at zenith angles [deg]; the inverse of `zenith_at`."""
        project, _ = LENSES[self.projection]
        return self.radius * project(np.radians(zenith_deg)) / self._edge

    def zenith_at(self, radius_px):
        """Zenith angle [deg] at distances from the centre [pixel]; NaN where the lens reaches no such distance."""
        _, invert = LENSES[self.projection]
        with np.errstate(invalid="ignore"):
            return np.degrees(invert(np.asarray(radius_px, dtype=float) / self.radius * self._edge))

    def pixel(self, zenith_deg, azimuth_deg):
        """x and y [pixel] of each direction; arrays of one shape in, two arrays of it out."""
        r = self.radius_at(zenith_deg)
        turn = np.radians(self.north_deg + self._handedness * np.asarray(azimuth_deg))
        return self.center_x + r * np.sin(turn), self.center_y - r * np.cos(turn)

    def direction(self, x, y):
        """Zenith angle and azimuth [deg] each pixel looks at; pixels that see nothing look at the nadir."""
        right, up = np.asarray(x) - self.center_x, self.center_y - np.asarray(y)
        zenith = np.nan_to_num(self.zenith_at(np.hypot(right, up)), nan=180.0)
        turn = np.degrees(np.arctan2(right, up))
        return zenith, (self._handedness * (turn - self.north_deg)) % 360.0

    @property
    def _edge(self) -> float:
        """Radius of the circle in focal lengths."""
        project, _ = LENSES[self.projection]
        return float(project(np.radians(self.radius_zenith_angle_deg)))

    @property
    def _handedness(self) -> float:
        return -1.0 if self.east == "left" else 1.0


def solid_angle_map(disk: SkyDisk, lens: str = "equidistant", edge_deg: float = 90.0) -> np.ndarray:
    """Solid angle each pixel sees, in steradian, (height, width); 0 outside the disk.

    A ring at radius r of width dr covers 2 pi sin(z) dz, shared by its 2 pi r dr pixels. Summed over a
    whole disk that is 2 pi (1 - cos(edge)), up to the pixels on its rim.
    """
    optics = Lens(disk.center_x, disk.center_y, disk.radius, lens, edge_deg)
    y, x = np.ogrid[: disk.height, : disk.width]
    radius = np.maximum(np.hypot(x - disk.center_x, y - disk.center_y), 1e-3)
    inside = radius <= disk.radius
    radius = np.where(inside, radius, disk.radius)
    inner, outer = np.maximum(radius - 0.01, 0), np.minimum(radius + 0.01, disk.radius)
    angle, low, high = (np.radians(optics.zenith_at(r)) for r in (radius, inner, outer))
    return np.where(inside, np.sin(angle) * (high - low) / (outer - inner) / radius, 0.0)
