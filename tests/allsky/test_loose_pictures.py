from dataclasses import replace

import cv2
import numpy as np
import pytest

from allsky import loose_pictures
from allsky.disk_search import LEAST_SCORE
from allsky.errors import NotASky
from allsky.loose_pictures import GIVEN, by_day, is_square_of_sky, shared_disk, sky_of, spread_over
from allsky.pictures import inscribed_disk
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.cameras import SMALL_COLOUR
from allsky.simulator.recording import place
from allsky.simulator.simulation import Simulation
from allsky.sky_disk import SkyDisk

# What a camera sees of a clear and of an overcast sky by day (an 8-bit photograph's sky blue and cloud grey).
CLEAR_DAY, OVERCAST = (96, 150, 214), (186, 192, 198)


@pytest.fixture(scope="module")
def squares():
    """Simulated pictures of the sky, squares as the camera's optics give them."""
    simulation = Simulation(nights=("2023-01-20",))
    utc = frame_times(simulation, "2023-01-20")
    return [np.ascontiguousarray(p.rgb) for p in sky_pictures(simulation, "2023-01-20", utc[::200][:3])]


@pytest.fixture(scope="module")
def frames(squares):
    return [place(square, SMALL_COLOUR.lens, *SMALL_COLOUR.frame_size) for square in squares]


def disk_of_colour(colour, size=300, radius=130) -> np.ndarray:
    picture = np.zeros((size, size + 100, 3), np.uint8)
    cv2.circle(picture, (size // 2 + 50, size // 2), radius, colour, -1)
    noise = np.random.default_rng(0).normal(0, 2, picture.shape)
    return (picture + noise * (picture > 0)).clip(0, 255).astype(np.uint8)


def test_the_disk_is_found_and_its_square_cut(frames):
    lens = SMALL_COLOUR.lens
    sky = sky_of(frames[0], size=228)
    assert sky.square.shape == (228, 228, 3)
    assert (sky.disk.center_x, sky.disk.center_y, sky.disk.radius) == pytest.approx(
        (lens.center_x, lens.center_y, lens.radius), abs=0.02 * lens.radius
    )
    assert not sky.square[~inscribed_disk(228)].any()


def test_a_square_that_was_cut_is_taken_as_it_is(squares):
    cut = squares[0] * inscribed_disk(len(squares[0]))[..., None]
    coded = cv2.imdecode(cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, 92])[1], cv2.IMREAD_COLOR)
    assert is_square_of_sky(coded)
    sky = sky_of(coded, size=len(coded))
    assert sky.disk is None
    assert (sky.square == coded).all()


def test_a_square_picture_of_something_else_was_not_cut(frames):
    height = frames[0].shape[0]
    assert not is_square_of_sky(frames[0])
    assert not is_square_of_sky(np.full((64, 64, 3), 90, np.uint8))
    assert not is_square_of_sky(np.zeros((64, 64, 3), np.uint8))
    # The disk is smaller than the square and not in its middle.
    assert not is_square_of_sky(np.ascontiguousarray(frames[0][:, 40 : 40 + height]))


@pytest.mark.parametrize("colour", [CLEAR_DAY, OVERCAST])
def test_the_sky_by_day_is_no_night_sky(colour):
    with pytest.raises(NotASky, match="by day"):
        sky_of(disk_of_colour(colour))


def test_simulated_nights_are_no_days(squares):
    assert [by_day(square * inscribed_disk(len(square))[..., None]) for square in squares] == [None] * len(squares)


def test_a_picture_without_a_disk_is_no_sky():
    wall = np.random.default_rng(0).integers(90, 110, (240, 320, 3), dtype=np.uint8)
    with pytest.raises(NotASky, match="no round image"):
        sky_of(wall)
    with pytest.raises(NotASky, match="no round image"):
        sky_of(np.zeros((240, 320, 3), np.uint8))


def test_pictures_of_one_camera_share_their_disk_and_other_scenes_do_not_take_it(frames):
    shared = shared_disk(frames)
    assert shared is not None
    assert shared.center_x == pytest.approx(SMALL_COLOUR.lens.center_x, abs=2)
    dim = (frames[0] * 0.06).astype(np.uint8)
    assert sky_of(dim, shared).disk is not None
    with pytest.raises(NotASky):
        sky_of(np.full_like(frames[0], 60), shared)


def test_a_disk_found_with_doubt_yields_to_the_one_shared_where_that_fits(frames, monkeypatch):
    shared = shared_disk(frames)
    other = replace(shared, radius=0.7 * shared.radius)
    for sure, taken in ((LEAST_SCORE - 0.01, shared), (LEAST_SCORE, other)):
        monkeypatch.setattr(loose_pictures, "_own_disk", lambda rgb, sure=sure: replace(other, confidence=sure))
        assert sky_of(frames[0], shared).disk.radius == taken.radius


def test_a_given_disk_is_not_looked_for():
    grey = np.full((100, 160, 3), 50, np.uint8)
    given = SkyDisk(80, 50, 40, 160, 100, GIVEN)
    assert sky_of(grey, given, size=80).disk is given


def test_a_sample_is_spread_from_first_to_last():
    assert spread_over(list(range(100)), 4) == [0, 33, 66, 99]
    assert spread_over([1, 2], 4) == [1, 2]
