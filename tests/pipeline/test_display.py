"""What a person sees of a run in a terminal, and what stays afterwards."""

from __future__ import annotations

import io
import logging
import os
import pty
import subprocess

from pipeline.display import Board, _short
from pipeline.summary import summary
from tasks import watching
from tasks.history import DONE, FAILED, Event
from tests.pipeline.chain import Chain

TASK = "NightFrames(camera=yellowknife-1f2e, night=2023-01-20)"


def drawn(*heard, weights=None) -> str:
    stream = io.StringIO()
    with Board(weights if weights is not None else {TASK: 30.0, "other": 10.0}, stream) as board:
        for line in heard:
            board.hear(*line)
        for bar in [*board._begun.values(), board._whole]:
            bar.refresh()
    return stream.getvalue()


def test_a_task_at_work_has_a_bar_named_after_its_night():
    shown = drawn((watching.BEGUN, TASK), (watching.GOING_ON, TASK, 0.5))
    assert "NightFrames 2023-01-20" in shown and " 50% |" in shown
    assert "camera" not in shown


def test_the_whole_moves_by_the_time_a_task_is_expected_to_take():
    shown = drawn((watching.BEGUN, TASK), (watching.ENDED, TASK))
    assert "whole run  75%" in shown and "1 of 2 tasks" in shown


def test_a_run_that_is_all_done_fills_the_bar_whatever_was_foreseen():
    shown = drawn((watching.BEGUN, TASK), (watching.ENDED, TASK), (watching.ALL_DONE, "FullCorpusReport"))
    assert "whole run 100%" in shown and "| 1 tasks [" in shown.replace(", ", " ")


def test_a_task_nobody_foresaw_makes_the_whole_longer():
    shown = drawn((watching.BEGUN, "SkyDisk()"), (watching.ENDED, "SkyDisk()"), weights={TASK: 1.0})
    assert "whole run  50%" in shown and "1 of 2 tasks" in shown


def test_what_is_said_stands_above_the_bars():
    assert "no clock was found" in drawn((watching.SAID, "no clock was found"))


def test_tasks_are_named_as_people_name_them():
    assert (
        _short("MonthPredictions(camera=x-1, month=2023-01, nights=all, model=m-1)")
        == "MonthPredictions 2023-01 all m-1"
    )
    assert _short("VideoInventory(camera=x-1)") == "VideoInventory"


def test_telling_costs_nothing_once_nobody_listens():
    reading, writing = os.pipe()
    watching.watched_through(writing)
    watching.tell(TASK, watching.SAID, "x" * 100_000)
    assert len(os.read(reading, 65536)) < watching.LINE_BYTES
    os.close(reading)
    watching.tell(TASK, watching.BEGUN)
    assert not watching.is_watched()
    os.close(writing)


def test_the_summary_counts_what_was_done_and_gives_each_reason_once():
    done = [Event("NightFrames", {"night": f"2023-01-{day}"}, DONE, seconds=4.0) for day in (20, 21)]
    failed = [Event("NightClock", {"night": f"2023-02-{day}"}, FAILED, why="no space left") for day in (10, 11)]
    lines = list(summary([*done, *failed], 100.0))
    assert lines[0] == "2 tasks done in 2 min"
    assert any("NightFrames" in line and "2 done" in line and "4 s each" in line for line in lines)
    assert sum("no space left" in line for line in lines) == 1
    assert any("2023-02-10, 2023-02-11" in line for line in lines)


def test_a_run_with_nothing_to_do_needs_no_summary():
    assert list(summary([], 1.0)) == []


def in_a_terminal(chain: Chain, *arguments: str) -> str:
    """What a run shows on a terminal."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        chain.command(*arguments), cwd=chain.folder, env=chain.environment, stdout=end, stderr=end
    )
    os.close(end)
    shown = b""
    try:
        while read := os.read(terminal, 65536):
            shown += read
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(terminal)
    assert process.wait(timeout=60) == 0, shown.decode()
    return shown.decode()


def test_bars_are_drawn_in_a_terminal_and_lines_are_written_elsewhere(chain):
    chain.configure("report", "threshold", "0.9")
    shown = in_a_terminal(chain)
    assert "whole run" in shown and "FullCorpusReport" in shown
    assert "\x1b" not in chain.run().told


def test_the_logger_is_as_before_once_nothing_is_shown():
    assert not any("Pipe" in type(handler).__name__ for handler in logging.getLogger("allsky").handlers)
