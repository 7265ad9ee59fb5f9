"""Consecutive nights that are alike: statsmodels agrees on the variance, and intervals contain the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.sandwich_covariance import S_hac_simple

from allsky.statistics.consecutive import (
    covariance_over_consecutive_nights,
    freedom_of_nights,
    variance_over_consecutive_nights,
)
from allsky.statistics.intervals import proportion_over_nights, variance_over_nights

FIRST = np.datetime64("2022-12-01")
REACH = 6


def influences(n: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal(n)
    return values - values.mean()


def newey_west(values: np.ndarray, places: np.ndarray) -> float:
    """By statsmodels, on a calendar in which nights without frames are zero."""
    calendar = np.zeros(places.max() + 1)
    calendar[places] = values
    return float(S_hac_simple(calendar[:, None], REACH - 1)[0, 0])


def left_of(places: np.ndarray) -> float:
    """What subtracting the mean leaves of the variance of independent nights, as found in 10,000 tries."""
    made = np.random.default_rng(1).standard_normal((10_000, len(places)))
    made -= made.mean(axis=1, keepdims=True)
    return float(np.mean([newey_west(row, places) for row in made])) / len(places)


GAPS = {"in a row": np.arange(40), "with gaps": np.r_[0:10, 20:25, 30:40], "every other": np.r_[0:60:2, 200:210]}


@pytest.mark.parametrize("places", GAPS.values(), ids=list(GAPS))
def test_the_variance_is_newey_and_wests_with_what_subtracting_the_mean_takes_off_given_back(places):
    influence = influences(len(places))
    variance, _ = variance_over_consecutive_nights(influence, FIRST + places, REACH)
    assert variance == pytest.approx(newey_west(influence, places) / left_of(places), rel=0.02)


def test_the_degrees_of_freedom_are_those_of_what_independent_nights_give():
    """A chi-square variable over its degrees of freedom has the variance 2 / freedom: as found in 4,000 tries."""
    nights = FIRST + np.r_[0:30, 45:80]
    found = [variance_over_consecutive_nights(influences(65, seed), nights) for seed in range(4000)]
    variance, freedom = np.transpose(found)
    assert np.ptp(freedom) == 0
    assert variance.mean() == pytest.approx(65, rel=0.02)
    assert freedom[0] == pytest.approx(2 * variance.mean() ** 2 / variance.var(), rel=0.08)


def test_nights_far_from_one_another_are_independent():
    influence = influences(20)
    nights = FIRST + 30 * np.arange(20)
    assert variance_over_consecutive_nights(influence, nights) == pytest.approx((variance_over_nights(influence), 19))


def test_the_order_of_rows_means_nothing_and_the_dates_everything():
    influence, nights, order = influences(30), FIRST + np.arange(30), np.random.default_rng(3).permutation(30)
    there = variance_over_consecutive_nights(influence, nights)
    assert variance_over_consecutive_nights(influence[order], nights[order].astype(str)) == pytest.approx(there)
    assert variance_over_consecutive_nights(influence, nights[order])[0] != pytest.approx(there[0])


def test_one_night_or_one_that_decides_all_has_an_infinite_variance():
    assert math.isinf(variance_over_consecutive_nights([0.0], ["2023-01-01"])[0])
    assert math.isinf(variance_over_consecutive_nights([math.inf, math.inf], ["2023-01-01", "2023-01-02"])[0])


def lasting_rates(generator, n_corpora: int, n_nights: int, correlation: float) -> np.ndarray:
    """Each night's chance of aurora, 30 % on the whole, its score correlated with that of the night before."""
    score = generator.standard_normal((n_nights, n_corpora))
    for night in range(1, n_nights):
        score[night] = correlation * score[night - 1] + math.sqrt(1 - correlation**2) * score[night]
    return stats.beta.ppf(stats.norm.cdf(score.T), 0.7, 0.7 / 0.3 * 0.7)


@pytest.mark.parametrize(("correlation", "if_apart"), [(0.0, 0.95), (0.3, 0.86), (0.5, 0.78)])
def test_intervals_of_occurrence_hold_for_nights_that_are_alike(correlation, if_apart):
    """100 nights in a row: 95 % contain the truth; taken as independent, about as few as theory says.

    The standard error grows by sqrt((1 + r) / (1 - r)) for autoregressive nights; 1.96 over that are 86 and 74 %.
    """
    generator = np.random.default_rng(4)
    said = generator.binomial(600, lasting_rates(generator, 300, 100, correlation))
    frames, nights = np.full(100, 600), FIRST + np.arange(100)
    ours = [proportion_over_nights(one, frames, 60_000, nights=nights) for one in said]
    apart = [proportion_over_nights(one, frames, 60_000) for one in said]
    assert np.mean([one.low <= 0.3 <= one.high for one in ours]) == pytest.approx(0.95, abs=0.03)
    assert np.mean([one.low <= 0.3 <= one.high for one in apart]) == pytest.approx(if_apart, abs=0.05)
    if not correlation:
        width = [np.mean([one.high - one.low for one in kind]) for kind in (ours, apart)]
        assert width[0] < 1.12 * width[1]


def test_nights_without_a_date_and_a_covariance_of_one_night_are_refused():
    with pytest.raises(ValueError, match="1 of 2 nights have no date"):
        freedom_of_nights(["2023-01-01", "NaT"])
    with pytest.raises(ValueError, match="two or more, not 1"):
        covariance_over_consecutive_nights(np.zeros((1, 3)), ["2023-01-01"])
