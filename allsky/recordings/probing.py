"""What is in a video file, and what is wrong with it, without decoding more than its first frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from allsky.errors import BadVideo
from allsky.recordings.decoding import CUT_BEFORE_INDEX, decode, is_mp4_without_index, luma_of, open_video, packets_of

NOTHING_DECODES = "no frame can be decoded, the file is damaged; copy it again or remove it"

# Whole files declare a duration that goes beyond the last frame by a step or two; a cut costs more.
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
        declared, found = stream.frames, _frames_in_index(container, stream, size)
        duration_s = _declared_duration_s(container, stream)
        rate = stream.average_rate or stream.guessed_rate
        fps, codec = float(rate) if rate else None, stream.codec_context.codec.name
        first = _first_frame(container, stream)
    if first is None:
        cut = is_mp4_without_index(Path(path))
        return VideoFacts(size, fps=fps, codec=codec, problem=CUT_BEFORE_INDEX if cut else NOTHING_DECODES)
    if found is None:
        found, declared = _counted(path, declared, duration_s)
    height, width = luma_of(first).shape
    return VideoFacts(size, width, height, fps, found, codec, _cut_off(declared, found))


def _declared_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """How long the file says the video is, where it does not say how many frames it has; None where it does not say."""
    if stream.frames or len(container.streams) > 1 or "matroska" not in container.format.name or not container.duration:
        return None
    return container.duration / av.time_base


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


def _counted(path: str | Path, declared: int, duration_s: float | None) -> tuple[int, int]:
    """How many frames are in the file, and how many it declares: told by its duration where it gives only that.

    Frames need not be evenly spaced, so a file is whole where its last frame is as near its end as frames are apart.
    """
    container, stream = open_video(path)
    with container:
        packets = (packet for packet in packets_of(container, stream) if packet.size and not packet.is_discard)
        times = sorted(float(packet.pts * packet.time_base) if packet.pts is not None else 0.0 for packet in packets)
    if duration_s is None or len(times) < 2 or times[-1] <= times[0]:
        return len(times), declared
    longest = max(later - earlier for earlier, later in pairwise(times))
    if times[-1] + FRAMES_OF_SLACK * longest >= duration_s:
        return len(times), declared
    return len(times), round(len(times) * duration_s / times[-1])


def _cut_off(declared: int, found: int) -> str | None:
    if found >= declared:
        return None
    return f"the file is cut off or damaged: {found:,} of the {declared:,} frames it declares are there; copy it again"
