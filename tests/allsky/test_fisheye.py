"""Lens geometry: zenith angles, radii and solid angles."""

import numpy as np
import pytest

from allsky.errors import BadConfiguration
from allsky.fisheye import LENSES, Lens, solid_angle_map
from allsky.sky_disk import SkyDisk

AURORAMAX = SkyDisk(640, 360, 360, 1280, 720)


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("edge_deg", [60.0, 90.0])
def test_radius_and_zenith_angle_are_inverse(lens, edge_deg):
    angles = np.linspace(0, edge_deg, 50)
    optics = Lens(640, 360, 360, lens, edge_deg)
    assert optics.zenith_at(optics.radius_at(angles)) == pytest.approx(angles)
    assert optics.radius_at(edge_deg) == pytest.approx(360)


@pytest.mark.parametrize(
    ("lens", "share"),
    # Radius of zenith angle 45 degrees over that of 90: r = f z, 2 f sin(z/2), 2 f tan(z/2), f sin(z).
    [("equidistant", 0.5), ("equisolid", 0.541196), ("stereographic", 0.414214), ("orthographic", 0.707107)],
)
def test_each_lens_projects_as_its_name_says(lens, share):
    assert Lens(640, 360, 360, lens).radius_at(45) / 360 == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("lens", LENSES)
def test_the_pixels_of_a_hemisphere_see_two_pi_steradian(lens):
    angles = solid_angle_map(SkyDisk(320.3, 240.1, 200, 640, 480), lens)
    assert angles.sum() == pytest.approx(2 * np.pi, rel=2e-4)
    assert angles[0, 0] == 0


def test_a_cap_of_60_degrees_has_half_the_hemispheres_solid_angle():
    assert solid_angle_map(AURORAMAX, "equisolid", 60.0).sum() == pytest.approx(np.pi, rel=1e-3)


def test_beyond_what_a_lens_shows_there_is_no_angle():
    assert np.isnan(Lens(640, 360, 360, "orthographic").zenith_at(np.array([400.0]))).all()


@pytest.mark.parametrize(
    ("lens", "edge_deg"), [("pinhole", 90), ("orthographic", 95), ("stereographic", 180), ("equidistant", 0)]
)
def test_an_unknown_lens_or_an_impossible_edge_is_refused(lens, edge_deg):
    with pytest.raises(BadConfiguration, match=r"lens|radius_zenith_angle_deg"):
        Lens(640, 360, 360, lens, edge_deg)
