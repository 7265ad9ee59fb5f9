"""What luigid has seen happen, kept in Luigi's own database at a cost that thousands of nights can bear.

Luigi's own way looks each task up and commits for each of its events: 30 ms of CPU time for a night's task on a busy
machine, where all else that luigid does for it takes a tenth of a millisecond. Here events wait for a second and are
inserted together. Its pages read the same tables. A luigid that is killed loses the last second; while the database
takes nothing, so many events wait for it and no more, and what was dropped is counted and said.
"""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tornado.ioloop
from luigi.db_task_history import DbTaskHistory, TaskEvent, TaskParameter, TaskRecord
from luigi.task_history import StoredTask
from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

logger = logging.getLogger("allsky")

WRITTEN_EVERY_S = 1.0
# A database that took nothing is left alone for so long: waiting for it holds luigid up.
LEFT_ALONE_S = 10.0
# Events that wait at most: with their tasks 50 MB, those of thirty thousand tasks.
MOST_WAITING = 100_000

# Luigi's tables, filled in this order.
TABLES = (TaskRecord.__table__, TaskParameter.__table__, TaskEvent.__table__)
SET_HOST = TABLES[0].update().where(TABLES[0].c.id == bindparam("record")).values(host=bindparam("seen_on"))


class TaskHistory(DbTaskHistory):
    """Luigi's history, written in batches. It is the only writer of its database, whichever SQLAlchemy knows."""

    def __init__(self):
        super().__init__()
        self._last_id = self._largest_id()
        self._tasks: list[dict[str, Any]] = []
        self._parameters: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._hosts: dict[int, str] = {}
        self._dropped = 0
        self._not_before = 0.0
        atexit.register(self._close)
        tornado.ioloop.PeriodicCallback(self.write, 1000 * WRITTEN_EVERY_S).start()

    def _largest_id(self) -> int:
        with self.engine.begin() as database:
            return database.execute(select(func.coalesce(func.max(TABLES[0].c.id), 0))).scalar()

    def _add_task_event(self, task: StoredTask, event: TaskEvent) -> None:
        if len(self._events) >= MOST_WAITING:
            self._dropped += 1  # a task that is not known yet is told of by its next event
            return
        if task.record_id is None:
            self._add_task(task)
        elif task.host:
            self._hosts[task.record_id] = task.host
        self._events.append({"task_id": task.record_id, "event_name": event.event_name, "ts": event.ts})

    def _add_task(self, task: StoredTask) -> None:
        self._last_id += 1
        task.record_id = self._last_id
        told = {"id": task.record_id, "task_id": task._task.id, "name": task.task_family, "host": task.host}
        self._tasks.append(told)
        self._parameters += [
            {"task_id": task.record_id, "name": name, "value": value} for name, value in task.parameters.items()
        ]

    @contextmanager
    def _session(self, session: Any = None) -> Iterator[Any]:
        self.write()  # who reads shall see everything
        with super()._session(session) as opened:
            yield opened

    def write(self) -> None:
        """Write what has happened since the last time; what cannot be written waits, as far as there is room."""
        if not self._events or time.monotonic() < self._not_before:
            return
        try:
            self._insert()
        except (IntegrityError, DataError) as error:
            self._give_up(error)
        except SQLAlchemyError as error:
            self._leave_alone(error)
        else:
            self._not_before = 0.0
            self._forget_what_waits()
            self._say_what_was_dropped()

    def _insert(self) -> None:
        hosts = [{"record": record, "seen_on": host} for record, host in self._hosts.items()]
        with self.engine.begin() as database:
            for table, rows in zip(TABLES, (self._tasks, self._parameters, self._events), strict=True):
                if rows:
                    database.execute(table.insert(), rows)
            if hosts:
                database.execute(SET_HOST, hosts)

    def _forget_what_waits(self) -> None:
        for waiting in (self._tasks, self._parameters, self._events, self._hosts):
            waiting.clear()

    # When the database takes nothing.

    def _leave_alone(self, error: SQLAlchemyError) -> None:
        if not self._not_before:
            logger.warning(
                "the history of tasks cannot be written (%s): %d events wait; runs go on, and it is tried again every"
                " %g s. From %d events on, further ones are dropped",
                _reason(error),
                len(self._events),
                LEFT_ALONE_S,
                MOST_WAITING,
            )
        self._not_before = time.monotonic() + LEFT_ALONE_S

    def _give_up(self, error: SQLAlchemyError) -> None:
        """Drop rows that the database will never take: somebody else has written to it, or it has no room for them."""
        logger.warning(
            "the history of tasks does not take what happened (%s): is luigid its only writer?", _reason(error)
        )
        self._dropped += len(self._events)
        self._forget_what_waits()
        self.tasks.clear()  # Luigi's own memory of which row is whose
        self._last_id = self._largest_id()
        self._say_what_was_dropped()

    def _say_what_was_dropped(self) -> None:
        if self._dropped:
            logger.warning("the history of tasks lacks %d events, which were dropped", self._dropped)
        self._dropped = 0

    def _close(self) -> None:
        self._not_before = 0.0
        self.write()
        self._dropped += len(self._events)
        self._say_what_was_dropped()


def _reason(error: SQLAlchemyError) -> str:
    """What the database said, without the rows and SQLAlchemy's advice."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
