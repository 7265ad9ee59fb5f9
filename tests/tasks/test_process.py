"""How a run holds its output folder, and how it ends when it is told to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from tasks import process
from tasks.process import OutputInUse, holding

ROOT = Path(__file__).resolve().parents[2]

# Luigi's worker takes whatever is raised while it adds a task for an error of that task.
PROGRAM = """
    import signal
    from tasks import process
    process.ASKED_AGAIN_S = 0.05
    process.end_when_told()
    print("ready", flush=True)
    try:
        signal.pause()
    except BaseException:
        pass
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_takes_being_ended_for_a_tasks_error_is_told_again(number):
    program = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    run = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "ready\n"
    run.send_signal(number)
    assert run.wait(timeout=30) == 128 + number
    assert run.stderr.read().count("told to stop") == 1


# Each task needs longer to tidy up than the run waits before it asks itself again.
TASKS = """
    import pathlib, signal, sys, time
    import luigi
    from tasks import process

    class Slow(luigi.Task):
        number = luigi.IntParameter()

        def run(self):
            try:
                (FOLDER / f"{self.number}.begun").touch()
                signal.pause()
            finally:
                time.sleep(0.6)
                (FOLDER / f"{self.number}.tidied").touch()

    FOLDER = pathlib.Path(sys.argv[1])
    process.ASKED_AGAIN_S = 0.2
    process.end_when_told()
    luigi.build([Slow(number=number) for number in range(3)], workers=3, local_scheduler=True, no_lock=True)
"""


# A terminal tells a run and all of its tasks at once of Ctrl-C, the system a run alone of its end.
@pytest.mark.parametrize(("number", "tell"), [(signal.SIGTERM, os.kill), (signal.SIGINT, os.killpg)])
def test_every_task_of_a_run_that_is_ended_tidies_up(tmp_path, number, tell):
    program = [sys.executable, "-c", textwrap.dedent(TASKS), str(tmp_path)]
    run = subprocess.Popen(program, cwd=ROOT, start_new_session=True)
    try:
        while len(list(tmp_path.glob("*.begun"))) < 3:
            assert run.poll() is None
            time.sleep(0.02)
        tell(run.pid, number)
        assert run.wait(timeout=30) == 128 + number
    finally:
        end_with_children(run)
    assert len(list(tmp_path.glob("*.tidied"))) == 3


def end_with_children(run: subprocess.Popen) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [*psutil.Process(run.pid).children(recursive=True), psutil.Process(run.pid)]:
            process.kill()
    run.wait()


# A run that is killed, and something it started that takes a moment to end.
KILLED = """
    import os, pathlib, signal, sys, time
    from tasks.process import holding

    with holding(pathlib.Path(sys.argv[1]), shared=False):
        if os.fork():
            os.kill(os.getpid(), signal.SIGKILL)
        print("left", flush=True)
        time.sleep(float(sys.argv[2]))
        os._exit(0)
"""


def killed_while_holding(output: Path, seconds: float) -> subprocess.Popen:
    program = [sys.executable, "-c", textwrap.dedent(KILLED), str(output), str(seconds)]
    run = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "left\n"
    assert run.wait(timeout=30) == -signal.SIGKILL
    return run


def test_what_a_killed_run_started_is_waited_for(tmp_path):
    killed_while_holding(tmp_path, 1.0)
    with holding(tmp_path, shared=False):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()


def test_what_never_ends_of_a_killed_run_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "LEAVING_S", 0.1)
    run = killed_while_holding(tmp_path, 5.0)
    told = pytest.raises(OutputInUse, match=f"process {run.pid} .* it has ended, but not yet all that it started")
    with told, holding(tmp_path, shared=False):
        pass


def test_runs_that_share_the_folder_are_told_as_such(tmp_path):
    told = pytest.raises(OutputInUse, match=f"runs through luigid, of which the latest was process {os.getpid()} ")
    with holding(tmp_path, shared=True), told, holding(tmp_path, shared=False):
        pass


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_worked_on_with_a_warning(tmp_path, monkeypatch, caplog, number):
    def no_locks(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with holding(tmp_path, shared=False):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()
    (warning,) = caplog.messages
    assert f"without locks ({os.strerror(number)}): nothing keeps a second run out" in warning
