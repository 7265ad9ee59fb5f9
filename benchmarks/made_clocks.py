"""Small clips with a burned-in clock whose every frame's time is known: what the clock reader is tried on.

Independent of the simulator on purpose: plain text drawn with OpenCV's and Matplotlib's fonts over drifting noise,
encoded as cameras do. A `Clip` says everything about a clip; `write_clip` draws it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
HERSHEY = {
    "simplex": cv2.FONT_HERSHEY_SIMPLEX,
    "plain": cv2.FONT_HERSHEY_PLAIN,
    "duplex": cv2.FONT_HERSHEY_DUPLEX,
    "triplex": cv2.FONT_HERSHEY_TRIPLEX,
}
MATPLOTLIB = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans-Bold", "DejaVuSansMono-Bold", "STIXGeneral")
FONTS = (*HERSHEY, *MATPLOTLIB)
# Behind the name of a font: its digits differ in width, as Comic Neue's (a `1` takes 0.65 of the room of a `0`, a `7`
# 0.78), Cantarell's (0.69 and 0.85) and Quicksand's (0.56 and 0.87) do.
NARROW = "/narrow"
NARROW_DIGITS = {"1": 0.68, "7": 0.85}


@dataclass(frozen=True)
class Text:
    """A line of text: a strftime pattern (`%1f` are tenths, `{k}` and `{k6}` the frame index, `{e}` a changing
    number, `{utc}` the UTC of a moment with a zone), where its top left stands (negative from the right and bottom
    edges), the height of its digits in pixels, font and grey; `outline` and `backing` are the grey around and behind
    it, or None; `colour` its two chroma values (Cb and Cr of Rec. 601, 128 for none)."""

    pattern: str
    x: int = 8
    y: int = 8
    height: int = 11
    font: str = "DejaVuSans"
    grey: int = 255
    outline: int | None = None
    backing: int | None = None
    colour: tuple[int, int] = (128, 128)


@dataclass(frozen=True)
class Clip:
    """`times` of each frame, naive or with the zone they are shown in (None is a card without clock), and its looks.

    `size` (width, height); sky of brightness `sky` 0 to 255 with `contrast` of its clouds and `noise`, in a disk or
    filling the frame; `codec` with `options`.
    """

    times: tuple[datetime | None, ...]
    texts: tuple[Text, ...]
    size: tuple[int, int] = (320, 240)
    sky: float = 40.0
    contrast: float = 20.0
    noise: float = 4.0
    disk: bool = True
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=lambda: {"crf": "23", "preset": "veryfast"}, hash=False)
    key_interval: int = 12
    seed: int = 0


def evenly(start: datetime, step_s: float, count: int) -> tuple[datetime, ...]:
    """`count` times from `start`, `step_s` apart."""
    return tuple(start + timedelta(seconds=step_s * k) for k in range(count))


def frames(clip: Clip) -> Iterator[np.ndarray]:
    """The luma of the clip's frames, (H, W) uint8."""
    for luma, _ in planes(clip):
        yield luma


def planes(clip: Clip) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The clip's frames: luma (H, W) and chroma (2, H / 2, W / 2), uint8."""
    random = np.random.default_rng(clip.seed)
    width, height = clip.size
    coarse = random.normal(size=(height // 24 + 3, width // 24 + 12)).astype(np.float32)
    clouds = cv2.resize(coarse, (width + 24 * 9, height + 48), interpolation=cv2.INTER_CUBIC)
    yy, xx = np.mgrid[:height, :width]
    radius = 0.48 * min(width, height) if clip.disk else width + height
    inside = np.hypot(xx - width / 2, yy - height / 2) < radius
    for k, moment in enumerate(clip.times):
        if moment is None:
            yield _card(width, height), np.full((2, height // 2, width // 2), 128, np.uint8)
            continue
        shift = int(24 * 8 * (k % 60) / 60)
        sky = clip.sky + clip.contrast * clouds[:height, shift : shift + width]
        picture = np.where(inside, sky, 6.0) + random.normal(0.0, clip.noise, (height, width))
        frame, chroma = np.clip(picture, 0, 255), np.full((2, height, width), 128.0)
        for text in clip.texts:
            ink = draw(frame, text, shown(text, moment, k))
            for plane, value in zip(chroma, text.colour, strict=True):
                plane += (value - 128) * ink if value != 128 else 0.0
        # Cameras keep colour at half the resolution.
        halved = chroma.reshape(2, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
        yield np.round(frame).astype(np.uint8), np.round(halved).astype(np.uint8)


def shown(text: Text, moment: datetime, k: int) -> str:
    """What `text` says on frame `k` at `moment`."""
    pattern = text.pattern.replace("%1f", f"{moment.microsecond // 100000}")
    pattern = pattern.replace("{k}", str(k)).replace("{k6}", f"{k:06d}")
    pattern = pattern.replace("{e}", f"{0.5 + (k * 37 % 100) / 10:.1f}")
    if "{utc}" in pattern:
        pattern = pattern.replace("{utc}", f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    return moment.strftime(pattern)


def _card(width: int, height: int) -> np.ndarray:
    frame = np.full((height, width), 30.0)
    draw(frame, Text("", width // 5, height // 2, max(height // 14, 9), "DejaVuSans-Bold"), "CAMERA OFF")
    return np.round(frame).astype(np.uint8)


def draw(frame: np.ndarray, text: Text, words: str) -> np.ndarray:
    """Burn `words` into the float picture `frame` (H, W) in place; the ink (H, W), 0 to 1."""
    mask = coverage(text.font, text.height, words)
    rows, columns = mask.shape
    height, width = frame.shape
    x = text.x if text.x >= 0 else width + text.x - columns + 1
    y = text.y if text.y >= 0 else height + text.y - rows + 1
    canvas = np.zeros_like(frame, dtype=np.float32)
    y1, x1 = min(y + rows, height), min(x + columns, width)
    canvas[y:y1, x:x1] = mask[: y1 - y, : x1 - x]
    if text.backing is not None:
        frame[max(y - 2, 0) : y1 + 2, max(x - 2, 0) : x1 + 2] = text.backing
    if text.outline is not None:
        around = cv2.dilate(canvas, np.ones((3, 3)))
        frame[:] = frame * (1 - around) + text.outline * around
    frame[:] = frame * (1 - canvas) + text.grey * canvas
    return canvas


def coverage(font: str, height: int, words: str) -> np.ndarray:
    """Ink (rows, columns) 0 to 1 of `words`, digits about `height` pixels high."""
    if font in HERSHEY:
        return _hershey(HERSHEY[font], height, words)
    if font.endswith(NARROW):
        return np.hstack([_narrowed(coverage(font.removesuffix(NARROW), height, char), char) for char in words])
    face = ImageFont.truetype(str(FONT_FOLDER / f"{font}.ttf"), max(round(height * 1.37), 6))
    # Text is set by its advance, and begins where its digits do: it stays in its place whatever they are.
    top = face.getbbox("0")[1]
    size = (int(np.ceil(face.getlength(words))), int(face.getbbox("0gy,")[3] - top) + 1)
    picture = Image.new("L", size)
    ImageDraw.Draw(picture).text((0, -top), words, font=face, fill=255)
    return np.asarray(picture, np.float32) / 255


def _narrowed(cell: np.ndarray, char: str) -> np.ndarray:
    """The cell (rows, columns) of one character without what a narrow digit does not take, on both of its sides."""
    spare = round(cell.shape[1] * (1 - NARROW_DIGITS.get(char, 1.0)))
    return cell[:, spare // 2 : cell.shape[1] - (spare - spare // 2)]


def _hershey(face: int, height: int, words: str) -> np.ndarray:
    thickness = 1 if height < 18 else 2
    scale = cv2.getFontScaleFromHeight(face, height, thickness)
    (columns, rows), below = cv2.getTextSize(words, face, scale, thickness)
    mask = np.zeros((rows + below + 2, columns + 2), np.uint8)
    cv2.putText(mask, words, (1, rows + 1), face, scale, 255, thickness, cv2.LINE_AA)
    return mask.astype(np.float32) / 255


def write_clip(path: Path, clip: Clip) -> Path:
    """Encode the clip; the suffix of `path` says in which container."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(clip.codec, rate=Fraction(25), options=dict(clip.options))
        stream.width, stream.height = clip.size
        stream.pix_fmt = "yuvj420p" if clip.codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = clip.key_interval
        stream.codec_context.thread_count = 1
        for luma, chroma in planes(clip):
            picture = np.vstack([luma, chroma.reshape(-1, luma.shape[1])])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format=stream.pix_fmt)))
        container.mux(stream.encode())
    return path
