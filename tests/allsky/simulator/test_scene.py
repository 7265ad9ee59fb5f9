"""One frame of the simulated sky: things stand where astronomy says, and the truth follows light and noise."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allsky.fisheye import Lens
from allsky.simulator import Simulation
from allsky.simulator.archive import sky_pictures
from allsky.simulator.aurora import Form
from allsky.simulator.cameras import SMALL_COLOUR
from allsky.simulator.clouds import CloudNight
from allsky.simulator.nature import draw_night, instants
from allsky.simulator.scene import build_scene, take_picture
from allsky.simulator.sensor import Exposure, Sensor
from allsky.simulator.truth import contrast_map
from allsky.site import Site

SITE = Site("yellowknife", 62.4333, -114.35, 206.0, "America/Edmonton")
LENS = Lens(74.5, 74.5, 75.0, north_deg=20.0)
SCENE = build_scene(LENS, Sensor(), 3, 14.6)
CLEAR = CloudNight("clear", -6.0, -6.0, 0.0, 3.0, 0.3, (0.0, 0.0), (0.0, 0.0), 0.5, 11)
ARC = Form("arc", -3600.0, 7200.0, 5e3, 60.0, 0.0, 15.0, -0.1, 5.0, 0.1, 77)
DARK = pd.DatetimeIndex(["2023-01-21T07:00Z"])  # new moon, sun 47 degrees down
MOONLIT = pd.DatetimeIndex(["2023-01-06T06:00Z"])  # full moon


def nature(**changes):
    night = draw_night(3, "2023-01-20", 50_000.0, SITE.latitude_deg, (1.0, 1.0, 1.0))
    usual = {"clouds": CLEAR, "forms": (ARC,), "frost": 0.0, "haze": 0.05, "exposure_bias": 1.0, "town": np.ones(3)}
    return replace(night, **(usual | changes))


def facts(utc=DARK, **changes) -> dict:
    night = nature(**changes)
    return take_picture(SCENE, night, instants(night, SITE, utc, utc[0])[0]).facts


def test_the_moon_is_where_astropy_puts_it():
    coordinates, units = pytest.importorskip("astropy.coordinates"), pytest.importorskip("astropy.units")
    from astropy.time import Time
    from astropy.utils import iers

    night = nature(forms=())
    picture = take_picture(SCENE, night, instants(night, SITE, MOONLIT, MOONLIT[0])[0])
    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = coordinates.EarthLocation.from_geodetic(SITE.longitude_deg, SITE.latitude_deg, SITE.elevation_m)
        when = Time("2023-01-06T06:00:00")
        horizon = coordinates.AltAz(obstime=when, location=place, pressure=0 * units.hPa)
        moon = coordinates.get_body("moon", when).transform_to(horizon)
    x, y = LENS.pixel(90.0 - moon.alt.deg, moon.az.deg)
    rows, columns = np.nonzero(picture.rgb.min(axis=2) >= 254)
    assert np.hypot(columns.mean() - (x - 0.0), rows.mean() - (y - 0.0)) < 1.5


def test_the_twilight_side_is_the_suns_side():
    # Half an hour after the camera starts the sun is in the south-west.
    utc = pd.DatetimeIndex(["2023-01-21T00:25Z"])
    night = nature(forms=(), town=np.zeros(3), lamps=0.0)
    now = instants(night, SITE, utc, utc[0])[0]
    picture = take_picture(SCENE, night, now).rgb.mean(axis=2)
    x, y = LENS.pixel(70.0, now.sun_azimuth_deg)
    opposite_x, opposite_y = LENS.pixel(70.0, now.sun_azimuth_deg + 180.0)
    sunward = picture[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5].mean()
    antisolar = picture[int(opposite_y) - 4 : int(opposite_y) + 5, int(opposite_x) - 4 : int(opposite_x) + 5].mean()
    assert -12 < now.sun_altitude_deg < -8
    assert sunward > antisolar + 20


def test_brighter_aurora_has_a_higher_contrast():
    contrasts = [
        facts(forms=(replace(ARC, peak_r=peak),))["contrast_to_noise"] for peak in 10 ** np.arange(2.0, 5.6, 0.25)
    ]
    assert (np.diff(contrasts) > 0).all()


def test_no_aurora_has_no_contrast():
    quiet = facts(forms=())
    assert quiet["contrast_to_noise"] == quiet["solid_angle_sr"] == quiet["aurora_brightness_rayleigh"] == 0
    assert quiet["visible"] == "no aurora"


def test_more_cloud_means_a_lower_contrast_and_more_hidden_light():
    levels = np.arange(-3.0, 3.1, 0.75)
    rows = [facts(clouds=replace(CLEAR, low_level=level)) for level in levels]
    contrast, hidden, cover = (
        np.array([row[name] for row in rows]) for name in ("contrast_to_noise", "cloud_over_aurora", "cloud_fraction")
    )
    assert (np.diff(contrast) <= 0.01 * contrast[:-1]).all() and contrast[-1] < 0.1 * contrast[0]
    assert (np.diff(hidden) >= 0).all() and hidden[-1] > 0.9
    assert (np.diff(cover) >= 0).all() and cover[0] == 0 and cover[-1] > 0.95


def test_haze_and_moonlight_lower_the_contrast():
    assert facts(haze=0.4)["contrast_to_noise"] < facts(haze=0.05)["contrast_to_noise"]
    assert facts(MOONLIT)["contrast_to_noise"] < 0.5 * facts(DARK)["contrast_to_noise"]


def test_a_glow_without_edges_has_no_contrast_and_the_same_light_in_an_arc_has():
    exposure = Exposure(4.0, 1.0, 0.0, np.ones(3))
    ground, sky, keep = np.full((45, 45, 3), 1500.0, np.float32), np.ones((45, 45)), np.ones((45, 45))
    glow = np.full((45, 45, 3), 5e3, np.float32)
    arc = np.zeros_like(glow)
    arc[20:23] = 5e3
    of_glow, of_arc = (
        contrast_map(aurora, ground, keep, sky, Sensor(), exposure, 1e-4, 25.0) for aurora in (glow, arc)
    )
    assert of_glow.max() == pytest.approx(0, abs=1e-3)
    assert of_arc[21].min() > 10 and of_arc[5].max() < 0.5


def test_the_camera_exposes_a_moonlit_sky_for_a_shorter_time():
    assert facts(MOONLIT)["exposure_s"] < 0.5 * facts(DARK)["exposure_s"]


def test_what_is_true_of_a_frame_does_not_depend_on_the_frames_before_it():
    simulation = Simulation(nights=("2023-01-20",), camera=replace(SMALL_COLOUR, lens=LENS))
    utc = pd.date_range("2023-01-21T05:00Z", periods=3, freq="1h")
    together = list(sky_pictures(simulation, "2023-01-20", utc))
    alone = next(sky_pictures(simulation, "2023-01-20", utc[2:]))
    assert alone.facts == together[2].facts
    np.testing.assert_array_equal(alone.rgb, together[2].rgb)
