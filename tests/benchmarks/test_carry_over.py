"""The benchmark of other cameras asks one model about the same skies through each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "carry_over.py"


def ask(*arguments: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


@pytest.mark.slow
def test_each_camera_has_its_figures():
    answer = ask("--quick")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout.splitlines()[-1])
    assert set(told) == {"own", "own_grey", "auroramax", "themis"}
    for found in told.values():
        assert found["n"] > 0
        for share in ("balanced_accuracy", "auc", "called"):
            assert 0 <= found[share] <= 1


@pytest.mark.slow
def test_networks_are_trained_for_each_share_of_grey_and_kept(tmp_path):
    first = ask("--quick", "--grey", "0", "1", "--keep", str(tmp_path))
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout.splitlines()[-1])
    assert set(told) == {"grey 0", "grey 1"}
    assert told["grey 0"] != told["grey 1"]
    again = ask("--quick", "--grey", "0", "1", "--keep", str(tmp_path))
    assert json.loads(again.stdout.splitlines()[-1]) == told
    assert "epoch" not in again.stdout


def test_without_a_model_it_says_what_it_needs():
    answer = ask()
    assert answer.returncode != 0
    assert "--model" in answer.stderr
