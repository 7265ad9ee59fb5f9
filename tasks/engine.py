"""Where are nights done: on this machine, or by the workers of a cluster?

Luigi keeps the graph and the record either way, and the same functions run. A stage turns to the engine
twice: for nights that it waits for (tasks/base.py), and for its own nights, where each lands by itself
(tasks/periods.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from allsky.errors import AllskyError
from tasks.artifacts import UnwritableOutput, finding_room_in
from tasks.history import reason, why_of

if TYPE_CHECKING:
    from tasks.base import Stage
    from tasks.periods import LandingMonthStage


# So many nights that failed are named with their reasons.
NAMED = 5


class NightsNotDone(AllskyError):
    """Nights that could not be done, of `count`: `failures` says why, by stage and night.

    `again` where the stage may be tried again in the same run: something went wrong that nobody foresaw.
    """

    def __init__(self, failures: Mapping[tuple[str, str], str], count: int, again: bool = False):
        self.failures, self.again = dict(failures), again
        reasons = [f"{stage} {night}: {reason(why)}" for (stage, night), why in failures.items()]
        more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
        super().__init__(
            f"{len(failures)} of {count} nights were not done ({'; '.join(reasons[:NAMED])}{more});"
            " the others are, and the same command tries these again"
        )


class Engine:
    """This machine: every night is a task of Luigi's, in a process of its own."""

    def done_before(self, stage: Stage, waiting_for: list[Any]) -> list[Any]:
        """Do what can be done of what `stage` waits for; what is left for Luigi to do first."""
        return waiting_for

    def land(self, stage: LandingMonthStage, nights: list[str]) -> None:
        """Do these nights of `stage`, one after the other. Raises NightsNotDone naming what could not be done."""
        stage.make_ready(nights, expected=len(nights))
        failures: dict[tuple[str, str], str] = {}
        again = False
        for ended, night in enumerate(nights):
            done = ended - len(failures)
            stage.progress(ended / len(nights), f"{night}: {done} of {len(nights)} nights done")
            try:
                with finding_room_in(stage.settings.output):
                    stage.land(night)
            except UnwritableOutput:  # which no other night would find otherwise
                raise
            except Exception as error:
                failures[type(stage).__name__, night] = why_of(error)
                again |= not isinstance(error, AllskyError)
        if failures:
            raise NightsNotDone(failures, len(nights), again)


class _InForce:
    engine = Engine()


def current() -> Engine:
    """The engine of this run: another one than this machine while it is `in_force`."""
    return _InForce.engine


@contextlib.contextmanager
def in_force(engine: Engine) -> Iterator[None]:
    """`engine` does the nights meanwhile, of this process and of those that Luigi forks from it."""
    before, _InForce.engine = _InForce.engine, engine
    try:
        yield
    finally:
        _InForce.engine = before
