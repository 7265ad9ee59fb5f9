"""Small videos whose every frame tells which one it is, in any codec, sound or spoilt."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 10


def numbered_picture(number: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A grey picture (height, width, 3) with `number` in binary as light and dark blocks along its upper left."""
    picture = np.full((height, width, 3), 60, np.uint8)
    side = min(width // BITS, height // 3)
    for bit in range(BITS):
        picture[:side, bit * side : (bit + 1) * side] = 230 if number >> bit & 1 else 20
    return picture


def shown_number(luma: np.ndarray) -> int:
    """The number a `numbered_picture` shows, however compressed."""
    height, width = luma.shape
    side = min(width // BITS, height // 3)
    blocks = luma[side // 4 : side * 3 // 4, : side * BITS].reshape(side * 3 // 4 - side // 4, BITS, side)
    return sum(1 << bit for bit in range(BITS) if blocks[:, bit, side // 4 : side * 3 // 4].mean() > 128)


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    times_ms: list[int] | None = None,
    rotation: int | None = None,
    container_options: dict[str, str] | None = None,
    rate: int | str = 25,
) -> Path:
    """Encode `pictures` (RGB) at `rate` frames/s, or shown at `times_ms`; `rotation` goes into the display matrix."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = None
        for number, picture in enumerate(pictures):
            if stream is None:
                stream = container.add_stream(codec, rate=Fraction(rate), options=options or {})
                stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], pixels
                if rotation is not None:
                    stream.set_display_rotation(rotation)
                if times_ms:
                    stream.codec_context.time_base = Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if times_ms:
                frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_numbered(path: Path, n: int, size: tuple[int, int] = (160, 120), **how) -> Path:
    return write_video(path, (numbered_picture(number, *size) for number in range(n)), **how)


def write_sound(path: Path) -> Path:
    """A second of silence and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        for start in range(0, 44100, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def zero_filled(path: Path, first: float, last: float) -> Path:
    """The file with the bytes between two shares of its length set to zero."""
    content = bytearray(path.read_bytes())
    start, end = int(first * len(content)), int(last * len(content))
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    return path


def cut_off(path: Path, share: float) -> Path:
    """The file's first `share`."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path
