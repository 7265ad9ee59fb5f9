"""Magnetic north by the IGRF, held against another model."""

import pandas as pd
import pytest

from allsky.geomagnetic import declination_deg
from allsky.site import Site


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
