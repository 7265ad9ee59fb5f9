"""How the processes of a run live and die: one run per output folder, and no orphan outlives its run."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import json
import logging
import multiprocessing.util
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import luigi.worker

from allsky.errors import AllskyError
from tasks.artifacts import writing_in
from tasks.temporaries import has_ended, is_elsewhere, owner

logger = logging.getLogger("allsky")

# How long a run that was told to end may take before it is told again.
ASKED_AGAIN_S = 3.0
# How long what a killed run started may take to end, before the next run is refused.
LEAVING_S = 10.0

# linux/prctl.h: ask the kernel for a signal when the parent process is gone.
PR_SET_PDEATHSIG = 1


class OutputInUse(AllskyError):
    """Another run works in the same output folder."""


class TiedToRun:
    """Context of a task's process (Luigi's `[worker] task_process_context`): it dies with the run.

    A main process that is killed cannot end its children; the kernel does it instead. Linux only;
    elsewhere a killed run's tasks finish what they have in hand.
    """

    def __init__(self, task_process):
        self._parent = os.getppid()

    def __enter__(self):
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self._parent:  # the run ended before the kernel was asked
                os._exit(1)
        return self

    def __exit__(self, *_):
        return None


def end_when_told() -> None:
    """Let SIGTERM, and Ctrl-C, unwind the stack, so that drafts are removed and children ended.

    Luigi takes whatever is raised while it adds a task for that task's error and goes on. So the run asks
    itself again until it has ended, and with itself all its tasks' processes: Luigi asks one after the other, waits
    for each, and is interrupted by that. A process that is on its way out, with drafts to remove, takes no notice.
    """
    run, told = os.getpid(), 0

    def end(number: int, _frame: object) -> None:
        nonlocal told
        if os.getpid() == run:
            if not told:
                logger.warning("told to stop: tasks tidy up and end; the same command goes on where this run ended")
            signal.setitimer(signal.ITIMER_REAL, ASKED_AGAIN_S)
            _end_tasks()
        elif _is_ending():
            return
        told = told or number
        sys.exit(128 + told)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, end)
    # Once it believes, an alarm would only change how it ended. This goes before multiprocessing's waiting for the
    # tasks' processes at exit, which is registered as its `util` is imported.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)


def _is_ending() -> bool:
    raised = sys.exc_info()[1]
    while raised is not None and not isinstance(raised, SystemExit):
        raised = raised.__context__
    return raised is not None


def _end_tasks() -> None:
    for child in multiprocessing.active_children():
        if isinstance(child, luigi.worker.TaskProcess):
            # Luigi's own waits until it has ended.
            multiprocessing.Process.terminate(child)


@contextlib.contextmanager
def holding(output: Path, shared: bool) -> Iterator[None]:
    """Hold the output folder for this run.

    Runs that go through luigid may share it (`shared`), since luigid gives no task to two of them; a
    run with a scheduler of its own must be alone. Raises OutputInUse saying who holds it. Where the file system
    has no locks that is said, and the run goes on.
    """
    lock = output / ".lock"
    with writing_in(output):
        output.mkdir(parents=True, exist_ok=True)
        opened = lock.open("a+")
    with opened as file:
        try:
            _take(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, lock)
        except BlockingIOError:
            raise OutputInUse(
                f"another run works in {output}: {_holder(lock)}. Wait for it, or start luigid and run both through it"
            ) from None
        except OSError as error:  # no locks: some network file systems, and mounts that say so
            logger.warning(
                "%s is on a file system without locks (%s): nothing keeps a second run out of it; start one at a time,"
                " or all through one luigid",
                output,
                error.strerror,
            )
        with writing_in(output):
            file.truncate(0)
            told = {"host": socket.gethostname(), "pid": os.getpid(), "since": _now(), "owner": owner()}
            file.write(json.dumps(told | {"shared": shared}))
            file.flush()
        yield


def _take(file: IO[str], how: int, lock: Path) -> None:
    """Lock the open `file`. A run that was killed may leave processes that still end: they are waited for, not it."""
    until = time.monotonic() + LEAVING_S
    while True:
        try:
            return fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if not _is_gone(_held(lock)) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _holder(lock: Path) -> str:
    held = _held(lock)
    if held is None:
        return "it does not say who it is"
    left = "; it has ended, but not yet all that it started" if _is_gone(held) else ""
    one = f"process {held['pid']} on {held['host']}, since {held['since']}"
    # Of those that share it only the latest has written here.
    return f"runs through luigid, of which the latest was {one}" if held.get("shared") else f"{one}{left}"


def _held(lock: Path) -> dict[str, Any] | None:
    """What the run that holds the lock wrote of itself."""
    try:
        held = json.loads(lock.read_text())
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) and {"host", "pid", "since"} <= held.keys() else None


def _is_gone(held: Mapping[str, Any] | None) -> bool:
    return held is not None and "owner" in held and not is_elsewhere(held["owner"]) and has_ended(held["owner"])


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
