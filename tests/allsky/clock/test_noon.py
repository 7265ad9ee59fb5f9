"""A clock without a date goes on over noon, and is not moved by what was misread."""

from datetime import datetime, timedelta

import pandas as pd
import pytest

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.learned import LearnedClock
from allsky.clock.noon import beyond_noon
from allsky.clock.part import ClockPart

NOON = datetime(2020, 10, 27, 12)


def readings(shown: list[datetime | None], video: str = "a.mp4") -> pd.DataFrame:
    times = pd.Series(shown, dtype="datetime64[ms]")
    return pd.DataFrame({"video": video, "frame_index": range(len(shown)), "overlay_time": times})


def within_a_night(moments: list[datetime]) -> list[datetime]:
    """Times as a clock without a date shows them: all of them between one noon and the next."""
    return [NOON + (one - NOON) % timedelta(days=1) for one in moments]


def going_on(minutes: int, count: int) -> list[datetime]:
    return [NOON + timedelta(hours=9, minutes=minutes * k) for k in range(count)]


def test_a_video_that_runs_on_over_noon_goes_on_to_the_next_day():
    true = going_on(10, 130)
    assert true[-1] - NOON > timedelta(days=1)
    shown: list[datetime | None] = [*within_a_night(true)]
    shown[40] = shown[95] = None
    answer = beyond_noon(readings(shown))
    assert [one for k, one in enumerate(answer.dt.to_pydatetime()) if k not in (40, 95)] == [
        one for k, one in enumerate(true) if k not in (40, 95)
    ]
    assert answer.isna().sum() == 2


def test_videos_go_on_by_themselves():
    true = going_on(10, 130)
    both = pd.concat([readings(within_a_night(true)), readings(true[:20], "b.mp4")], ignore_index=True)
    assert list(beyond_noon(both).dt.to_pydatetime()) == true + true[:20]


@pytest.mark.parametrize("misread", [NOON, NOON + timedelta(hours=23, minutes=59), NOON + timedelta(hours=1)])
def test_a_time_that_was_misread_moves_no_other(misread):
    shown = going_on(10, 60)
    shown[30] = misread
    answer = list(beyond_noon(readings(shown)).dt.to_pydatetime())
    assert answer[:30] + answer[31:] == shown[:30] + shown[31:]


def test_a_clock_that_was_set_to_noon_is_not_taken_to_go_on():
    shown = going_on(10, 30) + [NOON + timedelta(minutes=10 * k) for k in range(30)]
    assert list(beyond_noon(readings(shown)).dt.to_pydatetime()) == shown


def test_a_video_that_begins_a_little_before_noon_began_a_day_earlier_than_it_would_end():
    true = [NOON - timedelta(minutes=10) + timedelta(minutes=10 * k) for k in range(100)]
    assert list(beyond_noon(readings(within_a_night(true))).dt.to_pydatetime()) == true


def test_a_first_time_that_was_misread_before_noon_does_not_hide_that_the_video_goes_on():
    true = going_on(10, 130)
    shown = within_a_night(true)
    shown[0] = NOON + timedelta(minutes=5)
    assert list(beyond_noon(readings(shown)).dt.to_pydatetime())[1:] == true[1:]


def yearless(true: list[datetime], shown: list[datetime] | None = None) -> pd.DataFrame:
    """What becomes of a video of the night of 2020-10-27, whose clock shows `%d %b %H:%M:%S` in UTC, of `true` times or
    what was read instead."""
    clock = LearnedClock(
        (ClockPart(Box(0, 0, 9, 9), ClockFormat("%d %b %H:%M:%S"), 9.0, True, "ink", ()),), "UTC", "2020-10-27", 0.0
    )
    texts = [f"{one:%d %b %H:%M:%S}" for one in shown or true]
    read = readings([clock._moment([text]) for text in texts])
    table = clock.date(read.assign(ocr_text=texts, source="template", confidence=0.9))[0]
    return table.assign(off=table["utc"].dt.tz_localize(None) - pd.Series(true))


def test_a_clock_without_a_year_goes_on_over_noon_to_the_day_that_it_shows():
    """Zoo clip 65855: a clock whose pace changed showed the afternoon after its night."""
    table = yearless(going_on(10, 130))
    assert (table["off"] == timedelta(0)).all() and table["clock_flag"].isna().all()


def test_a_day_that_is_not_the_nights_dates_no_frame_a_day_early():
    # A video of the afternoon after the night that its name tells, and one of which the day is misread throughout.
    late = yearless([NOON + timedelta(hours=26, minutes=10 * k) for k in range(30)])
    assert late["utc"].isna().all() or late["clock_flag"].notna().all()
    true = going_on(10, 40)
    misread = yearless(true, [one + timedelta(days=1) for one in true])
    assert (misread["clock_flag"].notna() | (misread["off"] == timedelta(0))).all()
