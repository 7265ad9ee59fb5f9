"""Who is asked about which frame, in which order, and what is shown beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from allsky.labels.answers import ADJUDICATED
from allsky.labels.queue import asked_of, double_labelled, stable_order, ten_minutes_away
from allsky.labels.sampling import draw_audit_sheet, draw_label_sheet
from tests.allsky.synthetic_corpus import night_names, random_frames


@pytest.fixture(scope="module")
def sheet() -> pd.DataFrame:
    frames = random_frames(np.random.default_rng(1), night_names(60))
    return pd.concat([draw_label_sheet(frames), draw_audit_sheet(frames, 4)], ignore_index=True)


def answered(frames: pd.DataFrame, labeller: str) -> pd.DataFrame:
    return frames[["frame_id"]].assign(label="aurora", labeller=labeller)


def test_one_audit_frame_in_ten_of_every_night_is_answered_twice_and_no_other(sheet):
    double = double_labelled(sheet)
    assert set(sheet.loc[double, "role"]) == {"audit"}
    audit = sheet[sheet["role"] == "audit"]
    n, doubled = audit.groupby("night").size(), sheet[double].groupby("night").size()
    assert (doubled.reindex(n.index) == np.ceil(n / 10)).all()


def test_frames_chosen_for_two_stay_chosen_when_nights_are_added(sheet):
    before = sheet[sheet["night"] < "2023-02-01"]
    chosen = set(before.loc[double_labelled(before), "frame_id"])
    later = set(sheet.loc[double_labelled(sheet), "frame_id"])
    assert chosen == {name for name in later if name in set(before["frame_id"])}


def test_one_person_alone_is_asked_everything_once(sheet):
    asked = asked_of(pd.concat([sheet, sheet]), answered(sheet.iloc[:0], "ann"), "ann")
    assert sorted(asked["frame_id"]) == sorted(sheet["frame_id"])


def test_a_second_person_is_asked_what_nobody_answered_and_one_audit_frame_in_ten_of_what_the_first_did(sheet):
    given = answered(sheet.sample(frac=0.6, random_state=1), "ann")
    asked = set(asked_of(sheet, given, "bo")["frame_id"])
    double = set(sheet.loc[double_labelled(sheet), "frame_id"])
    assert asked == (set(sheet["frame_id"]) - set(given["frame_id"])) | double
    assert set(given["frame_id"]) <= set(asked_of(sheet, given, "ann")["frame_id"])


def test_settled_disagreements_take_no_frame_from_anybody(sheet):
    given = answered(sheet, ADJUDICATED)
    assert len(asked_of(sheet, given, "ann")) == len(sheet)


def test_the_order_is_a_person_s_own_and_always_the_same(sheet):
    ann, again = stable_order(sheet, "ann"), stable_order(sheet.sample(frac=1, random_state=2), "ann")
    assert ann["frame_id"].tolist() == again["frame_id"].tolist()
    assert ann["frame_id"].tolist() != stable_order(sheet, "bo")["frame_id"].tolist()
    # Random: neighbours in the queue are of one night no more often than chance has it.
    same = (ann["night"].to_numpy()[1:] == ann["night"].to_numpy()[:-1]).mean()
    assert same < 3 * (sheet["night"].value_counts(normalize=True) ** 2).sum()


def test_the_sky_ten_minutes_away_is_the_nearest_frame_and_none_across_a_gap():
    minutes = [0, 1, 2, 9, 11, 12, 40, 50.5]
    utc = pd.Series(pd.Timestamp("2023-01-01T02:00", tz="UTC") + pd.to_timedelta(minutes, unit="min"))
    assert ten_minutes_away(utc, 0) == [None, 3]
    assert ten_minutes_away(utc, 5) == [2, None]
    assert ten_minutes_away(utc, 6) == [None, 7]


def test_a_sheet_without_frames_asks_nobody_anything(sheet):
    nothing = sheet.iloc[:0]
    assert asked_of(nothing, answered(nothing, "ann"), "ann").empty
    assert double_labelled(nothing).empty
