"""A clock whose PM was not read is half a day before the night that its file's name tells."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from allsky.clock.half_day import is_half_a_day_off

# Greenwich: a night is from noon to noon UTC.
NIGHT = "2022-11-17"


def readings(first: datetime, flag: str | None = None) -> pd.DataFrame:
    times = pd.date_range(first, periods=30, freq="1min").astype("datetime64[ms]")
    flags = pd.Series([None] * 29 + [flag], dtype=object)
    return pd.DataFrame({"overlay_time": times, "utc": times.tz_localize("UTC"), "clock_flag": flags})


def is_off(*given) -> bool:
    return is_half_a_day_off(readings(*given), NIGHT, 0.0)


@pytest.mark.parametrize("first", [datetime(2022, 11, 17, 9, 35), datetime(2022, 11, 17, 7, 2)])
def test_the_morning_before_a_night_is_its_evening_without_its_pm(first):
    assert is_off(first)


@pytest.mark.parametrize(
    "first", [datetime(2022, 11, 17, 21, 35), datetime(2022, 11, 18, 2, 5), datetime(2022, 11, 17, 11, 45)]
)
def test_a_night_and_a_video_that_runs_on_over_noon_are_not_half_a_day_off(first):
    assert not is_off(first)


def test_a_name_with_the_date_of_the_morning_is_a_day_off_and_not_half_of_one():
    assert not is_off(datetime(2022, 11, 17, 1, 10))
    assert not is_off(datetime(2022, 11, 16, 22, 10))


def test_what_is_in_doubt_says_nothing():
    one = readings(datetime(2022, 11, 17, 9, 35), "in doubt")
    one.loc[29, ["overlay_time", "utc"]] = [pd.NaT, pd.NaT]
    assert is_half_a_day_off(one, NIGHT, 0.0)
    assert not is_half_a_day_off(one.assign(clock_flag=np.full(30, "in doubt", object)), NIGHT, 0.0)
