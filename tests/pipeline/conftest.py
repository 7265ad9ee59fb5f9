"""A small archive taken through the whole chain once; each test works on a copy of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from allsky.corpus import Corpus
from allsky.roles import night_role
from allsky.simulator import demo_simulation, simulate_night, simulated_answers
from allsky.tables import LABELS

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

RAN = re.compile(r"^\d\d:\d\d:\d\d (\w+)\(camera=[\w-]+(?:, )?(.*)\)  [\d.]+ s$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """How a run ended: exit status, everything it printed, and the stages it did, as `Stage(parameters)`."""

    status: int
    told: str

    @property
    def did(self) -> list[str]:
        return sorted(f"{stage}({parameters})" for stage, parameters in RAN.findall(self.told))

    @property
    def stages(self) -> set[str]:
        return {stage for stage, _ in RAN.findall(self.told)}


@dataclass(frozen=True)
class Chain:
    """A folder with luigi.cfg, videos/, labels.csv and output/."""

    folder: Path

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.folder / "output")

    def command(self, *arguments: str, goal: str = "FullCorpusReport") -> list[str]:
        return [sys.executable, "-m", "luigi", "--module", "pipeline", goal, "--local-scheduler", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"LUIGI_CONFIG_PATH": str(self.folder / "luigi.cfg"), "OMP_NUM_THREADS": "1"}

    def run(self, *arguments: str, goal: str = "FullCorpusReport") -> Run:
        done = subprocess.run(
            self.command(*arguments, goal=goal),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        return Run(done.returncode, done.stdout)

    def configure(self, section: str, key: str, value: str) -> None:
        """Set a key in luigi.cfg."""
        path = self.folder / "luigi.cfg"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key} = ")]
        if f"[{section}]" not in lines:
            lines.append(f"[{section}]")
        lines.insert(lines.index(f"[{section}]") + 1, f"{key} = {value}")
        path.write_text("\n".join(lines) + "\n")

    def answer(self) -> None:
        """Let the simulated labeller answer every frame on the sheets."""
        sheets = pd.concat([pd.read_parquet(self.corpus.sheet), pd.read_parquet(self.corpus.audit_sheet)])
        truth = pd.read_parquet(self.folder / "truth")
        simulated_answers(truth, sheets, seed=1)[LABELS.names].to_csv(self.folder / "labels.csv", index=False)

    def copy(self, folder: Path) -> Chain:
        shutil.copytree(self.folder, folder, symlinks=True)
        return Chain(folder)


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
    folder = tmp_path_factory.mktemp("chain")
    simulation = replace(demo_simulation(), nights=tuple(nights_of_each_role()), cadence_s=720, cards=(), faults=())
    for night in simulation.nights:
        simulate_night(simulation, night, folder / "videos", folder / "truth")
    (folder / "luigi.cfg").write_text(CONFIGURATION.format(lens=simulation.camera.lens))
    chain = Chain(folder)
    return chain, chain.run()


@pytest.fixture(scope="session")
def finished_chain(unlabelled_chain, tmp_path_factory) -> tuple[Chain, Run]:
    """The archive labelled, and taken to its report."""
    chain = unlabelled_chain[0].copy(tmp_path_factory.mktemp("finished") / "chain")
    chain.answer()
    return chain, chain.run()


@pytest.fixture
def chain(finished_chain, tmp_path) -> Chain:
    """A copy of the finished archive, to change."""
    return finished_chain[0].copy(tmp_path / "chain")
