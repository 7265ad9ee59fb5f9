"""The archive as this run sees it: one scan, one inventory, shared by every task and fork.

The scan is taken once in a process and inherited by its forks. The inventory is what the scan led
to: which videos there are, which night each belongs to, and which camera epoch a night belongs to.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allsky.corpus import Corpus
from allsky.errors import BadConfiguration
from allsky.recordings.files import content_digest, list_videos
from allsky.recordings.inventory import usable
from allsky.tables import TEXT, VIDEOS, WHOLE, Column, Table
from tasks import settings
from tasks.artifacts import TableArtifact

SOURCES = Table(
    "sources",
    "a file of the archive as it was when the inventory was made",
    (
        Column("name", TEXT, "", "path relative to the archive"),
        Column("bytes", WHOLE, "byte", "size"),
        Column("mtime_ns", WHOLE, "ns", "time of change, as the file system gives it"),
        Column("digest", TEXT, "", "digest of the size and of samples of the content"),
    ),
)


@dataclass(frozen=True)
class Source:
    """A file of the archive: name relative to it, size, time of change, and a digest of samples of its content."""

    name: str
    bytes: int
    mtime_ns: int
    digest: str


@dataclass(frozen=True)
class Scan:
    """The files that count in this run, and those that changed too recently to count yet."""

    sources: tuple[Source, ...]
    waiting: tuple[str, ...]
    begun: float = 0.0

    def listing(self) -> list[tuple[str, int, str]]:
        """What of the files enters a recipe: not when they were touched."""
        return listing(self.sources)


def listing(sources: Iterable[Source]) -> list[tuple[str, int, str]]:
    """What of files enters a recipe."""
    return [(source.name, source.bytes, source.digest) for source in sources]


@functools.cache
def scan() -> Scan:
    """The archive, looked at once in this process."""
    here, begun = settings.current(), time.time()
    known = {source.name: source for source in read_sources(Corpus(here.output).sources)}
    settle_s = 0.0 if here.simulated else here.archive.settle_s
    sources, waiting = [], []
    for name in _names(here.videos):
        try:
            source = _look_at(here.videos, name, known.get(name), settle_s)
        except OSError:  # a dangling link, no permission: the probe says it
            source = Source(name, 0, 0, "unreadable")
        if source is None:
            waiting.append(name)
        else:
            sources.append(source)
    return Scan(tuple(sources), tuple(waiting), begun)


def waiting() -> tuple[str, ...]:
    """Files that changed too recently to count; none where the archive is still to be made."""
    return () if settings.current().simulated else scan().waiting


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise BadConfiguration(f"[archive] videos: there is no folder {folder}; name the folder that holds the videos")
    names, others = list_videos(folder)
    if not names:
        raise BadConfiguration(
            f"[archive] videos: no video lies in {folder} (expected .mp4, .avi, .mkv, .mov, .webm or the like; "
            f"found {len(others)} other files); name the folder that holds the videos"
        )
    return names


def _look_at(folder: Path, name: str, known: Source | None, settle_s: float) -> Source | None:
    stat = (folder / name).stat()
    if known and (known.bytes, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
        return known
    if 0 <= time.time() - stat.st_mtime < settle_s:
        return known
    return Source(name, stat.st_size, stat.st_mtime_ns, content_digest(folder / name))


def read_sources(path: Path) -> list[Source]:
    table = TableArtifact(path, SOURCES)
    return [Source(**row) for row in table.read().to_dict("records")] if table.exists() else []


def as_table(sources: Iterable[Source]) -> pd.DataFrame:
    return pd.DataFrame([dataclasses.asdict(source) for source in sources], columns=SOURCES.names)


@dataclass(frozen=True)
class Video:
    """A usable video of the archive."""

    name: str
    path: Path
    digest: str
    bytes: int
    size: tuple[int, int]


class Inventory:
    """Nights, months and epochs of the archive, from the inventory's tables."""

    def __init__(self, videos: pd.DataFrame, sources: Iterable[Source], folder: Path):
        self.table = videos
        sources = list(sources)
        self.listing = listing(sources)
        self._digests = {source.name: source.digest for source in sources}
        found: dict[str, list[Video]] = {}
        # As lists: ten thousand nights are slow to go through as groups of a data frame.
        columns = ["night", "video", "bytes", "width", "height"]
        rows = usable(videos).sort_values(["night", "video"])[columns]
        for night, *facts in zip(*(rows[name].tolist() for name in columns), strict=True):
            found.setdefault(str(night), []).append(self._video(folder, *facts))
        self.videos: dict[str, tuple[Video, ...]] = {night: tuple(held) for night, held in found.items()}

    def _video(self, folder: Path, name: str, size: int, width: float, height: float) -> Video:
        return Video(name, folder / name, self._digests[name], int(size), (int(width), int(height)))

    @property
    def nights(self) -> list[str]:
        return list(self.videos)

    @functools.cached_property
    def nights_of_month(self) -> dict[str, list[str]]:
        months: dict[str, list[str]] = {}
        for night in self.videos:
            months.setdefault(night[:7], []).append(night)
        return months

    @functools.cached_property
    def night_of_video(self) -> dict[str, str]:
        return {video.name: night for night, videos in self.videos.items() for video in videos}

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
        return {source.name for source in sources if self._digests.get(source.name) == source.digest}

    def sources(self, night: str) -> list[tuple[str, int, str]]:
        """What of a night's files enters a recipe."""
        return [(video.name, video.bytes, video.digest) for video in self.videos[night]]


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
