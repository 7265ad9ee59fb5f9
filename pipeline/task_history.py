"""What luigid has seen happen, kept in Luigi's own database at a cost that thousands of nights can bear.

Luigi's own way looks each task up and commits for each of its events: 30 ms of CPU time for a night's task on a busy
machine, where all else that luigid does for it takes a tenth of a millisecond. Here events wait for a second and are
inserted together. Its pages read the same tables. A luigid that is killed loses the last second.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tornado.ioloop
from luigi.db_task_history import DbTaskHistory, TaskEvent, TaskParameter, TaskRecord
from luigi.task_history import StoredTask

WRITTEN_EVERY_S = 1.0


class TaskHistory(DbTaskHistory):
    """Luigi's history, written in batches. It is the only writer of its database."""

    def __init__(self):
        super().__init__()
        self._last_id = self._largest_id()
        self._tasks: list[dict[str, Any]] = []
        self._parameters: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._hosts: dict[int, str] = {}
        atexit.register(self.write)
        tornado.ioloop.PeriodicCallback(self.write, 1000 * WRITTEN_EVERY_S).start()

    def _largest_id(self) -> int:
        with self.engine.begin() as database:
            return database.exec_driver_sql("select coalesce(max(id), 0) from tasks").scalar()

    def _add_task_event(self, task: StoredTask, event: TaskEvent) -> None:
        if task.record_id is None:
            self._last_id += 1
            task.record_id = self._last_id
            told = {"id": task.record_id, "task_id": task._task.id, "name": task.task_family, "host": task.host}
            self._tasks.append(told)
            self._parameters += [
                {"task_id": task.record_id, "name": name, "value": value} for name, value in task.parameters.items()
            ]
        elif task.host:
            self._hosts[task.record_id] = task.host
        self._events.append({"task_id": task.record_id, "event_name": event.event_name, "ts": event.ts})

    @contextmanager
    def _session(self, session: Any = None) -> Iterator[Any]:
        self.write()  # who reads shall see everything
        with super()._session(session) as opened:
            yield opened

    def write(self) -> None:
        """Write what has happened since the last time."""
        if not self._events:
            return
        hosts = [(host, record_id) for record_id, host in self._hosts.items()]
        with self.engine.begin() as database:
            for table, rows in (
                (TaskRecord, self._tasks),
                (TaskParameter, self._parameters),
                (TaskEvent, self._events),
            ):
                if rows:
                    database.execute(table.__table__.insert(), rows)
            for told in hosts:
                database.exec_driver_sql("update tasks set host = ? where id = ?", told)
        for waiting in (self._tasks, self._parameters, self._events, self._hosts):
            waiting.clear()
