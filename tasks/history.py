"""What runs have done: a line for every task that ended, how long it took, and what failed and why.

Each run appends to a file of its own under `.runs/`, so that runs of several hosts never write to
one file. `allsky plan` takes durations from it, `allsky status` failures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import socket
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from allsky.errors import AllskyError
from tasks.selection import ALL, names

DONE, FAILED = "done", "failed"

# Runs whose files are kept: a year of nights.
RUNS_KEPT = 400
# A line is written at once: POSIX keeps appends whole, and this keeps them short.
WHY_CHARACTERS = 2000
# What an exception says may take so many of them: of the frames above it the last stays, by which it is known as such.
SAID_CHARACTERS = 1500

_FRAMES = re.compile(r'^  File ".*\n(?:[ \t].*\n)*', re.MULTILINE)


@dataclass(frozen=True)
class Event:
    """The end of a task. `amount` is how much there was to do, in the stage's own measure."""

    stage: str
    parameters: Mapping[str, str]
    outcome: str
    seconds: float = 0.0
    amount: float = 1.0
    why: str = ""
    ended: float = field(default_factory=time.time)

    @property
    def task(self) -> tuple:
        return (self.stage, *sorted(self.parameters.items()))


class _Run:
    path: Path | None = None
    kept: list[Event] | None = None


def begin(output: Path) -> Path:
    """From here on this process and its forks write to a new file under `output`; returns it."""
    folder = output / ".runs"
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.jsonl"))[: -RUNS_KEPT + 1]:
        old.unlink(missing_ok=True)
    started = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    _Run.path = folder / f"{started}~{socket.gethostname()}~{os.getpid()}.jsonl"
    return _Run.path


@contextlib.contextmanager
def kept() -> Iterator[list[Event]]:
    """What this process tells meanwhile is kept in the list, for another process to tell."""
    _Run.kept = []
    try:
        yield _Run.kept
    finally:
        _Run.kept = None


def tell(event: Event) -> None:
    """Append `event` to the run's file; nothing where no run has begun, or nothing can be written."""
    short = dataclasses.replace(event, why=_shortened(event.why), parameters=dict(event.parameters))
    if _Run.kept is not None:
        _Run.kept.append(short)
        return
    if _Run.path is None:
        return
    line = json.dumps(dataclasses.asdict(short)) + "\n"
    with contextlib.suppress(OSError):  # a full disk: what is done is done, told or not
        opened = os.open(_Run.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(opened, line.encode())
        finally:
            os.close(opened)


def why_of(error: Exception) -> str:
    """Why something failed: what the error says where it was raised on purpose, else its traceback."""
    return str(error) if isinstance(error, AllskyError) else "".join(traceback.format_exception(error))


def reason(why: str) -> str:
    """The line of `why` that a person is shown: the exception's of a traceback, the last one of anything else."""
    return why[_exception_at(why) :].strip().partition("\n")[0] or "no reason was told"


def _exception_at(why: str) -> int:
    """Where in a traceback the exception is told, which may take several lines; else where the last line begins."""
    frames = list(_FRAMES.finditer(why))
    return frames[-1].end() if frames else why.rstrip().rfind("\n") + 1


def _shortened(why: str) -> str:
    """The exception, and as much as there is room for of what stands before it."""
    at = _exception_at(why)
    said = why[at : at + SAID_CHARACTERS]
    return why[max(0, at + len(said) - WHY_CHARACTERS) : at] + said


def read(path: Path) -> Iterator[Event]:
    """The events of one run, in order; a line cut short by a crash is passed over."""
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            yield Event(**json.loads(line))
        except (ValueError, TypeError):
            continue


def read_all(output: Path) -> list[Event]:
    """The events of every run whose file is kept, oldest first."""
    events = [event for path in (output / ".runs").glob("*.jsonl") for event in read(path)]
    return sorted(events, key=lambda event: event.ended)


def failures(events: Iterable[Event]) -> dict[tuple, str]:
    """The tasks that failed and were not done since, by themselves or within another one, and why."""
    ends = Ends(events)
    return {event.task: event.why for event in ends.failed() if ends.failure(event.stage, event.parameters) is not None}


class Ends:
    """How tasks ended the last time. Whatever was done, or failed, for a month's nights counts for each of them."""

    def __init__(self, events: Iterable[Event]):
        self._ends: dict[tuple, dict[str, Event]] = {}  # of tasks alike but for their nights, the latest last
        for event in events:
            alike = self._ends.setdefault(_but_for_nights(event.stage, event.parameters), {})
            nights = event.parameters.get("nights", ALL)
            alike.pop(nights, None)
            alike[nights] = event

    def failed(self) -> list[Event]:
        """The failures among them."""
        return [event for alike in self._ends.values() for event in alike.values() if event.outcome == FAILED]

    def failure(self, stage: str, parameters: Mapping[str, str]) -> str | None:
        """Why a task failed, or the latest one that had its night, where `nights` is one; None where it was done."""
        asked = parameters.get("nights", ALL)
        for nights, event in reversed(self._ends.get(_but_for_nights(stage, parameters), {}).items()):
            if nights in (ALL, asked) or names(nights, asked):
                return event.why if event.outcome == FAILED else None
        return None


def _but_for_nights(stage: str, parameters: Mapping[str, str]) -> tuple:
    return stage, *sorted((name, value) for name, value in parameters.items() if name != "nights")
