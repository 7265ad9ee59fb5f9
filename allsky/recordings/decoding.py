"""How a video file becomes packets, frames, and the luma of a frame, with FFmpeg through PyAV.

What every reader of `allsky.recordings.video` stands on: opening with an error a person understands, packets and
frames that survive damage, each frame's rank in display order, and the luma plane without a conversion.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from allsky.errors import BadVideo

# What opening, demuxing or decoding a damaged file raises (FFmpegError covers InvalidDataError, EOFError, ...).
READ_ERRORS = (av.FFmpegError, OSError, ValueError)

CUT_BEFORE_INDEX = "the recording or copy was cut off (its index, the moov box, is missing); copy it again or repair it"

# AVI stores no display times: with B-frames what passes for them is decoding order.
FORMATS_WITHOUT_DISPLAY_TIME = ("avi",)


def open_video(path: str | Path) -> tuple[InputContainer, VideoStream]:
    """The opened file and its first video stream; raises BadVideo saying what is wrong with the file."""
    name = Path(path).name
    try:
        if Path(path).stat().st_size == 0:
            raise BadVideo(f"{name}: the file is empty (0 bytes); copy it again or remove it")
        container = av.open(str(path), metadata_errors="replace")
    except READ_ERRORS as error:
        raise BadVideo(f"{name}: {_why_unreadable(path, error)}") from error
    streams = container.streams.video
    if not streams or streams[0].codec_context is None or not streams[0].codec_context.width:
        container.close()
        raise BadVideo(f"{name}: holds no picture that can be decoded (no usable video stream); not a video of the sky")
    return container, streams[0]


def _why_unreadable(path: str | Path, error: Exception) -> str:
    if not Path(path).is_file() or isinstance(error, PermissionError):
        return f"cannot be read ({error.strerror if isinstance(error, OSError) else error})"
    if not isinstance(error, av.FFmpegError):
        return f"cannot be opened ({error})"
    if is_mp4_without_index(Path(path)):
        return CUT_BEFORE_INDEX
    return f"is not a video that FFmpeg can read ({error.strerror}); remove it or convert it"


def is_mp4_without_index(path: Path) -> bool:
    """Whether the file begins as MP4 or MOV and has no whole `moov` among its top-level boxes (ISO 14496-12, 4.2)."""
    whole: list[bytes] = []
    with path.open("rb") as file:
        size = path.stat().st_size
        while file.tell() + 8 <= size and len(whole) < 1000:
            start, header = file.tell(), file.read(16)
            length, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length < 8 or start + length > size:
                break
            whole.append(kind)
            file.seek(start + length)
    return whole[:1] == [b"ftyp"] and b"moov" not in whole


def packets_of(container: InputContainer, stream: VideoStream) -> Iterator[av.Packet]:
    """The stream's packets in decoding order and the empty one that flushes; damage ends them early."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except READ_ERRORS:
            yield av.Packet()
            return
        yield packet


def decode(stream: VideoStream, packet: av.Packet | None) -> list[av.VideoFrame]:
    """The frames that leave the decoder as `packet` goes in; None or an empty packet drains it."""
    try:
        return stream.codec_context.decode(packet if packet is not None and packet.size else None)
    except READ_ERRORS:
        return []


class DisplayRanks:
    """The rank of each decoded frame among all the packets found of its stream.

    A frame leaves the decoder after every packet that is shown before it went in, so its rank is the
    number of noted packets of earlier display time, whether or not those could be decoded. Where the file
    gives no display times (`ordered` is false) it is the number of frames decoded before.
    """

    def __init__(self, stream: VideoStream) -> None:
        untimed = stream.container.format.name in FORMATS_WITHOUT_DISPLAY_TIME
        self.ordered = not (untimed and stream.codec_context.has_b_frames)
        self._pending: list[int] = []
        self._next = 0

    def note(self, packet: av.Packet) -> None:
        if self.ordered and packet.size and packet.pts is not None and not packet.is_discard:
            heapq.heappush(self._pending, packet.pts)

    def rank(self, pts: int | None) -> int:
        while self.ordered and pts is not None and self._pending and self._pending[0] < pts:
            heapq.heappop(self._pending)
            self._next += 1
        if self._pending and self._pending[0] == pts:
            heapq.heappop(self._pending)
        self._next += 1
        return self._next - 1


_IN_HIGH_BITS = re.compile(r"p[024]1\d")


@lru_cache(maxsize=64)
def _luma_layout(format_name: str) -> int | None:
    """Bits of the luma samples that fill plane 0 of this pixel format alone; None for any other layout."""
    layout = av.VideoFormat(format_name)
    components, first = layout.components, layout.components[0]
    alone = all(component.plane != 0 for component in components[1:])
    little_endian = not format_name.endswith("be")
    plain = first.is_luma and first.plane == 0 and alone and little_endian and not layout.has_palette
    return first.bits if plain else None


def luma_of(frame: av.VideoFrame) -> np.ndarray:
    bits = _luma_layout(frame.format.name)
    if bits is None or not 8 <= bits <= 16:
        return upright(frame.to_ndarray(format="gray"), frame)
    plane = frame.planes[0]
    if bits == 8:
        samples = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    else:
        wide = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)[
            : frame.height, : frame.width
        ]
        # P010 and its kin (P210, P410, ...) keep samples in the high bits of each word, all others in the low bits.
        shift = 8 if _IN_HIGH_BITS.match(frame.format.name) else bits - 8
        samples = (wide >> shift).astype(np.uint8)
    return upright(samples[: frame.height, : frame.width], frame)


def upright(image: np.ndarray, frame: av.VideoFrame) -> np.ndarray:
    """`image` turned as the file's display matrix asks, in quarter turns (the angle is counter-clockwise)."""
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
