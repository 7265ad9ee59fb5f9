"""Where the sky lies in an all-sky frame: the sky disk, the masked square of it, and lens geometry.

Pixel coordinates: x to the right, y down, pixel centres at whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from allsky.errors import BadConfiguration

# A disk may be cut by the frame's edge (many cameras fill the frame's width); at least this share of it
# must be inside, or something else was meant.
LEAST_SHARE_INSIDE = 0.5

# Radial lens models, from https://en.wikipedia.org/wiki/Fisheye_lens#Mapping_function
# (r = radius over focal length as a function of the zenith angle, and the inverse).
LENSES = {
    "equidistant": (lambda z: z, lambda r: r),
    "equisolid": (lambda z: 2 * np.sin(z / 2), lambda r: 2 * np.arcsin(r / 2)),
    "stereographic": (lambda z: 2 * np.tan(z / 2), lambda r: 2 * np.arctan(r / 2)),
    "orthographic": (np.sin, np.arcsin),
}


@dataclass(frozen=True)
class SkyDisk:
    """The circle of sky in a video frame.

    `center_x`, `center_y` and `radius` in pixels of the frame, which is `width` by `height`; `source` is
    `given` or `found`; `confidence` 0 to 1.
    """

    center_x: float
    center_y: float
    radius: float
    width: int
    height: int
    source: str = "given"
    confidence: float = 1.0

    def mask(self) -> np.ndarray:
        """(height, width) bool, true where a pixel's centre lies in the disk."""
        y, x = np.ogrid[: self.height, : self.width]
        return (x - self.center_x) ** 2 + (y - self.center_y) ** 2 <= self.radius**2


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


# Pictures.


def square_crop(rgb: np.ndarray, disk: SkyDisk, size: int = 720) -> np.ndarray:
    """The disk's square of an image, (size, size, 3) or (size, size), black outside the disk.

    `rgb` is (height, width, 3) or (height, width) uint8. The square's sides touch the disk; parts of it
    beyond the frame are black. Shrinking averages areas, enlarging interpolates linearly.
    """
    left, top, side = _square(disk)
    square = np.zeros((side, side, *rgb.shape[2:]), rgb.dtype)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + side, rgb.shape[1]), min(top + side, rgb.shape[0])
    square[y0 - top : y1 - top, x0 - left : x1 - left] = rgb[y0:y1, x0:x1]
    if side != size:
        square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if size < side else cv2.INTER_LINEAR)
    square[~_round_mask(size)] = 0
    return square


def _square(disk: SkyDisk) -> tuple[int, int, int]:
    """Left, top and side of the disk's square in whole pixels."""
    side = max(1, round(2 * disk.radius))
    return round(disk.center_x - (side - 1) / 2), round(disk.center_y - (side - 1) / 2), side


def _round_mask(size: int) -> np.ndarray:
    y, x = np.ogrid[:size, :size]
    middle = (size - 1) / 2
    return (x - middle) ** 2 + (y - middle) ** 2 <= (size / 2) ** 2


def disk_picture(rgb: np.ndarray, disk: SkyDisk) -> np.ndarray:
    """A frame with the disk drawn on it for people: outside darkened, edge and centre marked."""
    picture = rgb.copy() if rgb.ndim == 3 else np.repeat(rgb[..., None], 3, axis=2)
    outside = ~disk.mask()
    picture[outside] = picture[outside] // 3
    centre = (round(disk.center_x), round(disk.center_y))
    thickness = max(1, round(disk.radius / 250))
    cv2.circle(picture, centre, round(disk.radius), (255, 140, 0), thickness, cv2.LINE_AA)
    cv2.drawMarker(picture, centre, (255, 140, 0), cv2.MARKER_CROSS, max(9, round(disk.radius / 12)), thickness)
    return picture


# Geometry.


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
