"""Labelled frames of whole simulated nights: filmed, encoded, decoded, masked and kept as the chain keeps them.

Only dating is left out: the simulator's truth says when a frame was taken. Nights are those of the demonstration's two
winters, with days counted from full moon so that every moon is seen; more than eighty, and every night of the winters
is there to be drawn.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from allsky.labels.roles import roles_of
from allsky.recordings.video import read_frames
from allsky.simulator import Simulation, demo_simulation, simulate_night, simulated_answers
from allsky.simulator.simulation import FULL_MOONS
from allsky.site import frame_ids
from allsky.sky_disk import SkyDisk, square_crop

CADENCE_S = 600
DAYS_FROM_FULL = (-12, -9, -6, -3, -1, 2, 5, 7, 9, 12)
EVERY_DAY = range(-14, 15)
PARTS = {"training": "train", "validation": "validation"}


def archive(n_nights: int, cadence_s: int = CADENCE_S) -> Simulation:
    """The demonstration's archive with so many nights, spread over two winters."""
    counted = DAYS_FROM_FULL if n_nights <= len(DAYS_FROM_FULL) * len(FULL_MOONS) else EVERY_DAY
    dates = _dates(counted)
    chosen = [dates[round(place)] for place in np.linspace(0, len(dates) - 1, min(n_nights, len(dates)))]
    return dataclasses.replace(demo_simulation(), nights=tuple(chosen), cadence_s=cadence_s)


def other_nights(known: Simulation, n_nights: int, cadence_s: int = CADENCE_S) -> Simulation:
    """An archive of other nights of the same winters."""
    dates = sorted(set(_dates(EVERY_DAY)) - set(known.nights))
    chosen = [dates[round(place)] for place in np.linspace(0, len(dates) - 1, min(n_nights, len(dates)))]
    return dataclasses.replace(known, nights=tuple(chosen), cadence_s=cadence_s)


def filmed(simulation: Simulation, root: Path, size: int) -> pd.DataFrame:
    """Every night of an archive below `root`, as `film` gives it."""
    with ProcessPoolExecutor() as pool:
        return pd.concat(pool.map(partial(film, simulation, root, size), simulation.nights), ignore_index=True)


def film(simulation: Simulation, root: Path, size: int, night: str) -> pd.DataFrame:
    """A night rendered, encoded, decoded, masked and kept at `size` pixels: the truth of its frames, with `night` and
    `image` (relative to `root`). What lies there already is used again."""
    truth_file = root / "truth" / f"night={night}" / "truth.parquet"
    if not (root / "images" / night).exists():
        simulate_night(simulation, night, root / "videos", root / "truth")
        _keep_frames(simulation, root, size, night, pd.read_parquet(truth_file))
    truth = pd.read_parquet(truth_file)
    truth = truth[~truth["card"]].assign(night=night)
    truth["image"] = [f"images/{night}/{index}.jpg" for index in truth["frame_index"]]
    return truth


def labelled(frames: pd.DataFrame, simulation: Simulation) -> pd.DataFrame:
    """The frames of which the simulated labeller is sure, with its answers and the role of their night."""
    frames = frames.assign(frame_id=frame_ids(simulation.site.name, frames["utc"]))
    frames["label"] = simulated_answers(frames, frames, seed=simulation.seed)["label"].to_numpy()
    frames["role"] = frames["night"].map(roles_of(frames["night"]))
    return frames[frames["label"] != "unsure"].reset_index(drop=True)


def split_of(frames: pd.DataFrame) -> pd.DataFrame:
    """The split that training and validation nights make, as `train` wants it; every frame weighs the same."""
    split = frames[frames["role"].isin(PARTS)].assign(weight=1.0)
    return split.assign(split=split["role"].map(PARTS))


def _dates(days_from_full) -> list[str]:
    nights = (pd.Timestamp(full) + pd.Timedelta(days=days) for days in days_from_full for full in FULL_MOONS)
    return sorted({str(night.date()) for night in nights})


def _keep_frames(simulation: Simulation, root: Path, size: int, night: str, truth: pd.DataFrame) -> None:
    lens, (width, height) = simulation.camera.lens, simulation.camera.frame_size
    disk = SkyDisk(lens.center_x, lens.center_y, lens.radius, width, height)
    sky = set(truth.loc[~truth["card"], "frame_index"])
    unfinished = root / "images" / f".{night}"
    unfinished.mkdir(parents=True, exist_ok=True)
    for frame in read_frames(root / "videos" / truth["video"].iloc[0]):
        if frame.index in sky:
            square = square_crop(frame.rgb(), disk, size)
            cv2.imwrite(str(unfinished / f"{frame.index}.jpg"), square[..., ::-1])
    unfinished.rename(root / "images" / night)
