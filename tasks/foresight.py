"""What a run would do, told before it does it: nothing is written, and no video is opened.

Recipes are computed from settings, sources and labels alone, so the tasks that a run would do can be
told beforehand, but for what stands on results: a model on labels still to be given, say.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from allsky.errors import AllskyError
from tasks import history
from tasks.base import NotKnownYet, Stage
from tasks.foreseen_archive import waits_for_simulation
from tasks.gradcam_gallery import GradCamGallery
from tasks.one_look import one_look
from tasks.scored_sheet import ScoredSheet
from tasks.sheets import AuditSheet
from tasks.simulated_labels import SimulatedLabels
from tasks.simulation import SimulatedArchive, SimulatedNight, simulation
from tasks.video_inventory import VideoInventory

# Durations of so many latest tasks of a stage are looked at.
REMEMBERED = 200


@dataclass(frozen=True)
class Foreseen:
    """The tasks a run for a goal would do, in the order of the chain, and what it would stumble over."""

    tasks: tuple[Stage, ...]
    perhaps: tuple[Stage, ...]
    problems: tuple[str, ...]

    @property
    def stages(self) -> dict[str, list[Stage]]:
        """The tasks by stage."""
        stages: dict[str, list[Stage]] = {}
        for task in self.tasks:
            stages.setdefault(type(task).__name__, []).append(task)
        return stages


def foresee(goal: Stage) -> Foreseen:
    """What a run for `goal` would do, once `look_ahead` has been called."""
    beginning: list[Stage] = []
    if waits_for_simulation():
        nights = [SimulatedNight(night=night) for night in simulation().nights]
        beginning += [*(night for night in nights if not night.is_made()), SimulatedArchive()]
    if not VideoInventory().is_made():
        beginning.append(VideoInventory())
    problems: list[str] = []
    made: list[Stage] = []
    with one_look():
        tasks = [*beginning, *_unmade([goal], set(), made, problems)]
    return Foreseen(tuple(tasks), tuple(_perhaps(tasks, made)), tuple(dict.fromkeys(problems)))


def _unmade(tasks: Iterable, seen: set[str], made: list[Stage], problems: list[str]) -> Iterator[Stage]:
    """Those of `tasks`, and of what comes before them, that are not made; what comes before first."""
    for task in tasks:
        if task.task_id in seen:
            continue
        seen.add(task.task_id)
        try:
            if not isinstance(task, Stage) or task.is_made():
                made.append(task)
                continue
            yield from _unmade(task.foreseen(), seen, made, problems)
        except AllskyError as problem:
            problems.append(str(problem))
        yield task


def _perhaps(tasks: Sequence[Stage], made: Sequence[Stage]) -> Iterator[Stage]:
    """What is made, and stands on a result that may come out differently."""
    stages = {type(task) for task in tasks}
    for task in made:
        if isinstance(task, GradCamGallery) and stages & {AuditSheet, ScoredSheet, SimulatedLabels}:
            yield task


# How long it would take.


@dataclass(frozen=True)
class Rates:
    """Seconds per amount, and per task, of each stage as earlier runs took them."""

    per_amount: dict[str, float]
    per_task: dict[str, float]

    def of(self, tasks: Sequence[Stage]) -> float | None:
        """Seconds that tasks of one stage take, one after the other; None where no earlier run tells."""
        stage = type(tasks[0]).__name__
        if stage not in self.per_task:
            return None
        return sum(self.per_amount[stage] * _amount(task) or self.per_task[stage] for task in tasks)


def rates(events: Iterable[history.Event]) -> Rates:
    """The usual rate of each stage in `events`, the latest counting."""
    told: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        if event.outcome == history.DONE:
            told.setdefault(event.stage, []).append((event.seconds, event.amount))
    latest = {stage: tasks[-REMEMBERED:] for stage, tasks in told.items()}
    return Rates(
        {
            stage: statistics.median(seconds / (amount or 1) for seconds, amount in tasks)
            for stage, tasks in latest.items()
        },
        {stage: statistics.median(seconds for seconds, _ in tasks) for stage, tasks in latest.items()},
    )


def wall_seconds(stages: dict[str, list[Stage]], known: Rates, workers: int) -> float:
    """Roughly how long the stages take together: tasks of one stage side by side, stages one after the other."""
    total = 0.0
    for tasks in stages.values():
        seconds = known.of(tasks)
        total += (seconds or 0.0) / min(workers, len(tasks))
    return total


def _amount(task: Stage) -> float:
    try:
        return task.amount()
    except (AllskyError, NotKnownYet):
        return 1.0
