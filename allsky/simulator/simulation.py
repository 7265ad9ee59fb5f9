"""What is there to simulate: which nights, where, with which camera and what goes wrong; and the archive built in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from allsky.simulator.cameras import SMALL_COLOUR, Camera
from allsky.simulator.faults import Fault
from allsky.simulator.overlay import Card
from allsky.site import Site

YELLOWKNIFE = Site("YKNF", 62.4333, -114.35, 206.0, "America/Edmonton")

# How frames are compressed: fast, and at a quality at which compression hides as much as the sensor's noise does.
# x264's macroblock tree is off because it is not repeatable: with it the same frames of 160 x 128 pixels gave ten
# different files in 120 tries (x264 core 165 on a CPU with AVX-512), without it one.
X264 = {"preset": "veryfast", "crf": "21", "threads": "1", "g": "30", "x264-params": "mbtree=0"}


@dataclass(frozen=True)
class Simulation:
    """An archive to simulate.

    `nights` are dates of evenings; a frame is taken every `cadence_s` seconds while the sun is below `sun_below_deg`.
    The clock shows the zone `clock_timezone` (the site's where None; an IANA name, `UTC`, or an offset such as
    `-07:00`). `magnetic_declination_deg` is that of Yellowknife in 2023 (`allsky.geomagnetic`, IGRF-14: 15.98).
    """

    nights: tuple[str, ...]
    site: Site = YELLOWKNIFE
    cadence_s: int = 60
    seed: int = 1
    camera: Camera = SMALL_COLOUR
    clock_timezone: str | None = None
    cards: tuple[Card, ...] = ()
    faults: tuple[Fault, ...] = ()
    sun_below_deg: float = -9.0
    magnetic_declination_deg: float = 16.0
    codec: str = "libx264"
    codec_options: dict[str, str] = field(default_factory=lambda: dict(X264), hash=False)


# Evenings of the full moons of two winters (almanac; the demo's nights are counted from them).
FULL_MOONS = (
    "2022-12-08",
    "2023-01-06",
    "2023-02-05",
    "2023-03-07",
    "2023-12-26",
    "2024-01-25",
    "2024-02-24",
    "2024-03-24",
)

# Of each lunation: a waxing moon, two nights about full, the last quarter, a moonless night. With the default roles
# of nights these days of the month leave at least five audit nights in every solar x lunar cell.
DAYS_FROM_FULL = (-9, -1, 2, 7, 12)


def demo_simulation() -> Simulation:
    """The archive built into the program: 40 nights at Yellowknife from two winters, a frame every five minutes.

    The camera runs while the sun is below -9 degrees: closer to sunset a colour camera burns out.
    """
    nights = (pd.Timestamp(full) + pd.Timedelta(days=days) for full in FULL_MOONS for days in DAYS_FROM_FULL)
    return Simulation(
        nights=tuple(sorted(str(night.date()) for night in nights)), cadence_s=300, seed=2023, cards=(Card(frames=2),)
    )


def video_name(simulation: Simulation, night: str) -> str:
    """Name of the night's file: site and date of the evening."""
    return f"{simulation.site.name}_{night.replace('-', '')}.mp4"
