"""Formats seen on real all-sky cameras are recognised and read, and what is no clock is not."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from allsky.clock.formats import ClockFormat
from allsky.clock.learning import ClockSettings
from allsky.clock.recognition import recognise
from allsky.clock.zones import looks_like_utc, overlay_zone
from allsky.errors import BadConfiguration

# Texts as the named programs burn them in (indi-allsky, AllskyTeam/allsky, KHO, RMS, UKMON, Mognet), and ISO 8601.
SHOWN = {
    "2015-03-26 06:07:00": ("%Y-%m-%d %H:%M:%S", datetime(2015, 3, 26, 6, 7)),
    "20210421 04:39:40": ("%Y%m%d %H:%M:%S", datetime(2021, 4, 21, 4, 39, 40)),
    "2022-12-27 12:14:56 AM": ("%Y-%m-%d %I:%M:%S %p", datetime(2022, 12, 27, 0, 14, 56)),
    "27-12-2022 21:54:39": ("%d-%m-%Y %H:%M:%S", datetime(2022, 12, 27, 21, 54, 39)),
    "Sun 11 Apr 2021 21:32:01 BST": ("%a %d %b %Y %H:%M:%S %Z", datetime(2021, 4, 11, 21, 32, 1)),
    "UK001L 2023-03-19 04:59:40 UTC": ("%Y-%m-%d %H:%M:%S %Z", datetime(2023, 3, 19, 4, 59, 40)),
    "2021-03-07T02:17:10Z": ("%Y-%m-%dT%H:%M:%S%Z", datetime(2021, 3, 7, 2, 17, 10)),
    "20210307_021710": ("%Y%m%d_%H%M%S", datetime(2021, 3, 7, 2, 17, 10)),
    "Mar 27 2021 2:17 PM MST": ("%b %d %Y %I:%M %p %Z", datetime(2021, 3, 27, 14, 17)),
    "2021-03-07 UT 02:17:10": ("%Y-%m-%d %Z %H:%M:%S", datetime(2021, 3, 7, 2, 17, 10)),
    "27 March 2021 02:17:10 +0100": ("%d %B %Y %H:%M:%S %z", datetime(2021, 3, 27, 2, 17, 10)),
    # As C's asctime() and date(1) of coreutils write it, and with a day of the year (ISO 8601 ordinal date).
    "Sat Mar 27 02:17:10 2021": ("%a %b %d %H:%M:%S %Y", datetime(2021, 3, 27, 2, 17, 10)),
    "Sat Mar 27 02:17:10 UTC 2021": ("%a %b %d %H:%M:%S %Z %Y", datetime(2021, 3, 27, 2, 17, 10)),
    "2021-086 02:17:10": ("%Y-%j %H:%M:%S", datetime(2021, 3, 27, 2, 17, 10)),
    "20210327021710": ("%Y%m%d%H%M%S", datetime(2021, 3, 27, 2, 17, 10)),
    "2021-03-27_02-17-10": ("%Y-%m-%d_%H-%M-%S", datetime(2021, 3, 27, 2, 17, 10)),
    "UT: 2021-03-27 02:17:10": ("%Z: %Y-%m-%d %H:%M:%S", datetime(2021, 3, 27, 2, 17, 10)),
    # As Tesseract reads a narrow 1, a blank between outlined words, and a slashed zero.
    "202 1-03-27 02:17:10 UTC": ("%Y-%m-%d %H:%M:%S %Z", datetime(2021, 3, 27, 2, 17, 10)),
    "'2021-03-27'02:17:10:3": ("%Y-%m-%d %H:%M:%S", datetime(2021, 3, 27, 2, 17, 10)),
    "2021-03-27 @2:17:10": ("%Y-%m-%d %H:%M:%S", datetime(2021, 3, 27, 2, 17, 10)),
}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("%Y-%m-%d %Q", "%Q in the clock format"),
        ("%Y-%m-%d %H:%M %Y", "has %Y twice"),
        ("%d %H:%M", "has a day and no month"),
        ("%Y-%m-%d %I:%M", "no %p"),
    ],
)
def test_a_format_that_no_clock_could_be_read_in_is_refused(pattern, why):
    with pytest.raises(ValueError, match=why):
        ClockFormat(pattern)
    with pytest.raises(BadConfiguration, match=r"\[camera\] clock_format"):
        ClockSettings(formats=(pattern,)).given_formats()


@pytest.mark.parametrize("text", SHOWN)
def test_the_format_and_time_of_a_text_are_recognised(text):
    pattern, moment = SHOWN[text]
    found = recognise(text)[0]
    assert (found.format.pattern, found.shown.moment) == (pattern, moment)


def test_a_mark_before_an_hour_of_two_digits_is_no_zero():
    assert [one.shown.clock for one in recognise("@1h06m")] == [time(1, 6)]
    assert [one.shown.clock for one in recognise("Start @12:30")] == [time(12, 30)]


def test_day_and_month_that_could_be_swapped_come_back_as_two_formats():
    assert [one.shown.moment.date() for one in recognise("CZ0003 07/03/2021 02:17:14.88 783648")] == [
        date(2021, 3, 7),
        date(2021, 7, 3),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "15000",
        "LLA=(62.82, -92.11, 0.00)",
        "Exposure 15.000000",
        "2021-13-07 25:61:00",
        "",
    ],
)
def test_what_is_no_clock_is_not_recognised(text):
    assert recognise(text) == []


@pytest.mark.parametrize("text", ["02:02:18 10.03.2013", "Q2:02:18 10.03.2013", "OZ02:18 10.03.2013", "OL:12:48"])
def test_minutes_and_seconds_behind_an_hour_that_was_not_made_out_are_no_hours_and_minutes(text):
    assert ClockFormat("%H:%M").search(text) is None


@pytest.mark.parametrize("text", ["time: 18:57", "LT:18:57", "UTC 18:57", "2021-03-07T18:57", "12. 18:57"])
def test_hours_behind_words_and_dates_are_hours(text):
    assert ClockFormat("%H:%M").search(text).clock == time(18, 57)


# What each text says of its zone, by the sign of ISO 8601 (east of Greenwich is +).
ZONES = {
    "2021-03-07 02:17:10 UTC+1": 1.0,
    "2021-03-07 02:17:10 (UTC-03:30)": -3.5,
    "2021-03-07 02:17:10 UTC -7": -7.0,
    "2021-03-07 02:17:10 UTC -12.3C": 0.0,
    "Date:2021-03-07   ut02:17:10": 0.0,
    "UT 2021-03-07 02:17:10 MST 2021-03-06 19:17:10": 0.0,
    "2021-03-07 02:17:10(UT)": 0.0,
    # Letters of seven pixels, as Tesseract reads them.
    "2021-03-07 02:17:10 uTc": 0.0,
    "2021-03-07 02:17:10 utc+1": 1.0,
    # The name of a camera, which leaves the configured zone.
    "CAM Z 2021-03-07 02:17:10": 9.0,
}


@pytest.mark.parametrize("text", ZONES)
def test_a_zone_is_read_before_and_behind_the_clock_and_counted_from_utc(text):
    zone = overlay_zone(recognise(text)[0].shown.zone, ZoneInfo("Asia/Tokyo"))
    assert zone.utcoffset(datetime(2021, 3, 7)) == timedelta(hours=ZONES[text])


@pytest.mark.parametrize(
    ("behind", "word"),
    [(" UIE", "UIE"), ("'U1.E", "'U1.E"), (" ULC |", "ULC"), (" GMI", "GMI"), (", UTC", ", UTC"), (" Fort Smith", None),
     (" urc", "urc"), (" KRN", None), (" UTAH", None), ("", None)],
)  # fmt: skip
def test_what_may_be_utc_is_told_from_other_words_behind_a_clock(behind, word):
    assert looks_like_utc(behind) == word


def test_a_stray_mark_before_the_zone_is_passed_over():
    text = "2017-12-19 20:48:21, UTC"
    assert recognise(text)[0].format.pattern == "%Y-%m-%d %H:%M:%S %Z"
    assert ClockFormat("%Y-%m-%d %H:%M:%S %Z").search(text).zone == "UTC"
    assert ClockFormat("%Y-%m-%d %H:%M:%S %Z").search("2017-12-19 20:48:21 UTC").zone == "UTC"


def test_twelve_at_night_is_midnight_and_twelve_by_day_is_noon():
    clock = ClockFormat("%I:%M:%S %p")
    assert clock.search("12:14:56 AM").clock == time(0, 14, 56)
    assert clock.search("12:14:56 PM").clock == time(12, 14, 56)


def test_an_underscore_that_was_overlooked_is_a_blank():
    found = recognise("2024 05_18 01:33:59")[0]
    assert (found.format.pattern, found.shown.moment) == ("%Y %m_%d %H:%M:%S", datetime(2024, 5, 18, 1, 33, 59))


def test_a_mark_behind_the_clock_is_no_part_of_it_however_kindly_it_is_read():
    shown = ClockFormat("%Y-%m-%d %H:%M:%S(%Z)").search("2012-09-09 00:54:50(UTC}- x", lenient=True)
    assert shown.end == len("2012-09-09 00:54:50(UTC}")


@pytest.mark.parametrize("half", ["PM", "AM", "RM,", "FM", "P", "ANT", ". ANt", "PF", "Pr", "Pivi", "Pi¥i"])
def test_an_hour_with_half_a_day_behind_it_is_no_hour_of_twenty_four(half):
    assert ClockFormat("%m/%d/%Y %H:%M:%S").search(f"08/12/2019 08:07:49 {half}") is None


@pytest.mark.parametrize("beside", ["PST", "PINA", "Az 112", "AGC on", "Pressure 980"])
def test_words_behind_an_hour_are_no_half_of_the_day(beside):
    assert ClockFormat("%m/%d/%Y %H:%M:%S").search(f"08/12/2019 08:07:49 {beside}") is not None


def test_the_digits_that_can_stand_at_a_place_are_those_of_its_number_and_of_the_nights_days():
    digits = ClockFormat("%d.%m.%Y %H:%M").possible_digits("00.00.0000 00:00")
    assert ["".join(sorted(some)) for some in digits[:6]] == ["0123", "0123456789", "01", "0123456789", "2", "0"]
    assert ["".join(sorted(some)) for some in digits[8:]] == ["012", "0123456789", "012345", "0123456789"]
    told = ClockFormat("%d.%m.%Y").possible_digits("00.00.0000", [date(2016, 9, 30), date(2016, 10, 1)])
    assert ["".join(sorted(some)) for some in told] == ["03", "01", "01", "09", "2", "0", "1", "6"]
    assert ClockFormat("%H:%M").possible_digits("no clock") is None


def test_no_year_is_possible_that_is_still_to_come():
    decade = date.today().year // 10 % 10
    whole, short = (ClockFormat(f"%d.%m.{year}").possible_digits(f"00.00.{year_of}")
                    for year, year_of in (("%Y", "0000"), ("%y", "00")))  # fmt: skip
    assert str(decade) in whole[6] and str(decade) in short[4] and "9" in short[4]
    later = str((decade + 2) % 10)
    assert later not in whole[6] and (later not in short[4] or later in "789")


def test_a_number_behind_the_time_that_goes_on_is_no_year():
    assert recognise("27 Mar 02:17:10 1920x1080")[0].shown.day is None


def test_a_number_that_goes_on_is_not_cut_into_a_clock():
    assert ClockFormat("%H:%M:%S").search("112:14:567") is None


@pytest.mark.parametrize("text", ["2021-886 02:17:10", "2021-000 02:17:10", "2021-366 02:17:10"])
def test_a_day_that_its_year_does_not_have_is_no_date(text):
    assert [one.shown.day for one in recognise(text)] == [None]


@pytest.mark.parametrize(("text", "pattern", "read"), [
    ("2023-09-2", "%Y-%m-%d", False), ("2023-9-02", "%Y-%m-%d", False), ("2023-9-2", "%Y-%m-%d", True),
    ("2023-11-2", "%Y-%m-%d", True), ("2/09/2023", "%d/%m/%Y", True),
    ("2024-Sep-05", "%Y-%b-%d", True), ("2024 September 05", "%Y %B %d", True),
])  # fmt: skip
def test_behind_a_year_month_and_day_are_both_written_with_a_zero_or_neither(text, pattern, read):
    assert (ClockFormat(pattern).search(text) is not None) == read
