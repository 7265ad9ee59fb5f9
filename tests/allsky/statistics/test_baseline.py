"""Network against rule: on the same frames, paired by night, and honest about who wins where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allsky.statistics.baseline import balanced, by_condition, difference_right, share_right
from allsky.tables import RULE_COMPARISON
from tests.allsky.synthetic_corpus import night_names


def judged(n_nights: int = 8, model=0.9, rule=0.7, seed: int = 0) -> pd.DataFrame:
    """Ten frames a night in each of two conditions; in the brighter one their chances are swapped."""
    generator = np.random.default_rng(seed)
    nights = np.repeat(night_names(n_nights), 20)
    solar = np.tile(np.repeat(["Night", "Nautical"], 10), n_nights)
    truth = generator.random(len(nights)) < 0.4
    chances = {"model": np.where(solar == "Night", model, rule), "rule": np.where(solar == "Night", rule, model)}
    decided = {name: truth ^ (generator.random(len(nights)) > chance) for name, chance in chances.items()}
    weights = {"inclusion_probability": np.where(solar == "Night", 0.2, 0.5)}
    return pd.DataFrame(
        {"night": nights, "solar_bin": solar, "lunar_bin": "No_Moon", "truth": truth, **decided, **weights}
    )


def test_shares_are_weighted_and_the_balanced_one_is_the_mean_of_both_kinds():
    frames = judged()
    right, weight = frames["model"] == frames["truth"], 1 / frames["inclusion_probability"]
    assert share_right(frames, "model").value == pytest.approx(np.average(right, weights=weight))
    kinds = [np.average(right[kind], weights=weight[kind]) for kind in (frames["truth"], ~frames["truth"])]
    found = balanced(frames, "model")
    assert found.value == pytest.approx(np.mean(kinds))
    assert found.low < found.value < found.high


def test_the_difference_is_that_of_the_shares_and_close_to_the_paired_t_tests_on_many_nights():
    frames = judged(60).assign(inclusion_probability=0.5)
    shares = [(frames[m] == frames["truth"]).groupby(frames["night"]).mean() for m in ("model", "rule")]
    expected = stats.ttest_rel(*shares).confidence_interval(0.95)
    found = difference_right(frames)
    assert found.value == pytest.approx(shares[0].mean() - shares[1].mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.02)


def test_two_methods_that_never_differ_may_differ_on_other_nights():
    frames = judged()
    found = difference_right(frames.assign(rule=frames["model"]))
    assert found.value == 0.0
    assert found.low < -0.1 and found.high > 0.1


def test_where_the_rule_wins_the_table_says_so():
    table = by_condition(judged(n_nights=40))
    RULE_COMPARISON.to_arrow(table)
    by_name = table.set_index("solar_bin")
    assert list(by_name.index) == ["Night", "Nautical", "All"]
    assert by_name.loc["Night", "difference_low"] > 0
    assert by_name.loc["Nautical", "difference_high"] < 0
    assert by_name.loc["All", "n_frames"] == 800


def test_under_five_nights_nothing_is_claimed():
    table = by_condition(judged(n_nights=4))
    assert table[["model", "rule", "difference"]].isna().all().all()


def test_intervals_of_the_paired_difference_hold_the_truth():
    """The truth of the made-up chances: +0.2 in frames of weight 5, -0.2 in as many of weight 2."""
    truth = 0.2 * (5 - 2) / (5 + 2)
    found = [difference_right(judged(30, seed=seed)) for seed in range(120)]
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.93
