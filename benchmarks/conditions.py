"""Sun, moon and bins of a night's frames: one vectorised Skyfield call against one call per frame.

The obvious way follows Skyfield's documentation for one time: open the ephemeris, then for each frame `from_datetime`,
`observe(sun).apparent().altaz()`, the same for the moon, `almanac.moon_phase`, `fraction_illuminated`, and a chain
of `if`s for the bins. It is fair because frames come as a list of times and a loop over them is what people write;
it opens the ephemeris once, not per frame. Tuned: the same calls given all times at once (`from_datetimes`), which
Skyfield documents under "Computing with arrays"; that is how ours works too, so about 1 is what to expect there.

    python benchmarks/conditions.py [--quick] [--frames 600]
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pandas as pd
from made_skies import NIGHT, SITE
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell
from skyfield import almanac
from skyfield.api import Loader, wgs84
from skyfield_data import get_skyfield_data_path

from allsky.conditions import observing_conditions
from allsky.ephemeris import ANGLES, _solar_system
from allsky.site import frame_ids, night_bounds


def night_frames(n_frames: int) -> pd.DataFrame:
    first, last = night_bounds(NIGHT, SITE.longitude_deg)
    utc = pd.Series(pd.date_range(first, last, periods=n_frames)).dt.round("s").dt.as_unit("ms")
    return pd.DataFrame({"frame_id": frame_ids(SITE.name, utc), "utc": utc})


def ours(frames: pd.DataFrame) -> pd.DataFrame:
    _solar_system.cache_clear()  # opening the ephemeris counts on both sides
    return observing_conditions(frames, SITE)


def opened():
    """Time scale and ephemeris, from files that are here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a table of leap seconds that is not read
        load = Loader(get_skyfield_data_path(), verbose=False)
    return load.timescale(builtin=True), load("de421.bsp")


def obvious(frames: pd.DataFrame) -> pd.DataFrame:
    timescale, bodies = opened()
    sun, moon = bodies["sun"], bodies["moon"]
    camera = bodies["earth"] + wgs84.latlon(SITE.latitude_deg, SITE.longitude_deg, SITE.elevation_m)
    rows = []
    for frame_id, utc in zip(frames["frame_id"], frames["utc"]):
        time = timescale.from_datetime(utc.to_pydatetime())
        sun_altitude, sun_azimuth, _ = camera.at(time).observe(sun).apparent().altaz()
        moon_altitude, moon_azimuth, _ = camera.at(time).observe(moon).apparent().altaz()
        phase = almanac.moon_phase(bodies, time).degrees
        fraction = camera.at(time).observe(moon).fraction_illuminated(sun)
        angles = [sun_altitude.degrees, sun_azimuth.degrees, moon_altitude.degrees, moon_azimuth.degrees]
        bins = [solar_bin(sun_altitude.degrees), lunar_bin(moon_altitude.degrees, phase)]
        rows.append([frame_id, utc, *angles, phase, fraction, *bins])
    return pd.DataFrame(rows, columns=["frame_id", "utc", *ANGLES, "solar_bin", "lunar_bin"])


def solar_bin(altitude: float) -> str:
    if altitude <= -18:
        return "Night"
    if altitude <= -12:
        return "Astronomical"
    if altitude <= -6:
        return "Nautical"
    return "Civil" if altitude <= -0.833 else "Day"


def lunar_bin(altitude: float, phase: float) -> str:
    elongation = 180 - abs(180 - phase)
    if elongation >= 150:
        return "Moon_Full" if altitude > 5 else "No_Moon"
    return "Moon_Quarter" if elongation >= 45 and altitude > 10 else "No_Moon"


def tuned(frames: pd.DataFrame) -> pd.DataFrame:
    timescale, bodies = opened()
    sun, moon = bodies["sun"], bodies["moon"]
    times = timescale.from_datetimes(list(frames["utc"].dt.to_pydatetime()))
    camera = (bodies["earth"] + wgs84.latlon(SITE.latitude_deg, SITE.longitude_deg, SITE.elevation_m)).at(times)
    table = frames.copy()
    for name, body in (("sun", sun), ("moon", moon)):
        altitude, azimuth, _ = camera.observe(body).apparent().altaz()
        table[f"{name}_altitude_deg"], table[f"{name}_azimuth_deg"] = altitude.degrees, azimuth.degrees
    table["moon_phase_deg"] = almanac.moon_phase(bodies, times).degrees
    table["moon_illuminated_fraction"] = camera.observe(moon).fraction_illuminated(sun)
    table["solar_bin"] = [solar_bin(altitude) for altitude in table["sun_altitude_deg"]]
    table["lunar_bin"] = [lunar_bin(a, p) for a, p in zip(table["moon_altitude_deg"], table["moon_phase_deg"])]
    return table


def check(answers: dict[str, pd.DataFrame]) -> None:
    for way in (OBVIOUS, TUNED):
        gap = np.abs(answers[way][ANGLES].to_numpy(float) - answers[OURS][ANGLES].to_numpy(float)).max()
        require(gap < 1e-5, f"{way}: angles agree (within {gap:.1e} degrees)")
        for name in ("frame_id", "solar_bin", "lunar_bin"):
            require(list(answers[way][name]) == list(answers[OURS][name]), f"{way}: {name} agrees")


def main() -> None:
    asked = options(__doc__, rounds=5, frames=600)
    frames = night_frames(60 if asked.quick else asked.frames)
    ways = {OURS: ours, OBVIOUS: obvious, TUNED: tuned}
    turns = take_turns({name: partial(way, frames) for name, way in ways.items()}, asked.rounds)
    check(turns.answers)
    tell(turns, {**compared(turns), "n_frames": len(frames)})


if __name__ == "__main__":
    main()
