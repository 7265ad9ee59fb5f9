"""Temporary names: who owns each, and what a killed run left behind.

A temporary name begins with a dot and ends with its owner: host, process and start time. A marker in
`.running/` lists the folders in which its owner has some, so that the next run finds them.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

RUNNING = ".running"
STALE_ELSEWHERE_S = 86_400.0


def process_start(pid: int) -> float | None:
    """When a process of this host started; None when there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def owner() -> str:
    """This process, in a form that no later process can share."""
    pid = os.getpid()
    return f"{socket.gethostname()}~{pid}~{process_start(pid):.2f}"


def temporary_name(name: str) -> str:
    return f".{name}.tmp~{owner()}"


def _is_dead(owner_name: str, marker: Path) -> bool:
    host, pid, started = owner_name.split("~")[:3]
    if host != socket.gethostname():
        return time.time() - marker.stat().st_mtime > STALE_ELSEWHERE_S
    now = process_start(int(pid))
    return now is None or f"{now:.2f}" != started


def announce(root: Path, folders: Iterable[Path]) -> Path:
    """Say, before there are any, that this process will have temporary names in `folders`; returns the marker."""
    running = root / RUNNING
    running.mkdir(parents=True, exist_ok=True)
    marker = running / f"{owner()}~{time.monotonic_ns()}.json"
    marker.write_text(json.dumps(sorted({str(folder.relative_to(root)) for folder in folders})))
    return marker


def sweep(root: Path) -> int:
    """Remove what killed processes left under `root`; returns how many temporary names there were."""
    swept = 0
    for marker in sorted((root / RUNNING).glob("*.json")):
        name = marker.stem
        if not _is_dead(name, marker):
            continue
        mine = "~".join(name.split("~")[:3])
        for place in _places(marker):
            for left in (root / place).glob(f".*.tmp~{mine}"):
                swept += 1
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        marker.unlink(missing_ok=True)
    return swept


def _places(marker: Path) -> list[str]:
    try:
        return json.loads(marker.read_text())
    except ValueError:  # killed while writing the marker: no draft existed yet
        return []
