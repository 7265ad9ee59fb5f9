"""Which direction of the sky a pixel of an all-sky frame sees, and how much of the sky.

The sky disk itself, how it is found and what is cut from it are `allsky.sky_disk` and
`allsky.disk_search`; both are offered here too.
"""

from __future__ import annotations

import numpy as np

from allsky.bright_moments import borne_out, clearest_frame, within_picture
from allsky.disk_search import find_sky_disk, find_sky_disk_of_nights
from allsky.errors import BadConfiguration
from allsky.sky_disk import SkyDisk, check_disk, disk_picture, square_crop, square_mask

__all__ = [
    "LENSES",
    "SkyDisk",
    "borne_out",
    "check_disk",
    "clearest_frame",
    "disk_picture",
    "find_sky_disk",
    "find_sky_disk_of_nights",
    "lens_functions",
    "radius_at",
    "solid_angle_map",
    "square_crop",
    "square_mask",
    "within_picture",
    "zenith_angle",
]

# Radial lens models, from https://en.wikipedia.org/wiki/Fisheye_lens#Mapping_function
# (r = radius over focal length as a function of the zenith angle, and the inverse).
LENSES = {
    "equidistant": (lambda z: z, lambda r: r),
    "equisolid": (lambda z: 2 * np.sin(z / 2), lambda r: 2 * np.arcsin(r / 2)),
    "stereographic": (lambda z: 2 * np.tan(z / 2), lambda r: 2 * np.arctan(r / 2)),
    "orthographic": (np.sin, np.arcsin),
}


def zenith_angle(radius: np.ndarray, disk: SkyDisk, lens: str = "equidistant", edge_deg: float = 90.0) -> np.ndarray:
    """Zenith angle, in degrees, at distances `radius` (pixels) from the zenith's place in the frame.

    `lens` is one of LENSES; the disk's edge lies at zenith angle `edge_deg`. NaN where the lens reaches
    no such radius. Raises BadConfiguration for an unknown lens, or an edge the lens cannot show.
    """
    project, invert = lens_functions(lens, edge_deg)
    scale = project(np.radians(edge_deg)) / disk.radius
    with np.errstate(invalid="ignore"):
        return np.degrees(invert(np.asarray(radius, dtype=float) * scale))


def radius_at(zenith_angle_deg: np.ndarray, disk: SkyDisk, lens: str = "equidistant", edge_deg: float = 90.0):
    """Distance from the zenith's place, in pixels, at zenith angles in degrees; the inverse of `zenith_angle`."""
    project, _ = lens_functions(lens, edge_deg)
    return project(np.radians(zenith_angle_deg)) / project(np.radians(edge_deg)) * disk.radius


def lens_functions(lens: str, edge_deg: float = 90.0):
    """The lens's radial function and its inverse (radians, radius in focal lengths)."""
    if lens not in LENSES:
        raise BadConfiguration(f"lens = {lens} is not known; the lenses are {', '.join(LENSES)}")
    limit = 90.0 if lens == "orthographic" else 180.0
    if not 0 < edge_deg <= limit or (lens == "stereographic" and edge_deg >= limit):
        raise BadConfiguration(f"radius_zenith_angle_deg = {edge_deg:g}: a {lens} lens shows up to {limit:g} degrees")
    return LENSES[lens]


def solid_angle_map(disk: SkyDisk, lens: str = "equidistant", edge_deg: float = 90.0) -> np.ndarray:
    """Solid angle each pixel sees, in steradian, (height, width); 0 outside the disk.

    A ring at radius r of width dr covers 2 pi sin(z) dz, shared by its 2 pi r dr pixels. Summed over a
    whole disk that is 2 pi (1 - cos(edge)), up to the pixels on its rim.
    """
    y, x = np.ogrid[: disk.height, : disk.width]
    radius = np.maximum(np.hypot(x - disk.center_x, y - disk.center_y), 1e-3)
    inside = radius <= disk.radius
    radius = np.where(inside, radius, disk.radius)
    inner, outer = np.maximum(radius - 0.01, 0), np.minimum(radius + 0.01, disk.radius)
    angle, low, high = (np.radians(zenith_angle(r, disk, lens, edge_deg)) for r in (radius, inner, outer))
    return np.where(inside, np.sin(angle) * (high - low) / (outer - inner) / radius, 0.0)
