"""Dating every frame of a night by its burned-in clock: templates taught by Tesseract against Tesseract itself.

The obvious way reads every frame with `VideoCapture.read()`, cuts out the clock's box and gives it to
`pytesseract.image_to_string` with its defaults. It is fair because that is what the library's own examples show and
what people write, and it is told box and format as ours is. Tuned: `OMP_THREAD_LIMIT=1`, told that there is one
line, and a call a core at a time. A night of calls takes many minutes, so both are timed on `calls` frames spread
over the night and charged for all of them; every call costs the same. Decoding counts on both sides, whole.

The usual short cut, one call per kept frame (a tenth of them), is charged likewise, its masking, cropping and JPEG
writing included, and set against our two stages together (`ratio_short_cut`, and `..._tuned` with `grab()` for the
frames between). `over_bare_decode` is our two stages over bare decoding (PyAV, threads on, no conversion) plus
writing the kept frames' JPEGs: what is left to gain.

    python benchmarks/clock.py [--quick] [--frames 1200] [--calls 24]
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from frames import KEPT_EVERY, QUALITY, learned, ours, read_clock, tesseract_threads, utc_of
from made_skies import DISK, Film, film
from side_by_side import OBVIOUS, OURS, TUNED, Turns, options, peak_mb_of, require, take_turns, tell

from allsky.clock.learning import ReadingLog
from allsky.recordings.aside import Aside
from allsky.recordings.video import VideoFrame, read_chosen, read_frames
from allsky.sky_disk import square_crop


def date_every_frame(night: Film) -> pd.DataFrame:
    """READINGS of the whole night, nothing kept."""
    clock, log = learned(night), ReadingLog()

    def see(frames: list[VideoFrame]) -> None:
        readings = clock.read_all([frame.luma for frame in frames])
        for frame, reading in zip(frames, readings, strict=True):
            log.add(night.path.name, frame.index, reading)

    with Aside(see) as aside:
        for frame in read_frames(night.path):
            aside.add(frame)
    return clock.date(log.table(), evidence=log.evidence())[0]


# What the rivals are made of.


def read_all(night: Film) -> int:
    """`VideoCapture.read()` to the end."""
    capture, count = cv2.VideoCapture(str(night.path)), 0
    while capture.read()[0]:
        count += 1
    return count


def grab_all(night: Film) -> int:
    """The same, only the kept frames turned into pictures."""
    capture, count = cv2.VideoCapture(str(night.path)), 0
    while capture.grab():
        if count % KEPT_EVERY == 0:
            capture.retrieve()
        count += 1
    return count


def write_kept(pictures: list[np.ndarray], folder: Path) -> None:
    """Mask, crop and JPEG of these frames (BGR)."""
    for number, frame in enumerate(pictures):
        picture = square_crop(frame, DISK)
        cv2.imwrite(str(folder / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def bare_decode(night: Film) -> int:
    """Every frame decoded as fast as FFmpeg does it, and left as it is."""
    with av.open(str(night.path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))


def call_each(pictures: list[np.ndarray]) -> list[str]:
    with tesseract_threads(None):
        return [read_clock(picture) for picture in pictures]


def call_on_every_core(pictures: list[np.ndarray]) -> list[str]:
    with tesseract_threads(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda picture: read_clock(picture, "--psm 7"), pictures))


def charged(turns: Turns, n_frames: int, n_calls: int) -> dict[str, float]:
    """Seconds of each rival for the whole night, from what its parts took."""
    n_kept = len(range(0, n_frames, KEPT_EVERY))
    call, tuned_call = turns.median("calls") / n_calls, turns.median("calls tuned") / n_calls
    writing = turns.median("writing") * n_kept / n_calls
    return {
        OBVIOUS: turns.median("read") + n_frames * call,
        TUNED: turns.median("read") + n_frames * tuned_call,
        "short cut": turns.median("read") + n_kept * call + writing,
        "short cut tuned": turns.median("grab") + n_kept * tuned_call + writing,
        "bare": turns.median("bare decode") + writing,
    }


def check(night: Film, dated: pd.DataFrame, chosen: list[int], texts: list[str]) -> dict[str, int]:
    """Stop unless ours dates every frame truly; what the rival could not read, or read wrong."""
    require(list(dated.sort_values("frame_index")["utc"]) == list(night.utc), "ours dates every frame truly")
    moments = [(utc_of(text), night.utc[index]) for index, text in zip(chosen, texts, strict=True)]
    wrong = sum(moment is not None and moment != true for moment, true in moments)
    return {"calls_unread": sum(moment is None for moment, _ in moments), "calls_wrong": wrong}


def both_stages(night: Film, root: Path) -> int:
    """How many frames were kept; the night's folder goes with `root`, for the stages remove nothing."""
    return len(ours(night, Path(tempfile.mkdtemp(dir=root))).frames)


def the_ways(night: Film, root: Path, pictures: list[np.ndarray]) -> dict[str, Callable]:
    return {
        OURS: lambda: date_every_frame(night),
        "both stages": lambda: both_stages(night, root),
        "read": lambda: read_all(night),
        "grab": lambda: grab_all(night),
        "bare decode": lambda: bare_decode(night),
        "calls": lambda: call_each(pictures),
        "calls tuned": lambda: call_on_every_core(pictures),
        "writing": lambda: write_kept(pictures, root),
    }


def main() -> None:
    asked = options(__doc__, frames=1200, calls=24)
    n_frames, n_calls = (60, 2) if asked.quick else (asked.frames, asked.calls)
    with tempfile.TemporaryDirectory() as folder:
        night = film(Path(folder) / "night.mp4", n_frames)
        chosen = np.linspace(0, n_frames - 1, n_calls).astype(int).tolist()
        pictures = [frame.rgb()[..., ::-1].copy() for frame in read_chosen(night.path, chosen)]
        turns = take_turns(the_ways(night, Path(folder), pictures), asked.rounds)
        peak_mb = peak_mb_of(both_stages, night, Path(folder))
    seen = check(night, turns.answers[OURS], chosen, turns.answers["calls"])
    rivals, mine, both = charged(turns, n_frames, n_calls), turns.median(OURS), turns.median("both stages")
    figures = {
        "ratio": rivals[OBVIOUS] / mine,
        "ratio_tuned": rivals[TUNED] / mine,
        "ratio_short_cut": rivals["short cut"] / both,
        "ratio_short_cut_tuned": rivals["short cut tuned"] / both,
        "over_bare_decode": both / rivals["bare"],
        "ours_s": mine,
        "rival_s": rivals[OBVIOUS],
        "rival_ms_per_call": 1000 * turns.median("calls") / n_calls,
        "n_frames": n_frames,
        "n_calls": n_calls,
    }
    tell(turns, {**figures, **seen, "peak_mb": peak_mb})


if __name__ == "__main__":
    main()
