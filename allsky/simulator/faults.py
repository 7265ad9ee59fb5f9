"""What can go wrong with an archive, injected on purpose, each with a name and an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

# name: what it does to the night, and what `amount` means.
KINDS = {
    "zero_bytes": "the file is empty",
    "truncated": "the file ends after `amount` (a share) of its bytes",
    "not_video": "the file holds text",
    "no_clock": "no clock is burned in on the last `amount` (a share) of the frames",
    "wrong_clock": "the clock is `amount` seconds ahead all night",
    "dst_forgotten": "the clock was never put forward: an hour behind while summer time is on",
    "clock_jump": "the clock jumps by `amount` seconds at mid-night",
    "frozen": "`amount` frames at mid-night repeat the picture before them, clock and all",
    "gap": "the camera was off for `amount` hours at mid-night",
    "not_a_sky": "the camera filmed a room",
}


@dataclass(frozen=True)
class Fault:
    """`kind` (one of `KINDS`) happens on `night`; see `KINDS` for `amount`."""

    kind: str
    night: str
    amount: float = 0.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known ones are {', '.join(KINDS)}")


def of_night(faults: Sequence[Fault], night: str) -> dict[str, float]:
    """Kind and amount of the faults of `night`."""
    return {fault.kind: fault.amount for fault in faults if fault.night == night}


def keep_frames(faults: dict[str, float], seconds: np.ndarray) -> np.ndarray:
    """Which instants are filmed at all."""
    if "gap" not in faults:
        return np.ones(len(seconds), dtype=bool)
    middle = (seconds[0] + seconds[-1]) / 2.0
    return np.abs(seconds - middle) > faults["gap"] * 1800.0


def shown_index(faults: dict[str, float], n: int) -> np.ndarray:
    """For each frame of the video, the frame whose picture it shows."""
    shown = np.arange(n)
    repeats = min(int(faults.get("frozen", 0)), n - n // 2 - 1)
    if repeats > 0:
        shown[n // 2 + 1 : n // 2 + 1 + repeats] = n // 2
    return shown


def shown_time(faults: dict[str, float], true: datetime, zone, k: int, n: int) -> datetime | None:
    """What the clock shows at frame k of n, in `zone`; None where no clock is burned in."""
    if "no_clock" in faults and k >= n * (1.0 - faults["no_clock"]):
        return None
    shift = faults.get("wrong_clock", 0.0) + (faults.get("clock_jump", 0.0) if k >= n // 2 else 0.0)
    local = true.astimezone(zone)
    if "dst_forgotten" in faults:
        shift -= (local.dst() or timedelta()).total_seconds()
    return (true.astimezone(UTC) + timedelta(seconds=shift)).astimezone(zone)


def touches(faults: dict[str, float], shows_clock: bool, k: int, n: int, shown: int) -> str | None:
    """Names of the faults that a frame suffers from, or None."""
    names = [
        kind
        for kind in faults
        if kind in ("zero_bytes", "truncated", "not_video", "wrong_clock", "dst_forgotten", "not_a_sky")
        or (kind == "no_clock" and not shows_clock)
        or (kind == "clock_jump" and k >= n // 2)
        or (kind == "frozen" and shown != k)
    ]
    return ", ".join(names) or None


def spoil(faults: dict[str, float], path: Path) -> None:
    """Damage the finished file."""
    if "zero_bytes" in faults:
        path.write_bytes(b"")
    if "not_video" in faults:
        path.write_text("This is a note that somebody saved under a video's name.\n")
    if "truncated" in faults:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * faults["truncated"])])


def room(width: int, height: int, k: int) -> np.ndarray:
    """A frame (height, width, 3) of a lit room: walls, a window, a flickering tube."""
    frame = np.empty((height, width, 3), dtype=np.uint8)
    frame[:] = (150, 140, 125)
    frame[height * 2 // 3 :] = (95, 75, 60)
    frame[height // 6 : height // 2, width // 8 : width // 3] = (200, 215, 230)
    frame[: height // 12, width // 2 :] = 235 + (k % 3) * 6
    return frame
