"""Every frame dated exactly, whatever the container, codec, frame rate, turn, size and depth."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from allsky.clock.learning import ClockSettings, Keyframe, learn_clock, reading_log
from allsky.recordings.probing import probe
from allsky.recordings.video import read_frames, read_keyframes
from allsky.simulator.overlay import TextLine, draw_text
from tests.allsky.made_videos import write_video

START = datetime(2024, 2, 9, 23, 58, 30)
STEP_S, FRAMES = 10, 24
QUIET = {"x265-params": "log-level=none"}
FAST = {"deadline": "realtime", "cpu-used": "8", "crf": "20"}
IRREGULAR = [0, 40, 41, 400, *range(1000, 1000 + 20 * 333, 333)]

KINDS = {
    "H.264 at 25": ("a.mp4", {}),
    "H.264 at 30 in mov": ("a.mov", {"rate": 30}),
    "H.264 at 60 in matroska": ("a.mkv", {"rate": 60}),
    "H.264 at 29.97 with B-frames": ("a.mp4", {"rate": "30000/1001", "options": {"bf": "3", "g": "12"}}),
    "H.264 in avi": ("a.avi", {"options": {"bf": "2", "g": "12"}}),
    "H.264 of 10 bits": ("a.mkv", {"pixels": "yuv420p10le"}),
    "H.264 at irregular times": ("a.mp4", {"times_ms": IRREGULAR}),
    "H.264 at irregular times in matroska": ("a.mkv", {"times_ms": IRREGULAR, "options": {"bf": "2"}}),
    "H.264 turned left": ("a.mp4", {"rotation": 90}),
    "H.264 turned right": ("a.mov", {"rotation": -90}),
    "H.264 upside down": ("a.mp4", {"rotation": 180}),
    "HEVC": ("a.mp4", {"codec": "libx265", "options": QUIET}),
    "HEVC of 10 bits in matroska": ("a.mkv", {"codec": "libx265", "pixels": "yuv420p10le", "options": QUIET}),
    "MPEG-4 in avi": ("a.avi", {"codec": "mpeg4", "options": {"b": "4M"}}),
    "MPEG-4 in mp4 with B-frames": ("a.mp4", {"codec": "mpeg4", "options": {"bf": "2", "b": "4M"}}),
    "Motion JPEG in avi": ("a.avi", {"codec": "mjpeg", "pixels": "yuvj420p", "options": {"qmax": "4"}}),
    "Motion JPEG in mov": ("a.mov", {"codec": "mjpeg", "pixels": "yuvj444p", "options": {"qmax": "4"}}),
    "VP9": ("a.webm", {"codec": "libvpx-vp9", "options": FAST}),
    "VP9 in matroska at irregular times": ("a.mkv", {"codec": "libvpx-vp9", "times_ms": IRREGULAR, "options": FAST}),
    "VP8": ("a.webm", {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8", "b": "4M"}}),
    "lossless of odd size": ("a.mkv", {"codec": "ffv1", "pixels": "bgr0", "size": (321, 203)}),
    "MPEG-4 of odd size": ("a.avi", {"codec": "mpeg4", "size": (323, 205), "options": {"b": "4M"}}),
    "HEVC of odd size": ("a.mp4", {"codec": "libx265", "pixels": "yuv444p", "size": (321, 205), "options": QUIET}),
}


def shown_picture(number: int, size: tuple[int, int]) -> np.ndarray:
    """A dim grey disk with the frame's time beneath it."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x - width / 2, y - height / 2.4) < height / 3
    picture = np.repeat(np.where(inside, 60 + 2 * number, 4).astype(np.uint8)[..., None], 3, axis=2)
    moment = START + timedelta(seconds=STEP_S * number)
    draw_text(picture, TextLine("", 8, height - 24, 16), f"{moment:%Y-%m-%d %H:%M:%S} UTC")
    return picture


def filmed(path: Path, how: dict) -> Path:
    how = dict(how)
    size, turns = how.pop("size", (320, 200)), how.get("rotation", 0) // 90
    # A display matrix turns the stored picture counter-clockwise, so it is stored turned the other way.
    return write_video(path, (np.rot90(shown_picture(k, size), -turns) for k in range(FRAMES)), **how)


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_dated_exactly(tmp_path, kind):
    name, how = KINDS[kind]
    path = filmed(tmp_path / name, how)
    facts = probe(path)
    assert (facts.n_frames, facts.problem) == (FRAMES, None)
    keyframes = [Keyframe(name, frame.index, frame.luma.copy()) for frame in read_keyframes(path)]
    height, width = keyframes[0].luma.shape
    settings = ClockSettings(((0, height - 34, width, 34),), ("%Y-%m-%d %H:%M:%S %Z",))
    clock = learn_clock(keyframes, settings, None, 0.0)
    frames = list(read_frames(path))
    assert (facts.height, facts.width) == frames[0].luma.shape == frames[0].rgb().shape[:2]
    log = reading_log((name, frame.index, clock.read(frame.luma)) for frame in frames)
    dated = clock.date(log.table(), evidence=log.evidence())[0]
    expected = [pd.Timestamp(START, tz="UTC") + pd.Timedelta(seconds=STEP_S * k) for k in range(FRAMES)]
    assert dated["utc"].tolist() == expected
    assert dated["clock_flag"].isna().all()
