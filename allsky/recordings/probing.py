"""What is in a video file, and what is wrong with it, without decoding more than its first frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from allsky.errors import BadVideo
from allsky.recordings.decoding import CUT_BEFORE_INDEX, decode, is_mp4_without_index, luma_of, open_video, packets_of

NOTHING_DECODES = "no frame can be decoded, the file is damaged; copy it again or remove it"

# Whole files declare a duration that differs from what is found by the last frame or two; a cut costs more.
FRAMES_OF_SLACK = 3

# Containers whose index lists every packet with its place in the file; Matroska's lists keyframes only.
INDEXED_FORMATS = ("mov", "avi")


@dataclass(frozen=True)
class VideoFacts:
    """What a look at a file tells; `None` where it cannot tell.

    `width` and `height` are those of the upright frame, `fps` is the nominal playback rate. `problem`
    is one sentence on what is wrong, or None: with a problem and some `n_frames` the file is damaged
    and that many frames are there; with `n_frames` None nothing can be read.
    """

    bytes: int
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    n_frames: int | None = None
    codec: str | None = None
    problem: str | None = None


def probe(path: str | Path) -> VideoFacts:
    """What a file is; never raises for a bad one, which is told in `problem`."""
    size = Path(path).stat().st_size if Path(path).exists() else 0
    try:
        container, stream = open_video(path)
    except BadVideo as error:
        return VideoFacts(size, problem=str(error).removeprefix(f"{Path(path).name}: "))
    with container:
        declared, found = _declared_frames(container, stream), _frames_in_index(container, stream, size)
        rate = stream.average_rate or stream.guessed_rate
        fps, codec = float(rate) if rate else None, stream.codec_context.codec.name
        first = _first_frame(container, stream)
    if first is None:
        cut = is_mp4_without_index(Path(path))
        return VideoFacts(size, fps=fps, codec=codec, problem=CUT_BEFORE_INDEX if cut else NOTHING_DECODES)
    found = _count_packets(path) if found is None else found
    height, width = luma_of(first).shape
    return VideoFacts(size, width, height, fps, found, codec, _cut_off(declared, found))


def _declared_frames(container: InputContainer, stream: VideoStream) -> int:
    """How many frames the file says it holds, 0 where it does not say."""
    rate = stream.average_rate or stream.guessed_rate
    if stream.frames or not rate or len(container.streams) > 1:
        return stream.frames
    if "matroska" not in container.format.name or not container.duration:
        return 0
    return max(0, round(container.duration / av.time_base * float(rate)) - FRAMES_OF_SLACK)


def _frames_in_index(container: InputContainer, stream: VideoStream, size: int) -> int | None:
    """Packets of the file's index that lie within the file; None where no index tells."""
    if not container.format.name.startswith(INDEXED_FORMATS) or not stream.frames:
        return None
    entries = stream.index_entries
    if len(entries) < stream.frames:
        return None
    return sum(entry.pos + entry.size <= size for entry in entries) - (len(entries) - stream.frames)


def _first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    """The first frame that decodes, of the first few packets."""
    stream.codec_context.thread_count = 1
    for tries, packet in enumerate(packets_of(container, stream)):
        frames = decode(stream, packet)
        if packet.is_keyframe and not frames:
            frames = decode(stream, None)
            stream.codec_context.flush_buffers()
        if frames or tries >= 50:
            return frames[0] if frames else None
    return None


def _count_packets(path: str | Path) -> int:
    container, stream = open_video(path)
    with container:
        return sum(packet.size > 0 and not packet.is_discard for packet in packets_of(container, stream))


def _cut_off(declared: int, found: int) -> str | None:
    if found >= declared:
        return None
    return f"the file is cut off or damaged: {found:,} of the {declared:,} frames it declares are there; copy it again"
