"""A folder of stills as a recording: what each still is, when its EXIF says it was taken, and its frames in order.

A look costs the file's header and its last bytes. JPEG and PNG are decoded only when a frame is asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

from allsky.errors import BadVideo
from allsky.recordings.video import VideoFrame
from allsky.spread import spread

# The codecs as FFmpeg calls them. A multi-picture file (MPO) begins with an ordinary JPEG.
CODECS = {"JPEG": "mjpeg", "MPO": "mjpeg", "PNG": "png"}
# A whole file ends with one of these; cameras put up to this much behind it (maker's notes, a preview).
_ENDS = {"mjpeg": b"\xff\xd9", "png": b"IEND"}
TAIL_BYTES = 64 * 1024
# The signature of a PNG (ISO/IEC 15948, 5.2).
_PNG_BEGINS = b"\x89PNG\r\n\x1a\n"
# Orientations of EXIF 2.3 (4.6.4, tag 0x0112) that lie on their side.
_ON_ITS_SIDE = (5, 6, 7, 8)

# Stills decoded at once and ahead: OpenCV lets go of Python meanwhile.
THREADS, AHEAD = 2, 6
# Stills to learn from: each is a file of its own, and takes longer than a video's frame.
STILLS_TO_LEARN_FROM = 16

_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    KeyError,
    TypeError,
    IndexError,
    struct.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class StillFacts:
    """What a look at a still tells: size upright, `codec`, when EXIF says it was `taken` (naive, or aware where it
    holds an offset), and what is wrong with it."""

    width: int | None = None
    height: int | None = None
    codec: str | None = None
    taken: datetime | None = None
    problem: str | None = None


def look_at_still(path: Path, with_exif: bool = False) -> StillFacts:
    """What a still is; never raises for a bad one. EXIF is read where it is asked for, and its orientation always."""
    try:
        if path.stat().st_size == 0:
            return StillFacts(problem="it is empty (0 bytes)")
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            # Without EXIF before the pixels of a PNG, `getexif` would decode these to look behind them.
            exif = Image.Exif() if image.format == "PNG" and "exif" not in image.info else image.getexif()
            lies = exif.get(ExifTags.Base.Orientation) in _ON_ITS_SIDE
            width, height = image.size[::-1] if lies else image.size
            codec = CODECS[image.format or "JPEG"]
            taken = _taken(exif.get_ifd(ExifTags.IFD.Exif)) if with_exif else None
    except _UNREADABLE as error:
        return StillFacts(problem=f"it cannot be read as JPEG or PNG ({_in_short(error, path)})")
    problem = None if _ends_well(path, codec) else "it is cut off (its end is missing)"
    return StillFacts(width, height, codec, taken, problem)


def _in_short(error: Exception, path: Path) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said.replace(str(path), path.name) or type(error).__name__


def _taken(exif: dict) -> datetime | None:
    """DateTimeOriginal (EXIF 2.3, tag 0x9003), with SubSecTimeOriginal and OffsetTimeOriginal where they are there."""
    shown = str(exif.get(ExifTags.Base.DateTimeOriginal) or "").strip("\0 ")
    digits = "".join(filter(str.isdecimal, str(exif.get(ExifTags.Base.SubsecTimeOriginal) or "")))
    offset = str(exif.get(ExifTags.Base.OffsetTimeOriginal) or "").strip("\0 ")
    try:
        moment = datetime.strptime(shown, "%Y:%m:%d %H:%M:%S").replace(microsecond=int(f"{digits:0<6.6}" or 0))
    except ValueError:
        return None
    try:
        return datetime.strptime(f"{moment.isoformat()} {offset}", f"{_iso(moment)} %z")
    except ValueError:
        return moment


def _iso(moment: datetime) -> str:
    return "%Y-%m-%dT%H:%M:%S" + (".%f" if moment.microsecond else "")


def _ends_well(path: Path, codec: str) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return _is_whole(file.read(), codec)


def _is_whole(tail: bytes, codec: str) -> bool:
    """Whether the last bytes of a file hold the end of its codec; the other codec's mark may stand there by chance."""
    return _ENDS[codec] in tail[-TAIL_BYTES:]


# Frames.


@dataclass(frozen=True)
class StillsRecording:
    """Stills of one folder as a recording: `name` (the folder's, relative to the archive, with a slash at its end), the
    folder, and the `stills` in order by their names within it."""

    name: str
    folder: Path
    stills: tuple[str, ...]

    @property
    def n_frames(self) -> int:
        return len(self.stills)

    def origin(self, index: int) -> tuple[str, int]:
        """The file that frame `index` is, relative to the archive, and 0: its place in that file."""
        return self.name.removeprefix("./") + self.stills[index], 0

    def frames(self, threads: int = 0) -> Iterator[VideoFrame]:
        """Every still that can be decoded, in order; raises BadVideo where none can."""
        return _never_empty(self._decoded(range(self.n_frames)), self.name)

    def chosen(self, indices: Collection[int]) -> Iterator[VideoFrame]:
        """The stills at these places, in order, as far as they can be decoded."""
        return self._decoded([index for index in sorted(indices) if 0 <= index < self.n_frames])

    def keyframes(self, most_behind: int = 0) -> list[VideoFrame]:
        """A few stills spread over the folder, whatever is asked for behind keyframes, of which there are none; raises
        BadVideo where none of them can be decoded."""
        return list(_never_empty(self._decoded(spread(self.n_frames, STILLS_TO_LEARN_FROM)), self.name))

    def ends(self) -> list[VideoFrame]:
        """The first and the last still."""
        return list(self._decoded(sorted({0, self.n_frames - 1})))

    def _decoded(self, indices: Sequence[int]) -> Iterator[VideoFrame]:
        lumas = _in_threads(self.folder / self.stills[index] for index in indices)
        for index, luma in zip(indices, lumas, strict=True):
            if luma is not None:
                yield _still_frame(index, self.folder / self.stills[index], luma)


def _still_frame(index: int, path: Path, luma: np.ndarray) -> VideoFrame:
    def colour() -> np.ndarray:
        return cv2.cvtColor(_read(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    return VideoFrame(index, luma, True, colour)


def _in_threads(paths: Iterable[Path]) -> Iterator[np.ndarray | None]:
    waiting = iter(paths)
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: list[Future] = [pool.submit(_luma, path) for path in islice(waiting, AHEAD)]
        while ahead:
            luma = ahead.pop(0).result()
            ahead += [pool.submit(_luma, path) for path in islice(waiting, 1)]
            yield luma


def _luma(path: Path) -> np.ndarray | None:
    """The still in grey, upright; None where it cannot be decoded, or is cut off: decoders make up the missing part."""
    try:
        return _read(path, cv2.IMREAD_GRAYSCALE)
    except BadVideo:
        return None


def _read(path: Path, flag: int) -> np.ndarray:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadVideo(f"{path.name}: cannot be read ({error.strerror})") from error
    whole = _is_whole(data, "png" if data.startswith(_PNG_BEGINS) else "mjpeg")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flag) if whole else None
    if image is None:
        raise BadVideo(f"{path.name}: is damaged, expected a whole JPEG or PNG picture")
    return image


def _never_empty(frames: Iterator[VideoFrame], name: str) -> Iterator[VideoFrame]:
    found = False
    for frame in frames:
        found = True
        yield frame
    if not found:
        raise BadVideo(f"{name}: none of its stills can be decoded; copy them again or remove them")
