"""Occurrence by hour, month and night: shares of recorded frames, and of clear ones where clouds are told."""

from __future__ import annotations

import pandas as pd
import pytest

from allsky.labels.answers import clouds_as
from allsky.statistics.hours import (
    MLT,
    UTC,
    Said,
    clear_share,
    night_hours,
    occurrence_by_clock,
    occurrence_by_hour,
    occurrence_by_night,
    with_called_clear,
)
from allsky.statistics.intervals import proportion_over_nights
from allsky.tables import HOURS
from tests.allsky import report_corpus as corpus
from tests.allsky.synthetic_corpus import month_frames, night_names


@pytest.fixture(scope="module")
def predictions():
    return corpus.predictions(corpus.frames())


@pytest.fixture(scope="module")
def hours(predictions):
    return night_hours(predictions, corpus.POSITIVE, corpus.SITE)


def test_every_clock_month_and_night_holds_every_frame_once(predictions, hours):
    HOURS.to_arrow(hours)
    positive = (predictions["predicted"] == corpus.POSITIVE).sum()
    by_clock = occurrence_by_clock(hours)
    for table in (by_clock[by_clock["clock"] == UTC], by_clock[by_clock["clock"] == MLT], occurrence_by_hour(hours)):
        assert (table["n_frames"].sum(), table["n_positive"].sum()) == (len(predictions), positive)
    nights = occurrence_by_night(hours)
    assert nights["n_frames"].sum() == len(predictions)
    assert (nights["positive_ratio"] == nights["n_positive"] / nights["n_frames"]).all()


def test_an_interval_holds_its_share_and_stands_on_the_nights_that_have_the_hour(hours):
    table = occurrence_by_clock(hours)
    assert (table["n_nights"] <= len(corpus.NIGHTS)).all()
    assert (table["positive_ratio_low"] < table["positive_ratio"]).all()
    assert (table["positive_ratio_high"] > table["positive_ratio"]).all()


def test_intervals_know_which_nights_follow_one_another():
    """Ten nights with aurora, then ten without: nights in a row tell less than the same nights a month apart."""
    said = [10] * 10 + [0] * 10
    row = pd.DataFrame({"clock": UTC, "hour": 8, "n_frames": 10, "n_positive": said}).reindex(columns=HOURS.names)
    row = row.astype({"n_clear": "Int64", "n_called_clear": "Int64"})
    ends = []
    for step in (1, 30):
        dates = pd.date_range("2022-01-01", periods=20, freq=f"{step}D").strftime("%Y-%m-%d")
        hour = occurrence_by_clock(row.assign(night=dates)).iloc[0]
        assert (hour["positive_ratio"], hour["n_nights"]) == (0.5, 20)
        ends.append((hour["positive_ratio_low"], hour["positive_ratio_high"]))
    assert ends[0][0] < ends[1][0] - 0.1
    assert ends[0][1] > ends[1][1] + 0.1


def test_parts_put_together_are_the_whole(predictions, hours):
    parts = [night_hours(part, corpus.POSITIVE, corpus.SITE) for _, part in predictions.groupby("night")]
    together = pd.concat(parts, ignore_index=True).sort_values(["night", "clock", "hour"], ignore_index=True)
    pd.testing.assert_frame_equal(together, hours.sort_values(["night", "clock", "hour"], ignore_index=True))


def test_without_a_word_of_clouds_nothing_is_said_of_clear_frames(hours):
    assert hours["n_clear"].isna().all()
    assert occurrence_by_clock(hours)["clear_ratio"].isna().all()
    assert occurrence_by_night(hours)["clear_ratio"].isna().all()


def test_cloudy_frames_leave_the_denominator_of_clear_shares_alone():
    utc = pd.to_datetime(["2024-01-04T08:10"] * 4 + ["2024-01-05T08:10"] * 4 + ["2024-01-06T08:10"] * 2, utc=True)
    said = ["aurora", "none", "cloudy", "cloudy"] + ["aurora", "aurora", "aurora", "cloudy"] + ["cloudy"] * 2
    table = pd.DataFrame({"utc": utc, "night": (utc - pd.Timedelta(days=1)).strftime("%Y-%m-%d"), "predicted": said})
    nights = occurrence_by_night(night_hours(table, "aurora", corpus.SITE, "cloudy"))
    assert nights["positive_ratio"].tolist() == [0.25, 0.75, 0.0]
    assert nights["clear_ratio"].tolist()[:2] == [0.5, 1.0]
    assert pd.isna(nights["clear_ratio"].iloc[2])
    hour = occurrence_by_clock(night_hours(table, "aurora", corpus.SITE, "cloudy")).iloc[0]
    assert (hour["positive_ratio"], hour["clear_ratio"]) == (0.4, 0.8)


def called(n_nights: int, answers: list[str]) -> pd.DataFrame:
    """HOURS of nights of 40 frames from 02:00 UTC, of which every tenth was drawn and answered so by one labeller."""
    nights = night_names(n_nights)
    frames = month_frames({night: [("Night", "No_Moon")] * 40 for night in nights})
    drawn = frames[frames["frame_index"] % 100 == 0].reset_index(drop=True)
    sheet = drawn[["frame_id", "night", "video", "frame_index"]].assign(
        role="audit",
        stratum="Night x No_Moon",
        drawn_for_model=None,
        inclusion_probability=[0.1, 0.2, 0.1, 0.2] * n_nights,
    )
    labels = drawn[["frame_id", "video", "frame_index"]].assign(label=answers * n_nights, labeller="ann")
    hours = night_hours(frames.assign(predicted="aurora"), "aurora", corpus.SITE)
    labels = clouds_as(labels, "cloud", "no_aurora")
    return with_called_clear(hours, sheet, labels, frames, corpus.SITE, Said("aurora", "cloud"))


def test_what_labellers_call_clear_counts_by_how_it_was_drawn():
    hours = called(6, ["aurora", "no_aurora", "cloud", "unsure"])
    HOURS.to_arrow(hours)
    hour = occurrence_by_clock(hours).iloc[0]
    # Of each night a frame of weight 10 with aurora and one of weight 5 without; cloud and doubt stand for nothing.
    assert (hour["hour"], hour["n_called_clear"]) == (2, 12)
    assert hour["clear_ratio"] == pytest.approx(10 / 15)
    assert (hour["positive_ratio"], hour["clear_ratio_low"] < 10 / 15 < hour["clear_ratio_high"]) == (1, True)
    assert occurrence_by_night(hours)["clear_ratio"].isna().all()


def test_frames_of_equal_weight_called_clear_have_the_interval_of_any_proportion_over_nights():
    hours = called(8, ["aurora", "cloud", "no_aurora", "cloud"])
    theirs = proportion_over_nights([10.0] * 8, [20.0] * 8, 16, nights=night_names(8))
    found = clear_share(hours[hours["clock"] == UTC])
    assert (found.value, found.low, found.high) == pytest.approx((0.5, theirs.low, theirs.high))


def test_fewer_than_five_nights_called_clear_measure_nothing():
    few = called(4, ["aurora", "no_aurora", "cloud", "unsure"])
    assert pd.isna(occurrence_by_clock(few)["clear_ratio"]).all()
    clouded = called(6, ["cloud"] * 4)
    assert occurrence_by_clock(clouded)["n_called_clear"].tolist() == [0, 0]
    assert occurrence_by_clock(clouded)["clear_ratio"].isna().all()
