"""Temporary names: who owns each, and what a killed run left behind.

A temporary name begins with a dot and ends with its owner: host, process and start time. A marker in
`.running/` lists what its owner is about to put in place, so that the next run finds them. Whether an owner on
another machine lives nobody can ask: it touches its markers while it works.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import math
import os
import shutil
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import psutil

RUNNING = ".running"
STALE_ELSEWHERE_S = 86_400.0
# So often a process touches its markers, if it tells that often how far it is.
TOUCHED_EVERY_S = 300.0
# Whoever publishes locks a byte of this file, one for each place.
PUBLISHING = ".publishing"


def process_start(pid: int) -> float | None:
    """When a process of this host started; None when there is none, or nothing of it but its exit status."""
    try:
        process = psutil.Process(pid)
        # In a container nobody may ever ask how an orphan ended: dead, it keeps its number.
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def owner() -> str:
    """This process, in a form that no later process can share."""
    return _owner(os.getpid())


@functools.cache
def _owner(pid: int) -> str:
    return f"{socket.gethostname()}~{pid}~{process_start(pid):.2f}"


def temporary_name(name: str) -> str:
    return f".{name}.tmp~{owner()}"


def is_elsewhere(owner_name: str) -> bool:
    """Whether an owner is a process of another host, which nobody can look at."""
    return owner_name.split("~")[0] != socket.gethostname()


def has_ended(owner_name: str) -> bool:
    """Whether an owner on this host lives no longer, whoever has its number now."""
    pid, started = owner_name.split("~")[1:3]
    now = process_start(int(pid))
    return now is None or f"{now:.2f}" != started


def _is_dead(owner_name: str, marker: Path) -> bool:
    if is_elsewhere(owner_name):
        with contextlib.suppress(FileNotFoundError):  # it has just been removed by its owner
            return time.time() - marker.stat().st_mtime > STALE_ELSEWHERE_S
        return False
    return has_ended(owner_name)


def announce(root: Path, places: Iterable[Path]) -> Path:
    """Say, before there are any, that this process will have temporary names beside `places`; returns the marker."""
    running = root / RUNNING
    running.mkdir(parents=True, exist_ok=True)
    marker = running / f"{owner()}~{time.monotonic_ns()}.json"
    marker.write_text(json.dumps([str(place.relative_to(root)) for place in places]))
    _Announced.markers.add(marker)
    return marker


def withdraw(marker: Path) -> None:
    """What `announce` said holds no longer."""
    _Announced.markers.discard(marker)
    marker.unlink(missing_ok=True)


class _Announced:
    markers: ClassVar[set[Path]] = set()
    touched: float = -math.inf


def still_at_work() -> None:
    """Let other machines know that this process goes on with what it has announced; cheap however often."""
    now = time.monotonic()
    if now - _Announced.touched < TOUCHED_EVERY_S:
        return
    _Announced.touched = now
    for marker in list(_Announced.markers):
        with contextlib.suppress(OSError):  # taken away, or a file system that is away for a while
            os.utime(marker)


@contextlib.contextmanager
def publishing_alone(root: Path, place: Path) -> Iterator[None]:
    """Nobody else, on any machine that shares `root`, puts something at `place` meanwhile.

    Where the file system has no locks it is the renaming alone that keeps artifacts whole: of two workers that
    end at the same instant the later one then replaces what the earlier one published by its equal.
    """
    opened = os.open(root / PUBLISHING, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with contextlib.suppress(OSError):
            fcntl.lockf(opened, fcntl.LOCK_EX, 1, zlib.crc32(str(place.relative_to(root)).encode()))
        yield
    finally:
        os.close(opened)


def sweep(root: Path) -> int:
    """Remove what killed processes left under `root`; returns how many temporary names there were.

    Another run may sweep at the same time: what it has removed already is gone, as it should be.
    """
    swept = 0
    for marker in sorted((root / RUNNING).glob("*.json")):
        name = marker.stem
        if not _is_dead(name, marker):
            continue
        mine = "~".join(name.split("~")[:3])
        for place in _places(marker):
            for left in (root / place).parent.glob(f".*.tmp~{mine}"):
                swept += 1
                _remove(left)
        marker.unlink(missing_ok=True)
    return swept


def _remove(left: Path) -> None:
    while left.is_dir():
        with contextlib.suppress(FileNotFoundError):  # the other run was a file ahead
            shutil.rmtree(left)
    left.unlink(missing_ok=True)


def _places(marker: Path) -> list[str]:
    try:
        return json.loads(marker.read_text())
    except (ValueError, FileNotFoundError):  # killed while writing the marker: no draft existed yet; or swept meanwhile
        return []
