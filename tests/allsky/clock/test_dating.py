"""Local times become UTC, summer time's jumps included; expected offsets are the IANA database's (America/Edmonton:
UTC-6 until 2021-11-07 02:00 local, UTC-7 until 2022-03-13 02:00 local)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from allsky.clock.boxes import Box
from allsky.clock.dating import date_readings
from allsky.clock.formats import ClockFormat
from allsky.clock.glyph_witness import Witness
from allsky.clock.learned import LearnedClock
from allsky.clock.part import ClockPart
from allsky.clock.part_reading import PartReading
from allsky.clock.tesseract import TextLine
from allsky.clock.zones import overlay_zone, parse_zone, possible_utc
from allsky.errors import BadConfiguration

EDMONTON = ZoneInfo("America/Edmonton")


def readings(shown: list[datetime | None]) -> pd.DataFrame:
    """One video whose frames show these naive times, read surely."""
    return pd.DataFrame(
        {
            "video": "night.mp4",
            "frame_index": range(len(shown)),
            "ocr_text": [None if one is None else str(one) for one in shown],
            "overlay_time": pd.Series(shown, dtype="datetime64[ms]"),
            "source": "template",
            "confidence": [0.0 if one is None else 0.95 for one in shown],
        }
    )


def dated(shown: list[datetime | None], zone=EDMONTON) -> pd.DataFrame:
    return date_readings(readings(shown), [None] * len(shown), zone, 1.0)[0]


def glyphs(support, count: int, familiar: bool = True, impossible=()) -> Witness:
    """A witness whose glyphs speak so for times, and know their digits or do not."""
    return Witness(support, lambda row, moment: familiar, np.isin(np.arange(count), impossible))


def local(utc: list[datetime]) -> list[datetime | None]:
    return [one.astimezone(EDMONTON).replace(tzinfo=None) for one in utc]


def test_the_repeated_hour_of_autumn_is_told_apart_by_the_order_of_frames():
    utc = [datetime(2021, 11, 7, 6, 30, tzinfo=UTC) + timedelta(minutes=2 * k) for k in range(90)]
    table = dated(local(utc))
    assert list(table["utc"]) == utc
    assert table["clock_flag"].isna().all()


def test_a_video_wholly_inside_the_repeated_hours_is_parted_by_its_own_step_back():
    utc = [datetime(2021, 11, 7, 7, 20, tzinfo=UTC) + timedelta(minutes=k) for k in range(80)]
    assert list(dated(local(utc))["utc"]) == utc


@pytest.mark.parametrize("before", [1, 2, 30])
@pytest.mark.parametrize("step_s", [1, 60, 120])
def test_few_frames_before_the_repeated_hours_tell_both_of_them_apart(before, step_s):
    began = datetime(2021, 11, 7, 7, tzinfo=UTC) - timedelta(seconds=before * step_s)
    utc = [began + timedelta(seconds=step_s * k) for k in range(before + 6600 // step_s)]
    table = dated(local(utc))
    assert list(table["utc"]) == utc and table["clock_flag"].isna().all()


@pytest.mark.parametrize("hours", [3.9, 4.9])
@pytest.mark.parametrize("step_s", [6, 20, 31, 33, 35, 45, 60])
def test_a_clock_of_minutes_tells_the_repeated_hours_apart_as_one_of_seconds_does(step_s, hours):
    """Half a minute a frame is a minute, none, a minute and so on by such a clock: neither is the step."""
    began = datetime(2021, 11, 7, 4, tzinfo=UTC)
    utc = [began + timedelta(seconds=step_s * k) for k in range(int(hours * 3600) // step_s)]
    shown = [one.replace(second=0) for one in local(utc)]
    table = date_readings(readings(shown), [None] * len(shown), EDMONTON, 60.0)[0]
    off = (table["utc"] - pd.Series(utc)).dt.total_seconds().abs()
    assert off[table["clock_flag"].isna()].max() <= 60
    assert table["clock_flag"].isna().mean() > 0.9


def hourly(*hours: int) -> tuple[pd.DataFrame, list[datetime]]:
    """A video for each of these hours of 2021-11-07, UTC, a frame a minute, as a clock in Edmonton shows them."""
    parts, truth = [], []
    for hour in hours:
        utc = [datetime(2021, 11, 7, hour, tzinfo=UTC) + timedelta(minutes=k) for k in range(60)]
        parts.append(readings(local(utc)).assign(video=f"{hour:02d}.mp4"))
        truth += utc
    return pd.concat(parts, ignore_index=True), truth


@pytest.mark.parametrize("hours", [(6, 7, 8, 9), (7, 8), (6, 7), (8, 9), (6, 8, 9), (6, 7, 9)], ids=str)
def test_hourly_videos_of_the_repeated_hour_are_told_apart_by_each_other(hours):
    table, truth = hourly(*hours)
    answer = date_readings(table, [None] * len(table), EDMONTON, 1.0)[0]
    open_hour = (answer["clock_flag"].fillna("").str.contains("came twice")).to_numpy()
    exact = (answer["utc"] == pd.Series(truth)).to_numpy()
    assert exact[~open_hour].all()
    # One of the two alone between 6 and 9 joins either side.
    assert open_hour.sum() == (60 if len(hours) == 3 else 0)


def test_a_video_of_the_repeated_hour_alone_is_flagged():
    table, _ = hourly(8)
    answer = date_readings(table, [None] * 60, EDMONTON, 1.0)[0]
    assert answer["clock_flag"].str.contains("came twice").all()


def test_times_that_summer_time_skips_are_flagged_with_the_unread_ones_among_them():
    shown: list[datetime | None] = [datetime(2022, 3, 13, 1, 30) + timedelta(minutes=2 * k) for k in range(40)]
    shown[25] = None
    flags = dated(shown)["clock_flag"]
    assert flags[:15].isna().all()
    assert flags[15:].str.contains("summer time skips").all()


@pytest.mark.parametrize(("set_at", "first_sure_again"), [(None, None), (24, 24)], ids=["never", "at 02:18"])
def test_what_a_clock_shows_that_was_not_set_forward_is_not_the_zones_time_later_that_night_either(
    set_at, first_sure_again
):
    shown = [datetime(2022, 3, 13, 1, 30) + timedelta(minutes=2 * k) for k in range(60)]
    if set_at:
        shown = [moment + timedelta(hours=place >= set_at) for place, moment in enumerate(shown)]
    flags = dated(shown)["clock_flag"]
    assert flags[:15].isna().all() and flags[15:first_sure_again].notna().all()
    assert set_at is None or flags[first_sure_again:].isna().all()
    assert set_at or flags[45:].str.contains("not set forward").all()


def test_a_night_across_the_change_in_spring_goes_on_in_utc():
    utc = [datetime(2022, 3, 13, 8, 0, tzinfo=UTC) + timedelta(minutes=3 * k) for k in range(60)]
    table = dated(local(utc))
    assert list(table["utc"]) == utc
    assert table["clock_flag"].isna().all()


def test_a_reading_off_by_a_digit_is_flagged_and_not_silently_replaced():
    shown: list[datetime | None] = [datetime(2022, 1, 5, 3) + timedelta(seconds=20 * k) for k in range(50)]
    shown[20] = shown[20] + timedelta(minutes=50) if shown[20] else None
    flags = dated(shown)["clock_flag"]
    assert flags.notna().tolist() == [k == 20 for k in range(50)]


def test_a_lost_reading_is_interpolated_and_says_so():
    shown: list[datetime | None] = [datetime(2022, 1, 5, 3) + timedelta(seconds=20 * k) for k in range(50)]
    shown[30] = None
    row = dated(shown).iloc[30]
    assert row["source"] == "interpolated"
    assert row["utc"] == datetime(2022, 1, 5, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "offset_h"),
    [("MDT", -6), ("UT", 0), ("+0100", 1), ("-07:00", -7), ("CET", 1), ("LT", None), (None, None)],
)
def test_what_the_overlay_says_of_its_zone_wins_over_the_configuration(word, offset_h):
    zone = overlay_zone(word, EDMONTON, datetime(2022, 1, 5))
    if offset_h is None:
        assert zone is EDMONTON
    else:
        assert zone.utcoffset(datetime(2022, 1, 5)) == timedelta(hours=offset_h)


def test_a_local_time_has_one_utc_two_in_autumn_none_in_spring():
    counts = [len(possible_utc(moment, EDMONTON)) for moment in
              (datetime(2022, 1, 5, 3), datetime(2021, 11, 7, 1, 30), datetime(2022, 3, 13, 2, 30))]  # fmt: skip
    assert counts == [1, 2, 0]


def test_an_unknown_zone_is_refused_by_name():
    with pytest.raises(BadConfiguration, match="Mars/Olympus"):
        parse_zone("Mars/Olympus")


def test_a_second_more_behind_a_frozen_picture_is_no_digit_misread():
    shown: list[datetime | None] = [datetime(2022, 1, 5, 3, 30) + timedelta(seconds=step) for step in (0, 0, 0, 3)]
    answer = date_readings(readings(shown), [None] * 4, UTC, 1.0, glyphs(lambda row, moment: 0.0, 4))[0]
    assert answer["overlay_time"].tolist() == shown
    assert answer["clock_flag"].isna().all()


@pytest.mark.parametrize("mostly_read", [False, True])
def test_a_picture_that_stands_still_vouches_for_nothing_where_most_of_a_video_was_not_read(mostly_read):
    # Digits painted over each other are one digit to the glyphs as long as the damage lasts.
    damaged = dict.fromkeys((2, 3, 4, 5), 40) | dict.fromkeys((8, 9, 14, 15, 16, 17), 520)
    behind = {24 + k: 1000 + 20 * k for k in range(30)} if mostly_read else {24: None}
    shown = [(damaged | behind).get(place) for place in range(max(behind) + 1)]
    moments = [None if one is None else datetime(2022, 1, 5, 3, 30) + timedelta(seconds=one) for one in shown]
    flags = dated(moments, UTC)["clock_flag"]
    assert flags[24:].isna().all() == mostly_read
    assert mostly_read or flags.notna().all()


def test_where_most_of_a_video_stands_still_only_what_moves_is_believed():
    shown = [0, 30, *[40] * 9, *range(500, 640, 20), *[640] * 13]
    moments: list[datetime | None] = [datetime(2022, 1, 5, 3, 30) + timedelta(seconds=one) for one in shown]
    answer = dated(moments, UTC)
    assert answer.index[answer["clock_flag"].isna()].tolist() == list(range(11, 18))


def at(shown: dict[int, datetime | None]) -> pd.DataFrame:
    """A video's readings at these frames, none of the others."""
    return readings(list(shown.values())).assign(frame_index=list(shown))


# Runs of frames behind keyframes far apart, and frames with damaged ones between them.
SPARSE = {
    "behind keyframes": [*range(4), *range(250, 254), *range(500, 504)],
    "damaged between": [*range(20), *range(31, 60)],
}


@pytest.mark.parametrize("kind", SPARSE)
def test_frames_that_are_not_there_take_their_time(kind):
    indices = SPARSE[kind]
    shown = dict(zip(indices, every_20_s(indices), strict=True))
    unread = indices[len(indices) // 3]
    table, timelines = date_readings(at({**shown, unread: None}), [None] * len(indices), UTC, 1.0)
    assert table["utc"].dt.tz_localize(None).tolist() == list(shown.values())
    assert table["clock_flag"].isna().all()
    between, inside = timelines["night.mp4"].at(np.array([25, 100, 300, indices[-1] + 2]))
    missing = [pd.Timestamp(one, tz="UTC").timestamp() for one in every_20_s([25, 100, 300, indices[-1] + 2])]
    assert between[0] == missing[0] and between[-1] == missing[-1] and inside[0]
    assert kind != "behind keyframes" or between.tolist() == missing


def test_frames_taken_at_no_even_pace_are_dated_by_their_own_clock_or_not_at_all():
    steps = np.random.default_rng(1).integers(20, 900, 60).cumsum()
    shown: list[datetime | None] = [datetime(2021, 3, 7, 2, 17, 10) + timedelta(seconds=int(one)) for one in steps]
    unread = [0, 20, 58, 59]
    read = [None if place in unread else moment for place, moment in enumerate(shown)]
    # Now and then the usual step leads to a time that differs by one digit: that is chance, and no misreading.
    answer = date_readings(readings(read), [None] * 60, UTC, 1.0, glyphs(lambda row, moment: 0.0, 60))[0]
    own = answer.drop(index=unread)
    assert own["clock_flag"].isna().all()
    assert own["utc"].dt.tz_localize(None).tolist() == [one for k, one in enumerate(shown) if k not in unread]
    assert answer.loc[unread, "clock_flag"].notna().all()


def test_cards_between_frames_take_no_time():
    indices = [*range(20), *range(31, 60)]
    shown = dict(zip(indices, every_20_s(list(range(len(indices)))), strict=True))
    shown[31] = None
    cards = [("night.mp4", card) for card in range(20, 31)]
    table = date_readings(at(shown), [None] * len(indices), UTC, 1.0, cards=cards)[0]
    assert table["utc"].dt.tz_localize(None).tolist() == every_20_s(list(range(len(indices))))
    assert table["clock_flag"].isna().all()


def test_order_of_rows_is_kept_whatever_the_order_of_frames():
    shown: list[datetime | None] = [datetime(2022, 1, 5, 3) + timedelta(seconds=20 * k) for k in range(20)]
    table = readings(shown).iloc[np.random.default_rng(0).permutation(20)].reset_index(drop=True)
    answer = date_readings(table, [None] * 20, UTC, 1.0)[0]
    assert list(answer["frame_index"]) == list(table["frame_index"])
    assert (answer["utc"].dt.tz_localize(None) == answer["overlay_time"]).all()


def every_20_s(places: list[int]) -> list[datetime | None]:
    return [datetime(2022, 1, 5, 3) + timedelta(seconds=20 * k) for k in places]


def test_clear_readings_alone_between_lost_frames_are_believed():
    shown = every_20_s([*range(12), 13, 15, *range(17, 30), 31])
    answer = dated(shown, UTC)
    assert answer["clock_flag"].isna().all()
    assert (answer["utc"].dt.tz_localize(None) == pd.Series(shown, dtype="datetime64[ms]")).all()


def test_a_reading_off_by_a_step_among_unbroken_frames_is_not_taken_for_a_lost_frame():
    shown = every_20_s([*range(12), 13, 13, *range(14, 30)])
    answer = dated(shown, UTC)
    assert list(answer.index[answer["clock_flag"].notna()]) == [12]


def test_unread_frames_behind_a_reboot_are_dated_by_the_side_that_their_glyphs_show():
    truth = every_20_s([*range(20), *range(237, 257)])
    shown = [None if place in (20, 21) else moment for place, moment in enumerate(truth)]

    def support(row: int, moment: datetime) -> float:
        return 0.9 if moment == truth[row] else -1.0

    answer = date_readings(readings(shown), [None] * 40, UTC, 1.0, glyphs(support, 40))[0]
    assert answer["clock_flag"].isna().all()
    assert list(answer["utc"].dt.tz_localize(None)) == truth
    assert set(answer["source"][20:22]) == {"interpolated"}


def test_unread_frames_behind_a_reboot_are_flagged_where_their_glyphs_tell_nothing():
    shown = [
        None if place in (20, 21) else moment for place, moment in enumerate(every_20_s([*range(20), *range(237, 257)]))
    ]
    answer = date_readings(readings(shown), [None] * 40, UTC, 1.0, glyphs(lambda row, moment: 0.0, 40))[0]
    assert list(answer.index[answer["clock_flag"].notna()]) == [20, 21]


def test_a_night_with_many_frames_that_show_another_time_is_flagged_there_and_nowhere_else():
    truth = every_20_s(list(range(1000)))
    unread = [place for place in range(1000) if place % 10 == 5]
    shown = [None if place in unread else moment for place, moment in enumerate(truth)]
    answer = date_readings(readings(shown), [None] * 1000, UTC, 1.0, glyphs(lambda row, moment: -1.0, 1000))[0]
    assert list(answer.index[answer["clock_flag"].notna()]) == unread


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Tokyo"), EDMONTON], ids=str)
def test_an_hour_with_one_digit_misread_is_flagged_whatever_the_zone(zone):
    truth = [datetime(2022, 1, 5, 7, 50) + timedelta(seconds=20 * k) for k in range(60)]
    shown = [moment.replace(hour=3) if moment.hour == 8 else moment for moment in truth]
    answer = date_readings(readings(shown), [None] * 60, zone, 1.0, glyphs(lambda row, moment: 0.0, 60))[0]
    assert list(answer.index[answer["clock_flag"].notna()]) == list(range(30, 60))


@pytest.mark.parametrize(("read", "believed"), [(5, False), (30, True)])
def test_the_few_readings_of_a_video_that_can_hardly_be_read_are_not_believed(read, believed):
    moments = every_20_s(list(range(48)))
    answer = dated([None] * (48 - read) + moments[48 - read :], UTC)
    assert answer["clock_flag"].iloc[-read:].isna().all() == believed


@pytest.mark.parametrize(("word", "doubted"), [("-0100", True), ("+0100", False), ("+0200", False), ("-0700", False)])
def test_an_offset_whose_opposite_is_the_sites_is_flagged(word, doubted):
    shown = every_20_s(list(range(12)))
    shown[5] = None
    words = [word if moment else None for moment in shown]
    flags = date_readings(readings(shown), words, ZoneInfo("Europe/Oslo"), 1.0)[0]["clock_flag"]
    assert flags.notna().all() == doubted
    assert flags.isna().all() != doubted


def flagged(shown: list[datetime | None], witness: Witness) -> list[int]:
    """The frames of a video that are flagged, or have no time."""
    answer = date_readings(readings(shown), [None] * len(shown), UTC, 1.0, witness)[0]
    return list(answer.index[answer["clock_flag"].notna() | answer["utc"].isna()])


def test_a_leap_by_one_digit_and_back_onto_the_old_line_is_flagged_whatever_the_glyphs_prove():
    truth = [datetime(2013, 3, 1, 23, 16) + timedelta(seconds=k) for k in range(40)]
    shown = [moment.replace(second=moment.second + 30) if 10 <= moment.second < 20 else moment for moment in truth]
    against = glyphs(lambda row, moment: 0.9 if moment == shown[row] else -1.0, 40)
    assert set(range(10, 20)) <= set(flagged(shown, against))


@pytest.mark.parametrize("zone", [UTC, EDMONTON], ids=str)
def test_a_digit_misread_wherever_it_stands_is_flagged_beside_what_is_flagged_too(zone):
    """Every 5 is read as a 3 (zoo clip 50323): of 01:59:42 one, of 01:59:50 two, and what follows is the hour that
    summer time skips in Edmonton, flagged itself."""
    truth = [datetime(2018, 3, 11, 1, 59, 42) + timedelta(seconds=2 * k) for k in range(40)]
    shown = [datetime.fromisoformat(moment.isoformat().replace(":5", ":3")) for moment in truth]
    answer = date_readings(readings(shown), [None] * 40, zone, 1.0, glyphs(lambda row, moment: 0.0, 40))[0]
    assert answer["clock_flag"][:9].notna().all()
    assert answer["clock_flag"][9:13].isna().all() == (zone is UTC)


def test_a_digit_misread_is_flagged_across_all_frames_that_were_lost_and_where_it_dates_unread_ones():
    """Zoo clip 52287: minutes from 50 on are read as from 30 on, and every tenth frame is not there."""
    kept = np.random.default_rng(1).random(600) > 0.1
    truth = [datetime(2008, 2, 9, 20, 10) + timedelta(seconds=6 * k) for k in np.flatnonzero(kept).tolist()]
    misread = [moment.minute >= 50 for moment in truth]
    shown = [moment.replace(minute=moment.minute - 20) if moment.minute >= 50 else moment for moment in truth]
    first = misread.index(True)
    read: list[datetime | None] = [None if first <= place < first + 4 else each for place, each in enumerate(shown)]
    support = glyphs(lambda row, moment: 0.6 if moment == shown[row] else -0.44, len(truth), familiar=False)
    answer = date_readings(readings(read), [None] * len(truth), UTC, 1.0, support)[0]
    said = answer["clock_flag"].isna() & answer["utc"].notna()
    assert not (said.to_numpy() & np.array(misread)).any()
    assert (said.to_numpy() & ~np.array(misread)).sum() > 0.95 * (len(truth) - sum(misread))


@pytest.mark.parametrize(("familiar", "wrong"), [(True, []), (False, list(range(30, 60)))])
def test_that_a_digit_is_not_there_is_proof_where_its_look_is_known_only(familiar, wrong):
    truth = [datetime(2022, 1, 5, 7, 50) + timedelta(seconds=20 * k) for k in range(60)]
    shown = [moment.replace(hour=3) if moment.hour == 8 else moment for moment in truth]
    against = glyphs(lambda row, moment: 0.9 if moment == shown[row] else -1.0, 60, familiar)
    assert flagged(shown, against) == wrong


def test_a_clock_that_goes_back_again_and_again_is_not_believed():
    # Minutes and seconds taken for hours and minutes: 1:14, 2:14, ... 9:14, 0:14, 1:14.
    shown = [datetime(2024, 10, 1, k % 10, 14) for k in range(60)]
    assert flagged(shown, glyphs(lambda row, moment: 0.5, 60)) == list(range(60))


@pytest.mark.parametrize(("impossible", "wrong"), [([0, 1], []), (list(range(18)), list(range(58)))])
def test_what_is_surely_read_and_often_no_time_is_not_believed_elsewhere_either(impossible, wrong):
    shown = [None if place in impossible else moment for place, moment in enumerate(every_20_s(list(range(58))))]
    witness = glyphs(lambda row, moment: 0.5, 58, impossible=impossible)
    assert flagged(shown, witness) == wrong


def test_a_reading_that_the_glyphs_doubt_begins_no_stretch_across_frames_that_were_not_read():
    # A frame is lost after 13, 16 and 19; 17 shows ...:04, is read as ...:24 and then fits what comes behind 19.
    places = [*range(14), 15, 16, 17, 19, 20, 21, *range(23, 40)]
    shown = every_20_s(places)
    shown[17], shown[18], shown[19] = shown[17] + timedelta(seconds=20), None, None
    table = readings(shown)
    table.loc[17, ["source", "confidence"]] = "ocr", 0.5
    answer = date_readings(table, [None] * len(shown), UTC, 1.0)[0]
    assert answer["clock_flag"].notna()[17] and answer["clock_flag"].isna()[[16, 20]].all()


@pytest.mark.parametrize(("timezone", "flagged_all"), [("America/Edmonton", True), ("UTC", False)])
def test_a_clock_that_may_be_utc_is_not_dated_in_another_zone(timezone, flagged_all):
    table = readings(every_20_s(list(range(20))))
    clock = LearnedClock((), timezone, None, -114.0, "UIE")
    flags = LearnedClock.restore(clock.to_json(), np.zeros((0, 0), np.uint8)).date(table)[0]["clock_flag"]
    assert set(flags.astype(str).str.contains("may be UTC")) == {flagged_all}


def test_a_reading_that_the_glyphs_doubt_does_not_part_a_line_that_the_others_draw():
    start = datetime(2021, 1, 10, 3, 0)
    shown = [start + timedelta(seconds=2 * k) for k in range(30)]
    table = readings(shown)
    for row in (5, 6):
        # Two frames one second off each, in a row, as Tesseract took 58 for 55.
        table.loc[row, "overlay_time"] = shown[row] - timedelta(seconds=3)
        table.loc[row, "confidence"] = 0.5
    dated = date_readings(table, [None] * 30, ZoneInfo("UTC"), 1.0)[0]
    assert list(np.flatnonzero(dated["clock_flag"].notna())) == [5, 6]
    assert list(dated["utc"]) == [one.replace(tzinfo=UTC) for one in shown]


@pytest.mark.parametrize(("clear", "believed"), [(3, True), (1, False)])
def test_readings_that_the_glyphs_doubt_are_believed_in_a_stretch_to_which_sure_ones_belong(clear, believed):
    """Zoo clip 50630: eleven doubted readings go on from three sure ones, then the clock is set back."""
    shown = [datetime(2024, 9, 24, 21, 47, 45) + timedelta(seconds=5 * k) for k in range(14)]
    shown += [datetime(2024, 9, 24, 21, 41, 30) + timedelta(seconds=5 * k) for k in range(39)]
    table = readings(shown)
    table.loc[clear:13, "confidence"] = 0.5
    answer = date_readings(table, [None] * len(shown), UTC, 1.0)[0]
    assert answer["clock_flag"].isna().all() == believed
    assert answer["clock_flag"][14:].isna().all()


def test_a_stretch_misread_by_one_digit_is_flagged_though_frames_were_lost_where_it_begins():
    # From 02:30 on a 3 is read as a 5, and the frames of 02:29 and 02:38 are missing.
    minutes = [*range(10, 29), *range(30, 38), *range(39, 55)]
    truth = [datetime(2013, 3, 1, 2) + timedelta(minutes=minute) for minute in minutes]
    shown = [moment.replace(minute=moment.minute + 20) if 30 <= moment.minute < 40 else moment for moment in truth]
    against = glyphs(lambda row, moment: 0.9 if moment == shown[row] else -1.0, len(shown))
    assert {row for row, moment in enumerate(truth) if 30 <= moment.minute < 40} <= set(flagged(shown, against))


@pytest.mark.parametrize(("clock", "day"), [("01:59:54", 10), ("02:30:00", 10), ("03:00:06", 10), ("23:10:00", 9)])
def test_a_clock_without_a_date_shows_the_hour_that_summer_time_skips_on_the_day_of_its_night(clock, day):
    part = ClockPart(Box(0, 0, 80, 12), ClockFormat("%H:%M:%S"), 9.0, True, "ink", ())
    overlay = LearnedClock((part,), "America/Edmonton", "2013-03-09", -114.4)
    shown = PartReading(TextLine(()), part.format.search(clock))
    assert overlay.ocr_reading([shown]).overlay_time == datetime.fromisoformat(f"2013-03-{day:02} {clock}")


@pytest.mark.parametrize(("late_s", "believed"), [(-10, False), (7, True)], ids=["a digit", "a late frame"])
def test_a_reading_off_a_steady_line_by_ten_seconds_is_flagged_though_that_is_half_a_step(late_s, believed):
    """Zoo clip 60350: every `:32` is read as `:22`."""
    truth = [datetime(2010, 5, 9, 20, 45, 52) + timedelta(seconds=20 * k) for k in range(40)]
    off = [moment.second == 32 for moment in truth]
    shown: list[datetime | None] = [
        moment + timedelta(seconds=late_s * is_off) for moment, is_off in zip(truth, off, strict=True)
    ]
    # A frame beside a misread one that is dated by it.
    shown[9] = None
    flags = dated(shown, UTC)["clock_flag"]
    assert flags[off].isna().all() == believed and flags[off].notna().all() != believed
    assert pd.isna(flags[9]) == believed
    assert flags[[k for k in range(40) if not off[k] and k != 9]].isna().all()


@pytest.mark.parametrize(("speaks_for", "second"), [(-0.01, 20), (0.6, 19)], ids=["hardly", "clearly"])
def test_an_unread_frame_shows_a_second_that_the_fit_excludes_only_where_its_glyphs_say_so(speaks_for, second):
    """Fuzz file 320: of a damaged picture between two sure ones no time fits, and the second before the right one least
    badly."""
    shown: list[datetime | None] = every_20_s(list(range(30)))
    truth, shown[15] = shown[15], None
    support = glyphs(lambda row, moment: speaks_for if moment == truth - timedelta(seconds=1) else -0.5, 30)
    row = date_readings(readings(shown), [None] * 30, UTC, 1.0, support)[0].iloc[15]
    assert row["utc"].second == (truth - timedelta(seconds=20 - second)).second
    assert pd.isna(row["clock_flag"]) == (speaks_for > 0)


def test_a_clock_that_a_card_puts_off_by_a_frame_is_not_misread_by_a_digit():
    # Between 20:44 and 20:45 lies a frame that shows neither a clock nor the sky, and nobody knows all digits' looks.
    truth = [datetime(2016, 2, 26, 20, 31) + timedelta(minutes=minute) for minute in range(54)]
    shown: list[datetime | None] = [*truth[:14], None, *truth[14:]]
    assert set(flagged(shown, glyphs(lambda row, moment: 0.0, len(shown), familiar=False))) <= {14}


@pytest.mark.parametrize(("later_s", "stale"), [(600, True), (1200, True), (607, False), (3600, False)])
def test_tens_of_minutes_that_stood_still_in_a_damaged_picture_are_flagged(later_s, stale):
    """Fuzz file 456: `06:54:20` was 07:04:20, its first digits left from before; then a whole picture came. A leap by
    other seconds is a pause, and a whole hour by one digit is summer time."""
    shown = [datetime(2020, 10, 6, 6, 54, 20) + timedelta(seconds=20 * k) for k in range(12)]
    shown += [shown[-1] + timedelta(seconds=later_s + 20 * k) for k in range(1, 4)]
    sharp = glyphs(lambda row, moment: 0.9 if moment == shown[row] else -1.0, 15)
    assert flagged(shown, sharp) == (list(range(12)) if stale else [])


@pytest.mark.parametrize(
    ("shown_minutes", "wrong"),
    [
        # Zoo clip 54026: the minutes 10 to 17 are read as 18.
        ([*range(10), *[18] * 9, *range(19, 40)], list(range(10, 18))),
        # A picture that freezes and goes on; a pause; a clock that is set ahead, and one that is set back.
        ([*range(10), *[9] * 8, *range(18, 40)], []),
        ([*range(10), *range(18, 48)], []),
        ([*range(20), *range(10, 30)], []),
    ],
)
@pytest.mark.parametrize("quantum_s", [1.0, 60.0])
def test_a_clock_that_leaves_its_line_and_comes_back_onto_it_is_misread(shown_minutes, wrong, quantum_s):
    shown = [datetime(2023, 10, 5, 23) + timedelta(minutes=minute) for minute in shown_minutes]
    answer = date_readings(readings(shown), [None] * len(shown), UTC, quantum_s)[0]
    assert list(answer.index[answer["clock_flag"].notna()]) == wrong


@pytest.mark.parametrize(("ahead", "believed"), [(timedelta(days=-1), True), (timedelta(days=3), False)])
def test_a_day_that_is_still_to_come_is_flagged(ahead, believed):
    now = datetime.now().replace(microsecond=0) + ahead
    shown: list[datetime | None] = [now + timedelta(seconds=6 * k) for k in range(30)]
    assert dated(shown, UTC)["clock_flag"].isna().all() == believed


def test_a_stretch_misread_by_one_digit_is_flagged_though_the_reading_at_its_edge_is_off_by_a_second():
    """Zoo clip 66490: the 0 of 23:50 is read as a 9, and the 8 of 23:50:58 as a 7."""
    truth = [datetime(2016, 3, 21, 23, 50, 36) + timedelta(seconds=2 * k) for k in range(38)]
    shown = [moment.replace(minute=59) if moment.minute == 50 else moment for moment in truth]
    shown[11] = shown[11].replace(second=57)
    unknown = glyphs(lambda row, moment: 0.9 if moment == shown[row] else -0.45, 38, familiar=False)
    assert set(range(12)) <= set(flagged(shown, unknown))
    assert not set(range(13, 38)) & set(flagged(shown, unknown))


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_unread_frames_among_which_some_were_lost_are_not_dated_as_if_none_had_been(lost):
    """Zoo clip 66421: between two readings eight frames were not read, and two more were lost."""
    places = [*range(18), *range(26 + lost, 45 + lost)]
    times = every_20_s(places)
    read = times[:18] + [None] * 8 + times[18:]
    table = dated(read, UTC)
    assert table["clock_flag"][18:26].isna().all() == (lost == 0)
    assert table["clock_flag"][[*range(18), *range(26, 45)]].isna().all()


@pytest.mark.parametrize(("unread", "room"), [(2, False), (1, True)])
def test_unread_frames_for_which_their_neighbours_leave_no_time_are_flagged(unread, room):
    """Zoo clip 66732: two cards between two seconds that follow each other. One frame may fit in, where seconds are cut
    off."""
    times = [datetime(2015, 7, 22, 1, 13) + timedelta(seconds=k) for k in range(40)]
    table = dated([*times[:23], *[None] * unread, *times[23:]], UTC)
    assert table["clock_flag"][23 : 23 + unread].isna().all() == room
    assert table["clock_flag"].drop(index=range(23, 23 + unread)).isna().all()


@pytest.mark.parametrize(("beside", "believed"), [(0.0, True), (0.05, False)])
def test_of_a_long_video_fewer_than_half_need_be_read_where_these_are_of_one_mind(beside, believed):
    """Zoo clip 66559: keyframes 25 minutes apart showed few of the minutes' digits."""
    rng = np.random.default_rng(3)
    truth = [datetime(2016, 1, 16, 1, 16) + timedelta(seconds=6 * k) for k in range(2000)]
    off = rng.random(2000) < beside
    moved = [moment + timedelta(hours=3) if wrong else moment for moment, wrong in zip(truth, off, strict=True)]
    unread = rng.random(2000) > 0.4
    table = dated([None if gone else moment for moment, gone in zip(moved, unread, strict=True)], UTC)
    assert table["clock_flag"][unread].isna().mean() > 0.95 or not believed
    assert table["clock_flag"][unread].notna().all() or believed
