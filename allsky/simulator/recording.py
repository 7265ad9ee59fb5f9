"""Turns a night's pictures into a video file, clock burned in, cards put between, faults worked in."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas as pd

from allsky.clock.zones import parse_zone
from allsky.fisheye import Lens
from allsky.simulator import faults as injected
from allsky.simulator.overlay import TextLine, card_picture, draw_text
from allsky.simulator.scene import Picture
from allsky.simulator.simulation import Simulation
from allsky.simulator.truth import TRUTH

FRAMES_PER_SECOND = 25


def record(
    simulation: Simulation, night: str, video: str, utc: pd.DatetimeIndex, pictures: Iterator[Picture], rows: list[dict]
) -> Iterator[np.ndarray]:
    """The video's frames in order, cards among them; `rows` gains the truth of each frame as it goes."""
    blank: dict[str, Any] = dict.fromkeys(TRUTH.names)
    filmed = _film(simulation, night, utc, pictures)
    cards = sorted(simulation.cards, key=lambda card: card.where)
    for k in range(len(utc) + 1):
        while cards and (k == len(utc) or cards[0].where * len(utc) <= k):
            card = cards.pop(0)
            for _ in range(card.frames):
                rows.append(blank | {"video": video, "frame_index": len(rows), "card": True})
                yield card_picture(card, *simulation.camera.frame_size)
        if k < len(utc):
            frame, facts = next(filmed)
            rows.append(blank | facts | {"video": video, "frame_index": len(rows), "card": False})
            yield frame


def _film(
    simulation: Simulation, night: str, utc: pd.DatetimeIndex, pictures: Iterator[Picture]
) -> Iterator[tuple[np.ndarray, dict]]:
    """Each frame with its clock burned in, and its truth; a frozen camera repeats both."""
    wrong = injected.of_night(simulation.faults, night)
    shown = injected.shown_index(wrong, len(utc))
    frame, facts = np.empty(0, dtype=np.uint8), dict[str, Any]()
    for k, picture in enumerate(pictures):
        if shown[k] == k:
            frame, facts = _compose(simulation, wrong, picture, utc[k], k, len(utc))
        fault = injected.touches(wrong, facts["overlay_text"] is not None, k, len(utc), int(shown[k]))
        yield frame, facts | {"fault": fault}


def _compose(
    simulation: Simulation, wrong: dict[str, float], picture: Picture, utc: pd.Timestamp, k: int, n: int
) -> tuple[np.ndarray, dict]:
    width, height = simulation.camera.frame_size
    if "not_a_sky" in wrong:
        frame = injected.room(width, height, k)
    else:
        frame = place(picture.rgb, simulation.camera.lens, width, height)
    zone = parse_zone(simulation.clock_timezone or simulation.site.timezone)
    clock = injected.shown_time(wrong, utc.to_pydatetime(), zone, k, n)
    said = _burn(frame, simulation.camera.overlay, simulation.site.name, picture.facts, clock)
    return frame, picture.facts | {"utc": utc, "overlay_text": said}


def place(square: np.ndarray, lens: Lens, width: int, height: int) -> np.ndarray:
    """`square` put where the circle of `lens` lies in a frame (height, width, 3); what leaves the frame is cut."""
    frame = np.zeros((height, width, 3), dtype=np.uint8)
    size = square.shape[0]
    left, top = int(np.floor(lens.center_x - lens.radius + 1.0)), int(np.floor(lens.center_y - lens.radius + 1.0))
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, width), min(top + size, height)
    frame[y0:y1, x0:x1] = square[y0 - top : y1 - top, x0 - left : x1 - left]
    return frame


def _burn(frame: np.ndarray, lines: tuple[TextLine, ...], site: str, facts: dict, clock: datetime | None) -> str | None:
    """Burn the lines in; what the first, the clock, says, or None."""
    said = None
    for number, line in enumerate(lines):
        if clock is None and "%" in line.text:
            continue
        stamped = (clock or datetime(2000, 1, 1, tzinfo=UTC)).strftime(line.text)
        text = stamped.format(exposure=f"{facts['exposure_s']:.3f}", gain=f"{facts['gain']:.1f}", site=site)
        draw_text(frame, line, text)
        said = text if number == 0 else said
    return said


def encode(path: Path, frames: Iterator[np.ndarray], codec: str, options: dict[str, str]) -> int:
    """Write `frames` (h, w, 3) as a video and return how many there were; without frames, no file.

    One encoder thread, and a muxer that writes neither its clock nor its version, so that equal frames give equal
    bytes.
    """
    first = next(frames, None)
    if first is None:
        return 0
    count = 0
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(codec, rate=Fraction(FRAMES_PER_SECOND), options=options)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for frame in itertools.chain([first], frames):
            picture: Any = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
            count += 1
        container.mux(stream.encode(None))
    return count


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to, renamed to it when all went well and removed when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield partial
        if partial.exists():
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one thread meanwhile: nights run side by side, a process each, and its threads would fight over the
    cores.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
