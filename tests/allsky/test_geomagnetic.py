"""Magnetic north and magnetic local time, held against another model and against other libraries."""

import numpy as np
import pandas as pd
import pytest

from allsky.geomagnetic import (
    _field,
    apex_longitude_deg,
    declination_deg,
    magnetic_local_time,
    subsolar_longitude_deg,
)
from allsky.site import Site
from tests.allsky import report_corpus


@pytest.mark.parametrize(
    ("latitude", "longitude", "declination"),
    # Test values of the World Magnetic Model 2020 at 2020.0 and height 0 (Chulliat et al. 2020, "The US/UK World
    # Magnetic Model for 2020-2025", doi:10.25923/ytk1-yx35): another model of the same field.
    [(80.0, 0.0, -1.28), (0.0, 120.0, 0.16), (-80.0, 240.0, 69.36)],
)
def test_declination_is_that_of_the_world_magnetic_model(latitude, longitude, declination):
    site = Site("there", latitude, longitude, 0.0, "UTC")
    assert declination_deg(site, pd.Timestamp("2020-01-01", tz="UTC")) == pytest.approx(declination, abs=0.1)


def test_the_field_drifts():
    site = Site("yellowknife", 62.4333, -114.35, 206.0, "America/Yellowknife")
    early, late = (declination_deg(site, f"{year}-01-01") for year in (2000, 2024))
    assert early - late > 5


def test_apex_longitude_is_that_of_another_library():
    # apexpy, tests/test_fortranapex.py (github.com/aburrell/apexpy, 11dc6e8): apxg2all(60, 15, 100, 300, 1) at 2000.0.
    found = apex_longitude_deg(Site("there", 60.0, 15.0), "2000-01-01", height_km=100.0)
    assert found == pytest.approx(94.1068, abs=0.02)


def test_the_sun_s_magnetic_meridian_is_that_of_another_library():
    # apexpy, tests/test_Apex.py (01135a3): magnetic longitude 0 has MLT 23.0196 h at 2000-02-03 04:05:06.
    sun = subsolar_longitude_deg(pd.to_datetime(["2000-02-03T04:05:06"], utc=True))
    assert 12 - sun[0] / 15 + 24 == pytest.approx(23.0196, abs=0.01)


def test_magnetic_local_time_is_that_of_aacgm_within_a_few_minutes():
    # aacgmv2, test_get_aacgm_coord (github.com/aburrell/aacgmv2): 0.1889 h at 60 N 0 E, 300 km, 2015-01-01 00:00.
    found = magnetic_local_time(pd.to_datetime(["2015-01-01T00:00"], utc=True), Site("there", 60.0, 0.0))
    assert found[0] == pytest.approx(0.1889, abs=0.1)


def test_magnetic_local_time_runs_on_through_a_day_and_through_midnight():
    minutes = pd.date_range("2024-01-10", periods=1440, freq="min", tz="UTC")
    hours = magnetic_local_time(minutes, report_corpus.SITE)
    steps = np.diff(np.unwrap(hours, period=24)) * 60
    assert 0.8 < steps.min() < steps.max() < 1.2
    assert magnetic_local_time(minutes[:0], report_corpus.SITE).shape == (0,)


def test_the_field_is_the_same_at_a_pole_and_beside_it():
    date = pd.Timestamp("2020-01-01").to_pydatetime()
    at, near = (_field(np.array([x, 0.0, -6400.0]), date) for x in (0.0, 0.1))
    assert at == pytest.approx(near, abs=5.0)
