"""What a run did, told at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.planning import spoken
from tasks.history import DONE, FAILED, Event, failures, reason

# Nights, months or models that are named of those that failed for one reason.
NAMED = 5


def summary(events: Iterable[Event], seconds: float) -> Iterator[str]:
    """Lines: what was done, stage by stage, with how long it took, and what failed and why."""
    events = list(events)
    done = [event for event in events if event.outcome == DONE]
    if not done and not any(event.outcome == FAILED for event in events):
        return
    yield f"{len(done) or 'no'} tasks done in {spoken(seconds)}"
    for stage in dict.fromkeys(event.stage for event in done):
        took = [event.seconds for event in done if event.stage == stage]
        each = f", {_each(sum(took) / len(took))} each" if len(took) > 1 else ""
        yield f"  {stage:<17}  {len(took):>6,} done  {spoken(sum(took))} of work{each}"
    yield from _failed(events)


def _each(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else spoken(seconds)


def _failed(events: list[Event]) -> Iterator[str]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for (stage, *parameters), why in failures(events).items():
        which = " ".join(value for name, value in parameters if value and (name, value) != ("nights", "all"))
        by_reason.setdefault((stage, reason(why)), []).append(which)
    for (stage, why), tasks in by_reason.items():
        named = ", ".join(filter(None, tasks[:NAMED])) + (", ..." if len(tasks) > NAMED else "")
        yield f"  {stage:<17}  {len(tasks):>6,} failed  {named + ': ' if named else ''}{why}"
