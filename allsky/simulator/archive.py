"""A simulation's nights written: one video and one truth table a night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as parquet

from allsky.ephemeris import sun_and_moon
from allsky.simulator import faults as injected
from allsky.simulator.nature import draw_night, instants
from allsky.simulator.recording import appearing, encode, one_thread, record
from allsky.simulator.scene import Picture, build_scene, take_picture
from allsky.simulator.simulation import Simulation, video_name
from allsky.simulator.truth import TRUTH
from allsky.site import night_bounds

# Raised whenever the same Simulation gives other skies or another truth; figures judged with it name it.
VERSION = 2


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
