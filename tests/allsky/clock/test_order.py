"""Day, month and short year find their order by the night's evidence, or are asked for."""

from datetime import date, datetime, timedelta

import pytest

from allsky.clock.formats import ClockFormat
from allsky.clock.order import commonest_formats, possible_formats, told_by_night, with_seconds
from allsky.clock.picture import likeliest_order
from allsky.clock.recognition import recognise

DAY_FIRST, MONTH_FIRST = ClockFormat("%d/%m/%Y %H:%M:%S"), ClockFormat("%m/%d/%Y %H:%M:%S")


def texts(pattern: str, start: datetime, count: int = 12, step_s: int = 600) -> list[str]:
    return [(start + timedelta(seconds=step_s * k)).strftime(pattern) for k in range(count)]


def formats_of(shown: list[str]) -> list[ClockFormat]:
    return commonest_formats([one.format for text in shown for one in recognise(text)], shown)


def test_a_day_that_rolls_over_tells_which_number_it_is():
    shown = texts("%d/%m/%Y %H:%M:%S", datetime(2021, 3, 7, 23, 10))
    assert possible_formats(formats_of(shown), shown, None) == [DAY_FIRST]


def test_the_date_of_the_file_tells_the_order():
    shown = texts("%m/%d/%Y %H:%M:%S", datetime(2021, 3, 7, 20))
    assert possible_formats(formats_of(shown), shown, "2021-03-07") == [MONTH_FIRST]


def test_the_date_of_the_file_tells_the_order_of_a_clock_that_was_set_back_over_midnight():
    """Zoo clip 68030: the eighth of August is that in either order."""
    before = texts("%d/%m/%Y %H:%M:%S", datetime(2022, 8, 7, 23, 50, 3), 4, 120)
    after = texts("%d/%m/%Y %H:%M:%S", datetime(2022, 8, 8, 0, 3, 48), 8, 120)
    shown = [*after[:2], *before, *after[2:]]
    assert possible_formats(formats_of(shown), shown, "2022-08-07") == [DAY_FIRST]


@pytest.mark.parametrize(
    ("shown", "night", "told"),
    [
        # Zoo clips 52236 and 50064: digits misread on most frames, the file's date on the others.
        (["01/11/15 01:53:58"] * 4 + ["61/11/15 01:56:18"] * 8, "2015-10-31", ["%d/%m/%y %H:%M:%S"]),
        (["26/11/17 22:42:09"] * 7 + ["26/1/17 22:42:19"] * 5, "2017-11-26", ["%d/%m/%y %H:%M:%S"]),
        # Zoo clip 58211: the year is misread on most.
        (["09/06/2001 21:43:20"] * 10 + ["09/06/2011 21:47:18"] * 2, "2011-06-09", ["%d/%m/%Y %H:%M:%S"]),
        (["06/06/2001 21:43:20"] * 10 + ["06/06/2011 21:47:18"] * 2, "2011-06-06", []),
        # One text of a dozen shows a day of the night by chance; nor does a night tell two orders apart.
        (["24/03/17 21:50:48"] * 11 + ["21/03/17 21:50:48"], "2017-03-21", []),
        (["10/10/11 21:50:48"] * 6 + ["11/10/10 21:50:48"] * 6, "2011-10-10", []),
    ],
)
def test_a_day_of_the_files_night_that_some_frames_show_tells_the_order(shown, night, told):
    formats = [one.format for text in shown for one in recognise(text)]
    assert [each.pattern for each in told_by_night(formats, shown, night)] == told


@pytest.mark.parametrize(
    ("shown", "pattern"),
    [
        # Zoo clip 56045: the seconds were missed on most frames, and in most guises.
        (["21:18", "21:33", "21:47'28", "22:02'28\""], "%H:%M'%S"),
        (["21:18", "21:33", "21:47'28"], "%H:%M"),
        (["21:18", "21:33", "21:47", "22:02 25C"], "%H:%M"),
    ],
)
def test_a_clock_of_which_several_texts_show_seconds_has_them(shown, pattern):
    assert with_seconds(ClockFormat("%H:%M"), shown).pattern == pattern


def test_a_month_that_no_calendar_has_tells_the_order():
    shown = texts("%m/%d/%Y %H:%M:%S", datetime(2021, 3, 27, 20))
    assert formats_of(shown) == [MONTH_FIRST]


def test_without_evidence_both_orders_remain():
    shown = texts("%d/%m/%Y %H:%M:%S", datetime(2021, 3, 7, 20), count=6)
    assert set(possible_formats(formats_of(shown), shown, None)) == {DAY_FIRST, MONTH_FIRST}


@pytest.mark.parametrize("misread", [5, 4, 9])
@pytest.mark.parametrize("often", [2, 3])
def test_a_digit_that_is_misread_now_and_then_is_no_day_that_rolls_over(misread, often):
    shown = [f"07/0{3 if k % often else misread}/2021 02:17:{k}0" for k in range(6)] * 3
    assert len(possible_formats(formats_of(shown), shown, None)) == 2


def test_a_day_misread_on_all_frames_but_one_tells_no_order():
    """As outlined text of an RMS camera was read in one guise: the one day is two before the others, one way round."""
    shown = [f"07/05/2021 02:17:{k}0" for k in range(6)] * 2 + ["07/03/2021 02:18:10"]
    assert len(possible_formats(formats_of(shown), shown, None)) == 2


def test_equal_numbers_need_no_evidence_even_if_some_are_misread():
    shown = [*texts("%d/%m/%Y %H:%M:%S", datetime(2017, 6, 6, 20), count=9), "06/08/2017 22:00:00"]
    assert len(possible_formats(formats_of(shown), shown, None)) == 1


def test_a_date_seen_on_few_frames_beside_a_time_seen_on_all_is_there():
    shown = [f"Sun %? Nov 2013 01:5{k}:00" for k in range(9)] + ["Sun 03 Nov 2013 01:59:30", "Sun 03 Nov 2013 01:59:45"]
    assert formats_of(shown) == [ClockFormat("%a %d %b %Y %H:%M:%S")]


@pytest.mark.parametrize(
    ("text", "hint", "pattern"),
    [
        ("07/03/2021 02:17:10", None, "%d/%m/%Y %H:%M:%S"),
        ("07/03/2021 02:17:10", date(2021, 7, 3), "%m/%d/%Y %H:%M:%S"),
        ("07/03/2021 02:17:10 PM", None, "%m/%d/%Y %I:%M:%S %p"),
        ("07/03/2021 02:17:10 MDT", None, "%m/%d/%Y %H:%M:%S %Z"),
    ],
)
def test_the_likelier_order_is_the_files_else_the_worlds_else_north_americas(text, hint, pattern):
    found = [one.format for one in recognise(text)]
    assert likeliest_order(found, text, hint)[0].pattern == pattern


def test_a_year_of_which_most_texts_lost_the_first_digits_is_no_day():
    lost = ["eam 5-04-28 00:48"] * 9
    whole = ["2015-04-28 00:35", "2015-04-28 00:46"]
    formats = [found.format for text in lost + whole for found in recognise(text)]
    assert [each.pattern for each in commonest_formats(formats, lost + whole)] == ["%Y-%m-%d %H:%M"]
