"""Sheets only grow, every probability is what it says, and no night has two roles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from allsky.errors import BadConfiguration
from allsky.labels.roles import ROLES, SHARES, check_roles, night_role, roles_of
from allsky.labels.sampling import (
    PLACE,
    SCORE_BANDS,
    append_sheet,
    draw_audit_sheet,
    draw_label_sheet,
    draw_scored_sheet,
    finished_draws,
    inclusion_probability,
    permanent_random_number,
    splitmix64,
    unfinished_draws,
)
from allsky.tables import SHEET
from tests.allsky import report_corpus
from tests.allsky.synthetic_corpus import frames_of_night, month_frames, night_names, random_frames

DARK = ("Night", "No_Moon")


def draw_all(frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([draw_label_sheet(frames, 5), draw_audit_sheet(frames, 4)], ignore_index=True)


def test_the_generator_gives_the_published_sequence():
    """First outputs from 1234567, https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert splitmix64(1234567, np.arange(4)).tolist() == expected


def test_permanent_random_numbers_are_uniform_and_uncorrelated_along_a_video():
    videos = np.repeat([f"{i}.mp4" for i in range(40)], 500)
    numbers = permanent_random_number(videos, np.tile(np.arange(500), 40))
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert stats.kstest(numbers, "uniform").pvalue > 0.01
    by_video = numbers.reshape(40, 500)
    assert abs(np.corrcoef(by_video[:, 1:].ravel(), by_video[:, :-1].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(by_video[1:].ravel(), by_video[:-1].ravel())[0, 1]) < 0.03


def test_a_permanent_random_number_depends_on_nothing_but_the_frame_and_the_key():
    alone = permanent_random_number("a/b.mp4", [17])
    among = permanent_random_number(np.array(["z.mp4", "a/b.mp4"], dtype=object), [3, 17])
    assert among[1] == alone[0]
    assert permanent_random_number("a/b.mp4", [17], key="other") != alone


def test_roles_come_in_their_shares_and_never_change():
    nights = night_names(4000, "2010-01-01")
    counts = pd.Series(roles_of(nights)).value_counts(normalize=True)
    for role in ROLES:
        assert counts[role] == pytest.approx(SHARES[role], abs=0.03)
    # Written down when the first archive was drawn: another answer here would give nights two roles.
    assert " ".join(night_role(night) for night in nights[:6]) == "training training audit training training audit"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 200), min_size=2, max_size=12, unique=True), st.data())
def test_adding_nights_never_removes_or_changes_an_earlier_row(seed, days, data):
    nights = [str((pd.Timestamp("2023-01-01") + pd.Timedelta(days=day)).date()) for day in days]
    frames = random_frames(np.random.default_rng(seed), nights)
    known = data.draw(st.lists(st.sampled_from(nights), unique=True))
    before = draw_all(frames[frames["night"].isin(known)])
    after = append_sheet(before, draw_all(frames))
    pd.testing.assert_frame_equal(after.iloc[: len(before)].reset_index(drop=True), before)
    in_one_go = draw_all(frames)
    assert set(after["frame_id"]) == set(in_one_go["frame_id"])
    assert len(after) == len(in_one_go)
    pd.testing.assert_frame_equal(append_sheet(after, in_one_go), after)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 10))
def test_no_night_is_on_both_sheets_and_every_row_is_as_it_says(seed, n_nights):
    frames = random_frames(np.random.default_rng(seed), night_names(n_nights))
    label, audit = draw_label_sheet(frames, 5), draw_audit_sheet(frames, 4)
    assert set(label["role"]) <= {"training", "validation"}
    assert set(audit["role"]) <= {"audit"}
    assert not set(label["night"]) & set(audit["night"])
    for sheet in (label, audit):
        SHEET.to_arrow(sheet)
        assert (sheet["role"] == sheet["night"].map(roles_of(sheet["night"]))).all()
        assert sheet["inclusion_probability"].between(0, 1, inclusive="right").all()
        numbers = permanent_random_number(sheet["video"], sheet["frame_index"])
        assert (numbers < sheet["inclusion_probability"]).all()


def night_with_role(role: str, after: str = "2023-01-01") -> str:
    return next(night for night in night_names(100, after) if night_role(night) == role)


@pytest.mark.parametrize(("n", "probability"), [(400, 20 / 400), (40, 0.5), (30, 0.5), (1, 0.5)])
def test_a_label_night_gives_twenty_frames_or_half_of_its_dark_moonless_ones(n, probability):
    night = night_with_role("training")
    others = [("Night", "Moon_Full")] * 50 + [("Nautical", "No_Moon")] * 50
    frames = month_frames({night: [DARK] * n + others})
    many = pd.concat([draw_label_sheet(frames, 20, seed=seed, shares=ALL_TRAIN) for seed in range(100)])
    assert (many["inclusion_probability"] == probability).all()
    assert set(many["stratum"]) == {f"{night}/Night/No_Moon"}
    # Poisson sampling: the mean of 100 draws lies within 4 standard errors of its expectation.
    standard_error = np.sqrt(n * probability * (1 - probability) / 100)
    assert len(many) / 100 == pytest.approx(n * probability, abs=4 * standard_error + 1e-9)


ALL_TRAIN = {"training": 1.0, "validation": 0.0, "audit": 0.0}


def test_each_condition_of_an_audit_night_is_its_own_stratum():
    night = night_with_role("audit")
    cells = [DARK] * 100 + [("Nautical", "Moon_Full")] * 3
    audit = draw_audit_sheet(month_frames({night: cells}), 6)
    by_stratum = audit.groupby("stratum")["inclusion_probability"].agg(["size", "first"])
    assert by_stratum.loc[f"{night}/Nautical/Moon_Full"].tolist() == [3, 1.0]
    assert by_stratum.loc[f"{night}/Night/No_Moon", "first"] == pytest.approx(0.06)


def test_every_condition_that_a_winter_s_audit_nights_have_is_on_the_audit_sheet():
    """With the real sun and moon over Yellowknife; rare conditions get their frames as common ones do."""
    frames = report_corpus.frames(
        tuple(str(day.date()) for day in pd.date_range("2024-01-01", "2024-03-10", freq="2D"))
    )
    frames = frames[frames["clock_flag"].isna()]
    drawn = draw_audit_sheet(frames, 6).merge(frames[["frame_id", "solar_bin", "lunar_bin"]], on="frame_id")
    audit = frames[frames["night"].map(night_role) == "audit"]
    cells = ["solar_bin", "lunar_bin"]
    there, on_the_sheet = audit.groupby(cells).size(), drawn.groupby(cells).size()
    assert len(there) == 9 and set(there.index) == set(on_the_sheet.index)
    assert there.max() / there.min() > 2 * on_the_sheet.max() / on_the_sheet.min()


def test_flagged_frames_are_never_drawn():
    frames = frames_of_night(night_with_role("audit"), [DARK] * 20)
    frames.loc[:9, "clock_flag"] = "clock jumped"
    audit = draw_audit_sheet(frames, 100)
    assert set(audit["frame_id"]) == set(frames.loc[10:, "frame_id"])


def test_a_moved_bin_edge_adds_rows_and_keeps_the_old_ones_with_their_probability():
    night = night_with_role("audit")
    before = draw_audit_sheet(month_frames({night: [DARK] * 40}), 10)
    split = month_frames({night: [DARK] * 20 + [("Astronomical", "No_Moon")] * 20})
    after = append_sheet(before, draw_audit_sheet(split, 10))
    pd.testing.assert_frame_equal(after.iloc[: len(before)], before)
    assert (inclusion_probability(after) == 0.5).all()
    assert len(inclusion_probability(after)) > len(before)


def test_weights_stay_unbiased_when_a_frame_was_drawn_twice_for_different_reasons():
    """Sums of 1 / probability over the sheet estimate how many frames there are, however the draws overlap."""
    night, n = night_with_role("audit"), 60
    dark = month_frames({night: [DARK] * n})
    split = month_frames({night: [DARK] * 10 + [("Astronomical", "No_Moon")] * (n - 10)})
    estimates = []
    for seed in range(100):
        first, second = (draw_audit_sheet(frames, 8, seed=seed, shares=ALL_AUDIT) for frames in (dark, split))
        sheet = append_sheet(first, second, seed=seed, shares=ALL_AUDIT)
        estimates.append((1.0 / inclusion_probability(sheet)).sum())
    assert np.mean(estimates) == pytest.approx(n, abs=4 * np.std(estimates) / np.sqrt(100))


ALL_AUDIT = {"training": 0.0, "validation": 0.0, "audit": 1.0}


def test_a_corrected_clock_renames_frames_without_drawing_them_again():
    frames = random_frames(np.random.default_rng(0), night_names(6))
    renamed = frames.assign(frame_id=frames["frame_id"] + "x", utc=frames["utc"] + pd.Timedelta("1h"))
    before = draw_all(frames)
    pd.testing.assert_frame_equal(append_sheet(before, draw_all(renamed)), before)


def test_edited_shares_are_refused_with_the_night_that_would_change_sides():
    sheet = draw_all(random_frames(np.random.default_rng(0), night_names(12)))
    check_roles(sheet)
    with pytest.raises(BadConfiguration, match=r"2023-01-\d\d \(drawn for .*another output folder"):
        append_sheet(sheet, sheet, shares=ALL_AUDIT)


def test_an_empty_corpus_gives_empty_sheets_of_the_right_columns():
    nothing = month_frames({})
    for sheet in (draw_label_sheet(nothing), draw_audit_sheet(nothing), append_sheet(None, draw_audit_sheet(nothing))):
        assert len(sheet) == 0
        SHEET.to_arrow(sheet)


# Frames drawn by what a model says of them.


def scored(frames: pd.DataFrame, seed: int = 3) -> pd.Series:
    """Scores as of a sure classifier: most near 0 or 1."""
    return pd.Series(np.random.default_rng(seed).beta(0.3, 0.6, len(frames)), index=frames["frame_id"])


def test_every_frame_of_an_audit_night_may_be_drawn_by_its_score_and_each_band_gets_its_share():
    frames = random_frames(np.random.default_rng(5), night_names(60), n=120)
    scores = scored(frames)
    drawn = draw_scored_sheet(frames, scores, "m-1", per_band=3)
    SHEET.to_arrow(drawn)
    assert set(drawn["role"]) == {"audit"} and set(drawn["drawn_for_model"]) == {"m-1"}
    audit = frames[frames["night"].isin([night for night in night_names(60) if night_role(night) == "audit"])]
    bands = pd.cut(audit["frame_id"].map(scores), SCORE_BANDS, right=False)
    n = audit.groupby([audit["night"], bands], observed=True).size()
    expected = np.minimum(3, n).sum()
    assert abs(len(drawn) - expected) < 4 * np.sqrt(expected)
    assert ((drawn["inclusion_probability"] > 0) & (drawn["inclusion_probability"] <= 1)).all()


def test_frames_without_a_score_are_left_to_the_audit_sheet():
    frames = random_frames(np.random.default_rng(5), night_names(20))
    scores = scored(frames)
    scores.iloc[::2] = np.nan
    drawn = draw_scored_sheet(frames, scores, "m-1", per_band=10**6)
    assert set(drawn["frame_id"]) <= set(scores.dropna().index)


def test_both_draws_together_weigh_each_frame_by_the_probability_of_being_in_either():
    """Horvitz-Thompson totals are unbiased over draws: the mean over many seeds is the number of frames."""
    frames = random_frames(np.random.default_rng(6), ["2023-01-05"], n=200)
    scores = scored(frames)
    everything = {"training": 0.0, "validation": 0.0, "audit": 1.0}
    totals = []
    for seed in range(70):
        cells = draw_audit_sheet(frames, 5, seed=seed, shares=everything)
        both = append_sheet(
            cells,
            draw_scored_sheet(frames, scores, "m-1", 10, seed=seed, shares=everything),
            seed=seed,
            shares=everything,
        )
        totals.append((1 / inclusion_probability(both)).sum())
    assert np.mean(totals) == pytest.approx(len(frames), abs=4 * np.std(totals) / np.sqrt(len(totals)))


def test_a_draw_for_a_model_counts_from_its_last_answer_on():
    frames = random_frames(np.random.default_rng(7), night_names(20))
    cells = draw_audit_sheet(frames, 2)
    sheet = append_sheet(cells, draw_scored_sheet(frames, scored(frames), "m-1", 5))
    assert len(sheet) > len(cells)
    answered = finished_draws(sheet, cells, frames)
    pd.testing.assert_frame_equal(answered, cells)
    assert len(finished_draws(sheet, sheet, frames)) == len(sheet)
    # A frame that is gone, with its video, keeps nobody waiting.
    missing = sheet.iloc[[-1]]
    gone = frames[frames["frame_id"] != missing["frame_id"].iloc[0]]
    assert len(finished_draws(sheet, sheet.iloc[:-1], gone)) == len(sheet)


def test_a_larger_draw_counts_stratum_by_stratum_from_the_last_answer_on():
    """Six frames a cell, then twelve: short cells were whole at six, so weights must not change before the answers."""
    cells = [DARK] * 200 + [("Night", "Moon_Full")] * 5
    frames = month_frames({night: cells for night in night_names(30) if night_role(night) == "audit"})
    first = draw_audit_sheet(frames, 6)
    larger = append_sheet(first, draw_audit_sheet(frames, 12))
    before = finished_draws(larger, first, frames)
    pd.testing.assert_series_equal(inclusion_probability(before), inclusion_probability(first))
    assert unfinished_draws(larger, first, frames) == {"": len(larger.drop_duplicates(PLACE)) - len(first)}
    night = larger["night"].iloc[0]
    answered = pd.concat([first, larger[larger["night"] == night]])
    dark = larger[larger["stratum"].str.endswith("Night/No_Moon")]
    kept = inclusion_probability(finished_draws(dark, answered, frames)).groupby(level="video").max()
    assert kept.round(3).value_counts().to_dict() == {0.03: len(kept) - 1, 0.06: 1}


def test_weighting_an_unfinished_draw_would_mislead_and_leaving_it_out_does_not():
    """Half-answered, a draw by score makes doubtful frames seem rare; the finished ones give the true share."""
    frames = random_frames(np.random.default_rng(8), ["2023-01-05"], n=400)
    scores = scored(frames)
    doubtful = frames["frame_id"].map(scores).between(0.1, 0.9).to_numpy()
    everything = {"training": 0.0, "validation": 0.0, "audit": 1.0}
    naive, ours = [], []
    for seed in range(70):
        options = {"seed": seed, "shares": everything}
        cells = draw_audit_sheet(frames, 8, **options)
        sheet = append_sheet(cells, draw_scored_sheet(frames, scores, "m-1", 40, **options), **options)
        for kept, into in ((sheet, naive), (finished_draws(sheet, cells, frames), ours)):
            weight = 1 / inclusion_probability(kept).reindex(pd.MultiIndex.from_frame(cells[PLACE])).to_numpy()
            is_doubtful = cells["frame_id"].map(scores).between(0.1, 0.9).to_numpy()
            into.append(weight[is_doubtful].sum() / weight.sum())
    truth = doubtful.mean()
    assert np.mean(ours) == pytest.approx(truth, abs=0.04)
    assert np.mean(naive) < truth - 0.05
