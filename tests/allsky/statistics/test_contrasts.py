"""Differences between conditions: adjusted as libraries do, right as often as promised, modest when unsure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from allsky.labels.sampling import draw_audit_sheet
from allsky.statistics.contrasts import STATED, contrast_table, detectable, difference_limits, holm, p_of_no_difference
from allsky.statistics.intervals import Rate, clopper_pearson, pooled_proportion
from allsky.tables import CONTRASTS, LABELS
from tests.allsky.synthetic_corpus import month_frames, night_names

CLASSES = ("aurora", "no_aurora")
AUDIT_ONLY = {"training": 0.0, "validation": 0.0, "audit": 1.0}
CONDITIONS = [("Night", "No_Moon"), ("Nautical", "Moon_Quarter"), ("Nautical", "No_Moon"), ("Night", "Moon_Full")]


def test_holms_p_values_are_those_of_statsmodels():
    for p in ([0.01, 0.04], [0.04, 0.03], [0.9, 0.2, 0.011, 0.02], [0.6]):
        assert holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1])


def corpus(wrong_of: dict[tuple[str, str], tuple[float, float]], n_nights: int = 30) -> pd.DataFrame:
    """The contrasts of a corpus with given chances of a false positive and a false negative in each condition."""
    generator = np.random.default_rng(3)
    night = [condition for condition in CONDITIONS for _ in range(10)]
    frames = month_frames(dict.fromkeys(night_names(n_nights), night))
    truth = np.tile(np.arange(10) < 4, len(frames) // 10)
    chances = np.array([wrong_of[key] for key in zip(frames["solar_bin"], frames["lunar_bin"], strict=True)])
    wrong = generator.random(len(frames)) < np.where(truth, chances[:, 1], chances[:, 0])
    predictions = frames[["frame_id", "night"]].assign(predicted=np.where(truth ^ wrong, *CLASSES))
    labels = frames[["frame_id", "video", "frame_index"]].assign(
        label=np.where(truth, *CLASSES), labeller="Ann", time="", note=""
    )
    sheet = draw_audit_sheet(frames, 10, shares=AUDIT_ONLY)
    return contrast_table(predictions, frames, sheet, labels[LABELS.names], "aurora")


def test_large_differences_are_found_and_named_by_their_direction():
    table = corpus(dict(zip(CONDITIONS, [(0.05, 0.5), (0.6, 0.5), (0.05, 0.02), (0.5, 0.5)], strict=True)))
    CONTRASTS.to_arrow(table)
    stated = table[table["kind"] == "stated beforehand"]
    assert [tuple(row) for row in stated[["rate", "solar_bin", "lunar_bin"]].to_numpy()] == list(STATED)
    assert stated["verdict"].tolist() == ["supported", "contradicted"]
    assert stated["difference"].tolist() == pytest.approx([0.55, -0.48], abs=0.12)
    full = table[(table["lunar_bin"] == "Moon_Full") & (table["solar_bin"] == "Night")].set_index("rate")
    assert full.loc["fpr", "verdict"] == "higher"
    assert full.loc["fnr", "verdict"] == "not decidable"
    asked = (table["detectable"] / (table["high"] - table["low"])).groupby(table["kind"]).agg(["count", "first"])
    # Of four and of two measured: normal quantiles of 99.375, 98.75 and 80 %, over twice that of 97.5 %.
    assert asked["count"].tolist() == [4, 2]
    assert asked["first"].tolist() == pytest.approx([(q + 0.8416) / (2 * 1.96) for q in (2.4977, 2.2414)], abs=1e-3)


def test_what_was_not_measured_is_not_decidable_and_has_no_numbers():
    table = corpus(dict.fromkeys(CONDITIONS, (0.1, 0.1)), n_nights=4)
    assert set(table["verdict"]) == {"not decidable"}
    assert table[["difference", "p", "p_adjusted", "detectable"]].isna().all().all()


def test_a_p_value_below_a_level_is_an_interval_that_leaves_out_zero():
    def limits(errors, n):
        return lambda level: Rate(errors / n, *clopper_pearson(errors, n, level), n)

    p = p_of_no_difference(limits(20, 60), limits(6, 70))
    for level, outside in ((1 - 1.01 * p, True), (1 - 0.99 * p, False)):
        low, _ = difference_limits(limits(20, 60)(level), limits(6, 70)(level))
        assert (low > 0) == outside
    assert p_of_no_difference(limits(5, 50), limits(5, 50)) == pytest.approx(1, abs=1e-3)


def test_the_detectable_difference_is_that_of_a_two_sided_test_with_power_80_percent():
    """A standard error of 0.1, one test, two, and sixteen: the normal quantiles of 97.5, 98.75, 99.844 and 80 %."""
    for n_tests, quantile in ((1, 1.96), (2, 2.2414), (16, 2.9552)):
        expected = (quantile + 0.8416) * 0.1
        assert detectable(-1.96 * 0.1, 1.96 * 0.1, n_tests) == pytest.approx(expected, abs=1e-4)


def made_up(generator: np.random.Generator, rate: float, shared: np.ndarray) -> tuple[np.ndarray, ...]:
    """Six frames of weight 5 a night, in a condition whose errors follow the night's `shared` weather by half."""
    own = generator.beta(rate * 4, (1 - rate) * 4, len(shared))
    n = np.full((len(shared), 1), 6.0)
    return generator.binomial(6, np.where(shared, rate, own))[:, None] * 5.0, 5 * n, 25 * n, n


@pytest.mark.parametrize("difference", [0.0, 0.1])
def test_intervals_of_differences_hold_the_truth(difference):
    generator = np.random.default_rng(20230103)
    held, found = [], []
    for _ in range(400):
        shared = generator.random(40) < 0.5
        one, other = (pooled_proportion(*made_up(generator, rate, shared)) for rate in (0.1 + difference, 0.1))
        low, high = difference_limits(one, other)
        held.append(low <= difference <= high)
        found.append(low > 0 or high < 0)
    assert np.mean(held) >= 0.94
    assert np.mean(found) <= 0.06 or difference > 0
