"""A night's video to dated, masked, cropped pictures: `NightClock` and `NightFrames` against the usual short cut.

The obvious way is the script that most would write: `VideoCapture.read()` through the video, and for every tenth
frame (one a minute) one `pytesseract.image_to_string` of the clock's box, `strptime`, mask, crop, `imwrite`. It is
fair, even generous: it is told the clock's box and format like ours, it takes it on trust that the camera never
skipped a frame and reads only what it keeps, where ours reads every frame's clock. Its JPEGs have the same quality.
Tuned: Tesseract on one thread a call (`OMP_THREAD_LIMIT=1`) and told that there is one line, a call a core at a
time while decoding goes on, and `grab()` without `retrieve()` for frames that are not kept.

    python benchmarks/frames.py [--quick] [--frames 600]
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytesseract
from made_skies import CLOCK_BOX, CLOCK_FORMAT, DISK, NIGHT, SITE, Film, film
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell

from allsky.clock.learning import ClockSettings, LearnedClock, learn_clock
from allsky.frames import NightPass, extract_night
from allsky.pictures import read_picture
from allsky.recordings.recording import VideoRecording
from allsky.recordings.teaching import teaching_frames
from allsky.site import frame_ids

KEPT_EVERY = 10  # a frame every 6 s, one kept a minute
QUALITY = 92
SETTINGS = ClockSettings((CLOCK_BOX,), (CLOCK_FORMAT,), SITE.timezone)


def ours(night: Film, folder: Path) -> NightPass:
    """What the two stages do."""
    return extract_night(
        [VideoRecording(night.path.name, night.path)],
        learned(night),
        DISK,
        site_name=SITE.name,
        cadence_s=60,
        image_size=720,
        image_folder=folder,
        image_root="images",
        jpeg_quality=QUALITY,
    )


def learned(night: Film) -> LearnedClock:
    keyframes = teaching_frames([VideoRecording(night.path.name, night.path)])
    return learn_clock(keyframes, SETTINGS, NIGHT, SITE.longitude_deg)


# The obvious way.


def obvious(night: Film, folder: Path) -> dict[int, str]:
    """What was read on each kept frame."""
    with tesseract_threads(None):
        return read_and_keep(night, folder)


def read_and_keep(night: Film, folder: Path) -> dict[int, str]:
    mask = np.zeros((720, 1280), np.uint8)
    cv2.circle(mask, (640, 360), 360, 255, -1)
    texts: dict[int, str] = {}
    capture = cv2.VideoCapture(str(night.path))
    index = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        if index % KEPT_EVERY == 0:
            texts[index] = read_clock(frame)
            keep(frame, mask, texts[index], folder, index)
        index += 1
    capture.release()
    return texts


def read_clock(frame: np.ndarray, config: str = "") -> str:
    x, y, width, height = CLOCK_BOX
    return pytesseract.image_to_string(frame[y : y + height, x : x + width], config=config)


def keep(frame: np.ndarray, mask: np.ndarray, text: str, folder: Path, index: int) -> None:
    sky = cv2.bitwise_and(frame, frame, mask=mask)[0:720, 280:1000]
    moment = utc_of(text)
    name = f"frame_{index:06d}" if moment is None else f"{SITE.name}_{moment:%Y%m%dT%H%M%SZ}"
    cv2.imwrite(str(folder / f"{name}.jpg"), sky, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def utc_of(text: str) -> pd.Timestamp | None:
    """The instant that was read, or None where it is no time; MST is seven hours behind."""
    try:
        local = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S MST")
    except ValueError:
        return None
    return pd.Timestamp(local, tz="UTC") + pd.Timedelta("7h")


# The same with little effort.


def tuned(night: Film, folder: Path) -> dict[int, str]:
    mask = np.zeros((720, 1280), np.uint8)
    cv2.circle(mask, (640, 360), 360, 255, -1)
    capture = cv2.VideoCapture(str(night.path))

    def kept(index: int, frame: np.ndarray) -> str:
        text = read_clock(frame, "--psm 7")
        keep(frame, mask, text, folder, index)
        return text

    waiting = {}
    with tesseract_threads(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        index = 0
        while capture.grab():
            if index % KEPT_EVERY == 0:
                waiting[index] = pool.submit(kept, index, capture.retrieve()[1])
            index += 1
        texts = {index: future.result() for index, future in waiting.items()}
    capture.release()
    return texts


@contextmanager
def tesseract_threads(most: int | None):
    """Threads that a call may take meanwhile; None is Tesseract's own way, whatever the shell or our code has set."""
    before = os.environ.pop("OMP_THREAD_LIMIT", None)
    if most:
        os.environ["OMP_THREAD_LIMIT"] = str(most)
    try:
        yield
    finally:
        os.environ.pop("OMP_THREAD_LIMIT", None)
        if before is not None:
            os.environ["OMP_THREAD_LIMIT"] = before


# Do they agree?


def check(night: Film, passed: NightPass, texts: dict[int, str], places: dict[str, Path]) -> dict[str, int]:
    """Stop unless every frame of ours has its true time and the rival's picture; what the rival could not read."""
    truth = night.utc[::KEPT_EVERY]
    require(list(passed.frames["utc"]) == list(truth), "every kept frame of ours has its true time")
    names = list(frame_ids(SITE.name, pd.Series(truth)))
    moments = [utc_of(texts[index]) for index in range(0, len(night.utc), KEPT_EVERY)]
    read = [(name, moment, true) for name, moment, true in zip(names, moments, truth) if moment is not None]
    for name, moment, true in read[:: max(1, len(read) // 10)]:
        if moment == true:
            pair = [read_picture(places[way] / f"{name}.jpg").astype(int) for way in (OURS, OBVIOUS)]
            require(float(np.abs(pair[0] - pair[1]).mean()) < 2.0, f"both wrote the same picture {name}")
    return {"rival_unread": len(names) - len(read), "rival_wrong": sum(moment != true for _, moment, true in read)}


def main() -> None:
    asked = options(__doc__, frames=600)
    n_frames = 60 if asked.quick else asked.frames
    with tempfile.TemporaryDirectory() as root:
        night = film(Path(root) / "night.mp4", n_frames)
        places = {name: Path(root) / name for name in (OURS, OBVIOUS, TUNED)}
        for place in places.values():
            place.mkdir()
        ways = {OURS: ours, OBVIOUS: obvious, TUNED: tuned}
        turns = take_turns({name: partial(way, night, places[name]) for name, way in ways.items()}, asked.rounds)
        seen = check(night, turns.answers[OURS], turns.answers[OBVIOUS], places)
    n_kept = len(turns.answers[OURS].frames)
    tell(turns, {**compared(turns), "n_frames": n_frames, "n_kept": n_kept, **seen})


if __name__ == "__main__":
    main()
