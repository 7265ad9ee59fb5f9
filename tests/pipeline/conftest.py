"""A small archive taken through the whole chain once; each test works on a copy of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from allsky.labels.roles import night_role
from allsky.simulator import demo_simulation, simulate_night
from tests.made_once import made_once
from tests.pipeline.chain import Chain, Run

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
image_size = 96
disk_center = {lens.center_x}, {lens.center_y}
disk_radius = {lens.radius}
[labels]
file = labels.csv
per_cell = 3
[training]
backbone = squeezenet1_1
weights = none
strategy = scratch
image_size = 32
epochs_full = 1
[explanation]
method = GradCAM
"""

# Two months; three nights to train, two to validate, three to audit, by the keyed hash of their dates.
WANTED = {"training": 3, "validation": 2, "audit": 3}


def nights_of_each_role() -> list[str]:
    left = dict(WANTED)
    nights = []
    for day in pd.date_range("2023-01-20", "2023-03-20"):
        night = str(day.date())
        role = night_role(night)
        if left[role]:
            left[role] -= 1
            nights.append(night)
    return nights


@pytest.fixture(scope="session")
def unlabelled_chain(tmp_path_factory) -> tuple[Chain, Run]:
    """The archive after a first run, which ends where a person has to label."""
    return made_once(tmp_path_factory, "unlabelled", run_unlabelled)


def run_unlabelled(folder: Path) -> tuple[Chain, Run]:
    simulation = replace(demo_simulation(), nights=tuple(nights_of_each_role()), cadence_s=720, cards=(), faults=())
    for night in simulation.nights:
        simulate_night(simulation, night, folder / "videos", folder / "truth")
    (folder / "luigi.cfg").write_text(CONFIGURATION.format(lens=simulation.camera.lens))
    chain = Chain(folder)
    return chain, chain.run()


@pytest.fixture(scope="session")
def finished_chain(unlabelled_chain, tmp_path_factory) -> tuple[Chain, Run]:
    """The archive labelled, and taken to its report."""

    def run_labelled(folder: Path) -> tuple[Chain, Run]:
        chain = unlabelled_chain[0].copy(folder / "chain")
        chain.answer()
        return chain, chain.run()

    return made_once(tmp_path_factory, "finished", run_labelled)


@pytest.fixture
def chain(finished_chain, tmp_path) -> Chain:
    """A copy of the finished archive, to change."""
    return finished_chain[0].copy(tmp_path / "chain")
