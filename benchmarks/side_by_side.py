"""Two ways of doing one thing, timed in turns, and what came of it.

Every benchmark here runs the obvious way and this project's way in one process on the same data. The ways take
turns, round after round, and the order turns too, so that whatever else the machine is doing is unkind to all of
them alike; the median round counts. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import re
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS, OBVIOUS, TUNED = "ours", "obvious", "tuned"


def options(description: str | None, rounds: int = 3, **sizes: int) -> argparse.Namespace:
    """What the caller asked for: `quick` (a size that only shows that it works), `rounds`, and the script's sizes."""
    parser = argument_parser(description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"turns each way takes (default {rounds})")
    for name, size in sizes.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=size, help=f"default {size}")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds = 1
    return asked


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows `--quick`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="so small that only the results mean anything")
    return parser


@dataclass(frozen=True)
class Turns:
    """Seconds of every round on the wall's clock and of computing (all threads and programs it started), and the
    answer of the last round, by way."""

    seconds: dict[str, list[float]]
    computing: dict[str, list[float]]
    answers: dict[str, Any]

    def median(self, way: str) -> float:
        return statistics.median(self.seconds[way])

    def ratio(self, way: str, ours: str = OURS) -> float:
        """How many times longer `way` takes than `ours`; below 1 it is faster."""
        return self.median(way) / self.median(ours)


def take_turns(ways: Mapping[str, Callable[[], Any]], rounds: int) -> Turns:
    """Run every way once a round, beginning with another one each round."""
    turns = Turns({name: [] for name in ways}, {name: [] for name in ways}, {})
    names = list(ways)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            gc.collect()
            computed, started = sum(os.times()[:4]), time.perf_counter()
            turns.answers[name] = ways[name]()
            turns.seconds[name].append(time.perf_counter() - started)
            turns.computing[name].append(sum(os.times()[:4]) - computed)
    return turns


def compared(turns: Turns) -> dict[str, float]:
    """The four figures that every benchmark has."""
    return {
        "ratio": turns.ratio(OBVIOUS),
        "ratio_tuned": turns.ratio(TUNED),
        "ours_s": turns.median(OURS),
        "rival_s": turns.median(OBVIOUS),
    }


def peak_mb_of(work: Callable[..., Any], *arguments: Any) -> float:
    """The most memory that `work` takes, imports included, in MB: run once more, in a fresh process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak_mb, work, *arguments).result()


def _peak_mb(work: Callable[..., Any], *arguments: Any) -> float:
    work(*arguments)
    return most_mb_so_far()


def most_mb_so_far(process: int | str = "self") -> float:
    """The most memory that a process has had, in MB; raises OSError where there is no such process, or no Linux."""
    # Not `ru_maxrss`: in a process just started it is what its parent had taken until then (getrusage(2), execve(2)).
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    if peak is None:
        raise OSError(f"/proc/{process}/status names no VmHWM: it has ended, or this is no Linux")
    return int(peak[1]) / 1000.0


def require(condition: bool, claim: str) -> None:
    """Stop unless the ways agree: a fast wrong answer is no comparison."""
    if not condition:
        raise SystemExit(f"not so: {claim}")


def tell(turns: Turns, figures: Mapping[str, Any]) -> None:
    """Print every way's rounds, then the figures as the last line."""
    for name, seconds in turns.seconds.items():
        rounds = ", ".join(f"{each:.3f}" for each in seconds)
        computing = statistics.median(turns.computing[name])
        print(f"{name:>12}: {turns.median(name):8.3f} s ({rounds}), of them computing on all cores {computing:.2f} s")
    print(json.dumps({name: _rounded(value) for name, value in figures.items()}))


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
