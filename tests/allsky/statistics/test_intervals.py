"""Intervals by night: R's survey package agrees, and they contain the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from allsky.statistics.contrasts import difference_limits
from allsky.statistics.intervals import (
    Rate,
    clopper_pearson,
    combined_limits,
    korn_graubard,
    pooled_proportion,
    proportion_over_nights,
    ratio_of_night_totals,
    variance_over_nights,
)

FRAMES = np.array([10, 7, 12, 4, 9, 10, 6, 11])
ERRORS = np.array([0, 1, 4, 0, 2, 0, 3, 1])
WEIGHT = np.array([1, 2.5, 4, 1, 3, 8, 1.5, 2])

# R 4.2.2, survey 4.1-1: d has a row per frame of the eight nights above, y = 1 for an error;
# svydesign(id=~night, weights=~w, data=d), svymean(~y, .), vcov(.), confint(svyciprop(~y, ., method="beta")).
R_SURVEY = {
    "equal weights": (1.0, 0.15942028985507248, 0.00358187778425223, 0.0475404084672, 0.35235514156),
    "unequal weights": (WEIGHT, 0.14252873563218391, 0.00561736658368275, 0.0206418147552, 0.410021937266),
}


@pytest.mark.parametrize("case", R_SURVEY)
def test_rates_and_intervals_are_those_of_r_survey(case):
    weight, rate, variance, low, high = R_SURVEY[case]
    value, influence = ratio_of_night_totals(ERRORS * weight, FRAMES * weight)
    assert value == pytest.approx(rate, rel=1e-12)
    assert variance_over_nights(influence) == pytest.approx(variance, rel=1e-12)
    ours = proportion_over_nights(ERRORS * weight, FRAMES * weight, FRAMES.sum())
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9)
    assert ours.n_nights == 8


def test_weights_that_differ_within_a_night_agree_with_r_survey_too():
    """As above, every third frame weighted five times more, and the frames not 1, 5, 9, ... only (`subset`)."""
    frame = np.arange(1, FRAMES.sum() + 1)
    night = np.repeat(np.arange(8), FRAMES)
    wrong = np.concatenate([np.arange(n) < k for n, k in zip(FRAMES, ERRORS, strict=True)])
    weight = WEIGHT[night] * np.where(frame % 3 == 0, 5, 1) * (frame % 4 != 1)
    totals = [np.bincount(night, weight * part) for part in (wrong, np.ones_like(wrong))]
    ours = proportion_over_nights(*totals, int((frame % 4 != 1).sum()))
    assert (ours.value, ours.low, ours.high) == pytest.approx(
        (0.12649800266311584, 0.0150859723378, 0.391555388273), rel=1e-9
    )


def test_clopper_pearson_is_that_of_statsmodels():
    for successes, n in ((0, 12), (3, 40), (12, 12), (2.7, 31.4)):
        assert clopper_pearson(successes, n) == pytest.approx(proportion_confint(successes, n, method="beta"))


def test_with_one_frame_a_night_the_interval_is_the_ordinary_one():
    """629 of 658 right (the published validation): Wilson's interval is 93.7 to 96.9 %, as if independent."""
    right = np.arange(658) < 629
    wilson = proportion_confint(629, 658, method="wilson")
    assert wilson == pytest.approx((0.937, 0.969), abs=5e-4)
    ours = proportion_over_nights(right, np.ones(658), 658)
    assert (ours.low, ours.high) == pytest.approx(clopper_pearson(629 * 657 / 658, 657), abs=1e-9)
    assert (ours.low, ours.high) == pytest.approx(wilson, abs=2e-3)


def test_nights_that_are_all_alike_give_no_more_than_their_frames():
    alike = proportion_over_nights(np.full(30, 2), np.full(30, 10), 300)
    assert (alike.low, alike.high) == pytest.approx(clopper_pearson(60, 300))


def test_where_no_error_was_seen_a_night_counts_as_one_frame():
    none = proportion_over_nights(np.zeros(12), np.full(12, 50), 600)
    assert none.value == none.low == 0.0
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 12))
    every = proportion_over_nights(np.full(12, 50), np.full(12, 50), 600)
    assert (every.low, every.high) == pytest.approx((1 - none.high, 1.0))


def test_one_night_has_a_rate_but_no_interval_and_no_night_has_neither():
    one = proportion_over_nights([3, 0], [10, 0], 10)
    assert (one.value, one.n_nights) == (0.3, 1)
    assert math.isnan(one.low)
    assert math.isnan(proportion_over_nights([0.0], [0.0], 0).value)
    assert math.isnan(proportion_over_nights([], [], 0).value)


nights_of_frames = st.lists(
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.floats(0.01, 100))), min_size=2
)


@settings(deadline=None)
@given(nights_of_frames)
def test_an_interval_holds_its_rate_lies_in_0_to_1_and_ignores_the_scale_of_weights(nights):
    wrong, frames, weight = (np.array(values, dtype=float) for values in zip(*nights, strict=True))
    rate = proportion_over_nights(wrong * weight, frames * weight, int(frames.sum()))
    assert 0.0 <= rate.low <= rate.value + 1e-9
    assert rate.value - 1e-9 <= rate.high <= 1.0
    scaled = proportion_over_nights(wrong * weight * 7, frames * weight * 7, int(frames.sum()))
    assert (scaled.low, scaled.high) == pytest.approx((rate.low, rate.high), rel=1e-6, abs=1e-9)


@settings(deadline=None)
@given(st.floats(0.001, 0.999), st.floats(1e-6, 0.2), st.integers(2, 100), st.integers(2, 50))
def test_a_higher_level_and_fewer_nights_widen_the_interval(proportion, variance, per_night, n_nights):
    def width(level, nights):
        low, high = korn_graubard(proportion, variance, per_night * n_nights, nights, level)
        return high - low

    assert width(0.99, n_nights) >= width(0.95, n_nights)
    assert width(0.95, n_nights) >= width(0.95, n_nights + 1) - 1e-9


def covered(rate: float, correlation: float, n_nights: int, corpora: int = 600) -> tuple[float, float, float]:
    """How often our interval, the percentile bootstrap of nights and Wilson's on frames hold the rate.

    With ten frames a night (beta-binomial).
    """
    generator = np.random.default_rng(20230101)
    shape = 1.0 / correlation - 1.0
    night_rates = generator.beta(rate * shape, (1.0 - rate) * shape, (corpora, n_nights))
    wrong = generator.binomial(10, night_rates)
    frames = np.full(n_nights, 10)
    ours = [proportion_over_nights(row, frames, 10 * n_nights) for row in wrong]
    wilson = np.transpose(proportion_confint(wrong.sum(axis=1), 10 * n_nights, method="wilson"))
    resampled = wrong[np.arange(corpora)[:, None, None], generator.integers(n_nights, size=(corpora, 300, n_nights))]
    bootstrap = np.quantile(resampled.mean(axis=2) / 10, [0.025, 0.975], axis=1).T
    ways = [[(one.low, one.high) for one in ours], bootstrap, wilson]
    kg, boot, naive = (float(np.mean([low <= rate <= high for low, high in ends])) for ends in ways)
    return kg, boot, naive


@pytest.mark.parametrize(
    ("n_nights", "expected", "resampled", "naive"), [(10, 0.996, 0.75, 0.74), (60, 0.95, 0.92, 0.69)]
)
def test_coverage_is_as_measured_when_the_method_was_chosen(n_nights, expected, resampled, naive):
    """Rate 5 %, night correlation 0.3: the table of docs/science/statistics.md (our own design)."""
    ours, bootstrap, wilson = covered(0.05, 0.3, n_nights)
    assert ours == pytest.approx(expected, abs=0.025)
    assert bootstrap == pytest.approx(resampled, abs=0.06)
    assert wilson == pytest.approx(naive, abs=0.06)


@pytest.mark.parametrize("correlation", [0.1, 0.3])
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_from_forty_nights_coverage_is_93_to_98_percent(rate, correlation):
    ours, _, _ = covered(rate, correlation, 40)
    spread = 2 * math.sqrt(0.95 * 0.05 / 600)
    assert 0.93 - spread <= ours <= 0.98 + spread


def test_students_t_by_nights_is_what_reduces_the_sample():
    effective = 0.2 * 0.8 / 0.01 * (stats.t.ppf(0.975, 99) / stats.t.ppf(0.975, 4)) ** 2
    assert korn_graubard(0.2, 0.01, 100, 5) == pytest.approx(clopper_pearson(0.2 * effective, effective))


# Frames drawn with unequal probability, and conditions pooled.


def wilson(errors: int, n: int) -> Rate:
    return Rate(errors / n, *proportion_confint(errors, n, method="wilson"), n)


@pytest.mark.parametrize(("one", "other"), [((3, 40), (11, 60)), ((0, 12), (5, 80)), ((9, 10), (1, 30))])
def test_limits_put_together_are_newcombes(one, other):
    """From Wilson's limits of each they are Newcombe's (1998) of the difference, which statsmodels has."""
    expected = confint_proportions_2indep(*one, *other, method="newcomb", compare="diff")
    first, second = wilson(*one), wilson(*other)
    assert difference_limits(first, second) == pytest.approx(expected, abs=1e-9)
    mirrored = Rate(1 - second.value, 1 - second.high, 1 - second.low)
    low, high = combined_limits([first, mirrored], [1, 1])
    assert (2 * low - 1, 2 * high - 1) == pytest.approx(expected, abs=1e-9)


def test_one_condition_alone_keeps_its_interval_and_equal_weights_change_nothing():
    errors, frames = ERRORS[:, None], FRAMES[:, None]
    pooled = pooled_proportion(errors, frames, frames, frames)
    assert pooled == proportion_over_nights(ERRORS, FRAMES, int(FRAMES.sum()))
    tripled = pooled_proportion(3 * errors, 3 * frames, 9 * frames, frames)
    assert (tripled.low, tripled.high) == pytest.approx((pooled.low, pooled.high))


def test_frames_of_unequal_weight_are_worth_no_more_than_kishs_number():
    """A hundred nights of one frame, half with weight 9 and right, half with weight 1: (500)^2 / 4100 = 61 frames."""
    weight = np.tile([9.0, 1.0], 50)[:, None]
    wrong = np.zeros((100, 1))
    wrong[1::10] = 1.0
    found = pooled_proportion(wrong * weight, weight, weight**2, np.ones((100, 1)))
    worth = 500**2 / 4100
    assert (found.low, found.high) == pytest.approx(clopper_pearson(0.02 * worth, worth))


def test_a_margin_knows_no_more_than_the_condition_that_most_of_it_is():
    """Eight nights of 3 frames of weight 30 without an error, and 22 frames of weight 2 with one."""
    n = np.column_stack([np.full(8, 3), [3, 3, 3, 3, 3, 3, 2, 2]])
    weight, wrong = np.array([30.0, 2.0]), np.zeros((8, 2))
    wrong[0, 1] = 1
    margin = pooled_proportion(wrong * weight, n * weight, n * weight**2, n)
    share = (n * weight).sum(0)[0] / (n * weight).sum()
    assert margin.value == pytest.approx(2 / (24 * 30 + 22 * 2))
    assert margin.high > share * (1 - 0.025 ** (1 / 8))


def pooled_coverage(rate: float, n_nights: int, corpora: int = 500) -> tuple[float, float]:
    """How often intervals of a margin hold its truth: ours, and Korn-Graubard's with all frames as its only limit.

    Each night has 200 frames of one condition and 12 of another, in which errors are four times as frequent; six of
    each are looked at; the correlation within a night and condition is 0.3.
    """
    generator = np.random.default_rng(20230102)
    rates, size = np.array([rate, 4 * rate]), np.array([200, 12])
    night_rates = generator.beta(rates * 7 / 3, (1 - rates) * 7 / 3, (corpora, n_nights, 2))
    wrong, weight, n = generator.binomial(6, night_rates), size / 6, np.full((n_nights, 2), 6)
    truth = (rates * size).sum() / size.sum()
    ours = [pooled_proportion(one * weight, n * weight, n * weight**2, n) for one in wrong]
    plain = [proportion_over_nights((one * weight).sum(1), (n * weight).sum(1), n.sum()) for one in wrong]
    return tuple(float(np.mean([one.low <= truth <= one.high for one in kind])) for kind in (ours, plain))


@pytest.mark.parametrize(("n_nights", "rate"), [(17, 0.02), (17, 0.05), (40, 0.02), (40, 0.05)])
def test_margins_of_unequally_drawn_conditions_hold_their_truth(n_nights, rate):
    ours, plain = pooled_coverage(rate, n_nights)
    assert ours >= 0.94
    assert ours >= plain
    if (n_nights, rate) == (17, 0.02):
        assert plain < 0.92
