"""`allsky plan`: what a run would do and roughly how long it would take, before it does it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

from allsky.errors import BadConfiguration
from tasks import history, settings
from tasks.base import Stage
from tasks.foreseen_archive import look_ahead, undated
from tasks.foresight import Foreseen, Rates, foresee, rates, wall_seconds
from tasks.full_corpus_report import FullCorpusReport
from tasks.nightly_update import NightlyUpdate

# Tasks of a stage that are named.
NAMED = 3


def planned(nightly: bool, as_json: bool, **options: str) -> str:
    """What a run for the report would do, or for the nightly update; `options` are the goal's own that were given."""
    look_ahead()
    goal = NightlyUpdate if nightly else FullCorpusReport
    given = {name: value for name, value in options.items() if value}
    if strangers := set(given) - set(goal.get_param_names()):
        raise BadConfiguration(f"--{min(strangers).replace('_', '-')} is no option of {goal.__name__}")
    return plan(goal(**given), as_json)


def plan(goal: Stage, as_json: bool = False) -> str:
    """What a run for `goal` would do, as seen from a process that only looks ahead."""
    foreseen, known = foresee(goal), rates(history.read_all(settings.current().output))
    return _json(foreseen, known) if as_json else "\n".join(_lines(foreseen, known))


def workers() -> int:
    return settings.current().execution.workers or os.cpu_count() or 1


def _lines(foreseen: Foreseen, known: Rates) -> Iterator[str]:
    if not foreseen.tasks:
        yield "nothing to do"
    for stage, tasks in foreseen.stages.items():
        seconds = known.of(tasks)
        took = "no earlier run tells how long" if seconds is None else f"about {spoken(seconds / _lanes(tasks))}"
        yield f"{stage:<17}  {len(tasks):>6,}  {took:<30}  {_named(tasks)}".rstrip()
    for task in foreseen.perhaps:
        yield f"{type(task).__name__:<17}  perhaps, by what comes before it"
    if count := undated():
        yield f"and the nights of {count} videos whose date a run reads from their frames"
    yield from (f"it would stop at this: {problem}" for problem in foreseen.problems)
    if foreseen.tasks:
        yield _total(foreseen, known)


def _total(foreseen: Foreseen, known: Rates) -> str:
    unknown = [stage for stage, tasks in foreseen.stages.items() if known.of(tasks) is None]
    seconds = wall_seconds(foreseen.stages, known, workers())
    count = "1 task" if len(foreseen.tasks) == 1 else f"{len(foreseen.tasks):,} tasks"
    if len(unknown) == len(foreseen.stages):
        return f"{count}; no earlier run of this output tells how long they take"
    without = f", and what {', '.join(unknown)} take" if unknown else ""
    processes = "1 process" if workers() == 1 else f"{workers()} processes"
    return f"{count}, about {spoken(seconds)} with {processes}{without}"


def _lanes(tasks: Sequence[Stage]) -> int:
    return min(workers(), len(tasks))


def _named(tasks: Sequence[Stage]) -> str:
    named = [which for task in tasks[:NAMED] if (which := _which(task))]
    return ", ".join(named) + (", ..." if named and len(tasks) > NAMED else "")


def _which(task: Stage) -> str:
    """What tells a task from the others of its stage: its night, month or epoch, its model."""
    return " ".join(value for name, value in task.named()[1].items() if value and (name, value) != ("nights", "all"))


def _json(foreseen: Foreseen, known: Rates) -> str:
    stages = {
        stage: {"tasks": [task.named()[1] for task in tasks], "seconds": known.of(tasks)}
        for stage, tasks in foreseen.stages.items()
    }
    told = {"stages": stages, "perhaps": [type(task).__name__ for task in foreseen.perhaps]}
    total = wall_seconds(foreseen.stages, known, workers())
    return json.dumps(told | {"problems": foreseen.problems, "seconds": total, "workers": workers()})


def spoken(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 1 else "a second"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes >= 600 else f"{minutes / 60:.1f} h"
