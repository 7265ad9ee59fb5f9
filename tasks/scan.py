"""What lies in the archive as this run sees it: each file looked at once, whatever happens to the folder meanwhile.

The scan is taken once in a process and inherited by its forks. A folder of stills is looked at as one thing: while its
names, sizes and times of change stay the same, none of its stills is opened.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from allsky.corpus import Corpus
from allsky.errors import BadConfiguration
from allsky.recordings.files import Listing, StillFile, content_digest, list_archive, list_stills, still_digest
from allsky.recordings.still_inventory import STILLS
from allsky.tables import TEXT, WHOLE, Column, Table
from tasks import settings
from tasks.artifacts import TableArtifact

# So many of the files that wait are named.
NAMED = 3

SOURCES = Table(
    "sources",
    "a file of the archive, or a folder of stills, as it was when the inventory was made",
    (
        Column("name", TEXT, "", "path relative to the archive; a folder's ends with a slash"),
        Column("night", TEXT, "", "the night whose stills of a folder these are; empty for a whole file or folder"),
        Column("bytes", WHOLE, "byte", "size"),
        Column("mtime_ns", WHOLE, "ns", "time of change, as the file system gives it; of a folder, a hash of them all"),
        Column("digest", TEXT, "", "digest of the size and of samples of the content"),
    ),
)


@dataclass(frozen=True)
class Source:
    """A file of the archive, or a folder's stills: name relative to it, size, time of change, and a digest of samples
    of its content; `night` where it is only what of a folder belongs to one."""

    name: str
    bytes: int
    mtime_ns: int
    digest: str
    night: str = ""


@dataclass(frozen=True)
class ScannedStills:
    """The stills of a folder that has changed, in order, and their digests."""

    files: list[StillFile]
    digests: list[str]


@dataclass(frozen=True)
class Scan:
    """The files that count in this run, and those that changed too recently to count yet; `stills` of the folders that
    are not as the inventory knows them; and names that no table can hold."""

    sources: tuple[Source, ...]
    waiting: tuple[str, ...]
    begun: float = 0.0
    stills: dict[str, ScannedStills] = field(default_factory=dict)
    odd_names: tuple[str, ...] = ()

    def listing(self) -> list[tuple[str, int, str]]:
        """What of the files enters a recipe: not when they were touched."""
        return listing(self.sources)


def listing(sources: Iterable[Source]) -> list[tuple[str, int, str]]:
    """What of whole files and folders enters a recipe."""
    return [(source.name, source.bytes, source.digest) for source in sources if not source.night]


@functools.cache
def current() -> Scan:
    """The archive, looked at once in this process."""
    here, begun = settings.current(), time.time()
    known = {source.name: source for source in read_sources(Corpus(here.output).sources) if not source.night}
    found = listed(here.videos)
    sources, waiting = _scanned_videos(found.videos, known, begun)
    stills: dict[str, ScannedStills] = {}
    for folder, files in found.stills.items():
        settled, growing = _settled(folder, files, begun)
        waiting += [folder.removeprefix("./") + name for name in growing]
        if settled:
            sources.append(_scanned_folder(folder, settled, known.get(folder), stills))
    return Scan(tuple(sources), tuple(waiting), begun, stills, tuple(found.odd_names))


def why_left_out() -> str | None:
    """Which files this run does not take, why, and what to do where it should; None where it takes all."""
    if settings.current().simulated:
        return None
    return "; ".join([*_why_waiting(current().waiting), *why_odd(current().odd_names)]) or None


def _why_waiting(files: Sequence[str]) -> Iterator[str]:
    if files:
        within = f"{settings.current().archive.settle_s:g} s ([archive] settle_s)"
        yield (
            f"{_counted(files)} changed within the last {within}, may be growing, and will be taken by a later run: "
            f"{_named(files)}; set settle_s = 0 where they are finished"
        )


def why_odd(files: Sequence[str]) -> Iterator[str]:
    """Which files no run takes because of their names, and what to do, if there are any."""
    if files:
        yield f"{_counted(files)} left out, with a name that is no UTF-8: {_named(files)}; rename what is to be taken"


def _counted(files: Sequence[str]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files):,} files"


def _named(files: Sequence[str]) -> str:
    return ", ".join(files[:NAMED]) + (", …" if len(files) > NAMED else "")


def listed(folder: Path) -> Listing:
    """What lies in the archive's folder; raises BadConfiguration where that is nothing a run could take."""
    if not folder.is_dir():
        raise BadConfiguration(f"[archive] videos: there is no folder {folder}; name the folder that holds the videos")
    found, wanted = list_archive(folder), settings.current().archive.stills_time
    if found.videos or (found.stills and wanted):
        return found if wanted else dataclasses.replace(found, stills={})
    expected = "video or still" if wanted else "video"
    hint = (
        f", {found.n_stills:,} of them JPEG or PNG: if these are the archive, set [archive] stills_time"
        if found.stills
        else ""
    )
    raise BadConfiguration(
        f"[archive] videos: no {expected} lies in {folder} (expected .mp4, .avi, .mkv, .mov, .webm or the like; "
        f"found {len(found.others) + found.n_stills} other files{hint}); name the folder that holds the videos"
    )


def _may_grow(changed: float, now: float) -> bool:
    here = settings.current()
    return 0 <= now - changed < (0.0 if here.simulated else here.archive.settle_s)


def _scanned_videos(names: Iterable[str], known: dict[str, Source], now: float) -> tuple[list[Source], list[str]]:
    """Videos as sources, and those that wait."""
    sources, waiting = [], []
    for name in names:
        try:
            source = _look_at(settings.current().videos, name, known.get(name), now)
        except OSError:  # a dangling link, no permission: the probe says it
            source = Source(name, 0, 0, "unreadable")
        if source is None:
            waiting.append(name)
        else:
            sources.append(source)
    return sources, waiting


def _look_at(folder: Path, name: str, known: Source | None, now: float) -> Source | None:
    stat = (folder / name).stat()
    if known and (known.bytes, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
        return known
    if _may_grow(stat.st_mtime, now):
        return known
    return Source(name, stat.st_size, stat.st_mtime_ns, content_digest(folder / name))


# Folders of stills.


def _settled(folder: str, files: Iterable[StillFile], now: float) -> tuple[list[StillFile], list[str]]:
    """The stills that count, and the names of those that wait; one that may grow counts as the inventory knows it."""
    settled, waiting = [], []
    known: dict[str, StillFile] | None = None
    for file in files:
        if _may_grow(file.mtime_ns / 1e9, now):
            known = _known_stills(folder) if known is None else known
            if file.name not in known:
                waiting.append(file.name)
                continue
            file = known[file.name]
        settled.append(file)
    return settled, waiting


def _known_stills(folder: str) -> dict[str, StillFile]:
    known = read_stills(Corpus(settings.current().output).stills, folder=folder)
    looks = known[["still", "bytes", "mtime_ns"]].itertuples(index=False, name=None)
    return {name: StillFile(name, int(size), int(changed)) for name, size, changed in looks}


def _scanned_folder(
    folder: str, files: Sequence[StillFile], known: Source | None, changed: dict[str, ScannedStills]
) -> Source:
    """A folder as a source; where it is not as it is known, its stills are sampled and noted in `changed`."""
    stamp = _stamp(files)
    if known is not None and known.mtime_ns == stamp:
        return known
    scanned = ScannedStills(list(files), _digests(folder, files))
    changed[folder] = scanned
    whole = hashlib.blake2b(digest_size=16)
    for file, digest in zip(files, scanned.digests, strict=True):
        whole.update(f"{file.name}\0{digest}\n".encode())
    return Source(folder, sum(file.bytes for file in files), stamp, whole.hexdigest())


def whole_folder(folder: str) -> ScannedStills:
    """The stills of a folder that is as it was, where what the inventory knew of it is not to be used."""
    files, _ = _settled(folder, list_stills(settings.current().videos, folder), current().begun)
    return ScannedStills(files, _digests(folder, files))


def _stamp(files: Iterable[StillFile]) -> int:
    """A number (63 bits) that changes with any name, size or time of change."""
    stamp = hashlib.blake2b(digest_size=8)
    for file in files:
        stamp.update(f"{file.name}\0{file.bytes}\0{file.mtime_ns}\n".encode())
    return int.from_bytes(stamp.digest()) >> 1


def _digests(folder: str, files: Iterable[StillFile]) -> list[str]:
    here = settings.current()
    known = read_stills(Corpus(here.output).stills, folder=folder)
    looks = known[["still", "bytes", "mtime_ns", "digest"]].itertuples(index=False, name=None)
    digest_of = {(name, size, changed): digest for name, size, changed, digest in looks}
    return [
        digest_of.get((file.name, file.bytes, file.mtime_ns)) or _sampled(here.videos / folder / file.name)
        for file in files
    ]


def _sampled(path: Path) -> str:
    try:
        return still_digest(path)
    except OSError:
        return "unreadable"


# Keeping.


def read_sources(path: Path) -> list[Source]:
    table = TableArtifact(path, SOURCES)
    return [Source(**row) for row in table.read().to_dict("records")] if table.exists() else []


def as_table(sources: Iterable[Source]) -> pd.DataFrame:
    return pd.DataFrame([dataclasses.asdict(source) for source in sources], columns=SOURCES.names)


def read_stills(path: Path, **only: str) -> pd.DataFrame:
    """STILLS as the inventory left them, those whose column has the value given (`folder`, `night`)."""
    if not path.exists():
        return STILLS.empty()
    rows = pd.read_parquet(
        path, filters=[(name, "==", value) for name, value in only.items()] or None, partitioning=None
    )
    return rows.reset_index(drop=True)
