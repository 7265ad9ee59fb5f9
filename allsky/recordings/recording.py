"""What a night is made of: recordings, each a video, a stretch of one, or a folder's stills.

Whoever reads frames asks a recording for them and need not know which of these it is.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Protocol

from allsky.errors import BadVideo
from allsky.recordings.files import list_stills
from allsky.recordings.stills import StillsRecording
from allsky.recordings.video import (
    FEWEST_KEYFRAMES,
    MOST_KEYFRAMES,
    VideoFrame,
    probe,
    read_chosen,
    read_frames,
    read_keyframes,
)
from allsky.spread import spread

__all__ = ["Recording", "StillsRecording", "VideoRecording", "open_recording"]


class Recording(Protocol):
    """Frames in the order of time. `name` is the video's or folder's path relative to the archive; `n_frames` how many
    frames there should be; `frames` all of them, decoded by so many threads (0: FFmpeg's choice); `origin` which file,
    and which frame of that file, a frame is."""

    @property
    def name(self) -> str: ...

    @property
    def n_frames(self) -> int: ...

    def origin(self, index: int) -> tuple[str, int]: ...

    def frames(self, threads: int = 0) -> Iterator[VideoFrame]: ...

    def chosen(self, indices: Collection[int]) -> Iterator[VideoFrame]: ...

    def keyframes(self, most_behind: int = 0) -> list[VideoFrame]: ...

    def ends(self) -> list[VideoFrame]: ...


def open_recording(path: Path) -> Recording:
    """A file as a video, a folder as the stills in it, in order; raises BadVideo for a folder without stills."""
    if not path.is_dir():
        return VideoRecording(path.name, path)
    stills = tuple(still.name for still in list_stills(path, "."))
    if not stills:
        raise BadVideo(
            f"{path}: no still (JPEG or PNG) lies in this folder itself; name videos, and folders within it, one by one"
        )
    return StillsRecording(f"{path.name}/", path, stills)


@dataclass(frozen=True)
class VideoRecording:
    """A video, or `stretch` of it: its first frame and how many there are from there on."""

    name: str
    path: Path
    stretch: tuple[int, int] | None = None

    @functools.cached_property
    def n_frames(self) -> int:
        return self.stretch[1] if self.stretch else probe(self.path).n_frames or 0

    def origin(self, index: int) -> tuple[str, int]:
        return self.name, index

    def frames(self, threads: int = 0) -> Iterator[VideoFrame]:
        """Every frame, decoded once, with its index in the whole video; raises BadVideo as `read_frames` does."""
        if self.stretch is None:
            return read_frames(self.path, threads)
        first, stop = self.stretch[0], sum(self.stretch)
        frames = read_frames(self.path, threads) if first == 0 else read_chosen(self.path, range(first, stop))
        return takewhile(lambda frame: frame.index < stop, frames)

    def chosen(self, indices: Collection[int]) -> Iterator[VideoFrame]:
        return read_chosen(self.path, indices)

    def keyframes(self, most_behind: int = 0) -> list[VideoFrame]:
        """A few frames spread over it, as `read_keyframes` gives them."""
        if self.stretch is None:
            return read_keyframes(self.path, most_behind=most_behind)
        first, n = self.stretch
        # Of a stretch's whole video more are asked for, since some lie outside.
        every = read_keyframes(self.path, at_most=2 * MOST_KEYFRAMES, most_behind=most_behind)
        inside = [frame for frame in every if first <= frame.index < first + n]
        if len(inside) >= FEWEST_KEYFRAMES:
            return inside
        return list(read_chosen(self.path, [first + offset for offset in spread(n, FEWEST_KEYFRAMES)]))

    def ends(self) -> list[VideoFrame]:
        """The first and the last frame, as far as these two can be decoded."""
        first, n = self.stretch or (0, self.n_frames)
        return list(read_chosen(self.path, {first, first + n - 1}))
