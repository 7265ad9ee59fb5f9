"""How does the Earth's magnetic field lie over a site: where is magnetic north, and what is the magnetic local time?

The field is the International Geomagnetic Reference Field, 14th generation (Alken et al. 2025; coefficients and
evaluation: ppigrf, https://github.com/IAGA-VMOD/ppigrf).
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import numpy as np
import pandas as pd
import ppigrf
import scipy
from skyfield.api import wgs84

from allsky.ephemeris import subsolar_points
from allsky.site import DEGREES_PER_HOUR, Site

# Where the light of green aurora comes from, km above the ground.
AURORA_HEIGHT_KM = 110.0
# The subsolar point is looked up this often; in between its magnetic longitude is interpolated, to within 0.01 degree.
SUN_STEP = pd.Timedelta(minutes=30)


def declination_deg(site: Site, utc) -> float:
    """Angle from geographic to magnetic north, positive eastward, at `site` and the instant `utc`.

    The field drifts by some tenths of a degree a year: one value serves a night.
    """
    moment = pd.Timestamp(utc)
    return _declination(site.latitude_deg, site.longitude_deg, site.elevation_m, f"{moment:%Y-%m-%d}")


@lru_cache(maxsize=4096)
def _declination(latitude_deg: float, longitude_deg: float, elevation_m: float, day: str) -> float:
    east, north, _ = ppigrf.igrf(longitude_deg, latitude_deg, elevation_m / 1000.0, pd.Timestamp(day).to_pydatetime())
    return float(np.degrees(np.arctan2(east, north)).item())


# Magnetic local time.


def magnetic_local_time(utc, site: Site) -> np.ndarray:
    """Magnetic local time [h, 0 to 24] over `site` at each instant: 12 where the sun stands in its magnetic meridian.

    MLT = 12 + (site's apex longitude - dipole longitude of the subsolar point) / 15 (Laundal & Richmond 2017, Space
    Sci. Rev. 206, 27, section 5; doi:10.1007/s11214-016-0275-y). The apex longitude belongs to the field line that
    crosses the height of the aurora (110 km) over the site. `utc` is an array, an index or a Series of n instants,
    naive ones taken as UTC; the answer has the shape (n,).
    """
    times = pd.DatetimeIndex(pd.to_datetime(utc, utc=True)).as_unit("ms")
    if not len(times):
        return np.empty(0)
    knots, place = np.unique(times.floor(SUN_STEP).asi8, return_inverse=True)
    starts = pd.to_datetime(knots, unit="ms", utc=True)
    before, after = (subsolar_longitude_deg(starts + step) for step in (pd.Timedelta(0), SUN_STEP))
    # The sun goes round once a day, so half an hour is far from half a turn.
    moved = (after - before + 180.0) % 360.0 - 180.0
    share = (times.asi8 - knots[place]) / (SUN_STEP / pd.Timedelta(milliseconds=1))
    hours = 12.0 + (_site_longitude(site, times) - before[place] - share * moved[place]) / DEGREES_PER_HOUR
    return np.asarray(hours % 24.0)


def subsolar_longitude_deg(utc: pd.DatetimeIndex) -> np.ndarray:
    """Dipole longitude [deg, 0 to 360] of the subsolar point, by the dipole of the middle of each instant's year."""
    places, years = _unit(*subsolar_points(utc)), np.asarray(utc.year)
    longitude = np.empty(len(utc))
    for year in np.unique(years):
        longitude[years == year] = _dipole_longitude(places[years == year], f"{year}-07-01")
    return longitude


def _site_longitude(site: Site, times: pd.DatetimeIndex) -> np.ndarray:
    """The site's apex longitude [deg] at each instant; as the field's coefficients do, it drifts evenly for 5 years."""
    first, last = (min(max(year, 1900), 2029) // 5 * 5 for year in (times.year.min(), times.year.max()))
    epochs = [f"{year}-01-01" for year in range(first, last + 6, 5)]
    known = np.unwrap([apex_longitude_deg(site, epoch) for epoch in epochs], period=360.0)
    return np.interp(times.asi8, pd.to_datetime(epochs, utc=True).as_unit("ms").asi8, known)


def apex_longitude_deg(site: Site, utc, height_km: float = AURORA_HEIGHT_KM) -> float:
    """Apex longitude [deg, 0 to 360] of the field line at `height_km` over `site`.

    It is the centred dipole's longitude of the line's highest point (Richmond 1995, J. Geomagn. Geoelectr. 47, 191,
    doi:10.5636/jgg.47.191); quasi-dipole longitude is the same. Takes a second or two, and is kept.
    """
    return _apex_longitude(site.latitude_deg, site.longitude_deg, height_km, f"{pd.Timestamp(utc):%Y-%m-%d}")


@lru_cache(maxsize=256)
def _apex_longitude(latitude_deg: float, longitude_deg: float, height_km: float, day: str) -> float:
    date = pd.Timestamp(day).to_pydatetime()
    start = wgs84.latlon(latitude_deg, longitude_deg, 1000.0 * height_km).itrs_xyz.km
    away = np.sign(_field(start, date) @ start)

    def along(_, place):
        field = _field(place, date)
        return away * field / np.linalg.norm(field) * np.linalg.norm(place)

    def rising(_, place):
        return away * (_field(place, date) @ place)

    rising.terminal, rising.direction = True, -1  # type: ignore[attr-defined]
    # 50 radii of the point where the line is; every closed line has turned back by then.
    line = scipy.integrate.solve_ivp(along, (0.0, 50.0), start, events=rising, rtol=1e-4, atol=1.0)
    return float(_dipole_longitude(line.y_events[0][:1], day)[0])


def _field(place: np.ndarray, date: datetime) -> np.ndarray:
    """The field at an Earth-fixed place [km], along the same axes, nanotesla."""
    x, y, z = place
    # ppigrf divides by the sine of the colatitude, which is nothing at a pole.
    colatitude, longitude = max(np.arctan2(np.hypot(x, y), z), 1e-6), np.arctan2(y, x)
    parts = ppigrf.igrf_gc(np.linalg.norm(place), np.degrees(colatitude), np.degrees(longitude), date)
    up, south, east = (float(np.squeeze(part)) for part in parts)
    outward = up * np.sin(colatitude) + south * np.cos(colatitude)
    return np.array(
        [
            outward * np.cos(longitude) - east * np.sin(longitude),
            outward * np.sin(longitude) + east * np.cos(longitude),
            up * np.cos(colatitude) - south * np.sin(colatitude),
        ]
    )


def _unit(latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> np.ndarray:
    """Directions (n, 3) to geocentric places."""
    latitude, longitude = np.radians(latitude_deg), np.radians(longitude_deg)
    around = np.cos(latitude)
    return np.column_stack([around * np.cos(longitude), around * np.sin(longitude), np.sin(latitude)])


def _dipole_longitude(places: np.ndarray, day: str) -> np.ndarray:
    """Longitude [deg, 0 to 360] of places (n, 3) about the axis of the centred dipole, 0 through the south pole."""
    axis = _dipole_axis(day)
    east = np.cross([0.0, 0.0, 1.0], axis)
    east /= np.linalg.norm(east)
    return np.degrees(np.arctan2(places @ east, places @ np.cross(east, axis))) % 360.0


@lru_cache(maxsize=256)
def _dipole_axis(day: str) -> np.ndarray:
    """Direction to the centred dipole's pole in the northern hemisphere."""
    # The terms of degree 1 are the dipole's field: where the x axis leaves the sphere, twice its moment's x component
    # points up, and minus the others lie in the ground. The moment points south.
    parts = ppigrf.igrf_gc(6371.2, 90.0, 0.0, pd.Timestamp(day).to_pydatetime(), max_degree=1)
    up, south, east = (float(np.squeeze(part)) for part in parts)
    axis = -np.array([up / 2.0, -east, south])
    return axis / np.linalg.norm(axis)
