"""The smallest archive that takes the whole chain: three short nights of one month, labelled; how two results of it
are compared."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from allsky.fisheye import Lens
from allsky.labels.roles import night_role
from allsky.simulator import demo_simulation, simulate_night
from allsky.site import frame_ids

# By the keyed hash of the dates: one night to train, one to validate, one to audit.
WANTED = {"training": 1, "validation": 1, "audit": 1}
ROLES = tuple(WANTED)
CADENCE_S = 2400

# What is compared byte by byte, besides the tables.
COMPARED = frozenset({".jpg", ".png", ".npy", ".csv", ".safetensors"})

CONFIGURATION = """
[archive]
videos = videos
output = output
name_date = evening
settle_s = 0
[site]
name = yellowknife
latitude = 62.4333
longitude = -114.35
elevation_m = 206
timezone = America/Yellowknife
[camera]
image_size = {image_size}
disk_center = {lens.center_x}, {lens.center_y}
disk_radius = {lens.radius}
[labels]
file = labels.csv
per_cell = {per_cell}
[training]
backbone = squeezenet1_1
weights = none
strategy = scratch
image_size = 32
epochs_full = 1
[inference]
engine = float32
"""


def configuration(lens: Lens, image_size: int = 64, per_cell: int = 1) -> str:
    """What luigi.cfg says of a small archive whose camera has this lens."""
    return CONFIGURATION.format(lens=lens, image_size=image_size, per_cell=per_cell)


def nights_of_each_role(wanted: Mapping[str, int], first: str, last: str) -> list[str]:
    """The first nights from `first` to `last` that fill what is wanted of each role."""
    left = dict(wanted)
    found = []
    for day in pd.date_range(first, last):
        night = str(day.date())
        if left[night_role(night)]:
            left[night_role(night)] -= 1
            found.append(night)
    return found


def simulate_small(
    folder: Path, nights: Sequence[str], *, cadence_s: int, image_size: int, per_cell: int, more: str = ""
) -> None:
    """Videos, their truth and a configuration in `folder`; `more` is what else the configuration says."""
    simulation = replace(demo_simulation(), nights=tuple(nights), cadence_s=cadence_s, cards=(), faults=())
    for night in simulation.nights:
        simulate_night(simulation, night, folder / "videos", folder / "truth")
    (folder / "luigi.cfg").write_text(configuration(simulation.camera.lens, image_size, per_cell) + more)


def make_archive(folder: Path, chosen: Sequence[str] | None = None) -> None:
    """Videos, labels and configuration in `folder`. Every second frame is called aurora: nothing here depends on it."""
    nights = chosen or nights_of_each_role(WANTED, "2023-01-14", "2023-01-31")
    simulate_small(folder, nights, cadence_s=CADENCE_S, image_size=64, per_cell=1)
    truth = pd.read_parquet(folder / "truth")
    answers = pd.DataFrame({"frame_id": frame_ids("yellowknife", truth["utc"])})
    answers["label"] = [("aurora", "no_aurora")[number % 2] for number in range(len(answers))]
    answers.to_csv(folder / "labels.csv", index=False)


def environment(folder: Path) -> dict[str, str]:
    """How a run on `folder` is told of it; one thread, so that two runs train alike."""
    return os.environ | {"LUIGI_CONFIG_PATH": str(folder / "luigi.cfg"), "OMP_NUM_THREADS": "1"}


def tables(output: Path) -> dict[str, pd.DataFrame]:
    """Every table by its place. A model's own history holds seconds, which differ."""
    return {
        str(path.relative_to(output)): pd.read_parquet(path, partitioning=None)
        for path in output.rglob("*.parquet")
        if not path.name.startswith(".") and "models" not in path.parts
    }


def files(output: Path) -> dict[str, str]:
    """What lies at the place of every picture, map, table of text and weights file: a digest of it.

    Not of what tells when or how long: the page, records of runs, and what a model's folder says of its training.
    """
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in output.rglob("*")
        if path.suffix in COMPARED and not any(part.startswith(".") for part in path.relative_to(output).parts)
    }


def contents(output: Path) -> dict[str, Any]:
    """Every table and every digest of a file, by its place."""
    return tables(output) | files(output)


def told_of(places: Iterable[str]) -> tuple[int, int]:
    """How many of these places are tables', and how many other files'."""
    ends = [Path(place).suffix == ".parquet" for place in places]
    return sum(ends), len(ends) - sum(ends)


def differing(expected: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """The places at which two outputs do not have the same table, or file."""
    return [place for place in sorted(expected.keys() | got.keys()) if not _same(expected.get(place), got.get(place))]


def _same(one: pd.DataFrame | str | None, other: pd.DataFrame | str | None) -> bool:
    if isinstance(one, pd.DataFrame) and isinstance(other, pd.DataFrame):
        return one.equals(other)
    return isinstance(one, str) and one == other
