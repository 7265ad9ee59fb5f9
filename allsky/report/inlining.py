"""How does a picture get into a page that must ask nobody for anything? As a data URI, no larger than shown."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np

# Twice the size at which the page shows them, for sharp screens.
FRAME_PIXELS, NEIGHBOUR_PIXELS, PLATE_PIXELS = 400, 240, 1500


def data_uri(path: Path, widest: int = FRAME_PIXELS, quality: int = 82) -> str | None:
    """The picture at `path` as a JPEG data URI, shrunk to `widest` pixels; None where it cannot be read."""
    try:
        data = np.frombuffer(Path(path).read_bytes(), np.uint8)
    except OSError:
        return None
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if picture is None:
        return None
    done, jpeg = cv2.imencode(".jpg", _shrunk(_flat(picture), widest), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii") if done else None


def _flat(picture: np.ndarray) -> np.ndarray:
    """Without transparency, which JPEG does not know: on white."""
    if picture.ndim < 3 or picture.shape[2] < 4:
        return picture
    opacity = picture[..., 3:] / 255.0
    return np.rint(picture[..., :3] * opacity + 255.0 * (1.0 - opacity)).astype(np.uint8)


def _shrunk(picture: np.ndarray, widest: int) -> np.ndarray:
    height, width = picture.shape[:2]
    if width <= widest:
        return picture
    return cv2.resize(picture, (widest, max(1, round(height * widest / width))), interpolation=cv2.INTER_AREA)
