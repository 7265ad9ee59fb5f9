"""What does a kept picture look like at the small size a classifier works on?

A 720-pixel JPEG that is needed at 240 pixels is decoded at half its size in the first place: the JPEG
decoder leaves the finest cosine terms out, which costs a third of the time of decoding in full
and then shrinking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from allsky.errors import AllskyError

# Each JPEG decoder can halve these many times while decoding (ITU-T T.81: blocks of 8 x 8 samples).
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))

# Start-of-frame markers carry the picture's size (ITU-T T.81, table B.1); C4, C8 and CC are other segments.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_TWELVE_BITS = 1 << 12
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


class BadImage(AllskyError):
    """A picture that cannot be read."""


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG file's header declares; None when `data` is no JPEG."""
    for marker, place in _segments(data):
        if marker in _START_OF_FRAME:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of each segment of a JPEG file's header, up to that which its first scan follows."""
    place, marker = len(_JPEG_START), 0
    while data.startswith(_JPEG_START) and place + 9 <= len(data) and data[place] == 0xFF and marker != _START_OF_SCAN:
        marker = data[place + 1]
        yield marker, place
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")


def _is_whole_jpeg(data: bytes) -> bool:
    """Whether a JPEG file's picture ends (that of a small one in its header does not count). Trail cameras write notes
    of their own behind its end."""
    scan = next((place for marker, place in _segments(data) if marker == _START_OF_SCAN), None)
    return scan is not None and data.find(_JPEG_END, scan) >= 0


def write_picture(path: Path, rgb: np.ndarray) -> None:
    """Write an RGB (or grey) picture, uint8, in the format of the suffix; raises OSError where it cannot be written.

    OpenCV's own writer only returns False on a full disk, and leaves half a file.
    """
    bgr = rgb[..., ::-1] if rgb.ndim == 3 else rgb
    path.write_bytes(cv2.imencode(path.suffix, bgr)[1].tobytes())


def read_picture(path: Path, size: int | None = None) -> np.ndarray:
    """The picture in a JPEG or PNG file as RGB, uint8 (size, size, 3); whole where `size` is None.

    Of 16 bits the upper 8 are taken; of 12 in a file of 16, as scientific cameras write them, the upper 8 of the 12.
    It is decoded no larger than needed and brought to `size` pixels square by area averaging when it
    shrinks. A truncated JPEG, of which decoders make a picture with a grey foot, is refused like any
    other damage: raises BadImage naming the file.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadImage(f"{path} cannot be read ({error.strerror}); {_remedy(Path(path))}.") from error
    declared = jpeg_size(data)
    whole = declared is None or _is_whole_jpeg(data)
    bgr = _decoded(data, _reading_flag(declared, size)) if data and whole else None
    if bgr is None:
        raise BadImage(
            f"{path} ({len(data)} bytes) is damaged: expected a whole JPEG or PNG picture; {_remedy(Path(path))}."
        )
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return rgb if size is None else _resized(rgb, size)


def _remedy(path: Path) -> str:
    """Pictures that a run has made, in the folder of their night, it can make again."""
    if path.parent.name.startswith("night="):
        return f"remove the folder {path.parent} and run again, which makes its night's frames anew"
    return "name another, or bring a whole copy of it"


def read_pictures(
    paths: Sequence[Path], size: int, batch_size: int, threads: int = 2, ahead: int = 3
) -> Iterator[np.ndarray]:
    """Batches of pictures in order, uint8 (n, size, size, 3), read by threads `ahead` batches in advance.

    Memory stays at `ahead` + 1 batches however many paths there are. Raises BadImage like `read_picture`.
    """
    starts = iter(range(0, len(paths), batch_size))
    with ThreadPoolExecutor(threads) as pool:

        def begin(start: int) -> list[Future[np.ndarray]]:
            return [pool.submit(read_picture, path, size) for path in paths[start : start + batch_size]]

        waiting = [begin(start) for start in islice(starts, ahead)]
        while waiting:
            batch = np.stack([picture.result() for picture in waiting.pop(0)])
            waiting += [begin(start) for start in islice(starts, 1)]
            yield batch


def inscribed_disk(size: int) -> np.ndarray:
    """Where a square picture of `size` pixels shows sky: bool (size, size), the inscribed circle."""
    offset = np.arange(size) - (size - 1) / 2
    return np.hypot(offset[:, None], offset[None, :]) <= size / 2


def _decoded(data: bytes, flag: int) -> np.ndarray | None:
    """The picture as BGR, uint8; None where it is none."""
    encoded = np.frombuffer(data, np.uint8)
    bgr = cv2.imdecode(encoded, flag)
    if bgr is None or bgr.dtype == np.uint8:
        return bgr
    if bgr.dtype != np.uint16:
        return cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return np.right_shift(bgr.astype(np.uint16), 4 if bgr.max() < _TWELVE_BITS else 8).astype(np.uint8)


def _reading_flag(declared: tuple[int, int] | None, size: int | None) -> int:
    if declared is None or size is None:
        return cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    fitting = (flag for divisor, flag in _REDUCED if min(declared) >= divisor * size)
    return next(fitting, cv2.IMREAD_COLOR)


def _resized(rgb: np.ndarray, size: int) -> np.ndarray:
    if rgb.shape[:2] == (size, size):
        return rgb
    shrinks = min(rgb.shape[:2]) > size
    return cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
