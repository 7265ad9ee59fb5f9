"""Where directions fall in the picture."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.fisheye import Lens
from allsky.simulator.grid import grid_position, sky_grid

LENS = Lens(640.0, 360.0, 300.0)
PROJECTIONS = ("equidistant", "equisolid", "stereographic", "orthographic")


@given(
    st.sampled_from(PROJECTIONS),
    st.floats(0.5, 89.0),
    st.floats(0.0, 359.9),
    st.floats(0.0, 359.9),
    st.sampled_from(["left", "right"]),
)
def test_pixel_and_direction_undo_each_other(projection, zenith, azimuth, north, east):
    lens = replace(LENS, projection=projection, north_deg=north, east=east)
    back_zenith, back_azimuth = lens.direction(*lens.pixel(zenith, azimuth))
    assert back_zenith == pytest.approx(zenith, abs=1e-6)
    assert (back_azimuth - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_seen_from_below_east_is_left_when_north_is_up():
    x, y = LENS.pixel(np.array([90.0, 90.0, 90.0]), np.array([0.0, 90.0, 180.0]))
    np.testing.assert_allclose(x, [640, 340, 640], atol=1e-9)
    np.testing.assert_allclose(y, [60, 360, 660], atol=1e-9)
    assert replace(LENS, east="right").pixel(90.0, 90.0)[0] == pytest.approx(940)


def test_north_deg_turns_north_clockwise():
    x, y = replace(LENS, north_deg=90.0).pixel(90.0, 0.0)
    assert (x, y) == (pytest.approx(940), pytest.approx(360))


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_the_grid_covers_half_a_sphere(projection):
    # 2 pi (1 - cos 90 deg) steradian.
    grid = sky_grid(replace(LENS, projection=projection), 301)
    assert grid.solid_angle.sum() == pytest.approx(2 * np.pi, rel=0.02)
    assert not grid.solid_angle[~grid.inside].any()


def test_grid_cells_look_where_grid_position_says():
    lens = replace(LENS, north_deg=33.0)
    grid = sky_grid(lens, 64)
    column, row = grid_position(lens, 64, np.degrees(grid.zenith[20, 40]), np.degrees(grid.azimuth[20, 40]))
    assert (float(column), float(row)) == (pytest.approx(40, abs=1e-3), pytest.approx(20, abs=1e-3))
