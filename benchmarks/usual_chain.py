"""The straightforward chain from a folder of videos to predictions: what `whole_chain.py` compares this project with.

What a competent student writes in an afternoon, in its obvious and its tuned form; `whole_chain.py` says what each
does and why that is fair. It writes `frames.parquet` and, in `seconds.json`, how long each step took.

    python benchmarks/usual_chain.py VIDEOS MODEL OUTPUT BATCH [--tuned]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from conditions import obvious as sky_of_each
from conditions import tuned as sky_of_all
from frames import KEPT_EVERY, keep, read_clock, utc_of
from inference import textbook
from made_skies import SITE

from allsky.site import frame_ids
from models.model_folder import load_model

Seconds = dict[str, float]


def every_frame(video: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Each kept frame, every frame read and converted."""
    capture = cv2.VideoCapture(str(video))
    index = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        if index % KEPT_EVERY == 0:
            yield index, frame
        index += 1
    capture.release()


def kept_frames(video: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Each kept frame, the others decoded but not converted."""
    capture = cv2.VideoCapture(str(video))
    index = 0
    while capture.grab():
        if index % KEPT_EVERY == 0:
            yield index, capture.retrieve()[1]
        index += 1
    capture.release()


def night(
    video: Path, model: Path, output: Path, batch: int, frames: Callable, config: str, sky: Callable
) -> tuple[dict, Seconds]:
    """One video to a table (as a dictionary) of its frames whose clock could be read, and the seconds of each step."""
    folder, seconds = output / video.stem, Seconds()
    folder.mkdir(parents=True)
    mask = np.zeros((720, 1280), np.uint8)
    cv2.circle(mask, (640, 360), 360, 255, -1)
    found = []
    with timed(seconds, "video, clock, pictures"):
        for index, frame in frames(video):
            text = read_clock(frame, config)
            keep(frame, mask, text, folder, index)
            found.append((index, utc_of(text)))
    read = pd.DataFrame([one for one in found if one[1] is not None], columns=["frame_index", "utc"])
    read["utc"] = pd.to_datetime(read["utc"], utc=True).astype("datetime64[ms, UTC]")
    read["frame_id"] = frame_ids(SITE.name, read["utc"])
    with timed(seconds, "sun and moon"):
        conditions = sky(read[["frame_id", "utc"]]).drop(columns=["frame_id", "utc"])
    with timed(seconds, "predictions"):
        loaded = load_model(model)
        answers = textbook(loaded, [folder / f"{name}.jpg" for name in read["frame_id"]], batch)
    columns = [f"p_{name}" for name in loaded.description.classes]
    table = pd.concat([read, conditions, pd.DataFrame(answers, columns=columns)], axis=1)
    return table.assign(night=video.stem, predicted=loaded.description.decide(answers)).to_dict("list"), seconds


@contextmanager
def timed(seconds: Seconds, step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started


def obvious(videos: list[Path], model: Path, output: Path, batch: int) -> list[tuple[dict, Seconds]]:
    return [night(video, model, output, batch, every_frame, "", sky_of_each) for video in videos]


def tuned(videos: list[Path], model: Path, output: Path, batch: int) -> list[tuple[dict, Seconds]]:
    """A process a core, each on one thread; Tesseract is told that there is one line."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    told = {"frames": kept_frames, "config": "--psm 7", "sky": sky_of_all}
    one = partial(night, model=model, output=output, batch=batch, **told)
    processes = min(os.cpu_count() or 1, len(videos))
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), one_thread) as pool:
        return list(pool.map(one, videos))


def one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("videos", "model", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("batch", type=int, help="images in a batch, the fastest for eager float32")
    parser.add_argument("--tuned", action="store_true")
    asked = parser.parse_args()
    way = tuned if asked.tuned else obvious
    nights = way(sorted(asked.videos.glob("*.mp4")), asked.model, asked.output, asked.batch)
    table = pd.concat([pd.DataFrame(frames) for frames, _ in nights], ignore_index=True)
    table.to_parquet(asked.output / "frames.parquet", index=False)
    (asked.output / "seconds.json").write_text(json.dumps([seconds for _, seconds in nights]))


if __name__ == "__main__":
    main()
