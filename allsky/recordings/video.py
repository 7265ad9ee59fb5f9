"""A video's frames: all of them in order, decoded once, or a few spread over it.

Frames carry their index in display order, counted over every frame found in the file: where one cannot
be decoded, the next one keeps its own index. Video time (pts, fps) orders frames and means nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from allsky.errors import BadVideo
from allsky.recordings.decoding import DisplayRanks, decode, luma_of, open_video, packets_of, upright
from allsky.recordings.probing import VideoFacts, probe
from allsky.spread import spread

__all__ = ["VideoFacts", "VideoFrame", "probe", "read_chosen", "read_frames", "read_keyframes"]

# Frames to learn from should differ. Where keyframes are scarce this many frames are decoded in all, in
# stretches after the keyframes, to choose from (0.1 to 0.2 s per hundred at 720p).
FRAMES_DECODED_FOR_KEYFRAMES = 240
# So many frames of a video are learned from: keyframes, or others where these are fewer than the first.
FEWEST_KEYFRAMES, MOST_KEYFRAMES = 12, 24


@dataclass(frozen=True)
class VideoFrame:
    """One decoded frame, of a video or of a folder of stills.

    `index` is its rank in display order, from 0. `luma` is (height, width) uint8, rotated upright as the
    file asks, in the video's own range (16 to 235 in most; only `rgb` expands it); it may be a view into
    the decoder's buffer: read it, do not write to it. `key` tells a keyframe.
    """

    index: int
    luma: np.ndarray
    key: bool
    _colour: Callable[[], np.ndarray] = field(repr=False, compare=False)

    def rgb(self) -> np.ndarray:
        """The frame in colour, (height, width, 3) uint8 RGB of full range, converted now."""
        return self._colour()


def _video_frame(index: int, frame: av.VideoFrame) -> VideoFrame:
    def colour() -> np.ndarray:
        # Threads would be started and ended for this frame alone, which takes three times as long as converting it.
        return upright(frame.to_ndarray(format="rgb24", threads=1), frame)

    return VideoFrame(index, luma_of(frame), bool(frame.key_frame), colour)


def read_frames(path: str | Path, threads: int = 0) -> Iterator[VideoFrame]:
    """Every frame of a video in display order, decoded once; `threads` 0 lets FFmpeg choose.

    Raises BadVideo at once when the file cannot be opened as a video. Damage further on loses the
    damaged frames only: what can be decoded is given, each frame with its own index.
    """
    container, stream = open_video(path)
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = threads
    return _decoded_frames(container, stream)


def _decoded_frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    ranks = DisplayRanks(stream)
    with container:
        for packet in packets_of(container, stream):
            ranks.note(packet)
            for frame in decode(stream, packet):
                yield _video_frame(ranks.rank(frame.pts), frame)


# A few frames spread over the video.


def read_keyframes(
    path: str | Path, at_least: int = FEWEST_KEYFRAMES, at_most: int = MOST_KEYFRAMES, most_behind: int = 0
) -> list[VideoFrame]:
    """A few frames spread over a video in display order, without decoding the rest.

    Keyframes, evenly chosen where there are more than `at_most`. A video with fewer than `at_least` of
    them (a short one has one or two) gives `at_least` frames evenly chosen among those that follow its
    keyframes. Keyframes lie at even distances, so that a clock may show the same seconds on all of them: with
    `most_behind` frames 0, 1, 2, ... and again 0 frames behind them are given instead. Raises BadVideo when the
    file cannot be opened or none of those frames can be decoded.
    """
    layout = _packet_layout(path)
    if layout.rank_of_time is None:
        frames = _counted_from_start(path, layout, at_least, at_most, most_behind)
    else:
        stretches = layout.stretches(at_least, at_most, most_behind)
        shown = [layout.ranks_within(*stretch) for stretch in stretches]
        if len(stretches) >= at_least:
            chosen = {max(ranks) for ranks in shown if ranks}
        else:
            every = sorted(rank for ranks in shown for rank in ranks)
            chosen = {every[i] for i in spread(len(every), at_least)}
        frames = {frame.index: frame for frame in _decoded_stretches(path, layout, stretches) if frame.index in chosen}
    if not frames:
        raise BadVideo(f"{Path(path).name}: no frame can be decoded, the file is damaged; copy it again or remove it")
    return [frames[index] for index in sorted(frames)]


def _counted_from_start(
    path: str | Path, layout: PacketLayout, at_least: int, at_most: int, most_behind: int
) -> dict[int, VideoFrame]:
    """Frames evenly chosen from a video of which only counting from its start tells which is which."""
    n = len(layout.ranks)
    places = spread(n, at_most if len(layout.keys) >= at_least else at_least)
    chosen = {min(place + number % (most_behind + 1), n - 1) for number, place in enumerate(places)}
    return {frame.index: frame for frame in read_frames(path) if frame.index in chosen}


def read_chosen(path: str | Path, indices: Collection[int]) -> Iterator[VideoFrame]:
    """The frames with these display indices, in order, decoding only from the keyframe before each.

    A file without display times (AVI with B-frames) is decoded from its start.
    """
    indices = set(indices)
    layout = _packet_layout(path)
    if layout.rank_of_time is None:
        yield from (frame for frame in read_frames(path) if frame.index in indices)
        return
    position_of_rank = {rank: position for position, rank in enumerate(layout.ranks)}
    furthest: dict[int, int] = {}
    for index in sorted(indices & position_of_rank.keys()):
        position = position_of_rank[index]
        start = layout.key_for(position)
        furthest[start] = max(furthest.get(start, 0), position + 1)
    for frame in _decoded_stretches(path, layout, sorted(furthest.items())):
        if frame.index in indices:
            yield frame


@dataclass(frozen=True)
class PacketLayout:
    """Of each packet in decoding order: its frame's display rank, whether it is shown, and which are keyframes.

    Without `rank_of_time` times do not tell the order of display, and `ranks` only count.
    """

    ranks: list[int]
    shown: list[bool]
    keys: list[int]
    rank_of_time: dict[int | None, int] | None

    def stretches(self, at_least: int, at_most: int, most_behind: int) -> list[tuple[int, int]]:
        """Runs of packets [start, stop) to decode, each from a keyframe on."""
        keys = self.keys or [0]
        ends = [*keys[1:], len(self.ranks)]
        if len(keys) >= at_least:
            return [
                (keys[i], min(ends[i], keys[i] + 1 + number % (most_behind + 1)))
                for number, i in enumerate(spread(len(keys), at_most))
            ]
        longest = -(-FRAMES_DECODED_FOR_KEYFRAMES // len(keys))
        return [(start, min(end, start + longest)) for start, end in zip(keys, ends, strict=True)]

    def ranks_within(self, start: int, stop: int) -> list[int]:
        """Of the frames that decoding the packets [start, stop) shows."""
        return [self.ranks[p] for p in range(start, stop) if self.shown[p] and self.ranks[p] >= self.ranks[start]]

    def key_for(self, position: int) -> int:
        """The position of the keyframe from which on a frame can be decoded.

        That is the one before it; in an open group of pictures, where a frame comes behind a keyframe in the file that
        is shown after it, also the frames before that keyframe are needed, and it is the one before.
        """
        starts = [0, *self.keys]
        number = bisect_right(starts, position) - 1
        while number > 0 and self.ranks[starts[number]] > self.ranks[position]:
            number -= 1
        return starts[number]


def _packet_layout(path: str | Path) -> PacketLayout:
    container, stream = open_video(path)
    with container:
        packets = [(p.pts, p.is_keyframe, not p.is_discard) for p in packets_of(container, stream) if p.size]
        ordered = DisplayRanks(stream).ordered and all(pts is not None for pts, _, _ in packets)
    shown = [is_shown for _, _, is_shown in packets]
    keys = [position for position, (_, key, _) in enumerate(packets) if key]
    times = sorted(pts for pts, _, is_shown in packets if is_shown and pts is not None)
    # In MPEG's program streams two small frames may be given one time.
    if not ordered or len(set(times)) < len(times):
        return PacketLayout(list(range(len(packets))), shown, keys, None)
    rank_of_time: dict[int | None, int] = {pts: rank for rank, pts in enumerate(times)}
    return PacketLayout([rank_of_time.get(pts, -1) for pts, _, _ in packets], shown, keys, rank_of_time)


def _decoded_stretches(
    path: str | Path, layout: PacketLayout, stretches: list[tuple[int, int]]
) -> Iterator[VideoFrame]:
    """The frames shown by runs of packets [start, stop), in order; runs that touch are decoded as one."""
    container, stream = open_video(path)
    stream.thread_type = "AUTO"
    joined = _joined(stretches)
    starts, stops = {start for start, _ in joined}, {stop - 1 for _, stop in joined}
    inside, rank_of_time = False, layout.rank_of_time or {}
    with container:
        packets = (packet for packet in packets_of(container, stream) if packet.size)
        for position, packet in enumerate(packets):
            inside = inside or position in starts
            frames = decode(stream, packet) if inside else []
            if position in stops:
                inside, last = False, decode(stream, None)
                stream.codec_context.flush_buffers()
                frames += last
            for frame in frames:
                if (rank := rank_of_time.get(frame.pts)) is not None:
                    yield _video_frame(rank, frame)


def _joined(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs that touch or overlap as one: between two of an open group of pictures nothing may be flushed."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
