"""A task's process that could not say why it ended is told of by the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.lost_processes import why_it_died
from tasks import history

ROOT = Path(__file__).resolve().parents[2]

CONFIGURATION = """
[archive]
videos = videos
settle_s = 0
[site]
name = here
latitude = 62
longitude = -114
[scheduler]
retry_count = 1
[worker]
wait_interval = 0.2
timeout = {timeout}
"""

STAGES = """
import os, signal, time
import pipeline
from tasks.artifacts import FolderArtifact
from tasks.base import Stage
from tasks.periods import NightStage

class Lost(NightStage):
    def before_all(self):
        return []
    def complete(self):
        return False
    def amount(self):
        return 1.0
    def ingredients(self):
        return {}
    def output(self):
        return FolderArtifact(self.corpus.root / "lost")
    def produce(self, output):
        TROUBLE
        time.sleep(600)
"""

KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
CASES = [(KILLED, 0, "killed (SIGKILL), most likely because the machine ran out of memory"),
         ("pass", 1, "took longer than 1 s and was ended")]  # fmt: skip


@pytest.mark.parametrize(("trouble", "timeout", "why"), CASES, ids=["killed", "took too long"])
def test_a_process_that_died_or_took_too_long_is_told_of_everywhere(tmp_path, trouble, timeout, why):
    (tmp_path / "luigi.cfg").write_text(CONFIGURATION.format(timeout=timeout))
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "20230120.mp4").write_text("no video")
    (tmp_path / "losing.py").write_text(STAGES.replace("TROUBLE", trouble))
    command = [sys.executable, "-m", "luigi", "--module", "losing", "Lost", "--night", "2023-01-20"]
    environment = os.environ | {
        "LUIGI_CONFIG_PATH": str(tmp_path / "luigi.cfg"), "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"
    }  # fmt: skip
    run = subprocess.run(
        [*command, "--local-scheduler"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 1, run.stderr
    told = [line for line in run.stderr.splitlines() if why in line]
    assert len(told) == 2, run.stderr  # as it happens, and among the last lines
    assert "Lost(" in told[0] and "1 failed  2023-01-20: it" in told[1]
    (event,) = history.read_all(tmp_path / "output")
    assert (event.stage, event.outcome) == ("Lost", history.FAILED) and why in event.why
    assert why in (tmp_path / "output" / "logs" / "2023-01" / "2023-01-20.log").read_text()


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [
        (-signal.SIGSEGV, "crashed (SIGSEGV)"),
        (-signal.SIGTERM, "ended from outside (SIGTERM)"),
        (-signal.SIGRTMIN - 1, "ended from outside (signal "),
        (3, "status 3"),
    ],
)
def test_other_ends_are_told_apart(exit_code, said):
    assert said in why_it_died(exit_code)
