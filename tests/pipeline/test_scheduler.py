"""The scheduler answers as Luigi's own does, and does not go through what is done to answer."""

from __future__ import annotations

import random
import time
from typing import Any

import luigi.scheduler
import pytest

from pipeline.launch import LUIGI_DEFAULTS
from pipeline.scheduler import ALL_EVERY_S, Scheduler


class Clock:
    """Time, as both schedulers see it."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


SETTINGS = {
    key: float(value)
    for (section, key), value in LUIGI_DEFAULTS.items()
    if section == "scheduler" and key not in ("prune_on_get_work", "max_graph_nodes", "max_shown_tasks")
}


def new(kind: type[luigi.scheduler.Scheduler], **told: float) -> luigi.scheduler.Scheduler:
    return kind(prune_on_get_work=True, record_task_history=False, resources={"decode": 2}, **SETTINGS, **told)


def moves(seed: int) -> list[tuple[float, str, dict[str, Any]]]:
    """What three workers say to a scheduler, and how much later: some fall silent, some tasks fail for good."""
    chance = random.Random(seed)
    told: list[tuple[float, str, dict[str, Any]]] = []
    for _ in range(400):
        worker, number = f"worker {chance.randrange(3)}", chance.randrange(40)
        task = {"worker": worker, "task_id": f"night {number}", "family": "Night", "params": {"night": str(number)}}
        deps = [f"night {before}" for before in range(number) if chance.random() < 0.05]
        add = {"deps": deps, "resources": {"decode": chance.randrange(2)}, "priority": chance.randrange(3)}
        move = chance.choice(["add", "add", "work", "work", "work", "done", "failed", "ping"])
        if move == "add":
            said = ("add_task", task | add)
        elif move == "work":
            said = ("get_work", {"worker": worker, "host": "here"})
        elif move == "ping":
            said = ("ping", {"worker": worker})
        else:
            said = ("add_task", task | {"status": move.upper()})
        told.append((chance.choice([0.1, 1.0, 2.0, 8.0]), *said))
    return told


def in_order(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """An answer, the tasks at work in it by name: Luigi keeps a worker's in a set."""
    if answer and "running_tasks" in answer:
        answer["running_tasks"].sort(key=lambda task: task["task_id"])
    return answer


@pytest.mark.parametrize("seed", range(8))
def test_it_answers_as_luigi_does(clock, seed):
    # Tasks that nobody wants are forgotten up to a minute later than Luigi would; here never.
    ours, luigis = (new(kind, remove_delay=1e9) for kind in (Scheduler, luigi.scheduler.Scheduler))
    statuses = set()
    for later, method, told in moves(seed):
        clock.now += later
        assert in_order(getattr(ours, method)(**told)) == in_order(getattr(luigis, method)(**told))
        assert in_order(ours.count_pending(told["worker"])) == in_order(luigis.count_pending(told["worker"]))
        statuses |= {task.status for task in luigis._state.get_active_tasks()}
    assert ours.task_list("", "") == luigis.task_list("", "")
    assert {"PENDING", "RUNNING", "DONE", "FAILED", "DISABLED"} <= statuses


class Untouchable:
    """Fails whoever looks at it."""

    def __getattr__(self, name):
        raise AssertionError(f"somebody asked for {name} of a task that is done")


@pytest.mark.parametrize(("kind", "looks"), [(Scheduler, False), (luigi.scheduler.Scheduler, True)])
def test_what_is_done_is_left_alone_when_a_worker_asks_for_work(clock, kind, looks):
    scheduler = new(kind)
    scheduler.add_task(worker="a run", task_id="to do", family="Night")
    scheduler.add_task(worker="a run", task_id="done", family="Night", status="DONE")
    scheduler.prune()
    for tasks in (scheduler._state._tasks, scheduler._state._status_tasks["DONE"]):
        tasks["done"] = Untouchable()
    clock.now += ALL_EVERY_S / 2
    scheduler.ping(worker="a run")
    if looks:
        with pytest.raises(AssertionError, match="done"):
            scheduler.get_work(worker="a run", host="here")
    else:
        assert scheduler.get_work(worker="a run", host="here")["task_id"] == "to do"


def test_what_nobody_wants_any_more_is_forgotten(clock):
    scheduler = new(Scheduler, remove_delay=600.0)
    scheduler.add_task(worker="a run", task_id="done", family="Night", status="DONE")
    for _ in range(12):
        clock.now += ALL_EVERY_S
        scheduler.get_work(worker="another", host="here")
    assert not scheduler._state.has_task("done")
