"""A folder with a configuration, an archive and an output, and how the chain is run on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allsky.corpus import Corpus
from allsky.simulator import simulated_answers
from allsky.tables import LABELS

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
    """A folder with luigi.cfg, videos/, labels.csv and output/; `scheduler` is how Luigi is told which to use."""

    folder: Path
    scheduler: tuple[str, ...] = ("--local-scheduler",)

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.folder / "output")

    def command(self, *arguments: str, goal: str = "FullCorpusReport") -> list[str]:
        return [sys.executable, "-m", "luigi", "--module", "pipeline", goal, *self.scheduler, *arguments]

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

    def asked(self, *arguments: str) -> str:
        """What `allsky` answers."""
        answer = subprocess.run(
            [str(Path(sys.executable).with_name("allsky")), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def configure(self, section: str, key: str, value: str) -> None:
        """Set a key in luigi.cfg."""
        path = self.folder / "luigi.cfg"
        lines, within = [], ""
        for line in path.read_text().splitlines():
            within = line if line.startswith("[") else within
            if within != f"[{section}]" or not line.startswith(f"{key} = "):
                lines.append(line)
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
