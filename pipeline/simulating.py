"""Simulated archives from the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from pathlib import Path

from allsky.errors import BadConfiguration
from allsky.simulator import Simulation, demo_simulation, simulate_night
from allsky.simulator.cameras import AURORAMAX, SMALL_COLOUR, THEMIS
from allsky.simulator.faults import KINDS, Fault

CAMERAS = {"small": SMALL_COLOUR, "auroramax": AURORAMAX, "themis": THEMIS}


def asked_simulation(nights: int | None, dates: Sequence[str], faults: Sequence[str], **asked) -> Simulation:
    """The demonstration's simulation with what was asked for instead; `asked` holds None for what was not."""
    simulation = demo_simulation()
    chosen = tuple(_night("--night", text) for text in dates) or simulation.nights[:nights]
    given = {key: value for key, value in asked.items() if value is not None}
    return dataclasses.replace(simulation, nights=chosen, faults=tuple(_fault(text) for text in faults), **given)


def _night(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadConfiguration(f"{option} {text}: expected a date like 2023-01-31") from None


def _fault(text: str) -> Fault:
    """KIND:NIGHT or KIND:NIGHT:AMOUNT."""
    kind, _, rest = text.partition(":")
    night, _, amount = rest.partition(":")
    if kind not in KINDS:
        raise BadConfiguration(f"--fault {text}: expected KIND:NIGHT[:AMOUNT] with a kind of {', '.join(KINDS)}")
    try:
        return Fault(kind, _night("--fault", night), float(amount or 0))
    except ValueError:
        raise BadConfiguration(f"--fault {text}: expected a number as the amount") from None


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
