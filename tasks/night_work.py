"""One night's share of a stage, done by whoever gets it: what a cluster's worker is handed, and what it tells.

A worker runs the stages' own `run` and `land`, as a process of Luigi's would; what is said and
recorded meanwhile travels back, so that the run's log and history tell of it as of any other night.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import luigi
from luigi.task_register import Register

from allsky.errors import AllskyError
from tasks import history, settings, watching
from tasks.base import Stage
from tasks.periods import LandingMonthStage, NightStage
from tasks.snapshot import Snapshot

logger = logging.getLogger("allsky")

# So often it is looked whether another machine's files can be seen.
LOOKED_EVERY_S = 0.5


class NotSeen(AllskyError):
    """What another machine has written cannot be seen here."""


@dataclass(frozen=True)
class NightWork:
    """`night` of a month's stage, or a stage of that night with all of the night's stages before it.

    `share` nights of its batch fall to each worker: what is worth making ready depends on how many follow.
    """

    stage: type[Stage]
    parameters: tuple[tuple[str, Any], ...]
    night: str
    share: int = 1

    def __str__(self) -> str:
        return f"{self.stage.__name__} {self.night}"

    def task(self) -> Stage:
        """The stage as a task."""
        return self.stage(**dict(self.parameters))

    def is_done(self) -> bool:
        """Whether the night is there, as seen from here."""
        task = self.task()
        return task.landed(self.night) if isinstance(task, LandingMonthStage) else task.complete()

    def do(self) -> None:
        """Do it in this process."""
        task = self.task()
        if not isinstance(task, LandingMonthStage):
            carry_out(task)
        elif not task.landed(self.night):
            task.make_ready([self.night], expected=self.share)
            task.land(self.night)


def nights_ahead(stages: Iterable[Any]) -> list[NightWork]:
    """The work that lies in stages of nights."""
    return [_work(stage, stage.night) for stage in stages if isinstance(stage, NightStage)]


def nights_of(stage: LandingMonthStage, nights: Iterable[str]) -> list[NightWork]:
    """The work that lies in these nights of a month's stage."""
    return [_work(stage, night) for night in nights]


def _work(stage: Stage, night: str) -> NightWork:
    return NightWork(type(stage), tuple(stage.param_kwargs.items()), night)


def carry_out(task: Stage) -> None:
    """Run `task` in this process, and before it what it waits for."""
    if isinstance(task, NightStage) or task.of_the_machine:
        for waiting_for in _run(task):
            for before in waiting_for:
                carry_out(before)
    else:
        wait_until_seen({str(task): task.complete})


def _run(task: Stage) -> Iterator[list[Stage]]:
    try:
        yield from task.run() or ()
    except Exception as error:
        task.on_failure(error)
        raise


def wait_until_seen(wanted: Mapping[str, Any]) -> None:
    """Return once each of `wanted` (by name, whether it is there) is seen. Raises NotSeen after a set time.

    A network file system may show what another machine has written some seconds later.
    """
    lag_s = settings.current().execution.shared_lag_s
    until = time.monotonic() + lag_s
    while unseen := [name for name, is_there in wanted.items() if not is_there()]:
        if time.monotonic() > until:
            raise NotSeen(
                f"{', '.join(unseen[:5])}: done on another machine, and not seen on {socket.gethostname()} within"
                f" {lag_s:g} s ([execution] shared_lag_s): {settings.current().output} has to be the same folder on"
                " every machine"
            )
        time.sleep(LOOKED_EVERY_S)


# What a worker tells of it.


@dataclass
class Account:
    """How a night's work went: on which host, what it said and recorded, and why it failed, if it did.

    `is_final` where trying again would be in vain.
    """

    host: str
    events: list[history.Event] = field(default_factory=list)
    said: list[tuple[int, str, bool]] = field(default_factory=list)
    failure: str = ""
    is_final: bool = False

    def tell(self) -> None:
        """Say and record in this process what the worker said and recorded."""
        for event in self.events:
            history.tell(event)
            watching.tell(str(_task_of(event)), watching.ENDED)
        for level, message, routine in self.said:
            logger.log(level, message, extra={"routine": routine})


def _task_of(event: history.Event) -> luigi.Task:
    return Register.get_task_cls(event.stage).from_str_params(dict(event.parameters))


# Settings are a process's: nights of two threads of one worker would mix them up.
_one_at_a_time = threading.Lock()


def account_of(work: NightWork, snapshot: Snapshot) -> Account:
    """Do `work` as the run that took `snapshot` would do it, and tell of it."""
    account = Account(socket.gethostname())
    with _one_at_a_time, history.kept() as account.events, _overheard() as account.said:
        try:
            snapshot.adopt()
            work.do()
        except Exception as error:
            account.failure = history.why_of(error)
    return account


@contextlib.contextmanager
def _overheard() -> Iterator[list[tuple[int, str, bool]]]:
    said: list[tuple[int, str, bool]] = []
    handler = _Ear(said)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Ear(logging.Handler):
    def __init__(self, said: list[tuple[int, str, bool]]):
        super().__init__(logging.INFO)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append((record.levelno, record.getMessage(), getattr(record, "routine", False)))
