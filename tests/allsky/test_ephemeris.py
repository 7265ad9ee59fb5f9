"""Sun and moon against computations that do not use Skyfield."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from allsky.ephemeris import ANGLES, sun_and_moon
from allsky.errors import AllskyError
from allsky.site import Site

YELLOWKNIFE = Site("yellowknife", 62.4333, -114.3500, 206.0, "America/Yellowknife")
HOBART = Site("hobart", -42.88, 147.33, 50.0, "Australia/Hobart")
RANKIN_INLET = Site("rank", 62.82, -92.11)


def astropy_sun_and_moon(utc: pd.DatetimeIndex, site: Site) -> pd.DataFrame:
    """The same columns from astropy: ERFA's built-in sun and moon (Meeus 1998 for the moon), topocentric, no air."""
    coordinates = pytest.importorskip("astropy.coordinates")
    units = pytest.importorskip("astropy.units")
    from astropy.time import Time
    from astropy.utils import iers

    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a table of polar motion that ends before the last instant
        place = coordinates.EarthLocation.from_geodetic(site.longitude_deg, site.latitude_deg, site.elevation_m)
        times = Time(utc.tz_localize(None).to_numpy().astype("datetime64[ns]"))
        horizon = coordinates.AltAz(obstime=times, location=place, pressure=0 * units.hPa)
        moon, sun = (coordinates.get_body(name, times) for name in ("moon", "sun"))
        seen = {name: body.transform_to(horizon) for name, body in (("sun", sun), ("moon", moon))}
        ecliptic = coordinates.GeocentricTrueEcliptic(equinox=times, obstime=times)
        phase = (moon.transform_to(ecliptic).lon - sun.transform_to(ecliptic).lon).deg % 360.0
    angles = {
        f"{name}_{side}_deg": getattr(body, word).deg
        for name, body in seen.items()
        for side, word in (("altitude", "alt"), ("azimuth", "az"))
    }
    return pd.DataFrame({"utc": utc, **angles, "moon_phase_deg": phase})


def apart_deg(one: pd.Series, other: pd.Series) -> np.ndarray:
    """Degrees between angles, the short way round."""
    return np.abs((one.to_numpy() - other.to_numpy() + 180.0) % 360.0 - 180.0)


@pytest.mark.parametrize("site", [YELLOWKNIFE, HOBART], ids=lambda site: site.name)
def test_sun_and_moon_agree_with_astropy_within_a_fiftieth_of_a_degree(site):
    utc = pd.date_range("2015-01-03 01:17", "2025-12-30", periods=400, tz="UTC")
    ours, theirs = sun_and_moon(utc, site), astropy_sun_and_moon(utc, site)
    for body in ("sun", "moon"):
        altitude = np.radians(theirs[f"{body}_altitude_deg"])
        assert apart_deg(ours[f"{body}_altitude_deg"], theirs[f"{body}_altitude_deg"]).max() < 0.02
        # On the sky an azimuth shrinks with the cosine of the altitude.
        turn = apart_deg(ours[f"{body}_azimuth_deg"], theirs[f"{body}_azimuth_deg"]) * np.cos(altitude)
        assert turn.max() < 0.02
    assert apart_deg(ours["moon_phase_deg"], theirs["moon_phase_deg"]).max() < 0.02


def test_sun_over_rankin_inlet_during_the_themis_recording():
    """The project's own check of the recording of 2017-09-15, 02:33 UTC: -13.3 +- 0.1 degrees."""
    sky = sun_and_moon(pd.Timestamp("2017-09-15 02:33"), RANKIN_INLET)
    assert sky.loc[0, "sun_altitude_deg"] == pytest.approx(-13.3, abs=0.1)


def test_moon_phases_of_the_almanac():
    """Moments of new moon, first quarter, full moon and last quarter in January 2024.

    U.S. Naval Observatory, https://aa.usno.navy.mil/data/MoonPhases: 11 d 11:57, 18 d 03:53, 25 d 17:54, 4 d 03:30 UT.
    """
    utc = pd.to_datetime(["2024-01-11 11:57", "2024-01-18 03:53", "2024-01-25 17:54", "2024-01-04 03:30"])
    sky = sun_and_moon(utc, YELLOWKNIFE)
    expected = pd.Series([0.0, 90.0, 180.0, 270.0])
    assert apart_deg(sky["moon_phase_deg"], expected).max() < 0.01
    assert sky["moon_illuminated_fraction"].to_numpy() == pytest.approx([0.0, 0.5, 1.0, 0.5], abs=0.02)


def test_one_instant_a_series_and_naive_times_go_through_the_same_call():
    utc = pd.Series(pd.date_range("2023-01-01 05:00:30", periods=5, freq="7min", tz="UTC"), index=list("abcde"))
    night = sun_and_moon(utc, YELLOWKNIFE)
    one = sun_and_moon(utc.iloc[3].tz_localize(None), YELLOWKNIFE)
    assert list(night.columns) == ["utc", *ANGLES]
    pd.testing.assert_frame_equal(one, night.iloc[[3]].reset_index(drop=True))


def test_no_instants_give_an_empty_table_of_the_same_types():
    nothing = sun_and_moon(pd.DatetimeIndex([], tz="UTC"), YELLOWKNIFE)
    some = sun_and_moon(pd.Timestamp("2023-01-01"), YELLOWKNIFE)
    assert len(nothing) == 0
    assert (nothing.dtypes == some.dtypes).all()


def test_many_instants_do_not_depend_on_what_is_computed_with_them():
    utc = pd.date_range("2023-01-01", periods=5000, freq="min", tz="UTC")
    pd.testing.assert_frame_equal(
        sun_and_moon(utc, YELLOWKNIFE).iloc[4990:].reset_index(drop=True), sun_and_moon(utc[4990:], YELLOWKNIFE)
    )


def test_an_impossible_year_is_said_to_be_a_misread_clock():
    with pytest.raises(AllskyError, match=r"2107.*clock"):
        sun_and_moon(pd.Timestamp("2107-01-01"), YELLOWKNIFE)
