"""Where are nights done: on this machine, or by the workers of a cluster?

Luigi keeps the graph and the record either way, and the same functions run. A stage turns to the engine
twice: for nights that it waits for (tasks/base.py), and for its own nights, where each lands by itself
(tasks/periods.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.base import Stage
    from tasks.periods import LandingMonthStage


class Engine:
    """This machine: every night is a task of Luigi's, in a process of its own."""

    def done_before(self, stage: Stage, waiting_for: list[Any]) -> list[Any]:
        """Do what can be done of what `stage` waits for; what is left for Luigi to do first."""
        return waiting_for

    def land(self, stage: LandingMonthStage, nights: list[str]) -> None:
        """Do these nights of `stage`."""
        stage.produce_nights(nights, expected=len(nights))


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
