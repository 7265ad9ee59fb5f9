"""A benchmark whose measured process fails says so; it does not wait for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"

WORK = """
import os

from side_by_side import peak_mb_of

class Unreadable(Exception):
    def __init__(self, path, reason):
        super().__init__(f"{path}: {reason}")

def failing():
    raise Unreadable("night", "damaged")

def dying():
    os._exit(7)

if __name__ == "__main__":
    peak_mb_of(WAY)
"""


@pytest.mark.parametrize("way", ["failing", "dying"])
def test_a_measured_process_that_cannot_say_what_went_wrong_ends_the_measurement(tmp_path, way):
    script = tmp_path / "measured.py"
    script.write_text(WORK.replace("WAY", way))
    answer = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(FOLDER)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 1
    assert "BrokenProcessPool" in answer.stderr
