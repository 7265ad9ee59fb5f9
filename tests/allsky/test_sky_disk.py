"""The sky disk as a mask and a square."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.errors import BadConfiguration
from allsky.sky_disk import SkyDisk, check_disk, disk_picture, square_crop, square_mask

AURORAMAX = SkyDisk(640, 360, 360, 1280, 720)


# The mask and the square.


def test_the_published_crop_is_the_middle_square_of_the_frame():
    # AuroraMAX: 1280x720, centre (640, 360), radius 360, output 720x720: columns 280 to 999, nothing resampled.
    picture = np.random.default_rng(0).integers(1, 255, (720, 1280, 3)).astype(np.uint8)
    crop = square_crop(picture, AURORAMAX, 720)
    inside = square_mask(AURORAMAX, 720) > 0
    assert (crop[inside] == picture[:, 280:1000][inside]).all()
    assert (crop[~inside] == 0).all()
    assert inside.sum() == pytest.approx(np.pi * 360**2, rel=1e-3)


def test_what_lies_beyond_the_frame_is_black():
    disk = SkyDisk(90, 50, 40, 100, 100)
    crop = square_crop(np.full((100, 100, 3), 200, np.uint8), disk, 80)
    assert (crop[40, :50] == [200] * 3)[1:].all() and (crop[40, 50:] == 0).all()


def test_what_lies_beyond_the_cameras_picture_is_black():
    disk = SkyDisk(50, 50, 40, 100, 100, picture_x=20, picture_y=0, picture_width=60, picture_height=100)
    crop = square_crop(np.full((100, 100), 200, np.uint8), disk, 80)
    assert (crop[40, :10] == 0).all() and (crop[40, 10:70] == 200).all() and (crop[40, 70:] == 0).all()
    assert (square_mask(disk, 80) > 0).sum() == pytest.approx(disk.mask().sum(), rel=0.01)


@given(st.floats(20, 80), st.floats(20, 80), st.floats(5, 60), st.sampled_from([17, 64, 100]))
def test_the_square_of_a_lit_frame_is_lit_where_its_mask_says(x, y, radius, size):
    disk = SkyDisk(x, y, radius, 100, 100)
    crop = square_crop(np.full((100, 100, 3), 255, np.uint8), disk, size)
    mask = square_mask(disk, size)
    assert crop.shape == (size, size, 3)
    assert ((crop[..., 0] > 127) == (mask > 0)).all()


def test_shrinking_keeps_the_mean_light():
    # Area interpolation: a fine checkerboard becomes grey, not moire.
    board = ((np.indices((720, 1280)).sum(axis=0) % 2) * 200).astype(np.uint8)
    crop = square_crop(board, AURORAMAX, 240)
    assert np.abs(crop[60:180, 60:180].astype(int) - 100).max() <= 12


def test_the_picture_for_people_shows_the_edge_and_dims_the_outside_even_of_a_dark_frame():
    picture = disk_picture(np.full((720, 1280), 20, np.uint8), AURORAMAX)
    assert picture.shape == (720, 1280, 3)
    assert (picture[360, 100] == 127).all() and (picture[300, 500] == 255).all()
    assert picture[360, 278:283, 2].min() < 60 and picture[360, 278:283, 0].max() == 255


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        (SkyDisk(640, 360, 0, 1280, 720), "radius"),
        (SkyDisk(640, 360, float("nan"), 1280, 720), "radius"),
        (SkyDisk(1400, 360, 300, 1280, 720), "outside"),
        (SkyDisk(640, -1, 300, 1280, 720), "outside"),
        (SkyDisk(640, 360, 3000, 1280, 720), "only 3% of it is inside"),
        (SkyDisk(1, 1, 300, 1280, 720), "only 25% of it is inside"),
    ],
)
def test_a_disk_that_cannot_be_one_is_refused(disk, said):
    with pytest.raises(BadConfiguration, match=said):
        check_disk(disk)


@pytest.mark.parametrize("disk", [AURORAMAX, SkyDisk(408, 329, 290, 700, 1000), SkyDisk(100, 0, 90, 200, 150)])
def test_a_disk_cut_by_the_frame_is_legal(disk):
    check_disk(disk)
