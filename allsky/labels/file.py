"""How does an answer reach the disk, whole, before the next frame shows, and how is one taken back?

The file is the user's CSV, with the columns of the table LABELS. It is written row by row: a row that was
confirmed is on the disk, and a crash leaves every row before it as it was.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allsky.errors import BadLabels
from allsky.tables import LABELS

NEEDED = ("frame_id", "label", "labeller")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class _Layout:
    """How this file is written: its columns in order, and what separates them."""

    columns: tuple[str, ...]
    separator: str = ","

    def line(self, row: Mapping[str, Any]) -> bytes:
        text = io.StringIO()
        cells = ["" if row.get(name) is None else " ".join(str(row[name]).split()) for name in self.columns]
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerow(cells)
        return text.getvalue().encode()


class LabelFile:
    """The CSV of answers, to append to and to take from. Several programs may do so at once.

    Raises BadLabels where a file exists that cannot be continued: not UTF-8, or without one of the columns
    frame_id, label and labeller.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if self.path.exists():
            _layout(self.path, self.path.read_bytes())

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add answers, mappings of column to value; they are on the disk when this returns.

        Raises OSError where they cannot be written; the file is then as it was.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _held(self.path) as descriptor:
            content = _cut(descriptor, self.path)
            layout = _layout(self.path, content)
            start = b"" if content else layout.line({name: name for name in layout.columns})
            ending = b"\n" if content and not content.endswith(b"\n") else b""
            _add(descriptor, len(content), start + ending + b"".join(map(layout.line, rows)))
            if not content:
                _fsync_folder(self.path.parent)

    def withdraw(self, frame_id: str, labeller: str, place: tuple[str, int] | None = None) -> bool:
        """Take back the last answer of `labeller` for a frame; False where there is none.

        The frame is known by its name or by its `place`, video and frame_index. The file is replaced by one without
        that row, or stays as it was.
        """
        if not self.path.exists():
            return False
        with _held(self.path) as descriptor:
            content = _cut(descriptor, self.path)
            found = _last_row(content, _layout(self.path, content), labeller, frame_id, _place(place))
            if found is None:
                return False
            first, last = found
            _replace(self.path, content[:first] + content[last:])
        return True


# The file as it is.


def _layout(path: Path, content: bytes) -> _Layout:
    """Columns and separator of what is there; those of LABELS where nothing is."""
    if not content.strip():
        return _Layout(tuple(LABELS.names))
    header = _text(path, content).lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t", key=header.count)
    columns = tuple(name.strip().lower().replace(" ", "_") for name in next(csv.reader([header], delimiter=separator)))
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise BadLabels(
            f"{path} cannot be continued: its first line names the columns {', '.join(columns)}, and "
            f"{', '.join(missing)} must be among them. Take its answers over into a new file (`allsky label --import`)."
        )
    return _Layout(columns, separator)


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLabels(
            f"{path} cannot be continued: it is not UTF-8 ({error.reason} at byte {error.start}). Take its answers "
            "over into a new file (`allsky label --import`), or save it as UTF-8."
        ) from None


def _place(place: tuple[str, int] | None) -> tuple[str, ...]:
    return tuple(map(str, place)) if place else ()


def _last_row(
    content: bytes, layout: _Layout, labeller: str, frame_id: str, place: tuple[str, ...]
) -> tuple[int, int] | None:
    """First and last byte of the row; a quoted cell may hold line ends, so lines are counted by the CSV reader."""
    start = len(BYTE_ORDER_MARK) if content.startswith(BYTE_ORDER_MARK) else 0
    lines = list(io.StringIO(content[start:].decode(), newline=""))
    reader = csv.reader(lines, delimiter=layout.separator)
    found, before = None, 0
    for cells in reader:
        row = dict(zip(layout.columns, map(str.strip, cells)))
        is_frame = row.get("frame_id") == frame_id or (row.get("video"), row.get("frame_index")) == place
        if is_frame and row.get("labeller") == labeller:
            found = before, reader.line_num
        before = reader.line_num
    if found is None:
        return None
    first, last = (start + sum(len(line.encode()) for line in lines[:count]) for count in found)
    return first, last


# The file as it becomes.


@contextlib.contextmanager
def _held(path: Path) -> Iterator[int]:
    """The file opened, and nobody else's meanwhile; whoever replaced it while we waited is followed."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _cut(descriptor: int, path: Path) -> bytes:
    """What the file holds, without a half row at its end: a crash left that of an answer never confirmed."""
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    whole, line_end, rest = content.rpartition(b"\n")
    if not line_end or not rest:
        return content
    layout = _layout(path, content)
    (cells,) = csv.reader([rest.decode(errors="replace")], delimiter=layout.separator, strict=False)
    if len(cells) >= len(layout.columns):
        return content
    os.ftruncate(descriptor, len(whole) + 1)
    return whole + line_end


def _add(descriptor: int, size: int, added: bytes) -> None:
    try:
        written = 0
        while written < len(added):
            written += os.pwrite(descriptor, added[written:], size + written)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _replace(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        os.fchmod(descriptor, path.stat().st_mode & 0o7777)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _fsync_folder(path.parent)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
