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
        assert 0 <= found["balanced_accuracy"] <= 1
        assert 0 <= found["called"] <= 1


def test_without_a_model_it_says_what_it_needs():
    answer = ask()
    assert answer.returncode != 0
    assert "--model" in answer.stderr
