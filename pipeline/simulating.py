"""Simulated archives from the command line."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from pathlib import Path

from allsky.errors import BadConfiguration
from allsky.simulator import Simulation, demo_simulation, simulate_night


def asked_simulation(
    nights: int | None, dates: Sequence[str], cadence_s: float | None, size: str | None, seed: int | None
) -> Simulation:
    """The demonstration's simulation with what was asked for instead."""
    simulation = demo_simulation()
    chosen = tuple(_night(text) for text in dates) or simulation.nights[:nights]
    asked = {"nights": chosen, "cadence_s": cadence_s, "frame_size": _size(size), "seed": seed}
    return dataclasses.replace(simulation, **{key: value for key, value in asked.items() if value is not None})


def _night(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadConfiguration(f"--night {text}: expected a date like 2023-01-31") from None


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found:
        raise BadConfiguration(f"--size {text}: expected WIDTHxHEIGHT, such as 640x480")
    return int(found[1]), int(found[2])


def simulate_archive(simulation: Simulation, folder: Path, tell: Callable[[str], None]) -> None:
    """Every night of `simulation` under `folder`, a process per core."""
    with ProcessPoolExecutor() as pool:
        work = {
            pool.submit(simulate_night, simulation, night, folder / "videos", folder / "truth"): night
            for night in simulation.nights
        }
        for done, finished in enumerate(as_completed(work), start=1):
            finished.result()
            tell(f"{work[finished]}  {done} of {len(work)} nights")
