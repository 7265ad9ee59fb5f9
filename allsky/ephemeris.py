"""Where the sun and the moon stand over a site, and how much of the moon is lit.

One call takes a whole night (or years) of instants; nothing is downloaded.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from skyfield.api import Loader, wgs84
from skyfield.errors import EphemerisRangeError
from skyfield_data import get_skyfield_data_path

from allsky.errors import AllskyError
from allsky.site import Site
from allsky.tables import CONDITIONS

SECONDS_PER_DAY = 86_400

# JPL's DE421 (Folkner, Williams & Boggs 2009, IPN Progress Report 42-178), the ephemeris that skyfield-data ships.
EPHEMERIS = "de421.bsp"

# Instants computed together: the nutation series holds 1,365 numbers for each of them, 44 MB a chunk.
CHUNK = 4_096

ANGLES = [column.name for column in CONDITIONS.columns if column.name.startswith(("sun_", "moon_"))]


def sun_and_moon(utc, site: Site) -> pd.DataFrame:
    """Sun and moon over `site` at each instant.

    Parameters
    ----------
    utc : n instants, an array, index or Series of datetimes (naive ones are taken as UTC) or one instant.
    site : latitude and longitude [deg, WGS84] and `elevation_m` [m].

    Returns
    -------
    DataFrame of n rows: `utc`, then [deg] `sun_altitude_deg`, `sun_azimuth_deg`, `moon_altitude_deg`,
    `moon_azimuth_deg`, `moon_phase_deg`, and `moon_illuminated_fraction` (0 to 1). Altitudes are topocentric, of
    the body's centre and airless (no refraction); azimuths run from north through east, 0 to 360. The phase is
    the moon's geocentric ecliptic longitude (of date) less the sun's, 0 to 360, new = 0, full = 180. The
    illuminated fraction is that seen from the site.

    Raises AllskyError for instants outside the ephemeris (1899 to 2053).
    """
    utc = pd.to_datetime(utc, utc=True)
    utc = pd.DatetimeIndex([utc] if isinstance(utc, pd.Timestamp) else utc, name="utc").as_unit("ms")
    try:
        angles = [_angles(utc[start : start + CHUNK], site) for start in range(0, len(utc), CHUNK)]
    except EphemerisRangeError as error:
        raise AllskyError(
            f"Sun and moon of {utc.min()} to {utc.max()} lie outside the ephemeris {EPHEMERIS} (1899 to 2053): "
            "a clock was misread, or the night of its video is wrong."
        ) from error
    table = pd.DataFrame(np.vstack([np.empty((0, len(ANGLES))), *angles]), columns=ANGLES)
    table.insert(0, "utc", utc)
    return table


def subsolar_points(utc: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    """Where the sun stands overhead at each of n instants: geocentric latitude and longitude [deg, east], both (n,)."""
    _, bodies = _solar_system()
    times = _instants(utc.as_unit("ms"))
    ascension, declination, _ = bodies["earth"].at(times).observe(bodies["sun"]).apparent().radec("date")
    return declination.degrees, (15.0 * (ascension.hours - times.gast) + 180.0) % 360.0 - 180.0


@lru_cache(maxsize=1)
def _solar_system() -> tuple[Any, Any]:
    """The time scale and the ephemeris, opened once a process.

    The time scale is the one built into Skyfield; skyfield-data's own `finals2000A.all` is not read, so its
    warning of being out of date says nothing here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        load = Loader(get_skyfield_data_path(), verbose=False)
    return load.timescale(builtin=True), load(EPHEMERIS)


def _instants(utc: pd.DatetimeIndex):
    """Skyfield's time of each instant; whole days apart from seconds, so that leap seconds fall where they belong."""
    timescale, _ = _solar_system()
    seconds = utc.asi8 / 1000.0
    day = np.floor(seconds / SECONDS_PER_DAY)
    return timescale.utc(1970, 1, 1 + day, 0, 0, seconds - day * SECONDS_PER_DAY)


def _angles(utc: pd.DatetimeIndex, site: Site) -> np.ndarray:
    _, bodies = _solar_system()
    times = _instants(utc)
    earth, sun, moon = bodies["earth"], bodies["sun"], bodies["moon"]
    camera = (earth + wgs84.latlon(site.latitude_deg, site.longitude_deg, site.elevation_m)).at(times)
    moon_seen = camera.observe(moon)
    altitude_azimuth = [
        angle.degrees for seen in (camera.observe(sun), moon_seen) for angle in seen.apparent().altaz()[:2]
    ]
    return np.column_stack([*altitude_azimuth, _phase(earth.at(times), sun, moon), moon_seen.fraction_illuminated(sun)])


def _phase(earth, sun, moon) -> np.ndarray:
    """Degrees of ecliptic longitude (of date) by which the moon leads the sun, seen from the earth's centre."""
    equinox = earth.t
    sun_longitude, moon_longitude = (
        earth.observe(body).apparent().ecliptic_latlon(equinox)[1].degrees for body in (sun, moon)
    )
    return (moon_longitude - sun_longitude) % 360.0
