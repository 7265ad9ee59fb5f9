"""The benchmarks of operations run, end with what they promise, and what they judge besides timings holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.benchmarks.test_benchmarks import FOLDER, last_line

pytestmark = pytest.mark.slow

# 400 MB in whoever starts the run; the run has next to nothing, and then a child with 200 MB.
MEMORY = """
from pathlib import Path
import sys
import numpy as np
from scale import timed
if __name__ == "__main__":
    data, folder = np.ones(50_000_000), Path(sys.argv[1])
    child = "import numpy, time; data = numpy.ones(25_000_000); time.sleep(0.5)"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    print(timed(folder, sys.executable, "-c", "import time; time.sleep(0.5)").peak_mb)
    print(timed(folder, sys.executable, "-c", start).peak_mb)
"""


def test_the_memory_of_a_run_is_its_largest_processs_own(tmp_path):
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=FOLDER)
    assert answer.returncode == 0, answer.stderr
    little, much = map(float, answer.stdout.split())
    assert little < 100 and 200 < much < 350


def test_killed_runs_end_like_one_that_nobody_killed():
    figures = last_line("kill")
    assert figures["kills"] >= 1
    assert (figures["differing_tables"], figures["orphans"], figures["temporaries"]) == (0, 0, 0)
    assert 0 < figures["stages_hit"] <= figures["stages"]


def test_the_cost_of_many_nights_is_told():
    figures = last_line("scale")
    promised = {"nights", "idle_local_s", "idle_luigid_s", "first_night_s", "ms_per_task", "peak_mb"}
    assert promised <= set(figures)
    assert all(figures[name] > 0 for name in promised)
