"""What must be on the disk before something else is: a power cut leaves no record of what is not there.

A rename can reach the disk before the bytes of the file renamed (ext4, XFS), so these are flushed first.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

# Above so many files one flush of the whole file system is cheaper than one for each.
ONE_BY_ONE = 16


def flush(path: Path) -> None:
    """Return once a file, or a folder with everything in it, is on the disk."""
    if not path.is_dir():
        _flush_one(path)
        return
    inside = [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    if len(inside) > ONE_BY_ONE:
        _flush_file_system(path)
        return
    for file in inside:
        _flush_one(file)
    flush_names(path)


def flush_names(folder: Path) -> None:
    """Return once the names in `folder` (what was renamed or removed there) are on the disk."""
    with contextlib.suppress(OSError):  # some network file systems cannot, and keep names on the server anyway
        _flush_one(folder)


def _flush_one(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _flush_file_system(folder: Path) -> None:
    if sys.platform != "linux":
        os.sync()
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(opened) != 0:
            number = ctypes.get_errno()  # no space, no disk: what was written may not be there
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(opened)
