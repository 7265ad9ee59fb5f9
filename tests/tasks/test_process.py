"""How a run ends when it is told to."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Luigi's worker takes whatever is raised while it adds a task for an error of that task.
PROGRAM = """
    import signal
    from tasks import process
    process.ASKED_AGAIN_S = 0.05
    process.end_on_sigterm()
    print("ready", flush=True)
    try:
        signal.pause()
    except BaseException:
        pass
    signal.pause()
"""


def test_a_run_that_takes_being_ended_for_a_tasks_error_is_told_again():
    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout.readline() == "ready\n"
    run.terminate()
    assert run.wait(timeout=30) == 143
