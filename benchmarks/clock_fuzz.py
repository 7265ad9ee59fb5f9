"""Spoilt videos: is any clock read wrong, does anything crash, does anything hang?

Sound clips with a clock are spoilt in every way that archives know: cut off behind each tenth of their length, bits
flipped at random, zeros in the middle, the wrong suffix, no index, caught while still being written, other bytes in
front. Every 110 files are a round of five containers spoilt in 22 ways each; each round has clips of its own, with
other layouts, fonts, sizes and dates, and `distinct` counts the files that are no copy of another. Each spoilt file
goes through what the chain does with a video (probe, keyframes, `learn_clock`, `extract_night`), in a process of its
own with a time limit. What is readable has to be dated truly; the rest has to be refused by one of the errors that
name the file and what to do. Anything else counts as a crash. There is no rival, so nothing is timed.

Damage moves frames to other numbers, so the frame that was decoded is told by its clock, held against those of the
sound clip pixel by pixel. An unflagged time is wrong unless it is that frame's, to the second; of a frame whose clock
is itself damaged (`unclear`), unless it is that of a frame between the two told next to it.

    python benchmarks/clock_fuzz.py [--quick] [--files 500] [--first 0] [--limit-s 60] [--inject-s 1]

`--inject-s` shows that it can fail: one unflagged time of each file is moved by so many seconds before it is judged,
and `wrong_times` has to be the number of files with one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from drawn_clocks import DrawnClocks, Watched, wrong_frames
from made_clocks import Clip, Text, evenly, write_clip

from allsky.clock.learning import ClockSettings, learn_clock
from allsky.errors import AllskyError
from allsky.fisheye import SkyDisk
from allsky.frames import extract_night
from allsky.recordings.teaching import teaching_frames
from allsky.recordings.video import probe

SEED = 20170915
STEP_S, LONGITUDE_DEG = 20.0, -92.1
SIZE, N_FRAMES = (320, 240), 24

# Suffix and codec of the sound clips of a round.
SOUND = {
    "mp4": ("libx264", {"preset": "veryfast", "crf": "23"}),
    "avi": ("mpeg4", {"qmin": "3", "qmax": "3"}),
    "mkv": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "24"}),
    "mov": ("mjpeg", {"qmin": "3", "qmax": "3"}),
}
FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSans-Bold", "STIXGeneral", "DejaVuSansMono")
LAYOUTS = ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")
HEIGHTS = (14, 12, 16, 13, 11)


@dataclass(frozen=True)
class Sound:
    """A sound clip, whose first frame shows the UTC `start`."""

    path: Path
    start: datetime

    @property
    def night(self) -> str:
        """The evening's date: clips begin in UTC's small hours, west of Greenwich."""
        return str((self.start - timedelta(days=1)).date())

    def times(self) -> np.ndarray:
        """Of its frames, seconds of UTC."""
        return self.start.replace(tzinfo=UTC).timestamp() + STEP_S * np.arange(N_FRAMES)


def write_sound(folder: Path, turn: int = 0, n_frames: int = N_FRAMES) -> list[Sound]:
    """The sound clips of a round."""
    sound = []
    for number, (suffix, (codec, options)) in enumerate(SOUND.items()):
        rng = np.random.default_rng([SEED, turn, number])
        start = datetime(2017, 9, 15, 4, 30) + timedelta(days=int(700 * turn * rng.random()), minutes=37 * turn % 150)
        layout, font = LAYOUTS[(turn + number) % len(LAYOUTS)], FONTS[(2 * turn + number) % len(FONTS)]
        text = Text(layout, 8, 8, HEIGHTS[turn % len(HEIGHTS)], font)
        clip = Clip(
            evenly(start, STEP_S, n_frames), (text,), SIZE, codec=codec, options=options, seed=5 * turn + number
        )
        sound.append(Sound(write_clip(folder / f"sound_{turn}.{suffix}", clip), start))
    return sound


# Ways of spoiling a file's bytes.

Spoil = Callable[[bytearray, np.random.Generator], bytearray]


def cut_off(tenth: int) -> Spoil:
    return lambda content, rng: content[: len(content) * tenth // 10 + int(rng.integers(100))]


def flipped(count: int) -> Spoil:
    def spoil(content: bytearray, rng: np.random.Generator) -> bytearray:
        for place in rng.integers(0, len(content), count):
            content[place] ^= 1 << int(rng.integers(8))
        return content

    return spoil


def zeroed(content: bytearray, rng: np.random.Generator) -> bytearray:
    start = int(rng.integers(len(content) // 10, len(content) * 8 // 10))
    end = start + int(rng.integers(16, len(content) // 5))
    content[start:end] = bytes(len(content[start:end]))
    return content


def other_bytes_first(content: bytearray, rng: np.random.Generator) -> bytearray:
    return bytearray(rng.bytes(int(rng.integers(1, 4096)))) + content


def piece_missing(content: bytearray, rng: np.random.Generator) -> bytearray:
    start = int(rng.integers(len(content) // 10, len(content) * 9 // 10))
    return content[:start] + content[start + int(rng.integers(1, 5000)) :]


def index_renamed(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Without the boxes in which MP4, MOV, AVI and Matroska keep their index."""
    for name in (b"moov", b"idx1", b"\x1c\x53\xbb\x6b"):
        content = content.replace(name, b"free" if len(name) == 4 and name.isalnum() else bytes(len(name)))
    return content


def nothing(content: bytearray, rng: np.random.Generator) -> bytearray:
    return content


SPOILS: dict[str, Spoil] = {
    **{f"cut off at {tenth} tenths": cut_off(tenth) for tenth in range(10)},
    **{f"{count} bits flipped": flipped(count) for count in (1, 4, 16, 64, 256, 1024)},
    "zeros in the middle": zeroed,
    "other bytes in front": other_bytes_first,
    "a piece missing": piece_missing,
    "no index": index_renamed,
    "wrong suffix": nothing,
    "growing": nothing,
}
# Files of a round: each of its clips in every way.
ROUND = len(SPOILS) * len(SOUND)


@dataclass(frozen=True)
class Spoilt:
    """One spoilt file: its bytes come from the sound clip `source`."""

    path: Path
    how: str
    source: Sound
    still_to_come: bytes = b""


def spoilt(number: int, sound: list[Sound], folder: Path) -> Spoilt:
    """The spoilt file of this number, of the clips of its round: always the same."""
    rng = np.random.default_rng([SEED, number])
    how = list(SPOILS)[number % len(SPOILS)]
    source = sound[number // len(SPOILS) % len(sound)]
    content = SPOILS[how](bytearray(source.path.read_bytes()), rng)
    suffixes = [one.path.suffix for one in sound if one != source or how != "wrong suffix"]
    suffix = str(rng.choice(suffixes)) if how == "wrong suffix" else source.path.suffix
    path = folder / f"fuzz_{number:05d}{suffix}"
    written = len(content) * 3 // 10 if how == "growing" else len(content)
    path.write_bytes(content[:written])
    return Spoilt(path, how, source, bytes(content[written:]))


# What comes of it.


@dataclass(frozen=True)
class Judged:
    """How many frames of a file were dated without a flag, how many of these show a damaged clock, and which were
    dated wrongly."""

    n_dated: int
    n_unclear: int
    wrong: tuple[int, ...]


def judged(path: Path, source: Sound, folder: Path, drawn: DrawnClocks, inject_s: float = 0.0) -> Judged:
    """A video through the chain, its times held against those of the frames of `source` that it shows."""
    probe(path)
    recording = Watched(path.name, path, drawn=drawn)
    keyframes = teaching_frames([recording])
    clock = learn_clock(keyframes, ClockSettings(), source.night, LONGITUDE_DEG)
    height, width = keyframes[0].luma.shape
    disk = SkyDisk(width / 2, height / 2, 0.48 * min(width, height), width, height)
    pictures = {"cadence_s": 600, "image_size": 32, "image_folder": folder / path.stem, "image_root": "images"}
    readings = extract_night([recording], clock, disk, site_name="Fuzz", **pictures).readings
    unflagged = readings.index[readings["clock_flag"].isna() & readings["utc"].notna()]
    readings.loc[unflagged[len(unflagged) // 2 :][:1], "utc"] += pd.Timedelta(seconds=inject_s)
    unclear = sum(recording.shown.get(index) is None for index in readings.loc[unflagged, "frame_index"])
    return Judged(len(unflagged), unclear, tuple(wrong_frames(readings, recording.shown, source.times())))


def _worker(one: Spoilt, folder: Path, drawn: DrawnClocks, inject_s: float, answer) -> None:
    threading.Thread(target=_write_on, args=(one,), daemon=True).start()
    try:
        answer.put(("read", judged(one.path, one.source, folder, drawn, inject_s)))
    except AllskyError as error:
        answer.put(("refused", str(error)))
    except BaseException as error:
        answer.put(("crashed", repr(error)))


def _write_on(one: Spoilt) -> None:
    """Append what is still to come, a piece every few milliseconds."""
    piece = max(len(one.still_to_come) // 40, 1)
    for start in range(0, len(one.still_to_come), piece):
        with one.path.open("ab") as file:
            file.write(one.still_to_come[start : start + piece])
        time.sleep(0.01)


def outcome(one: Spoilt, folder: Path, drawn: DrawnClocks, limit_s: float, inject_s: float = 0.0) -> tuple[str, object]:
    """What became of a file: `read` and how it was judged, `refused`, `crashed`, or `hung`."""
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    process = context.Process(target=_worker, args=(one, folder, drawn, inject_s, answer))
    process.start()
    process.join(limit_s)
    if process.is_alive():
        process.kill()
        process.join()
        return "hung", None
    return answer.get(timeout=5) if process.exitcode == 0 else ("crashed", f"exit status {process.exitcode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a dozen files, to show that it works")
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--limit-s", type=float, default=60.0, help="time a file may take")
    parser.add_argument("--inject-s", type=float, default=0.0, help="seconds by which a time of each file is moved")
    asked = parser.parse_args()
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as root:
        folder, contents, sound, drawn, turn = Path(root), set(), [], {}, None
        for number in range(asked.first, asked.first + (12 if asked.quick else asked.files)):
            if turn != number // ROUND:
                turn = number // ROUND
                sound = write_sound(folder, turn)
                drawn = {one.path: DrawnClocks(one.path) for one in sound}
            one = spoilt(number, sound, folder)
            contents.add((one.path.suffix, one.path.read_bytes(), one.still_to_come))
            kind, detail = outcome(one, folder, drawn[one.source.path], asked.limit_s, asked.inject_s)
            counts.update({"files": 1, kind: 1})
            if isinstance(detail, Judged):
                counts.update(dated=detail.n_dated, unclear=detail.n_unclear, wrong_times=len(detail.wrong))
            if kind in ("crashed", "hung") or (isinstance(detail, Judged) and detail.wrong):
                print(f"{one.path.name}, {one.how}: {kind} {detail}", flush=True)
            one.path.unlink()
    counts["distinct"] = len(contents)
    told = ("files", "distinct", "read", "refused", "crashed", "hung", "dated", "unclear", "wrong_times")
    print(json.dumps({name: counts[name] for name in told}))


if __name__ == "__main__":
    main()
