"""A report that goes through its frames month by month tells what one does that holds them all."""

from __future__ import annotations

import weakref
from functools import partial

import pandas as pd
import pytest

from allsky.labels.wanted import Wanted
from allsky.report.month_by_month import go_through
from allsky.statistics.confusion import confusion_by_condition
from allsky.statistics.contrasts import contrast_table
from allsky.statistics.hours import night_hours, occurrence_by_clock
from allsky.statistics.labellers import rates_by_labeller
from allsky.statistics.night_totals import unpredicted
from allsky.statistics.rates import condition_table
from allsky.statistics.tally import Tally, count_nights
from tests.allsky import report_corpus as corpus

CLASSES = (corpus.POSITIVE, corpus.NEGATIVE)
HOURS_OF = partial(night_hours, positive=corpus.POSITIVE, site=corpus.SITE)


@pytest.fixture(scope="module")
def whole():
    """Frames, predictions, sheet and labels of three months, a third of the drawn frames unanswered."""
    frames = corpus.frames()
    return frames, corpus.predictions(frames), corpus.sheet(frames), corpus.labels(frames).iloc[::3]


def by_month(frames: pd.DataFrame, predictions: pd.DataFrame):
    for month, of_month in frames.groupby(frames["night"].str[:7]):
        yield of_month, predictions[predictions["night"].str[:7] == month]


@pytest.fixture(scope="module")
def streamed(whole):
    frames, predictions, sheet, labels = whole
    return go_through(by_month(frames, predictions), Wanted([sheet, labels]), HOURS_OF)


def test_only_the_drawn_and_the_answered_frames_are_kept(whole, streamed):
    frames, _, sheet, _ = whole
    assert 0 < len(streamed.frames) < len(frames) / 4
    assert set(streamed.frames["frame_id"]) == set(sheet["frame_id"]) == set(streamed.predictions["frame_id"])


def test_every_table_is_that_of_all_frames_at_once(whole, streamed):
    _, _, sheet, labels = whole
    counted, few = streamed.tally.predicted, (streamed.predictions, streamed.frames, sheet, labels)
    held = {night for night in corpus.NIGHTS if sheet.set_index("night")["role"].to_dict()[night] == "training"}
    for name in CLASSES:
        expected = condition_table(*whole[1::-1], sheet, labels, CLASSES, name, held)
        pd.testing.assert_frame_equal(condition_table(*few, CLASSES, name, held, counted), expected)
    expected = contrast_table(*whole[1::-1], sheet, labels, corpus.POSITIVE)
    pd.testing.assert_frame_equal(contrast_table(*few, corpus.POSITIVE, counted), expected)
    expected = rates_by_labeller(*whole[1::-1], sheet, labels, CLASSES, corpus.POSITIVE)
    pd.testing.assert_frame_equal(rates_by_labeller(*few, CLASSES, corpus.POSITIVE, counted), expected)
    expected = confusion_by_condition(*whole[1::-1], sheet, labels, CLASSES)
    pd.testing.assert_frame_equal(confusion_by_condition(*few, CLASSES), expected)


def test_the_counts_of_months_add_up_to_those_of_the_corpus(whole, streamed):
    frames, predictions, *_ = whole
    tally = streamed.tally
    assert tally.n_frames == len(frames) and tally.n_usable == frames["clock_flag"].isna().sum()
    assert tally.n_predicted == len(predictions)
    assert tally.n_positive(corpus.POSITIVE) == (predictions["predicted"] == corpus.POSITIVE).sum()
    assert tally.usable_nights == list(corpus.NIGHTS)
    assert tally.flags["n_frames"].sum() == frames["clock_flag"].notna().sum()
    expected = predictions.groupby(["night", "predicted"]).size()
    counted = tally.predicted.groupby(["night", "predicted"])["n_frames"].sum()
    assert counted.to_dict() == expected.to_dict()


def test_the_hours_of_months_follow_one_another_as_those_of_the_corpus(whole, streamed):
    pd.testing.assert_frame_equal(occurrence_by_clock(streamed.hours), occurrence_by_clock(HOURS_OF(whole[1])))


def test_no_month_is_held_once_the_next_but_one_is_read(whole):
    frames, predictions, sheet, labels = whole
    read: list[weakref.ref] = []
    alive = []

    def months():
        for of_month, said in by_month(frames, predictions):
            alive.append(sum(one() is not None for one in read))
            read.append(weakref.ref(of_month))
            yield of_month, said

    go_through(months(), Wanted([sheet, labels]))
    assert len(alive) == 3 and max(alive) <= 1


def test_a_renamed_frame_is_found_where_it_lies_and_a_moved_one_by_its_name(whole):
    frames, predictions, sheet, labels = whole
    row = frames.index[frames["frame_id"] == sheet["frame_id"].iloc[0]][0]
    renamed, moved = frames.copy(), frames.copy()
    renamed.loc[row, "frame_id"] = "yknf_20240101T000000Z"
    moved.loc[row, "video"] = "elsewhere.mp4"
    for changed in (renamed, moved):
        found = go_through(by_month(changed, predictions), Wanted([sheet, labels])).frames
        assert changed.loc[row, "frame_id"] in set(found["frame_id"])
    # Under its new name it has no prediction, which is said.
    named = labels.assign(frame_id=labels["frame_id"].replace(sheet["frame_id"].iloc[0], "yknf_20240101T000000Z"))
    audit = sheet.assign(frame_id=named["frame_id"].iloc[0], role="audit").iloc[:1]
    assert "1 labelled audit frame has no prediction" in unpredicted(audit, named, predictions)[0]


def test_a_night_s_line_speaks_of_its_frames(whole):
    frames, *_ = whole
    line = count_nights(frames).set_index("night").loc[corpus.NIGHTS[0]]
    night = frames[frames["night"] == corpus.NIGHTS[0]]
    kept = night[night["clock_flag"].isna()]
    assert line["n_frames"] == len(night) and line["n_flagged"] == len(night) - len(kept)
    assert (line["first"], line["last"]) == (night["utc"].min(), night["utc"].max())
    assert line["residual_median_s"] == kept["clock_residual_s"].abs().median()
    assert line["residual_max_s"] == kept["clock_residual_s"].abs().max()


def test_of_no_frames_there_is_nothing_to_count():
    none = go_through([], Wanted([corpus.sheet(corpus.frames())]))
    assert none.tally.n_frames == none.tally.n_predicted == 0 and none.frames.empty
    assert none.predictions is None and Tally.none().usable_nights == []
