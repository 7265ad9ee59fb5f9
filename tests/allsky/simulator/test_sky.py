"""How bright the sky is, against published measurements and other programs."""

import warnings

import numpy as np
import pandas as pd
import pytest

from allsky.fisheye import Lens
from allsky.simulator import sky, stars
from allsky.simulator.grid import sky_grid

ZENITH = np.array([0.0])


def v_magnitude(rayleigh: float) -> float:
    """V per square arcsecond of so many rayleigh in the green channel."""
    return -2.5 * np.log10(rayleigh / sky.surface_brightness(np.zeros(3))[1])


def test_one_rayleigh_per_angstrom_is_a_dark_sky():
    # 21.6 mag per square arcsecond is 10^(0.4 (27.78 - 21.6)) = 296 stars of 10th magnitude per square degree (S10),
    # and 227 S10 are 1 R per angstrom at 530 nm (F. E. Roach and J. L. Gordon 1973, "The Light of the Night Sky").
    per_angstrom = sky.surface_brightness(np.full(3, 21.6))[1] / sky.CHANNEL_WIDTH
    assert per_angstrom == pytest.approx(296 / 227, rel=0.1)


def test_moonlight_agrees_with_another_implementation():
    # Documented example of specsim: 19.855 mag per square arcsecond at zenith angle 20, moon at zenith angle 70,
    # separation 50, moon phase 0.25 (phase angle 45), extinction 0.15.
    # https://specsim.readthedocs.io/en/latest/api/specsim.atmosphere.krisciunas_schaefer.html
    light = sky.moonlight(np.radians([20.0]), np.array([50.0]), 20.0, 45.0, np.full(3, 0.15))
    assert v_magnitude(light[0, 1]) == pytest.approx(19.855, abs=0.02)


def test_no_moonlight_while_the_moon_is_down():
    assert not sky.moonlight(ZENITH, np.array([90.0]), -1.0, 0.0, np.full(3, 0.15)).any()
    assert not sky.moon_illumination(-1.0, 0.0, np.full(3, 0.15)).any()


@pytest.mark.parametrize(("altitude", "expected"), [(-6.0, 13.30), (-9.0, 17.00), (-12.0, 19.67)])
def test_twilight_at_the_zenith_is_as_measured_at_paranal(altitude, expected):
    # Patat, Ugolnikov and Postylyakov 2006: V = 11.84 + 1.518 (z - 95) - 0.057 (z - 95)^2 for the sun's zenith
    # distance z, worked out by hand; the fit holds the night sky, too.
    with_night = sky.twilight_zenith(altitude) + sky.surface_brightness(sky.DARK_SKY_MAG)
    assert v_magnitude(with_night[1]) == pytest.approx(expected, abs=0.02)


def test_twilight_fades_for_as_long_as_the_sun_sinks():
    light = [sky.twilight_zenith(-depth)[1] for depth in np.arange(5.0, 20.0, 0.25)]
    assert (np.diff(light) < 0).all()
    # At the end of astronomical twilight it adds less than a tenth to the dark sky.
    assert sky.twilight_zenith(-18.0)[1] < 0.1 * sky.surface_brightness(sky.DARK_SKY_MAG)[1]


def test_twilight_is_brightest_towards_the_sun():
    directions = sky_grid(Lens(50, 50, 50), 64).unit_vectors
    light = sky.twilight(directions, -8.0, 230.0)[..., 1]
    row, column = np.unravel_index(light.argmax(), light.shape)
    east, north, up = directions[row, column]
    assert np.degrees(np.arctan2(east, north)) % 360 == pytest.approx(230.0, abs=4)
    assert up < 0.1


def test_airglow_at_the_horizon_is_brighter_as_van_rhijn_has_it():
    # A layer at 100 km seen at zenith angle 90 degrees: 1 / sqrt(1 - (6371 / 6471)^2) = 5.7.
    assert sky.van_rhijn(np.pi / 2, 100.0) == pytest.approx(5.7, abs=0.05)


def test_stars_stand_where_astropy_has_them():
    coordinates, units = pytest.importorskip("astropy.coordinates"), pytest.importorskip("astropy.units")
    from astropy.time import Time
    from astropy.utils import iers

    utc = pd.date_range("2023-01-15", "2024-03-01", periods=5, tz="UTC")
    altitude, azimuth = sky.horizontal(
        stars.RIGHT_ASCENSION_DEG[:40], stars.DECLINATION_DEG[:40], utc.as_unit("s").asi8, 62.4333, -114.35
    )
    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = coordinates.EarthLocation.from_geodetic(-114.35, 62.4333)
        catalogue = coordinates.SkyCoord(stars.RIGHT_ASCENSION_DEG[:40], stars.DECLINATION_DEG[:40], unit="deg")
        for k, when in enumerate(Time(utc.tz_localize(None).to_numpy().astype("datetime64[ns]"))):
            frame = coordinates.AltAz(obstime=when, location=place, pressure=0 * units.hPa)
            theirs = catalogue.transform_to(frame)
            ours = coordinates.SkyCoord(azimuth[k], altitude[k], unit="deg", frame=frame)
            assert ours.separation(theirs).deg.max() < 0.03


def test_the_brightest_star_is_sirius_and_polaris_is_at_the_pole():
    # Hoffleit and Warren 1991: HR 2491 with V = -1.46; HR 424 at declination +89 deg 15'.
    assert (stars.HR_NUMBER[0], stars.V_MAG[0]) == (2491, -1.46)
    assert stars.DECLINATION_DEG[stars.HR_NUMBER == 424] == pytest.approx(89.26, abs=0.01)
    assert 300 < len(stars.V_MAG) < 600
