"""luigid's history is written in any database's own words, and a database that takes nothing costs no memory."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import luigi.configuration
import pytest
import sqlalchemy.event
from luigi.scheduler import Task
from sqlalchemy.dialects import mysql, postgresql

from pipeline import task_history
from pipeline.task_history import TaskHistory


@pytest.fixture
def history(tmp_path, monkeypatch):
    configuration = luigi.configuration.get_config()
    configuration.set("task_history", "db_connection", f"sqlite:///{tmp_path / 'history.sqlite'}?timeout=0.05")
    monkeypatch.setattr(task_history, "LEFT_ALONE_S", 0.0)

    async def in_a_loop() -> TaskHistory:  # as luigid has one
        return TaskHistory()

    yield asyncio.run(in_a_loop())
    configuration.remove_option("task_history", "db_connection")


def night_task(night: str) -> Task:
    return Task(f"NightFrames_{night}", "PENDING", [], family="NightFrames", params={"night": night})


def do_a_night(history: TaskHistory, night: str) -> None:
    task = night_task(night)
    history.task_scheduled(task)
    history.task_started(task, "observatory")
    history.task_finished(task, successful=True)


def nights_of(number: int) -> list[str]:
    return [f"2023-01-{day:02d}" for day in range(1, number + 1)]


def stored(tmp_path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as database:
        return database.execute(query).fetchall()


EVENTS = """
    select value, host, event_name from task_events join tasks on tasks.id = task_events.task_id
    join task_parameters on task_parameters.task_id = tasks.id order by task_events.id
"""


def test_what_happened_to_a_night_stands_in_the_history_with_its_host(history, tmp_path):
    do_a_night(history, "2023-01-20")
    history.write()
    told = [("2023-01-20", "observatory", event) for event in ("PENDING", "RUNNING", "DONE")]
    assert stored(tmp_path, EVENTS) == told


@pytest.mark.parametrize("dialect", [postgresql.dialect(), mysql.dialect()], ids=lambda dialect: dialect.name)
def test_every_statement_can_be_said_to_other_databases(history, dialect):
    said = []
    sqlalchemy.event.listen(history.engine, "before_execute", lambda _, statement, *rest: said.append(statement))
    night = night_task("2023-01-20")
    history.task_scheduled(night)
    history.write()
    history.task_started(night, "observatory")  # which its row is told later
    history.write()
    assert history._largest_id() == 1
    # A question mark is SQLite's way of naming a value.
    assert ["?" in str(statement.compile(dialect=dialect)) for statement in said] == [False] * len(said)
    assert len(said) == 6


def test_a_locked_database_is_written_once_it_is_free(history, tmp_path, caplog):
    with closing(sqlite3.connect(tmp_path / "history.sqlite", isolation_level=None)) as other:
        other.execute("begin exclusive")
        for night in nights_of(3):
            do_a_night(history, night)
            history.write()
        other.execute("rollback")
    assert len(stored(tmp_path, EVENTS)) == 0
    history.write()
    assert len(stored(tmp_path, EVENTS)) == 9
    assert "database is locked" in caplog.text and "were dropped" not in caplog.text


def test_while_the_database_takes_nothing_so_many_events_wait_and_the_others_are_counted(
    history, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(task_history, "MOST_WAITING", 10)
    with closing(sqlite3.connect(tmp_path / "history.sqlite", isolation_level=None)) as other:
        other.execute("begin exclusive")
        for night in nights_of(20):
            do_a_night(history, night)
        history.write()
        assert len(history._events) == 10
        assert len(history._tasks) == len(history._parameters) == 4
        other.execute("rollback")
    history.write()
    assert len(stored(tmp_path, EVENTS)) == 10
    assert "lacks 50 events" in caplog.text
    # A night that was not told of while there was no room is told of by what happens to it next.
    history.task_finished(night_task("2023-01-20"), successful=False)
    history.write()
    assert stored(tmp_path, EVENTS)[-1][0::2] == ("2023-01-20", "FAILED")


def test_what_the_database_will_never_take_does_not_hold_up_what_comes_after(history, tmp_path, caplog):
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as other:
        other.execute("insert into tasks (id, task_id, name) values (1, 'x', 'somebody else has')")
        other.commit()
    do_a_night(history, "2023-01-20")
    history.write()
    assert "lacks 3 events" in caplog.text and "only writer" in caplog.text
    do_a_night(history, "2023-01-21")
    history.write()
    assert [row[0] for row in stored(tmp_path, EVENTS)] == ["2023-01-21"] * 3
