"""What happens around `luigi --module pipeline GOAL`: checks before, an honest exit status after.

Luigi's own exit status misleads: it is 0 on failure unless configured, and 25 with several workers
although all is done. Ours is decided by what is complete and by what failed. Luigi calls
`luigi.interface._run` once it has imported this module; there is no public hook around a whole run,
so that one function is wrapped, and goals of other modules pass through it, but for a warning of Luigi's own.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import warnings
from collections.abc import Mapping
from http.client import HTTPException

import luigi.configuration
import luigi.interface
from luigi.cmdline_parser import CmdlineParser
from luigi.execution_summary import _summary_dict
from luigi.parameter import UnconsumedParameterWarning
from luigi.rpc import RPCError

from allsky.errors import AllskyError
from pipeline.display import shown
from pipeline.summary import summary
from pipeline.worker import WorkerFactory
from tasks import history, machine, scan, settings, watching
from tasks.base import Stage
from tasks.chosen_engine import chosen_engine
from tasks.process import OutputInUse, end_when_told, holding
from tasks.temporaries import sweep

COMPLETE, FAILED, UNUSABLE, LABELS_WANTED, IN_USE = 0, 1, 2, 4, 5

# So often a run tells a scheduler again what it has forgotten.
FORGOTTEN_AT_MOST = 4

logger = logging.getLogger("allsky")

# What Luigi 3.8.1 needs to survive killed workers and servers that are away; measured, see docs/operations.
# A key that the user's file sets stays as it is.
LUIGI_DEFAULTS = {
    ("core", "no_lock"): "true",
    ("core", "autoload_range"): "false",
    ("core", "log_level"): "WARNING",
    ("core", "rpc_retry_attempts"): "30",
    ("core", "rpc_retry_wait"): "10",
    ("worker", "keep_alive"): "true",
    ("worker", "wait_interval"): "2",
    ("worker", "wait_jitter"): "0",
    ("worker", "ping_interval"): "5",
    ("worker", "max_reschedules"): "3",
    ("worker", "check_complete_on_run"): "true",
    ("worker", "force_multiprocessing"): "true",
    ("worker", "task_process_context"): "tasks.process.TiedToRun",
    # A stage finds out what it needs while it runs, once the inventory is there (tasks/base.py).
    ("worker", "check_unfulfilled_deps"): "false",
    ("scheduler", "retry_count"): "3",
    ("scheduler", "retry_delay"): "5",
    ("scheduler", "worker_disconnect_delay"): "15",
    ("scheduler", "disable_window"): "604800",
    ("scheduler", "prune_on_get_work"): "true",
    # More than a browser draws, or anybody reads.
    ("scheduler", "max_graph_nodes"): "2000",
    ("scheduler", "max_shown_tasks"): "2000",
}


def install() -> None:
    """Put the checks and the exit status around Luigi's run."""
    luigi.interface._run = _launch  # type: ignore[assignment]


_luigi_run = luigi.interface._run


def _launch(argv=None, *args, **kwargs):
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Luigi reads some keys of [core] itself, and then warns that its `core` task does not.
    warnings.simplefilter("ignore", UnconsumedParameterWarning)
    try:
        with CmdlineParser.global_instance(arguments) as parser:
            goal = parser.get_task_obj()
        if not isinstance(goal, Stage):
            return _luigi_run(argv, *args, **kwargs)
        with holding(settings.current().output, shared=not _local_scheduler(arguments)):
            status = _run(goal, arguments)
    except OutputInUse as error:
        status = _refuse(error, IN_USE)
    except RPCError as error:
        asked = "start it (./run luigid), say where it is ([core] default-scheduler-host, default-scheduler-port)"
        status = _refuse(f"{error}; {asked}, or take --local-scheduler; the same command goes on", FAILED)
    except AllskyError as error:
        status = _refuse(error, UNUSABLE)
    raise SystemExit(status)


def _local_scheduler(arguments: list[str]) -> bool:
    with CmdlineParser.global_instance(arguments):
        return luigi.interface.core().local_scheduler


def _refuse(error: AllskyError | str, status: int) -> int:
    print(f"allsky: {error}", file=sys.stderr)
    return status


def _run(goal: Stage, arguments: list[str]) -> int:
    _log_plainly()
    _set_luigi_defaults()
    end_when_told()
    if swept := sweep(settings.current().output):
        logger.info("removed %d temporaries of a run that was killed", swept)
    if left_out := scan.why_left_out():
        logger.warning(left_out)
    begun, told = time.monotonic(), history.begin(settings.current().output)
    with chosen_engine(), shown(goal, logger, sys.stderr) if sys.stderr.isatty() else contextlib.nullcontext():
        result = _run_through(goal, arguments)
    for line in summary(history.read(told), time.monotonic() - begun):
        logger.info(line)
    return _outcome(goal, result.worker)


def _run_through(goal: Stage, arguments: list[str]):
    """Run until the goal is complete or something failed: a luigid that was killed has forgotten the run's tasks."""
    for _ in range(FORGOTTEN_AT_MOST):
        result = _luigi_run(arguments, worker_scheduler_factory=WorkerFactory(goal.camera))
        if goal.complete():
            watching.tell(str(goal), watching.ALL_DONE)
            break
        if any(_summary_dict(result.worker)[status] for status in ("failed", "scheduling_error")):
            break
    return result


def _set_luigi_defaults() -> None:
    workers = settings.current().execution.workers or machine.cores()
    default_to({**LUIGI_DEFAULTS, ("core", "workers"): str(workers)})
    default_to({("resources", name): count for name, count in machine.resources(workers).items()})


def default_to(told: Mapping[tuple[str, str], str]) -> None:
    """Tell Luigi these keys of its configuration, where the user's file does not."""
    config = luigi.configuration.get_config()
    for (section, key), value in told.items():
        if not config.has_option(section, key):
            config.set(section, key, value)


def _outcome(goal: Stage, worker) -> int:
    """Say how the run ended; the exit status that goes with it."""
    tasks = _summary_dict(worker)
    failed = sorted({str(task) for status in ("failed", "scheduling_error") for task in tasks[status]})
    for name in failed:
        logger.error("failed: %s", name)
    if not goal.complete():
        logger.error("%s is not complete; the same command goes on where this run ended", goal)
        return FAILED
    wanted = getattr(goal, "labels_wanted", str)()
    if wanted:
        logger.warning(wanted)
        return LABELS_WANTED
    logger.info("complete: %s", getattr(goal, "headline", lambda: goal)())
    return COMPLETE


class _WithoutKnownTracebacks(logging.Filter):
    """A problem that we explain in a sentence needs no traceback from Luigi besides; nor does being stopped, or a
    luigid that is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        problem = record.exc_info[1] if record.exc_info else None
        if isinstance(problem, OSError | HTTPException) and record.msg.startswith("Failed connecting"):
            record.msg, record.args = f"{record.getMessage()} ({problem})", None
            record.exc_info = None
        return not isinstance(problem, AllskyError | SystemExit)


def _log_plainly() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.getLogger("luigi-interface").addFilter(_WithoutKnownTracebacks())
