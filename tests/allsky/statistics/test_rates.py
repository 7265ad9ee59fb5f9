"""The condition table counts what it says, weights what it must, and is null where nobody looked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats

from allsky.labels.answers import UNSURE
from allsky.labels.roles import night_role
from allsky.labels.sampling import draw_audit_sheet
from allsky.statistics.correction import corrected_share, rogan_gladen
from allsky.statistics.intervals import proportion_over_nights
from allsky.statistics.night_totals import audited_frames, counted_by
from allsky.statistics.rates import ALL, condition_table, occurrence
from allsky.tables import CONDITION_TABLE, LABELS, SHEET
from tests.allsky.synthetic_corpus import month_frames, night_names, random_frames

CLASSES = ("aurora", "no_aurora")
AUDIT_ONLY = {"training": 0.0, "validation": 0.0, "audit": 1.0}
RATES = ["fpr", "fpr_low", "fpr_high", "fnr", "fnr_low", "fnr_high", "precision", "recall", "f1"]
CORRECTED = ["corrected_ratio", "corrected_low", "corrected_high", "rogan_gladen"]


def predict(frames: pd.DataFrame, predicted, p_positive=None) -> pd.DataFrame:
    table = frames[["frame_id", "night", "utc"]].assign(predicted=predicted)
    return table if p_positive is None else table.assign(p_aurora=p_positive)


def label(frames: pd.DataFrame, answers) -> pd.DataFrame:
    table = frames[["frame_id", "video", "frame_index"]].assign(label=answers, labeller="Ann", time="", note="")
    return table[LABELS.names]


def cell(table: pd.DataFrame, solar: str = ALL, lunar: str = ALL, name: str = "aurora") -> pd.Series:
    chosen = table[(table["solar_bin"] == solar) & (table["lunar_bin"] == lunar) & (table["class"] == name)]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.fixture(scope="module")
def corpus():
    """Forty audit nights of 60 frames: truth, predictions that err, a sheet and its answers (one in 12 unsure)."""
    generator = np.random.default_rng(11)
    frames = random_frames(generator, night_names(40))
    truth = np.where(generator.random(len(frames)) < 0.3, *CLASSES)
    predicted = np.where(generator.random(len(frames)) < 0.2, np.where(truth == "aurora", *CLASSES[::-1]), truth)
    sheet = draw_audit_sheet(frames, 5, shares=AUDIT_ONLY)
    answers = np.where(generator.random(len(frames)) < 1 / 12, UNSURE, truth)
    labels = label(frames, answers)
    return {
        "predictions": predict(frames, predicted),
        "frames": frames,
        "sheet": sheet,
        "labels": labels[labels["frame_id"].isin(sheet["frame_id"])],
    }


def by_hand(corpus, solar: str, lunar: str) -> pd.DataFrame:
    """Every drawn frame of a cell with its answer, prediction and weight."""
    joined = corpus["sheet"].merge(corpus["labels"][["frame_id", "label"]], on="frame_id")
    joined = joined.merge(corpus["predictions"][["frame_id", "predicted"]], on="frame_id")
    joined = joined.merge(corpus["frames"][["frame_id", "solar_bin", "lunar_bin"]], on="frame_id")
    in_cell = joined["solar_bin"].isin([solar] if solar != ALL else joined["solar_bin"].unique())
    in_cell &= joined["lunar_bin"].isin([lunar] if lunar != ALL else joined["lunar_bin"].unique())
    return joined[in_cell]


@pytest.mark.parametrize("where", [("Night", "No_Moon"), ("Nautical", ALL), (ALL, "Moon_Full"), (ALL, ALL)])
def test_rates_are_weighted_and_counts_are_raw(corpus, where):
    row = cell(condition_table(**corpus, classes=CLASSES, positive="aurora"), *where)
    frames = by_hand(corpus, *where)
    weight = 1.0 / frames["inclusion_probability"]
    outcomes = {
        name: (frames["label"] == answer) & (frames["predicted"] == said)
        for name, answer, said in (
            ("tp", "aurora", "aurora"),
            ("fp", "no_aurora", "aurora"),
            ("tn", "no_aurora", "no_aurora"),
            ("fn", "aurora", "no_aurora"),
        )
    }
    assert {name: row[name] for name in outcomes} == {name: is_it.sum() for name, is_it in outcomes.items()}
    assert row["n_unsure"] == (frames["label"] == UNSURE).sum()
    assert row["n_labelled"] + row["n_unsure"] == len(frames)
    assert row["n_audit_nights"] == frames.loc[frames["label"] != UNSURE, "night"].nunique()
    w = {name: weight[is_it].sum() for name, is_it in outcomes.items()}
    assert row["fpr"] == pytest.approx(w["fp"] / (w["fp"] + w["tn"]))
    assert row["fnr"] == pytest.approx(w["fn"] / (w["fn"] + w["tp"]))
    assert row["precision"] == pytest.approx(w["tp"] / (w["fp"] + w["tp"]))
    assert row["recall"] == pytest.approx(1 - row["fnr"])
    assert row["f1"] == pytest.approx(2 * w["tp"] / (2 * w["tp"] + w["fp"] + w["fn"]))
    assert row["fpr_low"] < row["fpr"] < row["fpr_high"]
    assert row["fnr_low"] < row["fnr"] < row["fnr_high"]


def test_positive_ratio_counts_every_frame_and_its_interval_every_night(corpus):
    row = cell(condition_table(**corpus, classes=CLASSES, positive="aurora"), "Night", "No_Moon")
    frames = corpus["frames"]
    inside = frames[(frames["solar_bin"] == "Night") & (frames["lunar_bin"] == "No_Moon")]
    said = corpus["predictions"].set_index("frame_id").loc[inside["frame_id"], "predicted"].to_numpy() == "aurora"
    assert (row["n_frames"], row["n_nights"], row["n_positive"]) == (len(inside), inside["night"].nunique(), said.sum())
    night = inside["night"].astype("category").cat
    totals = np.bincount(night.codes, said), np.bincount(night.codes)
    expected = proportion_over_nights(*totals, len(inside), nights=night.categories)
    assert row["positive_ratio"] == pytest.approx(said.mean())
    assert (row["positive_ratio_low"], row["positive_ratio_high"]) == pytest.approx((expected.low, expected.high))


def test_margins_add_up_to_their_cells_and_every_cell_of_the_solar_bins_has_a_row(corpus):
    table = condition_table(**corpus, classes=CLASSES, positive="aurora")
    CONDITION_TABLE.to_arrow(table)
    assert len(table) == (3 + 1) * (3 + 1)
    cells = table[(table["solar_bin"] != ALL) & (table["lunar_bin"] != ALL)]
    for count in ("n_frames", "n_positive", "n_labelled", "n_unsure", "tp", "fp", "tn", "fn"):
        assert cells[count].sum() == cell(table)[count]
        assert cells.loc[cells["lunar_bin"] == "Moon_Full", count].sum() == cell(table, ALL, "Moon_Full")[count]
    assert set(cells["status"]) == {"few nights"}
    assert cell(table)["status"] == "measured"


def test_a_corpus_without_labels_has_nulls_and_never_zeros(corpus):
    table = condition_table(
        **{**corpus, "sheet": SHEET.empty(), "labels": LABELS.empty()},
        classes=CLASSES,
        positive="aurora",
        training_nights=(),
    )
    assert table[[*RATES, *CORRECTED, "tp", "fp", "tn", "fn"]].isna().all().all()
    assert (table[["n_labelled", "n_audit_nights", "n_unsure"]] == 0).all().all()
    assert (table["status"] == "not measured").all()
    assert table["positive_ratio"].notna().all()


def test_a_cell_nobody_labelled_is_null_beside_one_that_is_measured(corpus):
    dark = corpus["frames"].loc[corpus["frames"]["solar_bin"] == "Night", "frame_id"]
    labels = corpus["labels"][corpus["labels"]["frame_id"].isin(dark)]
    table = condition_table(**{**corpus, "labels": labels}, classes=CLASSES, positive="aurora")
    assert cell(table, "Nautical", "No_Moon")[[*RATES, "tp", "fp", "tn", "fn"]].isna().all()
    assert cell(table, "Night", "No_Moon")[RATES].notna().all()


@pytest.mark.parametrize(
    ("n_nights", "status", "known"),
    [(4, "not measured", False), (5, "few nights", True), (29, "few nights", True), (30, "measured", True)],
)
def test_status_goes_by_audit_nights(corpus, n_nights, status, known):
    nights = night_names(n_nights)
    some = {
        name: table[table["night"].isin(nights)] for name, table in corpus.items() if name not in ("labels", "frames")
    }
    row = cell(condition_table(**{**corpus, **some}, classes=CLASSES, positive="aurora"))
    assert (row["status"], row["n_audit_nights"]) == (status, n_nights)
    assert pd.notna(row["fpr"]) == known
    assert row["tp"] > 0


def test_a_rate_needs_five_nights_of_its_own_kind():
    """Forty nights of negatives and aurora on three of them measure false positives and no false negatives."""
    frames = month_frames({night: [("Night", "No_Moon")] * 10 for night in night_names(40)})
    truth = np.where(frames["night"] <= "2023-01-03", *CLASSES)
    sheet = draw_audit_sheet(frames, 100, shares=AUDIT_ONLY)
    table = condition_table(
        predict(frames, "no_aurora"), frames, sheet, label(frames, truth), classes=CLASSES, positive="aurora"
    )
    row = cell(table, "Night", "No_Moon")
    assert (row["status"], row["fpr_status"], row["fnr_status"]) == ("measured", "measured", "not measured")
    assert (row["fpr_nights"], row["fnr_nights"], row["n_audit_nights"]) == (37, 3, 40)
    assert row["fpr"] == 0.0
    assert row[["fnr", "fnr_low", "recall", "precision", "f1"]].isna().all()
    assert (row["fn"], row["tn"]) == (30, 370)


def test_only_drawn_frames_of_audit_nights_count(corpus):
    """Frames somebody chose to label, and sheets of teaching nights, measure nothing."""
    table = condition_table(**corpus, classes=CLASSES, positive="aurora")
    drawn = corpus["sheet"]["frame_id"]
    chosen = corpus["frames"][~corpus["frames"]["frame_id"].isin(drawn)]
    labels = pd.concat([corpus["labels"], label(chosen, "aurora")])
    teaching = corpus["sheet"].assign(role="training")
    for sheet in (corpus["sheet"], pd.concat([corpus["sheet"], teaching])):
        again = condition_table(**{**corpus, "labels": labels, "sheet": sheet}, classes=CLASSES, positive="aurora")
        pd.testing.assert_frame_equal(again, table)


def test_a_frame_drawn_twice_counts_once_with_its_greater_probability(corpus):
    more = corpus["sheet"].assign(inclusion_probability=0.9, stratum="again")
    audited = audited_frames(pd.concat([corpus["sheet"], more]), corpus["labels"], corpus["frames"])
    assert audited["frame_id"].is_unique
    once = 1 / np.maximum(0.9, corpus["sheet"].set_index("frame_id")["inclusion_probability"])
    assert audited.set_index("frame_id")["weight"].sort_index().to_numpy() == pytest.approx(once.sort_index())


def test_a_threshold_replaces_the_models_own_decision_and_leaves_other_classes_to_the_model():
    """Worked by hand: from 0.4 on it is aurora, below it the likelier of the other two."""
    answers = pd.DataFrame({"p_aurora": [0.6, 0.4, 0.3, 0.39], "p_cloud": [0.3, 0.5, 0.1, 0.6]})
    answers["p_clear"] = 1 - answers.sum(axis=1)
    answers["predicted"] = ["aurora", "cloud", "clear", "cloud"]
    classes = ("aurora", "cloud", "clear")
    assert counted_by(answers, classes, "aurora", 0.4)["predicted"].tolist() == ["aurora", "aurora", "clear", "cloud"]
    assert counted_by(answers, classes, "aurora", 0.7)["predicted"].tolist() == ["cloud", "cloud", "clear", "cloud"]
    assert counted_by(answers, classes, "aurora", None) is answers


def test_three_classes_are_each_counted_against_the_others():
    generator = np.random.default_rng(12)
    classes = ("aurora", "cloud", "clear")
    frames = random_frames(generator, night_names(12))
    truth, said = generator.choice(classes, len(frames)), generator.choice(classes, len(frames))
    sheet = draw_audit_sheet(frames, 1000, shares=AUDIT_ONLY)
    table = condition_table(predict(frames, said), frames, sheet, label(frames, truth), classes, "aurora")
    assert list(table["class"].unique()) == list(classes)
    for name in classes:
        row = cell(table, name=name)
        assert row["fp"] == ((truth != name) & (said == name)).sum()
        assert row["fnr"] == pytest.approx(np.mean(said[truth == name] != name))
        assert occurrence(table, name)["share_of_frames"] == pytest.approx(np.mean(said == name))


def test_an_empty_range_of_nights_gives_one_row_of_nothing(corpus):
    nothing = {**corpus, "predictions": corpus["predictions"].iloc[:0]}
    table = condition_table(**nothing, classes=CLASSES, positive="aurora", training_nights=())
    CONDITION_TABLE.to_arrow(table)
    assert cell(table)["n_frames"] == 0
    assert np.isnan(occurrence(table, "aurora")["share_of_frames"])


def test_occurrence_is_a_share_of_frames_and_never_odds():
    """One cell has 90 % of the frames and 1 in 10 positive, the other 10 % and half: 14 % of frames, mean cell 30 %.

    Odds (positive to negative) would average to (0.11 + 1) / 2 = 56 %; the published 39.3 % was such a mean.
    """
    night = [("Night", "No_Moon")] * 90 + [("Nautical", "Moon_Full")] * 10
    frames = month_frames(dict.fromkeys(night_names(6), night))
    positive = np.tile(np.r_[np.arange(90) < 9, np.arange(10) < 5], 6)
    table = condition_table(
        predict(frames, np.where(positive, *CLASSES)), frames, SHEET.empty(), LABELS.empty(), CLASSES, "aurora"
    )
    figures = occurrence(table, "aurora")
    assert figures["share_of_frames"] == pytest.approx(0.14)
    assert figures["mean_of_cell_shares"] == pytest.approx(0.30)
    assert figures["n_cells"] == 2
    assert figures["share_low"] < 0.14 < figures["share_high"]


def test_the_published_corpus_gives_28_percent_of_its_frames():
    """214,890 frames, 61,013 of them predicted positive: 28.4 % (aurora-gradcam's public code)."""
    sizes = np.full(331, 214_890 // 331) + (np.arange(331) < 214_890 % 331)
    nights = pd.DataFrame({"n_frames": sizes, "n_positive": 0})
    nights["n_positive"] = np.diff(np.round(np.cumsum(sizes) * (61_013 / 214_890)).astype(int), prepend=0)
    assert nights["n_positive"].sum() == 61_013
    rate = proportion_over_nights(nights["n_positive"], nights["n_frames"], nights["n_frames"].sum())
    assert round(100 * rate.value, 1) == 28.4


def simulated_nights(generator, n_nights: int, audit_share: float, lasting: float = 0.0) -> tuple[pd.DataFrame, float]:
    """Night totals of a corpus whose aurora and classifier vary by night, and the truth about nights like these.

    Aurora is in 30 % of frames, false positives are 10 % and false negatives 20 %, each with a night correlation
    of 0.3; 100 frames a night, 10 of them audited on a share of the nights. The correlation of a night's normal score
    with that of the next is `lasting`.
    """

    def by_night(rate):
        drawn = np.sqrt(1 - lasting**2) * generator.standard_normal(n_nights + 20)
        score = signal.lfilter([1.0], [1.0, -lasting], drawn)[20:]
        return stats.beta.ppf(stats.norm.cdf(score), rate * 7 / 3, (1 - rate) * 7 / 3)

    aurora, fpr, fnr = by_night(0.3), by_night(0.1), by_night(0.2)
    cells = np.column_stack([aurora * (1 - fnr), (1 - aurora) * fpr, (1 - aurora) * (1 - fpr), aurora * fnr])
    every = generator.multinomial(100, cells)
    drawn = generator.multivariate_hypergeometric
    audited = np.array([drawn(row, 10) for row in every]) * (generator.random(n_nights) < audit_share)[:, None]
    nights = pd.DataFrame(10 * audited, columns=["w_tp", "w_fp", "w_tn", "w_fn"])
    return nights.assign(w_unsure=0.0, n_frames=100, n_positive=every[:, :2].sum(axis=1)), 0.3


@pytest.mark.parametrize(("n_nights", "lasting"), [(80, 0.0), (200, 0.0), (200, 0.5)])
def test_corrected_shares_hold_the_truth_as_often_as_they_say(n_nights, lasting):
    generator = np.random.default_rng(7)
    corpora = [simulated_nights(generator, n_nights, 0.7, lasting) for _ in range(400)]
    rates = [corrected_share(nights) for nights, _ in corpora]
    truth = corpora[0][1]
    coverage = np.mean([rate.low <= truth <= rate.high for rate in rates])
    assert 0.92 <= coverage <= 0.99
    turned = [rate for rate in (rogan_gladen(nights) for nights, _ in corpora) if rate.high == rate.high]
    assert len(turned) > 200
    assert 0.92 <= np.mean([rate.low <= truth <= rate.high for rate in turned]) <= 0.99
    assert np.mean([rate.value for rate in rates]) == pytest.approx(truth, abs=0.01)
    uncorrected = np.mean([nights["n_positive"].sum() / nights["n_frames"].sum() for nights, _ in corpora])
    assert uncorrected == pytest.approx(0.3 * 0.8 + 0.7 * 0.1, abs=0.01)


def test_correction_stands_on_nights_outside_training_and_says_which():
    """Fifty audit nights and fifty training nights whose predictions are all wrong: the latter change nothing."""
    generator = np.random.default_rng(5)
    frames = random_frames(generator, night_names(100), n=20)
    learnt = night_names(100)[::2]
    outside = ~frames["night"].isin(learnt)
    truth = np.where(generator.random(len(frames)) < 0.3, *CLASSES)
    said = np.where(generator.random(len(frames)) < 0.1, np.where(truth == "aurora", *CLASSES[::-1]), truth)
    predictions = predict(frames, np.where(outside, said, np.where(truth == "aurora", *CLASSES[::-1])))
    sheet = draw_audit_sheet(frames[outside], 5, shares=AUDIT_ONLY)
    given = (predictions, frames, sheet, label(frames, truth), CLASSES, "aurora")
    row = cell(condition_table(*given, training_nights=learnt))
    assert (row["corrected_nights"], row["corrected_audit_nights"]) == (50, 50)
    assert (row["corrected_frames"], row["n_frames"]) == (outside.sum(), len(frames))
    seen = sheet.merge(pd.DataFrame({"frame_id": frames["frame_id"], "truth": truth, "said": said}), on="frame_id")
    gap = (seen["truth"] == "aurora").astype(int) - (seen["said"] == "aurora")
    by_hand = np.mean(said[outside] == "aurora") + np.average(gap, weights=1 / seen["inclusion_probability"])
    assert row["corrected_ratio"] == pytest.approx(by_hand)
    assert row["corrected_low"] < np.mean(truth[outside] == "aurora") < row["corrected_high"]
    assert condition_table(*given)[CORRECTED].isna().all().all()


def test_rogan_and_gladens_estimate_is_theirs_and_null_where_the_classifier_says_little():
    """A test positive in 40 %, with sensitivity 0.9 and specificity 0.8, stands for (0.4 + 0.8 - 1) / 0.7 = 2 / 7."""
    nights = pd.DataFrame({"n_positive": [40] * 50, "n_frames": 100, "w_tp": 9.0, "w_fn": 1.0, "w_tn": 8.0})
    nights = nights.assign(w_fp=2.0, w_unsure=0.0)
    assert rogan_gladen(nights).value == pytest.approx(2 / 7)
    assert np.isnan(rogan_gladen(nights.iloc[:39]).value)
    blunt = nights.assign(w_tp=6.0, w_fn=4.0, w_tn=5.5, w_fp=4.5)
    assert np.isnan(rogan_gladen(blunt).value)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_every_corpus_gives_a_table_that_keeps_the_contract(seed, n_nights):
    generator = np.random.default_rng(seed)
    frames = random_frames(generator, night_names(n_nights), n=20)
    answers = generator.choice([*CLASSES, UNSURE], len(frames))
    table = condition_table(
        predict(frames, generator.choice(CLASSES, len(frames))),
        frames,
        draw_audit_sheet(frames, 3),
        label(frames, answers),
        CLASSES,
        "aurora",
        training_nights=[night for night in night_names(n_nights) if night_role(night) == "training"],
    )
    CONDITION_TABLE.to_arrow(table)
    for name in ("positive_ratio", "fpr", "fnr", "corrected"):
        value = "corrected_ratio" if name == "corrected" else name
        rows = table[table[f"{name}_low"].notna()]
        assert (rows[f"{name}_low"] <= rows[value] + 1e-9).all()
        assert (rows[value] <= rows[f"{name}_high"] + 1e-9).all()
    measured = table["status"] != "not measured"
    assert (table.loc[~measured, RATES[:6]].isna()).all().all()
