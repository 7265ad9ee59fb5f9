"""The archive as this run sees it: one inventory, shared by every task and fork.

It is what the scan (tasks/scan.py) led to: which videos and stills there are, which night each belongs to, and which
camera epoch a night belongs to.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allsky.corpus import Corpus
from allsky.recordings.inventory import usable
from allsky.recordings.recording import Recording, StillsRecording, VideoRecording
from allsky.tables import VIDEOS
from tasks import settings
from tasks.artifacts import TableArtifact
from tasks.scan import SOURCES, Source, listing, read_sources, read_stills


@dataclass(frozen=True)
class Video:
    """A usable video of the archive, or the part of it that belongs to one night, or a folder's stills of one night."""

    name: str
    path: Path
    digest: str
    bytes: int
    size: tuple[int, int]
    stretch: tuple[int, int] | None = None

    @property
    def holds_stills(self) -> bool:
        return self.name.endswith("/")

    def source(self) -> tuple:
        """What of it enters a recipe."""
        return (self.name, self.bytes, self.digest, *(self.stretch or ()))


class Inventory:
    """Nights, months and epochs of the archive, from the inventory's tables."""

    def __init__(self, videos: pd.DataFrame, sources: Iterable[Source], folder: Path):
        self.table = videos
        sources = list(sources)
        self.listing = listing(sources)
        self._digests = {(source.name, source.night): source.digest for source in sources}
        found: dict[str, list[Video]] = {}
        # As lists: ten thousand nights are slow to go through as groups of a data frame.
        columns = ["night", "video", "bytes", "width", "height", "first_frame", "n_frames"]
        rows = usable(videos).reindex(columns=columns).sort_values(["night", "video"])
        parts = rows["video"].duplicated(keep=False) & ~rows["video"].str.endswith("/")
        for night, *facts in zip(*(rows[name].tolist() for name in columns), parts.tolist(), strict=True):
            found.setdefault(str(night), []).append(self._video(folder, str(night), *facts))
        self.videos: dict[str, tuple[Video, ...]] = {night: tuple(held) for night, held in found.items()}

    def _video(
        self,
        folder: Path,
        night: str,
        name: str,
        size: int,
        width: float,
        height: float,
        first: float,
        n: float,
        part: bool,
    ) -> Video:
        digest = self._digests[name, night if name.endswith("/") else ""]
        stretch = (int(first), int(n)) if part else None
        return Video(name, folder / name, digest, int(size), (int(width), int(height)), stretch)

    @property
    def nights(self) -> list[str]:
        return list(self.videos)

    @functools.cached_property
    def files_of_night(self) -> dict[str, list[str]]:
        """The names of every file that is dated to a night, usable or not."""
        dated = self.table[self.table["night"].notna()]
        names: dict[str, list[str]] = {}
        for night, name in zip(dated["night"].tolist(), dated["video"].tolist(), strict=True):
            names.setdefault(night, []).append(name)
        return names

    @functools.cached_property
    def broken(self) -> dict[str, str]:
        """Why a night that files are dated to has none that could be used."""
        rows = self.table[self.table["night"].notna() & ~self.table["night"].isin(self.videos)]
        told: dict[str, list[str]] = {}
        for night, name, problem in zip(rows["night"], rows["video"], rows["problem"], strict=True):
            told.setdefault(night, []).append(f"{name}: {problem if isinstance(problem, str) else 'no frames'}")
        return {night: "; ".join(problems) for night, problems in sorted(told.items())}

    @functools.cached_property
    def nights_of_month(self) -> dict[str, list[str]]:
        months: dict[str, list[str]] = {}
        for night in self.videos:
            months.setdefault(night[:7], []).append(night)
        return months

    @functools.cached_property
    def night_of_video(self) -> dict[str, str]:
        """The night of each video and still; of a video that runs over several nights only its frames can tell."""
        whole = {v.name: night for night, videos in self.videos.items() for v in videos if v.stretch is None}
        if not any(name.endswith("/") for name in whole):
            return whole
        stills = read_stills(Corpus(settings.current().output).stills)
        stills = stills[stills["night"].notna()]
        paths = stills["folder"].str.removeprefix("./") + stills["still"]
        return whole | dict(zip(paths.tolist(), stills["night"].tolist(), strict=True))

    def recordings(self, night: str) -> list[Recording]:
        """A night's recordings, in order of their names."""
        return [self._recording(video, night) for video in self.videos[night]]

    def _recording(self, video: Video, night: str) -> Recording:
        if not video.holds_stills:
            return VideoRecording(video.name, video.path, video.stretch)
        stills = self.stills(video, night)
        return StillsRecording(video.name, video.path, tuple(stills["still"]))

    def stills(self, video: Video, night: str) -> pd.DataFrame:
        """The sound stills (STILLS) of a folder in one night, in order."""
        rows = read_stills(Corpus(settings.current().output).stills, night=night, folder=video.name)
        return rows[rows["problem"].isna()].reset_index(drop=True)

    @functools.cached_property
    def epoch_of_night(self) -> dict[str, str]:
        """An epoch is named by its first night; a new frame size or a [camera:DATE] section opens one."""
        epochs: dict[str, str] = {}
        epoch, key = "", None
        for night, videos in self.videos.items():
            now = (videos[0].size, settings.current().camera_since(night))
            if now != key:
                epoch, key = night, now
            epochs[night] = epoch
        return epochs

    def nights_of_epoch(self, epoch: str) -> list[str]:
        return [night for night, name in self.epoch_of_night.items() if name == epoch]

    def unchanged(self, sources: Iterable[Source]) -> set[str]:
        """Names of the `sources` that are as this inventory knows them."""
        return {source.name for source in sources if self._digests.get((source.name, "")) == source.digest}

    def parts(self, names: Collection[str]) -> list[Source]:
        """Of these folders of stills, what belongs to each night."""
        return [
            Source(name, 0, 0, digest, night)
            for (name, night), digest in self._digests.items()
            if night and name in names
        ]

    def sources(self, night: str) -> list[tuple]:
        """What of a night's files enters a recipe."""
        return [video.source() for video in self.videos[night]]


class _Assumed:
    inventory: Inventory | None = None


def assume(inventory: Inventory) -> None:
    """Let this process take `inventory` for the archive's, whatever is on disk (tasks/foresight.py, snapshot.py)."""
    _Assumed.inventory = inventory


def is_assumed() -> bool:
    return _Assumed.inventory is not None


def inventory() -> Inventory | None:
    """The inventory on disk, read again whenever it has been replaced; None where there is none (or half of one)."""
    if _Assumed.inventory is not None:
        return _Assumed.inventory
    path = _inventory_path()
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    return _read_inventory(path, stat.st_mtime_ns, stat.st_ino)


@functools.cache
def _inventory_path() -> str:
    return str(Corpus(settings.current().output).videos)


@functools.lru_cache(maxsize=1)
def _read_inventory(path: str, _mtime_ns: int, _inode: int) -> Inventory | None:
    here = settings.current()
    videos, sources = TableArtifact(Path(path), VIDEOS), TableArtifact(Corpus(here.output).sources, SOURCES)
    if not (videos.exists() and sources.exists()):
        return None
    return Inventory(videos.read(), read_sources(sources.path), here.videos)
