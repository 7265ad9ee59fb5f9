"""Which Dask cluster a run uses, and how it is reached: the group's, or one of its own on this machine.

A cluster of its own is a process beside the run (`python -m tasks.dask_cluster`), so that the run, which
Luigi forks, holds no threads. It listens on 127.0.0.1 behind certificates made for it, since whoever
reaches a Dask scheduler may run anything; and it ends with the run, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, TextIO

from allsky.errors import AllskyError
from tasks import settings
from tasks.machine import cores, gpus
from tasks.process import TiedToRun

LOCAL = "127.0.0.1"
# Beyond the time that a scheduler may take: Dask knows best what went wrong, and says it at the end of that.
GRACE_S = 3.0
# A cluster of its own that has not ended so long after its run is killed.
ENDS_WITHIN_S = 30.0
# What a worker announces that has a GPU, and what a night asks for that wants one.
GPU = "GPU"


class NoCluster(AllskyError):
    """A cluster that cannot be had, or that has gone."""


class _Own:
    """The run's own cluster: its address, and the certificates that open it."""

    address: str | None = None
    tls: dict[str, str] | None = None


@contextlib.contextmanager
def cluster() -> Iterator[None]:
    """A cluster is there meanwhile. Raises NoCluster where there is none."""
    _require_dask()
    if settings.current().execution.scheduler is None:
        with _own_cluster():
            yield
    else:
        _require_answer()
        yield


def _require_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise NoCluster(
            "[execution] engine = dask needs the package `distributed`, here and where the workers run:"
            " in the clone, .venv/bin/pip install -c constraints.txt -e '.[dask]'"
        ) from None


def _require_answer() -> None:
    """Said before the run begins, not by every month of it; by a fork, since a client leaves threads behind."""
    here, there = multiprocessing.Pipe(duplex=False)
    fork = multiprocessing.get_context("fork").Process(target=_ask, args=(there,))
    fork.start()
    there.close()
    try:
        problem = here.recv()
    except EOFError:
        problem = "it ended while it asked the Dask scheduler: what it said stands above"
    fork.join()
    if problem:
        raise NoCluster(problem)


def _ask(told: Any) -> None:
    try:
        with connected():
            told.send("")
    except NoCluster as problem:
        told.send(str(problem))


@contextlib.contextmanager
def _own_cluster() -> Iterator[None]:
    execution = settings.current().execution
    workers = execution.workers or cores()
    process = subprocess.Popen(
        [sys.executable, "-m", "tasks.dask_cluster", str(workers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        _Own.address, _Own.tls = json.loads(_first_line(process, execution.start_timeout_s))
        yield
    except _NotStarted as problem:
        process.kill()  # what hangs would not see that it is to end
        raise NoCluster(f"the run's own Dask cluster of {workers} workers {problem}") from None
    finally:
        _Own.address = _Own.tls = None
        process.stdin.close()  # which it takes as its end
        process.stdout.close()
        _see_off(process)


class _NotStarted(Exception):
    """A cluster of its own that has not told its address."""


def _first_line(process: subprocess.Popen[bytes], within_s: float) -> bytes:
    """What the process says first. Raises _NotStarted where it ends before that, or the time does."""
    until, line = time.monotonic() + within_s, b""
    assert process.stdout is not None
    while not line.endswith(b"\n"):
        if not select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
            raise _NotStarted(
                f"did not start within {within_s:g} s ([execution] start_timeout_s): see what holds this machine up,"
                " give it more time, or start fewer ([execution] workers)"
            )
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            raise _NotStarted("did not start: what it said stands above")
        line += piece
    return line


def _see_off(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has ended, and end it where it takes too long."""
    try:
        process.wait(timeout=ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve(workers: int) -> None:
    """Run a cluster of its own until standard input ends: with its run, or when that is killed."""
    told = _standard_output_set_apart()
    from distributed import Nanny, Scheduler, Security, SpecCluster

    security = Security.temporary()
    shared = {"host": LOCAL, "protocol": "tls://", "security": security}
    # What goes wrong with nights the run says itself.
    quiet = {"silence_logs": logging.CRITICAL}
    scheduler = {"cls": Scheduler, "options": {**shared, "dashboard": False}}
    specified = {
        number: {"cls": Nanny, "options": {**shared, **quiet, **_worker(number)}}
        for number in range(max(workers, gpus()))
    }
    with SpecCluster(specified, scheduler, security=security, **quiet) as own:
        opened_with = {key: getattr(security, key) for key in ("tls_ca_file", "tls_client_cert", "tls_client_key")}
        with told:
            told.write(json.dumps([own.scheduler_address, opened_with]) + "\n")
        sys.stdin.buffer.read()


def _standard_output_set_apart() -> TextIO:
    """Standard output, of which the run reads one line; what else is printed here goes where errors go.

    A pipe that nobody reads would fill, and hold up whoever prints.
    """
    sys.stdout.flush()
    apart = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return apart


def _worker(number: int) -> dict[str, Any]:
    """Settings of a worker: one night at a time, with a GPU of its own as long as there are any."""
    mine = str(number) if number < gpus() else ""
    resources = {GPU: 1} if mine else {}
    # A night's memory is its own affair, as it is without a cluster.
    return {"nthreads": 1, "memory_limit": 0, "resources": resources, "env": {"CUDA_VISIBLE_DEVICES": mine}}


@contextlib.contextmanager
def connected() -> Iterator[Any]:
    """A client of the cluster. Raises NoCluster where its scheduler does not answer within the set time."""
    execution = settings.current().execution
    address = _Own.address or execution.scheduler
    answer: queue.Queue[Any] = queue.Queue()
    # A thread, since Dask's own timeout ends once somebody listens, although nobody may ever answer.
    threading.Thread(target=_connect, args=(address, execution.scheduler_timeout_s, answer), daemon=True).start()
    try:
        client = answer.get(timeout=execution.scheduler_timeout_s + GRACE_S)
    except queue.Empty:
        client = TimeoutError("somebody listens there and says nothing")
    if isinstance(client, Exception):
        raise NoCluster(
            f"the Dask scheduler at {address} did not answer within {execution.scheduler_timeout_s:g} s"
            f" ([execution] scheduler, scheduler_timeout_s): {_last_line(client)}. Start it (`dask scheduler`),"
            " and see that address and certificates are its own"
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=2)


def _connect(address: str, timeout_s: float, answer: queue.Queue[Any]) -> None:
    from distributed import Client

    try:
        answer.put(Client(address, security=_security(), timeout=timeout_s, name="allsky"))
    except Exception as problem:  # whatever it is, the run cannot go on
        answer.put(problem)


def _last_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def _security() -> Any:
    from distributed import Security

    here = settings.current()
    execution = here.execution
    if _Own.tls:
        return Security(require_encryption=True, **_Own.tls)
    if not (execution.scheduler or "").startswith("tls://"):
        return None
    given = {
        "tls_ca_file": execution.tls_ca,
        "tls_client_cert": execution.tls_cert,
        "tls_client_key": execution.tls_key,
    }
    return Security(require_encryption=True, **{key: str(here.resolve(file)) for key, file in given.items() if file})


if __name__ == "__main__":
    with TiedToRun(None):
        serve(int(sys.argv[1]))
