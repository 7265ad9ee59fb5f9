"""What a person sees in a terminal while the chain runs: a bar for the whole, and one for each task at work.

A process of its own draws them, so that nothing is drawn into a line and no fork of a task inherits a
thread. It hears of the tasks through a pipe (tasks/watching.py) and ends when the last of them is gone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from tqdm import tqdm

from tasks import history, settings, watching
from tasks.base import Stage
from tasks.foreseen_archive import look_ahead
from tasks.foresight import foresee, rates

WHOLE = "{desc} {percentage:3.0f}% |{bar}|{postfix} [{elapsed} so far, {remaining} left]"
TASK = "  {desc:<36} {percentage:3.0f}% |{bar:20}| [{elapsed}]"

_CAMERA = re.compile(r"camera=[^,)]*(, )?")


@contextlib.contextmanager
def shown(goal: Stage, logger: logging.Logger, stream: TextIO) -> Iterator[None]:
    """Draw the run that happens meanwhile on `stream`; what is logged appears above the bars."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        _draw(goal, reading, stream)
    os.close(reading)
    watching.watched_through(writing)
    handlers, logger.handlers = logger.handlers, [_ThroughPipe(handler) for handler in logger.handlers]
    try:
        yield
    finally:
        logger.handlers = handlers
        watching.watched_through(None)
        os.close(writing)
        os.waitpid(child, 0)


class _ThroughPipe(logging.Handler):
    """Tells what `handler` would print; that a task is done the bars show themselves."""

    def __init__(self, handler: logging.Handler):
        super().__init__(handler.level)
        self.setFormatter(handler.formatter)

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "routine", False):
            return
        for line in self.format(record).splitlines():
            watching.tell(line, watching.SAID)


def _draw(goal: Stage, reading: int, stream: TextIO) -> None:
    # Ctrl-C reaches every process of the terminal: this one shows how the others end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with os.fdopen(reading, encoding="utf-8") as pipe, Board(_weights(goal), stream) as board:
            for line in pipe:
                board.hear(*json.loads(line))
    finally:
        os._exit(0)


def _weights(goal: Stage) -> dict[str, float]:
    """The tasks ahead, each with its share in the bar: its seconds where earlier runs tell them."""
    weights: dict[str, float] = {}
    with contextlib.suppress(Exception):  # a bar of unknown length does too
        look_ahead()
        known = rates(history.read_all(settings.current().output))
        for tasks in foresee(goal).stages.values():
            weights |= {str(task): known.of([task]) or 1.0 for task in tasks}
    return weights


class Board:
    """The bars. `weights` holds the tasks that are expected; others make the whole longer when they begin."""

    def __init__(self, weights: Mapping[str, float], stream: TextIO):
        self._weights = dict(weights)
        self._stream = stream
        self._ended = 0
        self._begun: dict[str, tqdm] = {}
        self._whole = self._bar(WHOLE, "whole run", total=sum(weights.values()) or 1.0)

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in [*self._begun.values(), self._whole]:
            bar.close()

    def hear(self, what: str, subject: str, content: Any = "") -> None:
        """Show what `tasks.watching.tell` told."""
        if what == watching.SAID:
            tqdm.write(subject, file=self._stream)
        elif what == watching.BEGUN:
            self._begin(subject)
        elif what == watching.GOING_ON and subject in self._begun:
            bar = self._begun[subject]
            bar.update(max(0.0, float(content) - bar.n))
        elif what == watching.ENDED:
            self._end(subject)
        elif what == watching.ALL_DONE:  # some of what was expected turned out to be unnecessary
            self._whole.set_postfix_str(f"{self._ended} tasks", refresh=False)
            self._whole.update(self._whole.total - self._whole.n)

    def _begin(self, task: str) -> None:
        if task not in self._weights:
            self._weights[task] = 1.0
            self._whole.total += 1.0
        if task not in self._begun:
            self._begun[task] = self._bar(TASK, _short(task), total=1.0, leave=False)

    def _end(self, task: str) -> None:
        if bar := self._begun.pop(task, None):
            bar.close()
        self._ended += 1
        self._whole.set_postfix_str(f"{self._ended} of {max(self._ended, len(self._weights))} tasks", refresh=False)
        self._whole.update(min(self._weights.get(task, 0.0), self._whole.total - self._whole.n))

    def _bar(self, form: str, name: str, **given: Any) -> tqdm:
        # Not the size that tqdm finds: in a terminal that does not tell its size it would draw nothing.
        size = shutil.get_terminal_size()
        given |= {"ncols": size.columns - 1, "nrows": size.lines}
        return tqdm(desc=name, bar_format=form, file=self._stream, mininterval=0.2, **given)


def _short(task: str) -> str:
    """`NightFrames 2023-01-20` for a task as Luigi writes it."""
    stage, _, parameters = _CAMERA.sub("", task).partition("(")
    return " ".join([stage, *(one.partition("=")[2] for one in parameters.rstrip(")").split(", ") if one)])
