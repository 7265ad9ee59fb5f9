"""What a stage leaves behind: tables, folders and files that are whole or absent.

Each artifact carries the recipe that made it. It is written under a temporary name beside its place
(tasks/temporaries.py), brought to the disk (tasks/durable.py) and renamed. With the recipe lies what it
was made of, in short, so that a person can be told why an artifact is no longer up to date.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import luigi
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from allsky.errors import AllskyError
from allsky.tables import Table
from tasks.durable import flush, flush_names
from tasks.temporaries import announce, publishing_alone, temporary_name, withdraw

RECIPE_KEY = b"recipe"
NOTES_KEY = b"notes"
INGREDIENTS_KEY = b"ingredients"


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class DamagedArtifact(AllskyError):
    """Something in the output folder that cannot be read."""

    def __init__(self, path: Path, reason: object):
        super().__init__(
            f"{path} is missing or damaged ({reason}): restore it, or remove it and run again to have it made anew"
        )


class UnwritableOutput(AllskyError):
    """An output folder in which nothing can be written."""


@contextlib.contextmanager
def writing_in(output: Path) -> Iterator[None]:
    """Raises UnwritableOutput where what is done meanwhile cannot be written below `output`."""
    try:
        yield
    except OSError as error:
        raise UnwritableOutput(
            f"[archive] output: nothing can be written in {output} ({error.strerror}); name a folder that can be made"
            " and written in, or change its permissions"
        ) from None


@contextlib.contextmanager
def finding_room_in(output: Path) -> Iterator[None]:
    """Raises UnwritableOutput where the disk below `output` takes no more."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        reason = os.strerror(error.errno)
        raise UnwritableOutput(
            f"{output} takes no more ({reason}): make room there, then run again; it goes on where it was"
        ) from error


class Artifact(luigi.Target):
    """Something a stage writes, at `path`. Subclasses say how it is written, read and recorded."""

    sealed_with = ""
    made_of: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, path: Path):
        self.path = Path(path)

    def exists(self) -> bool:
        return self.path.exists()

    def recipe(self) -> str | None:
        """The recipe that made what lies there; None where nothing (readable) lies there."""
        return self.record().get("recipe")

    def record(self) -> Mapping[str, Any]:
        """What was recorded with the artifact: `recipe`, and `ingredients` in short; empty where nothing lies there."""
        raise NotImplementedError

    def draft(self, recipe: str, made_of: Mapping[str, Any] | None = None) -> Artifact:
        """The same artifact under a temporary name; sealed with `recipe` and `made_of` when it is published."""
        twin = type(self).__new__(type(self))
        path = self.path.with_name(temporary_name(self.path.name))
        twin.__dict__ |= self.__dict__ | {"path": path, "sealed_with": recipe, "made_of": made_of or {}}
        return twin

    def _seal(self) -> dict[str, Any]:
        return {"recipe": self.sealed_with, "ingredients": dict(self.made_of)}

    def seal(self) -> None:
        """Complete a draft: what was never written becomes empty, and the recipe goes in."""

    def leave_empty(self, problem: str) -> None:
        """Make a draft say that there is nothing to keep, and why."""

    def publish(self, draft: Artifact) -> None:
        os.replace(draft.path, self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


class TableArtifact(Artifact):
    """A Parquet table; recipe and notes stand in its schema metadata."""

    def __init__(self, path: Path, table: Table):
        super().__init__(path)
        self.table = table

    def exists(self) -> bool:
        return bool(self._metadata())  # half a table is none

    def read(self, columns: list[str] | None = None) -> pd.DataFrame:
        """The table, or some of its columns. Raises DamagedArtifact where it cannot be read."""
        try:
            return pq.ParquetFile(self.path).read(columns=columns).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise DamagedArtifact(self.path, error) from None

    def write(self, frame: pd.DataFrame, **notes: Any) -> None:
        """Write `frame`, and small JSON-able `notes` beside it (a problem, counts)."""
        table = self.table.to_arrow(frame)
        metadata = {RECIPE_KEY: self.sealed_with.encode(), NOTES_KEY: json.dumps(notes).encode()}
        metadata[INGREDIENTS_KEY] = json.dumps(dict(self.made_of)).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            table.replace_schema_metadata((table.schema.metadata or {}) | metadata), self.path, compression="zstd"
        )

    def record(self) -> Mapping[str, Any]:
        metadata = self._metadata()
        if not metadata.get(RECIPE_KEY):
            return {}
        return {
            "recipe": metadata[RECIPE_KEY].decode(),
            "ingredients": json.loads(metadata.get(INGREDIENTS_KEY, b"{}")),
            "notes": json.loads(metadata.get(NOTES_KEY, b"{}")),
        }

    def notes(self) -> dict[str, Any]:
        return json.loads(self._metadata().get(NOTES_KEY, b"{}"))

    def _metadata(self) -> Mapping[bytes, bytes]:
        try:
            seen = os.stat(self.path)
            return _metadata_of(str(self.path), seen.st_ino, seen.st_mtime_ns, seen.st_size)
        except (OSError, ValueError):  # absent, or not a table: nothing that counts lies there
            return {}

    def leave_empty(self, problem: str) -> None:
        self.write(self.table.empty(), problem=problem)

    def seal(self) -> None:
        if not self.path.exists():
            self.write(self.table.empty())


# A run asks for the inventory's before every task. `_file` tells one that was replaced: inode, time, size.
@functools.lru_cache(maxsize=256)
def _metadata_of(path: str, *_file: int) -> Mapping[bytes, bytes]:
    return MappingProxyType(pq.read_schema(path).metadata or {})


class FolderArtifact(Artifact):
    """A folder of files; the recipe stands in its `.recipe.json`."""

    def record(self) -> Mapping[str, Any]:
        return _read_record(self.path / ".recipe.json")

    def draft(self, recipe: str, made_of: Mapping[str, Any] | None = None) -> FolderArtifact:
        twin = super().draft(recipe, made_of)
        twin.path.mkdir(parents=True)
        assert isinstance(twin, FolderArtifact)
        return twin

    def leave_empty(self, problem: str) -> None:
        shutil.rmtree(self.path)
        self.path.mkdir()

    def seal(self) -> None:
        (self.path / ".recipe.json").write_text(json.dumps(self._seal()))

    def publish(self, draft: Artifact) -> None:
        # Renaming onto a full folder fails, so the old one is moved out of the way first. Where another
        # worker was faster the folder there is equal to ours, and ours may go.
        old = self.path.with_name(temporary_name(self.path.name + ".old"))
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, old)
        try:
            os.rename(draft.path, self.path)
        except OSError:
            if not self.path.is_dir():
                with contextlib.suppress(OSError):
                    os.rename(old, self.path)
                raise
        shutil.rmtree(old, ignore_errors=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class FileArtifact(Artifact):
    """A single file; the recipe stands in a dot-file beside it."""

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f".{self.path.name}.recipe.json")

    def record(self) -> Mapping[str, Any]:
        return _read_record(self._beside) if self.path.exists() else {}

    def seal(self) -> None:
        if not self.path.exists():
            self.path.touch()

    def publish(self, draft: Artifact) -> None:
        self._beside.unlink(missing_ok=True)
        os.replace(draft.path, self.path)
        record = self._beside.with_name(temporary_name(self._beside.name))
        try:
            record.write_text(json.dumps(draft._seal()))
            flush(record)
            os.replace(record, self._beside)
        finally:
            record.unlink(missing_ok=True)


def _read_record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text())
        return record if record["recipe"] else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


# Writing several at once.


@contextlib.contextmanager
def drafts(
    root: Path,
    output: Mapping[str, Artifact],
    recipe: str,
    made_of: Mapping[str, Any] | None = None,
    there: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """Drafts of every artifact of `output`, published together when the block ends well.

    The last of them is the record: it is taken away first and put in place last, so that whoever
    finds it finds everything. Where another worker was faster (`there`), what it published stays, and the drafts go.
    Whatever happens short of SIGKILL, no draft is left behind.
    """
    for artifact in output.values():
        artifact.path.parent.mkdir(parents=True, exist_ok=True)
    marker = announce(root, [artifact.path for artifact in output.values()])
    twins: dict[str, Artifact] = {}
    try:
        for name, artifact in output.items():
            twins[name] = artifact.draft(recipe, made_of)
        yield twins
        for twin in twins.values():
            twin.seal()
            flush(twin.path)
        with publishing_alone(root, [*output.values()][-1].path):
            if not there():
                _publish(output, twins)
    finally:
        for twin in twins.values():
            twin.remove()
        withdraw(marker)


def _publish(output: Mapping[str, Artifact], twins: Mapping[str, Artifact]) -> None:
    """Each step is on the disk before the next begins: a power cut leaves the old, nothing, or the new."""
    *others, last = output
    if others and output[last].exists():
        output[last].remove()
        flush_names(output[last].path.parent)
    for name in others:
        output[name].publish(twins[name])
    for folder in {output[name].path.parent for name in others}:
        flush_names(folder)
    output[last].publish(twins[last])
    flush_names(output[last].path.parent)
