"""The strip of a night on a true axis of time."""

import numpy as np
import pandas as pd
import pytest

from allsky.fisheye import Lens
from allsky.keograms import BANDS, keogram, keogram_numbers, spread_in_time, strip_along
from allsky.square_view import SquareView

NOON, NEXT_NOON = pd.Timestamp("2024-01-01 20:00", tz="UTC"), pd.Timestamp("2024-01-02 20:00", tz="UTC")


def strip_of(levels, height=4):
    return np.broadcast_to(np.array(levels, np.uint8)[None, :, None], (height, len(levels), 3))


def minutes(*values):
    return pd.Series(pd.Timestamp("2024-01-02 03:00", tz="UTC") + pd.to_timedelta(list(values), unit="min"))


def column_at(first, last, width, when):
    return int((when - first) / (last - first) * width)


def test_each_instant_shows_its_nearest_frame_and_gaps_are_blank():
    times = minutes(0, 1, 2, 3, 20, 21, 22)
    picture, first, last = keogram(strip_of([10, 20, 30, 40, 50, 60, 70]), times, NOON, NEXT_NOON, width=3200)
    assert (first, last) == (times.iloc[0] - pd.Timedelta(minutes=5), times.iloc[-1] + pd.Timedelta(minutes=5))
    for minute, level in ((0, 10), (2.4, 30), (2.6, 40), (20, 50), (22, 70)):
        column = picture[:, column_at(first, last, 3200, minutes(minute)[0])]
        assert (column[:, :3] == level).all() and (column[:, 3] == 255).all()
    for minute in (-3, 5, 12, 19, 24):
        assert (picture[:, column_at(first, last, 3200, minutes(minute)[0])] == 0).all()


def test_time_is_even_along_the_picture_whatever_the_order_of_frames():
    times, levels = minutes(2, 0, 1), [30, 10, 20]
    picture, *_ = keogram(strip_of(levels), times, NOON, NEXT_NOON, width=1200)
    seen = picture[0, picture[0, :, 3] > 0, 0]
    assert seen.tolist() == sorted(seen.tolist())
    assert {10, 20, 30} == set(seen.tolist())


def test_the_picture_stays_within_the_night():
    times = pd.Series([NOON + pd.Timedelta(minutes=1), NEXT_NOON - pd.Timedelta(seconds=1)])
    _, first, last = keogram(strip_of([1, 2]), times, NOON, NEXT_NOON)
    assert (first, last) == (NOON, NEXT_NOON)


def test_one_frame_is_a_keogram_too():
    picture, *_ = keogram(strip_of([99]), minutes(0), NOON, NEXT_NOON, width=100)
    shown = picture[0, :, 3] > 0
    assert 5 <= shown.sum() <= 20 and (picture[0, shown, 0] == 99).all()


def test_frames_closer_than_a_column_leave_no_gaps_between_them():
    times = pd.Series(pd.date_range("2024-01-02", periods=7200, freq="s", tz="UTC"))
    picture, first, last = keogram(strip_of(np.full(7200, 7)), times, NOON, NEXT_NOON, width=300)
    inside = slice(column_at(first, last, 300, times.iloc[0]) + 1, column_at(first, last, 300, times.iloc[-1]))
    assert (picture[:, inside, 3] == 255).all()


@pytest.mark.parametrize("n_times", [0, 2])
def test_a_strip_of_another_length_than_its_times_is_refused(n_times):
    with pytest.raises(ValueError, match="columns for"):
        keogram(strip_of([1, 2, 3]), minutes(*range(n_times)), NOON, NEXT_NOON)


def test_frames_that_a_wrong_name_puts_outside_the_night_have_an_axis_all_the_same():
    late = minutes(0, 1, 2) + pd.Timedelta(days=3)
    _, first, last = keogram(strip_of([10, 20, 30]), late, NOON, NEXT_NOON)
    assert first < late.iloc[0] < late.iloc[-1] < last


# Along a meridian.


def test_north_up_the_meridian_is_the_middle_column():
    x, y = SquareView(north_deg=0.0).meridian(0.0, height=5, size=101)
    assert x == pytest.approx([50.0] * 5)
    assert y == pytest.approx([-0.5, 24.75, 50.0, 75.25, 100.5])


def test_magnetic_north_in_the_east_turns_the_meridian_to_the_left_of_a_sky_seen_from_below():
    x, y = SquareView(north_deg=0.0, east="left").meridian(90.0, height=3, size=101)
    assert x == pytest.approx([-0.5, 50.0, 100.5])
    assert y == pytest.approx([50.0] * 3)


@pytest.mark.parametrize("lens", ["equidistant", "equisolid", "stereographic", "orthographic"])
def test_rows_are_even_steps_of_zenith_angle_whatever_the_lens(lens):
    view = SquareView(lens=lens, north_deg=30.0)
    x, y = view.meridian(16.0, height=7, size=720)
    optics = Lens(359.5, 359.5, 360.0, lens, 90.0, 30.0)
    zenith, azimuth = optics.direction(x, y)
    assert zenith == pytest.approx([90, 60, 30, 0, 30, 60, 90], abs=1e-6)
    assert azimuth[:3] == pytest.approx([16] * 3)
    assert azimuth[-3:] == pytest.approx([196] * 3)


def test_a_strip_holds_what_lies_under_the_line():
    ramp = np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[:, None, None], 100, axis=1).repeat(3, axis=2)
    strip = strip_along(np.full(3, 49.5), np.array([10.0, 10.5, 98.0]), [ramp, 255 - ramp])
    assert strip.shape == (3, 2, 3)
    assert strip[:, 0, 0].tolist() == [20, 21, 196]
    assert strip[:, 1, 0].tolist() == [235, 234, 59]


def test_frames_spread_in_time_leave_out_the_part_of_a_gap():
    utc = pd.Series(pd.date_range("2024-01-01", periods=100, freq="min", tz="UTC")).drop(index=range(20, 60))
    places = spread_in_time(utc, utc.iloc[0], utc.iloc[-1], 5)
    assert [round((utc.iloc[place] - utc.iloc[0]).total_seconds() / 60) for place in places] == [10, 69, 89]


def test_the_numbers_of_a_keogram_are_its_brightness_and_what_stands_beneath_it():
    """Three frames out of order, grey from black at the top to their own level; one without a prediction."""
    levels = np.array([200, 100, 0])
    strip = np.round(np.linspace(0, 1, 400)[:, None] * levels).astype(np.uint8)[..., None].repeat(3, axis=2)
    frames = pd.DataFrame({"frame_id": ["c", "a", "b"], "utc": minutes(2, 0, 1), "image": "x.jpg"})
    sky = frames[["frame_id", "utc"]].assign(night="2024-01-01", solar_bin="Night", sun_altitude_deg=[-30.0, -20, -25])
    said = pd.DataFrame({"frame_id": ["a", "b"], "night": "2024-01-01", "predicted": ["aurora", "no_aurora"]})
    table = keogram_numbers(strip, frames, sky, said)
    assert table["frame_id"].tolist() == ["a", "b", "c"]
    assert list(table.columns[-3:]) == ["solar_bin", "sun_altitude_deg", "predicted"]
    assert table["sun_altitude_deg"].tolist() == [-20, -25, -30]
    assert table["predicted"].tolist()[:2] == ["aurora", "no_aurora"] and pd.isna(table["predicted"][2])
    bands = table[[f"luma_{number}" for number in range(1, BANDS + 1)]].to_numpy()
    middles = (np.arange(BANDS) + 0.5) / BANDS
    assert bands == pytest.approx(np.outer([100, 0, 200], middles), abs=1.0)
    assert "predicted" not in keogram_numbers(strip, frames, sky)
