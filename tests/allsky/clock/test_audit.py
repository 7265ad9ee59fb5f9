"""Three witnesses against a night's clock; the nights are simulated, so the true times are known."""

import numpy as np
import pandas as pd
import pytest

from allsky.clock.audit import AGREES, CONTRADICTS, NOT_CHECKED, audit_night, looked_at
from allsky.clock.moon_witness import moon_places
from allsky.clock.twilight_witness import twilight_offset
from allsky.ephemeris import sun_and_moon
from allsky.pictures import inscribed_disk
from allsky.simulator import Simulation
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.cameras import SMALL_COLOUR
from allsky.simulator.simulation import YELLOWKNIFE
from allsky.square_view import SquareView

MOONLIT, MOONLESS = "2023-02-04", "2023-01-20"
LENS = SMALL_COLOUR.lens
ORIENTED = SquareView(LENS.projection, LENS.radius_zenith_angle_deg, LENS.north_deg, LENS.east)


@pytest.fixture(scope="module")
def filmed():
    """True times and squares of two nights, a frame every quarter of an hour."""
    nights = {}
    for night in (MOONLIT, MOONLESS):
        simulation = Simulation(nights=(night,), cadence_s=900, seed=2023, sun_below_deg=-6.0)
        utc = frame_times(simulation, night)
        squares = [np.ascontiguousarray(picture.rgb) for picture in sky_pictures(simulation, night, utc)]
        nights[night] = (utc, squares)
    return nights


def heard(filmed, night, ahead_h=0.0, view=ORIENTED, named=True):
    """What the witnesses say of a clock that is so many hours ahead: verdict by witness."""
    true, squares = filmed[night]
    utc = pd.Series(true + pd.Timedelta(hours=ahead_h))
    sky = inscribed_disk(len(squares[0]))
    frames = sun_and_moon(utc, YELLOWKNIFE).assign(mean_luma=[s[sky].mean() for s in squares], clock_flag=None)
    said = audit_night(night, named, frames, YELLOWKNIFE, [squares[k] for k in looked_at(frames)], view)
    return said.set_index("witness")


def test_a_right_clock_has_three_witnesses_for_it(filmed):
    assert heard(filmed, MOONLIT)["verdict"].tolist() == [AGREES] * 3


@pytest.mark.parametrize("ahead_h", [7, -5, 12])
def test_twilight_tells_hours_and_half_days(filmed, ahead_h):
    said = heard(filmed, MOONLIT, ahead_h).loc["twilight"]
    assert said["verdict"] == CONTRADICTS
    # Half a day ahead and half a day behind are one.
    assert (said["offset_s"] / 3600 - ahead_h + 12) % 24 - 12 == pytest.approx(0, abs=0.7)


@pytest.mark.parametrize("ahead_h", [24, -24])
def test_a_date_off_by_a_day_is_told_by_the_name_and_an_oriented_moon_but_not_by_twilight(filmed, ahead_h):
    verdicts = heard(filmed, MOONLIT, ahead_h)["verdict"]
    assert verdicts["file name"] == verdicts["moon"] == CONTRADICTS
    assert verdicts["twilight"] == AGREES


def test_a_moon_of_unknown_direction_tells_two_days(filmed):
    assert heard(filmed, MOONLIT, 0, SquareView()).loc["moon", "verdict"] == AGREES
    assert heard(filmed, MOONLIT, 72, SquareView()).loc["moon", "verdict"] == CONTRADICTS


def test_what_cannot_be_used_is_not_checked_and_never_agrees(filmed):
    said = heard(filmed, MOONLESS, named=False)
    assert said.loc[["file name", "moon"], "verdict"].tolist() == [NOT_CHECKED] * 2
    assert said["says"].str.len().min() > 0


def test_a_night_cut_short_tells_nothing_by_its_twilight():
    utc = pd.date_range("2023-02-05T06:00", periods=60, freq="min", tz="UTC")
    found = twilight_offset(utc, np.full(60, 50.0) + np.arange(60) % 3, YELLOWKNIFE)
    assert found is not None
    # An hour is less than one independent look at the sky: hardly any of the day's offsets can be ruled out.
    assert found.high - found.low > 1200
    assert twilight_offset(utc[:10], np.arange(10), YELLOWKNIFE) is None


def test_a_brightness_made_from_the_sun_gives_the_offset_back():
    utc = pd.date_range("2023-02-05T00:00", "2023-02-05T15:30", freq="5min", tz="UTC")
    altitude = sun_and_moon(utc, YELLOWKNIFE)["sun_altitude_deg"].to_numpy()
    luma = 40 * np.exp(np.clip(altitude + 18, 0, None) / 8)
    found = twilight_offset(utc + pd.Timedelta(hours=-2), luma, YELLOWKNIFE)
    assert found.minutes == pytest.approx(-120, abs=10)
    assert found.explained > 0.95


def test_lamps_and_aurora_are_no_moon(filmed):
    assert sum(place is not None for place in moon_places(filmed[MOONLESS][1])) <= 2
    lamp = np.zeros((120, 120, 3), np.uint8)
    lamp[40:44, 40:44] = 255
    assert moon_places([lamp] * 6) == [None] * 6
    assert moon_places([]) == []
