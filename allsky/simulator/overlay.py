"""What is burned into the frames: clocks and other lines of text, and the cards between the frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import ImageFont

# Fonts that come with Matplotlib (DejaVu, STIX, Computer Modern), the same on every machine.
_FONT_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@dataclass(frozen=True)
class TextLine:
    """One line of burned-in text.

    `text` is a strftime pattern in which `{exposure}`, `{gain}` and `{site}` may stand; (`x`, `y`) its upper left
    corner in pixels, negative from the right or bottom edge; `size` the font's in pixels; `colour` RGB; `backing` a
    box of that colour behind it, or None.
    """

    text: str
    x: int
    y: int
    size: int = 13
    font: str = "DejaVuSansMono"
    colour: tuple[int, int, int] = (255, 255, 255)
    backing: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Card:
    """`frames` frames of text without sky, before the frames (`where` = 0), after them (1) or anywhere between."""

    text: str = "CAMERA OFF"
    where: float = 0.0
    frames: int = 3
    background: tuple[int, int, int] = (12, 16, 40)


@lru_cache(maxsize=32)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONT_FOLDER / f"{name}.ttf"), size)


@lru_cache(maxsize=4096)
def _glyph_mask(font: str, size: int, text: str) -> tuple[np.ndarray, int]:
    """Coverage (h, w) 0 to 1 of a text, and the rows from its origin to the mask's top."""
    face = _font(font, size)
    mask, (_, top) = face.getmask2(text, mode="L")
    width, height = mask.size
    return np.array(mask, dtype=np.float32).reshape(height, width) / 255.0, top


def draw_text(frame: np.ndarray, line: TextLine, text: str) -> None:
    """Burn `text` into `frame` (h, w, 3) at the line's place, with its font and colour; parts outside are cut."""
    mask, top = _glyph_mask(line.font, line.size, text)
    height, width = frame.shape[:2]
    x = line.x if line.x >= 0 else width + line.x - mask.shape[1]
    y = (line.y if line.y >= 0 else height + line.y - line.size) + top
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + mask.shape[1], width), min(y + mask.shape[0], height)
    if x1 <= x0 or y1 <= y0:
        return
    if line.backing is not None:
        frame[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2] = line.backing
    cover = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    below = frame[y0:y1, x0:x1]
    frame[y0:y1, x0:x1] = np.round(below + (np.array(line.colour, dtype=np.float32) - below) * cover).astype(np.uint8)


def card_picture(card: Card, width: int, height: int) -> np.ndarray:
    """The card as a frame (height, width, 3)."""
    frame = np.empty((height, width, 3), dtype=np.uint8)
    frame[:] = card.background
    size = max(height // 12, 9)
    mask, _ = _glyph_mask("DejaVuSans-Bold", size, card.text)
    draw_text(
        frame,
        TextLine("", (width - mask.shape[1]) // 2, height // 2 - size, size, "DejaVuSans-Bold", (220, 220, 220)),
        card.text,
    )
    return frame
