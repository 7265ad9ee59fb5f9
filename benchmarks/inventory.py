"""What is in an archive's files, and which are damaged: `VideoInventory` against reading every video through.

Some files of an archive are always cut off, empty, or no videos. The obvious way to know how many frames can be
had from each is to read them all with `VideoCapture.read()` and to compare with the number the header declares;
`ffmpeg -v error -i FILE -f null -`, which is what people are told to run, decodes as much. It is fair because nothing
short of reading the file tells a cut one from a whole one, unless the container's index is looked at, which is
what ours does. Tuned: `grab()` instead of `read()` (no colour), and a thread a core (OpenCV lets go of
Python meanwhile).

Looking at headers only (`VideoCapture.get`, `header_only_s`) is about as fast as ours, and is blind: it misses
`header_only_missed` of the damaged files. The ratio grows with the
videos' length; real nights have thousands of frames.

    python benchmarks/inventory.py [--quick] [--videos 12] [--frames 250]
"""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import av
import cv2
import pandas as pd
from made_skies import film
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell

from allsky.recordings.inventory import take_inventory

Found = dict[str, tuple[int, bool]]  # by name: frames that can be read, and whether the file is damaged


def make_archive(folder: Path, n_videos: int, n_frames: int) -> None:
    """`n_videos` whole videos, and five that are damaged in the ways archives have."""
    film(folder / "plain.mp4", n_frames, n_skies=4)
    _with_index_first(folder / "plain.mp4", folder / "video_000.mp4")
    whole = (folder / "video_000.mp4").read_bytes()
    for number in range(1, n_videos):
        shutil.copy(folder / "video_000.mp4", folder / f"video_{number:03d}.mp4")
    for name, share in (("cut_a", 0.5), ("cut_b", 0.8)):
        (folder / f"{name}.mp4").write_bytes(whole[: int(share * len(whole))])
    plain = (folder / "plain.mp4").read_bytes()
    (folder / "no_index.mp4").write_bytes(plain[: len(plain) // 2])
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("camera log\n" * 200)
    (folder / "plain.mp4").unlink()


def _with_index_first(source: Path, target: Path) -> None:
    """A copy whose index stands at the beginning, as cameras that stream write it; cut off, it still plays."""
    with av.open(str(source)) as plain, av.open(str(target), "w", options={"movflags": "faststart"}) as copy:
        stream = copy.add_stream_from_template(plain.streams.video[0])
        for packet in plain.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)


def ours(folder: Path, names: list[str]) -> Found:
    table = take_inventory(folder, names, lambda name: "2023-02-05", lambda name: [])
    return {row.video: (_number(row.n_frames), pd.notna(row.problem)) for row in table.itertuples()}


def _number(value: float) -> int:
    return int(value) if pd.notna(value) else 0


def read_through(path: str) -> tuple[int, bool]:
    """Frames that `read()` gives, and whether they are fewer than declared."""
    capture = cv2.VideoCapture(path)
    declared, count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count, count == 0 or count < declared


def grab_through(path: str) -> tuple[int, bool]:
    capture = cv2.VideoCapture(path)
    declared, count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while capture.grab():
        count += 1
    capture.release()
    return count, count == 0 or count < declared


def look_at_header(path: str) -> tuple[int, bool]:
    declared = int(cv2.VideoCapture(path).get(cv2.CAP_PROP_FRAME_COUNT))
    return declared, declared <= 0


def obvious(folder: Path, names: list[str]) -> Found:
    return {name: read_through(str(folder / name)) for name in names}


def tuned(folder: Path, names: list[str]) -> Found:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(grab_through, [str(folder / name) for name in names])))


def header_only(folder: Path, names: list[str]) -> Found:
    return {name: look_at_header(str(folder / name)) for name in names}


def check(answers: dict[str, Found]) -> None:
    for way in (OBVIOUS, TUNED):
        for name, (count, damaged) in answers[OURS].items():
            require(answers[way][name][1] == damaged, f"{name}: both find it damaged, or both whole")
            # Of a packet that is half there, some decoders make a frame.
            require(abs(answers[way][name][0] - count) <= (3 if damaged else 0), f"{name}: both count {count} frames")


def main() -> None:
    asked = options(__doc__, videos=12, frames=250)
    n_videos, n_frames = (2, 40) if asked.quick else (asked.videos, asked.frames)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        make_archive(folder, n_videos, n_frames)
        names = sorted(path.name for path in folder.iterdir())
        ways = {OURS: ours, OBVIOUS: obvious, TUNED: tuned, "header only": header_only}
        turns = take_turns({name: partial(way, folder, names) for name, way in ways.items()}, asked.rounds)
    check(turns.answers)
    damaged = [name for name, (_, is_damaged) in turns.answers[OURS].items() if is_damaged]
    done = {"n_videos": len(names), "n_frames": sum(count for count, _ in turns.answers[OURS].values())}
    done |= {"n_damaged": len(damaged), "header_only_s": turns.median("header only")}
    done |= {"header_only_missed": sum(not turns.answers["header only"][name][1] for name in damaged)}
    tell(turns, {**compared(turns), **done})


if __name__ == "__main__":
    main()
