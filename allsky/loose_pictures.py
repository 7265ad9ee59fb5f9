"""What sky does a picture from anywhere show, and where in it?

A picture may come from any all-sky camera: the disk is looked for, and the square about it cut as frames are for
training. A square that has been cut already is recognised. What is no round picture of the night sky is said to be
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np

from allsky.disk_search import LEAST_SCORE, find_sky_disk
from allsky.errors import NotASky
from allsky.pictures import inscribed_disk
from allsky.sky_disk import SkyDisk, square_crop
from allsky.spread import spread

Thing = TypeVar("Thing")

# One dark picture says less about the rim than a night does: single frames of two real recordings score 0.39 to 0.46
# with the disk within a tenth of its radius, pictures of other scenes 0.22 and less. Skies larger than their frame
# reach 0.41, but with a circle that leaves it.
LEAST_SCORE_ALONE = 0.36
LEAST_INSIDE_ALONE = 0.9

# Pictures looked at together to find the disk that they share; and how far, in radii, a picture's own may differ.
MOST_TOGETHER = 12
SAME_DISK = 0.15

# A picture of the same camera is no lighter than this share of its sky, just outside the shared disk.
DARK_SHARE = 0.5

# Around a square that was cut and masked it is black but for JPEG's ringing [luma]: of 400 kept frames 99.9 % of the
# pixels there are at most 7, none above 15.
BLACK, RINGING = 12, 40
# So much of such a square's rim, just within the circle, is lighter than that.
LIT_RIM = 0.4

GIVEN = "given"

# By day: lighter than any night [median luma of the sky; coloured, grey], or blue beyond moonlight [blue less red].
# Of 6,244 simulated frames down to nautical twilight none exceeds 114, and none is bluer by more than 31. Pictures
# without colour are often stretched: of two grey recordings of auroras frames reach 190.
DAY_LUMA, GREY_DAY_LUMA = 150, 215
DAY_BLUE, BLUE_LUMA = 40, 90


@dataclass(frozen=True)
class LooseSky:
    """The sky of a picture: `square` uint8 (size, size, 3), black outside the disk.

    `disk` is where it was found in the picture; None where the picture was such a square already.
    """

    square: np.ndarray
    disk: SkyDisk | None

    @property
    def found(self) -> str:
        """How it was found, in words."""
        return "cut already" if self.disk is None else f"disk {self.disk.source}"


def sky_of(rgb: np.ndarray, shared: SkyDisk | None = None, size: int = 720) -> LooseSky:
    """The night sky in a picture, uint8 (height, width, 3).

    `shared` is the disk of the pictures beside it, where these have one, or that a person gives (`source` GIVEN).
    Raises NotASky, saying what the picture shows instead: no round image of the sky, or the sky by day.
    """
    sky = LooseSky(_resized(rgb, size), None) if is_square_of_sky(rgb) else _cut(rgb, shared, size)
    if (why := by_day(sky.square)) is not None:
        raise NotASky(why)
    return sky


def is_square_of_sky(rgb: np.ndarray) -> bool:
    """Whether a picture is a sky disk's square already: black around the inscribed circle, lighter at its rim."""
    height, width = rgb.shape[:2]
    if height != width or height < 16:
        return False
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    offset = np.arange(height) - (height - 1) / 2
    distance = np.hypot(offset[:, None], offset[None, :]) / (height / 2)
    around, rim = luma[distance > 1.03], luma[(distance > 0.96) & (distance < 0.99)]
    black = np.quantile(around, 0.995) <= BLACK and around.max() <= RINGING
    return bool(black and (rim > np.quantile(around, 0.995)).mean() >= LIT_RIM)


def by_day(square: np.ndarray) -> str | None:
    """What shows that a square of the sky was taken by day, in a sentence; None for the night sky."""
    sky = square[inscribed_disk(len(square))]
    red, _, blue = np.median(sky, axis=0)
    luma = float(np.median(cv2.cvtColor(sky[None], cv2.COLOR_RGB2GRAY)))
    coloured = bool((sky.max(axis=1).astype(int) - sky.min(axis=1) > 3).mean() > 0.05)
    if luma > (DAY_LUMA if coloured else GREY_DAY_LUMA):
        return f"the sky is as light as by day (median luma {luma:.0f} of 255): no night sky"
    if luma > BLUE_LUMA and blue - red > DAY_BLUE:
        return f"the sky is as blue as by day (median blue {blue:.0f}, red {red:.0f}): no night sky"
    return None


def shared_disk(pictures: Sequence[np.ndarray]) -> SkyDisk | None:
    """The disk common to pictures of one size; None where there is none, or only one picture."""
    loose = [rgb for rgb in pictures if not is_square_of_sky(rgb)]
    if len(loose) < 2:
        return None
    try:
        return replace(find_sky_disk(loose), source="found in all")
    except NotASky:
        return None


def spread_over(things: Sequence[Thing], most: int = MOST_TOGETHER) -> list[Thing]:
    """At most `most` of `things`, spread over all."""
    return [things[k] for k in spread(len(things), most)]


def _cut(rgb: np.ndarray, shared: SkyDisk | None, size: int) -> LooseSky:
    disk = _disk_of(rgb, shared)
    return LooseSky(square_crop(rgb, disk, size), disk)


def _disk_of(rgb: np.ndarray, shared: SkyDisk | None) -> SkyDisk:
    """The picture's own disk, or the shared one where that fits it at least as well, or is given."""
    if shared is not None and shared.source == GIVEN:
        return shared
    try:
        own = _own_disk(rgb)
    except NotASky:
        if shared is None or not _dark_around(rgb, shared):
            raise
        return shared
    if shared is None:
        return own
    doubtful = own.confidence < LEAST_SCORE and _dark_around(rgb, shared)
    return shared if doubtful or _alike(own, shared) else own


def _own_disk(rgb: np.ndarray) -> SkyDisk:
    expected = "it shows no round image of the sky"
    try:
        disk = find_sky_disk([rgb], LEAST_SCORE_ALONE)
    except NotASky as error:
        # The rest of it is advice on a camera's configuration.
        found = str(error).partition(", found ")[2].partition("; ")[0]
        raise NotASky(f"{expected}: found {found}") from None
    inside = disk.mask().sum() / (np.pi * disk.radius**2)
    if disk.confidence < LEAST_SCORE and inside < LEAST_INSIDE_ALONE:
        raise NotASky(f"{expected}: the likeliest circle lies to {1 - inside:.0%} outside the picture")
    return disk


def _dark_around(rgb: np.ndarray, disk: SkyDisk) -> bool:
    """Whether the picture is much darker just outside a disk than within."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    wider = replace(disk, radius=1.2 * disk.radius).mask() & ~replace(disk, radius=1.03 * disk.radius).mask()
    within = replace(disk, radius=0.9 * disk.radius).mask()
    return bool(wider.any() and np.median(luma[wider]) < DARK_SHARE * np.median(luma[within]))


def _alike(one: SkyDisk, other: SkyDisk) -> bool:
    apart = np.hypot(one.center_x - other.center_x, one.center_y - other.center_y)
    return bool(max(apart, abs(one.radius - other.radius)) < SAME_DISK * other.radius)


def _resized(rgb: np.ndarray, size: int) -> np.ndarray:
    if len(rgb) == size:
        return rgb
    return cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA if len(rgb) > size else cv2.INTER_LINEAR)
