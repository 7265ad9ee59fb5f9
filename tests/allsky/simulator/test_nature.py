"""What nights bring stays within published ranges, and a fair judge's archive comes out of it."""

import numpy as np
import pandas as pd
import pytest

from allsky.fisheye import Lens
from allsky.simulator import aurora, clouds, demo_simulation, horizon, nature, sky
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.grid import sky_grid
from allsky.simulator.noise import texture

NIGHTS = [str(day.date()) for day in pd.date_range("2022-11-01", periods=150)]


def drawn() -> list[nature.NightNature]:
    return [nature.draw_night(8, night, 50_000.0, 62.4, (1.0, 1.0, 1.0)) for night in NIGHTS]


def test_nights_keep_within_their_ranges():
    nights = drawn()
    assert all(0.0 < night.haze <= 0.5 for night in nights)
    assert all(sky.GREEN_AIRGLOW_R[0] <= night.green_airglow_r <= sky.GREEN_AIRGLOW_R[1] for night in nights)
    assert all(nature.RED_RATIO[0] <= night.red_ratio <= nature.RED_RATIO[1] for night in nights)
    assert all(clouds.LOW_DEPTH[0] <= night.clouds.low_depth <= clouds.LOW_DEPTH[1] for night in nights)
    # The International Brightness Coefficient ends at IV, 1000 kR (J. W. Chamberlain 1961).
    peaks = np.array([form.peak_r for night in nights for form in night.forms])
    assert peaks.min() > 30 and peaks.max() < 1e6
    assert 1e3 < np.median(peaks) < 1e5


def test_nights_differ_from_each_other_and_not_from_themselves():
    nights = drawn()
    assert len({night.haze for night in nights}) == len(nights)
    assert 0.3 < np.mean([night.clouds.regime == "clear" for night in nights]) < 0.55
    again = nature.draw_night(8, NIGHTS[3], 50_000.0, 62.4, (1.0, 1.0, 1.0))
    assert again.forms == nights[3].forms and again.clouds == nights[3].clouds and again.haze == nights[3].haze


def test_snow_lies_in_winter_only():
    winter = [nature.draw_night(1, f"2023-02-{day:02d}", 1e4, 62.4, (1, 1, 1)).snow > 0 for day in range(1, 29)]
    summer = [nature.draw_night(1, f"2023-09-{day:02d}", 1e4, 62.4, (1, 1, 1)).snow > 0 for day in range(1, 29)]
    assert np.mean(winter) > 0.7 and np.mean(summer) < 0.3


def test_aurora_at_the_zenith_has_the_brightness_of_its_form():
    lens = Lens(99.5, 99.5, 100.0)
    geometry = aurora.aurora_geometry(lens, sky_grid(lens, 100), 0.0, 90.0)
    even = np.full((100, 100), 1000.0, dtype=np.float32)
    light = aurora.radiance(even, geometry, 0.0, 0.0)
    assert light[50, 50, 1] == pytest.approx(1000.0 * sky.LINE_RESPONSE["557.7"][1], rel=0.01)
    # An even layer at 110 to 120 km is 5 times as bright at the horizon (van Rhijn).
    assert 3.5 < light[50, 1, 1] / light[50, 50, 1] < 5.5


def test_rays_stand_up_along_the_field():
    # A spot on the ground 150 km north is smeared upwards, towards the zenith (row 50).
    lens = Lens(99.5, 99.5, 100.0)
    geometry = aurora.aurora_geometry(lens, sky_grid(lens, 100), 0.0, 90.0)
    spot = (np.hypot(geometry.east_km, geometry.north_km - 150.0) < 12.0).astype(np.float32) * 1e4
    seen = aurora.radiance(spot, geometry, 0.3, 0.2)[..., 1] > 200.0
    rows, columns = np.nonzero(seen)
    foot = np.nonzero(spot)[0].max()
    assert rows.max() - foot > 2 * np.ptp(columns)


def test_clouds_cover_what_they_are_asked_to():
    lens = Lens(99.5, 99.5, 100.0)
    grid = sky_grid(lens, 80)
    geometry = clouds.cloud_geometry(grid)
    night = clouds.draw_clouds(2, "2023-01-14")
    near = grid.zenith < np.radians(60.0)
    shares = []
    for cover in (-4.0, -1.0, 0.0, 1.0, 4.0):
        depth = [clouds.optical_depth(night, 3600.0 * k, cover, -6.0, geometry)[near] for k in range(5)]
        shares.append(np.mean(np.exp(-np.array(depth)) < 0.7))
    assert shares[0] == 0 and shares[-1] > 0.98
    assert (np.diff(shares) >= 0).all() and 0.1 < shares[2] < 0.8


def test_thick_cloud_sends_less_light_down_than_thin():
    shares = clouds.scattered_share(np.array([0.0, 0.5, 2.0, 20.0, 100.0]))
    assert shares[0] == 0 and shares[2] > shares[1] and shares[4] < shares[3] < shares[2]


def test_noise_textures_wrap_and_are_normal():
    field = texture(4, 128)
    assert field.mean() == pytest.approx(0, abs=1e-5) and field.std() == pytest.approx(1, abs=1e-3)
    inside = np.abs(np.diff(field, axis=1)).mean()
    assert np.abs(field[:, 0] - field[:, -1]).mean() < 2 * inside


def test_trees_stand_on_the_horizon_only():
    lens = Lens(119.5, 119.5, 120.0)
    grid = sky_grid(lens, 240)
    around = horizon.surroundings(5, lens, grid)
    elevation = 90.0 - np.degrees(grid.zenith)
    assert around.sky_share[elevation > 15].min() == 1.0
    assert around.sky_share[grid.inside & (elevation < 0.4)].mean() < 0.2
    assert 0.1 < around.sky_share[grid.inside & (elevation > 2) & (elevation < 8)].mean() < 0.95


@pytest.mark.slow
def test_the_demo_is_a_fair_judge():
    """Aurora in a third of the frames or so, often faint and often clouded; brightness and moon say little about it."""
    demo = demo_simulation()
    rows = [
        picture.facts | {"level": float(picture.rgb.mean())}
        for night in demo.nights
        for picture in sky_pictures(demo, night, frame_times(demo, night)[3::16])
    ]
    truth = pd.DataFrame(rows)
    seen = truth["visible"] == "aurora"
    assert 0.30 <= seen.mean() <= 0.45
    assert 0.03 <= (truth["visible"] == "unsure").mean() <= 0.12
    assert (truth["cloud_fraction"] > 0.3).mean() > 0.25
    assert (seen & (truth["contrast_to_noise"] < 20)).sum() > 0.25 * seen.sum()
    for column in ("level", "moon_altitude_deg", "sun_altitude_deg", "cloud_fraction", "exposure_s"):
        assert 0.33 < rank_probability(truth.loc[seen, column], truth.loc[~seen, column]) < 0.67


def rank_probability(one: pd.Series, other: pd.Series) -> float:
    """Chance that a random value of `one` is above a random value of `other`; 0.5 says nothing."""
    ranks = pd.concat([one, other]).rank()[: len(one)]
    return (ranks.sum() - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))
