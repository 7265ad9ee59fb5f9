"""How bright each pixel of an all-sky camera ever is: the map in which its sky disk shows.

The frames' brightest moments (auroras, twilight, the moon's glow on lens and ground) show the rim of the
lens's image where a single dark frame does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from allsky.sky_disk import SkyDisk, lit_around

# The search works on frames no larger than this [pixel]: 1 % of the radius is then more than a pixel.
WORKING_SIZE = 640
# Share of frames in which a pixel is darker than its entry in the map of bright moments, in percent.
BRIGHT_PERCENTILE = 95
# Frames of a night that are held for the map of its bright moments, and up to twice as many.
MOMENTS_HELD = 24
# Luma that only paper has all the time (white margins of a figure); video white is 235.
PAPER_LUMA = 225
# Correlation with the usual frame that only other things than the sky fall below: cards have 0.1, skies 0.8 and more.
LEAST_LIKENESS = 0.4
# Places this close to the picture's border [pixel] are the border's own.
BORDER = 3


@dataclass(frozen=True)
class BrightMoments:
    """How bright each pixel ever is: `bright` (h, w) float32 luma of the part of the frame that is a picture.

    `dark` is its dark level; a pixel (x, y) of it is pixel ((x, y) + `corner` + 0.5) / `scale` - 0.5 of the frame.
    """

    bright: np.ndarray
    dark: float
    corner: tuple[int, int]
    scale: float

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The map at fractional places, by linear interpolation; beyond it, as at its edge."""
        x, y = x.astype(np.float32), y.astype(np.float32)
        return cv2.remap(self.bright, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def holds(self, x: np.ndarray, y: np.ndarray, margin: float | np.ndarray = 0.0) -> np.ndarray:
        """Whether places lie in the map, at least `margin` pixels from its edges."""
        height, width = self.bright.shape
        return (x >= margin) & (y >= margin) & (x <= width - 1 - margin) & (y <= height - 1 - margin)

    def to_frame(self, circle: np.ndarray) -> np.ndarray:
        center = (circle[:2] + self.corner + 0.5) / self.scale - 0.5
        return np.array([*center, circle[2] / self.scale])


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


class MomentsSeen:
    """The bright moments of a night as its frames pass: of those added, a few spread evenly over all are held."""

    def __init__(self) -> None:
        self._held: list[np.ndarray] = []
        self._added, self._every = 0, 1

    def add(self, luma: np.ndarray) -> None:
        if self._added % self._every == 0:
            self._held.append(_small_luma(luma, min(1.0, WORKING_SIZE / max(luma.shape))))
        self._added += 1
        if len(self._held) == 2 * MOMENTS_HELD:
            self._held, self._every = self._held[::2], 2 * self._every

    def picture(self) -> np.ndarray:
        """How bright each pixel was but for its brightest moments, (h, w) uint8, no larger than the search works on."""
        ordered = np.stack(self._held)
        place = round(BRIGHT_PERCENTILE / 100 * (len(ordered) - 1))
        return np.partition(ordered, place, axis=0)[place]


def clearest_frame(frames: Sequence[np.ndarray]) -> np.ndarray:
    """The frame to show people: of those alike, no cards among them, the one of most contrast."""
    small = [_small_luma(frame, 0.25) for frame in frames]
    alike = _alike(small)
    contrast = [luma.std() if any(luma is one for one in alike) else -1.0 for luma in small]
    return frames[int(np.argmax(contrast))]


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


def borne_out(disk: SkyDisk, frames: Sequence[np.ndarray]) -> SkyDisk:
    """A given disk within the camera's picture, its confidence the share of `frames` (luma) that are dark around it."""
    if not len(frames):
        return disk
    disk = within_picture(disk, frames)
    return replace(disk, confidence=1.0 - float(np.mean([lit_around(frame, disk) for frame in frames])))


def _small_luma(frame: np.ndarray, scale: float) -> np.ndarray:
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else frame
    return cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else luma


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
