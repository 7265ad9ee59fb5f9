"""What archive is simulated, and its nights written: one video and one truth table a night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as parquet

from allsky.ephemeris import sun_and_moon
from allsky.simulator import faults as injected
from allsky.simulator.cameras import SMALL_COLOUR, Camera
from allsky.simulator.faults import Fault
from allsky.simulator.nature import draw_night, instants
from allsky.simulator.overlay import Card
from allsky.simulator.recording import appearing, encode, one_thread, record
from allsky.simulator.scene import Picture, build_scene, take_picture
from allsky.simulator.truth import TRUTH
from allsky.site import Site, night_bounds

YELLOWKNIFE = Site("YKNF", 62.4333, -114.35, 206.0, "America/Edmonton")

# Raised whenever the same Simulation gives other skies or another truth; figures judged with it name it.
VERSION = 2

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


def frame_times(simulation: Simulation, night: str) -> pd.DatetimeIndex:
    """UTC of the frames of `night`: whole multiples of the cadence in darkness, without those a fault left out."""
    first, last = night_bounds(night, simulation.site.longitude_deg)
    step = pd.Timedelta(seconds=simulation.cadence_s)
    utc = pd.date_range(first.ceil(step), last, freq=step, inclusive="left").as_unit("ms")
    utc = utc[sun_and_moon(utc, simulation.site)["sun_altitude_deg"].to_numpy() < simulation.sun_below_deg]
    if len(utc) == 0:
        return utc
    return utc[injected.keep_frames(injected.of_night(simulation.faults, night), utc.asi8 / 1000.0)]


def sky_pictures(simulation: Simulation, night: str, utc: pd.DatetimeIndex) -> Iterator[Picture]:
    """The sky at each of `utc`: the square about the circle before anything is burned in, its truth and its contrast
    map.
    """
    camera, whole = simulation.camera, frame_times(simulation, night)
    scene = build_scene(camera.lens, camera.sensor, simulation.seed, simulation.magnetic_declination_deg)
    duration_s = (whole[-1] - whole[0]).total_seconds()
    nature = draw_night(simulation.seed, night, duration_s, simulation.site.latitude_deg, camera.sensor.white_balance)
    for now in instants(nature, simulation.site, utc, whole[0]):
        yield take_picture(scene, nature, now)


def simulate_night(simulation: Simulation, night: str, videos_folder: Path, truth_folder: Path) -> None:
    """Write `<videos_folder>/<site>_YYYYMMDD.mp4` and `<truth_folder>/night=<night>/truth.parquet`.

    Each file appears whole or not at all; the same simulation writes the same bytes. A night without darkness gets
    neither.
    """
    utc = frame_times(simulation, night)
    if len(utc) == 0:
        return
    video = Path(videos_folder) / video_name(simulation, night)
    rows: list[dict] = []
    with one_thread(), appearing(video) as partial:
        pictures = sky_pictures(simulation, night, utc)
        frames = record(simulation, night, video.name, utc, pictures, rows)
        encode(partial, frames, simulation.codec, simulation.codec_options)
        injected.spoil(injected.of_night(simulation.faults, night), partial)
    with appearing(Path(truth_folder) / f"night={night}" / "truth.parquet") as partial:
        parquet.write_table(TRUTH.to_arrow(pd.DataFrame(rows)), partial, compression="zstd")
