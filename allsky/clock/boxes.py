"""Rectangles on a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the frame."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def crop(self, picture: np.ndarray) -> np.ndarray:
        """The part of `picture` (H, W, ...) inside the box."""
        return picture[self.y : self.bottom, self.x : self.right]

    def grown(self, by_x: int, by_y: int, width: int, height: int) -> Box:
        """The box with a margin, kept inside a frame of `width` x `height`."""
        x, y = max(self.x - by_x, 0), max(self.y - by_y, 0)
        return Box(x, y, min(self.right + by_x, width) - x, min(self.bottom + by_y, height) - y)

    def within(self, width: int, height: int) -> Box:
        """What of the box lies on a frame of `width` x `height`; of no width or height where nothing does."""
        x, y = (min(max(one, 0), most) for one, most in ((self.x, width), (self.y, height)))
        return Box(x, y, max(min(self.right, width) - x, 0), max(min(self.bottom, height) - y, 0))

    def moved(self, x: int, y: int) -> Box:
        """The box `x` farther right and `y` farther down."""
        return Box(self.x + x, self.y + y, self.width, self.height)

    def overlap(self, other: Box) -> float:
        """Shared area over the smaller one's area."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        smaller = min(self.width * self.height, other.width * other.height)
        return max(across, 0) * max(down, 0) / max(smaller, 1)


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around all of `boxes`."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    return Box(x, y, max(box.right for box in boxes) - x, max(box.bottom for box in boxes) - y)
