"""What was found as the clock, for a person to look at: where on the frame it stands, and what was read there."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from allsky.clock.learned import LearnedClock
from allsky.clock.part import ClockPart

# Widest picture; heavier ones say no more.
WIDEST = 640
# The frame around the clock is shown this bright, the clock is enlarged at most so many times.
AROUND, MOST_ENLARGED = 0.55, 4
RED, PALE = (255, 80, 60), (235, 235, 235)
LINE_HEIGHT, LETTERING = 22, 0.5


def found_picture(lumas: Sequence[np.ndarray], clock: LearnedClock) -> np.ndarray:
    """A picture (H, W, 3) uint8 RGB of the first of the frames `lumas` (H, W) that shows the clock surely, its boxes
    marked; below it each part of the clock enlarged, with its format and what its glyphs read there."""
    luma = next((luma for luma in lumas if clock.read(luma).overlay_time), lumas[0])
    frame = _marked(luma, clock)
    below = [strip for part in clock.parts for strip in _part_strips(part, luma, frame.shape[1])]
    return np.vstack([frame, *below])


def _marked(luma: np.ndarray, clock: LearnedClock) -> np.ndarray:
    frame = (luma * AROUND).astype(np.uint8)
    for part in clock.parts:
        part.crop(frame)[:] = part.crop(luma)
    picture = cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB)
    for part in clock.parts:
        box = part.box.grown(2, 2, luma.shape[1], luma.shape[0])
        cv2.rectangle(picture, (box.x, box.y), (box.right - 1, box.bottom - 1), RED, 1)
    share = min(1.0, WIDEST / picture.shape[1])
    return cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) if share < 1 else picture


def _part_strips(part: ClockPart, luma: np.ndarray, width: int) -> list[np.ndarray]:
    """The part's crop enlarged and a line of words beneath, both `width` wide."""
    crop = np.ascontiguousarray(part.crop(luma))
    times = min(max(width / crop.shape[1], 0.1), MOST_ENLARGED)
    size = (min(round(crop.shape[1] * times), width), max(round(crop.shape[0] * times), 1))
    shown = cv2.cvtColor(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB)
    shown = np.pad(shown, ((6, 0), (0, width - size[0]), (0, 0)))
    box = part.box
    where = f"{box.width} x {box.height} pixels at x {box.x}, y {box.y}"
    words = (f"{part.read(crop).reading.text}   as {part.format.pattern}", where)
    return [shown, *(_line(text, width) for text in words)]


def _line(text: str, width: int) -> np.ndarray:
    """A line of words, smaller where it would not fit."""
    line = np.zeros((LINE_HEIGHT, width, 3), np.uint8)
    takes = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, LETTERING, 1)[0][0]
    size = LETTERING * min(1.0, (width - 12) / takes)
    cv2.putText(line, text, (6, LINE_HEIGHT - 7), cv2.FONT_HERSHEY_SIMPLEX, size, PALE, 1, cv2.LINE_AA)
    return line
