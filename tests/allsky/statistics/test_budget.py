"""What is foretold before anyone labels is what labelling then brings."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allsky.errors import BadConfiguration
from allsky.labels.roles import night_role
from allsky.statistics.budget import Assumptions, expected_width, label_budget
from allsky.statistics.intervals import korn_graubard, proportion_over_nights
from tests.allsky.synthetic_corpus import month_frames, night_names

DARK, TWILIGHT = ("Night", "No_Moon"), ("Nautical", "Moon_Full")


FIRST = np.datetime64("2022-12-01")


def of_nights(generator, lasting: np.ndarray, mean: float, icc: float) -> np.ndarray:
    """A share of each night, beta distributed with the correlation within; `lasting` makes normal scores last."""
    return np.interp(lasting @ generator.standard_normal(len(lasting)), SCORES, quantiles(mean, icc))


SCORES = np.linspace(-5, 5, 1001)


@cache
def quantiles(mean: float, icc: float) -> np.ndarray:
    """The shares of nights with these normal scores."""
    spread = 1 / icc - 1
    return stats.beta.ppf(stats.norm.cdf(SCORES), mean * spread, (1 - mean) * spread)


def simulated_width(generator, frames: np.ndarray, per_night: int, kind: str, supposed: Assumptions, nights) -> float:
    """The mean width of the report's own interval over made-up audits: beta-binomial nights, Poisson draws."""
    apart, widths = np.abs(nights[:, None] - nights).astype(int), []
    lasting = np.linalg.cholesky(float(supposed.persistence) ** apart)
    for _ in range(300):
        rate, share = (
            of_nights(generator, lasting, mean, supposed.icc) for mean in (supposed.rate, supposed.share_in(kind))
        )
        counting = generator.binomial(frames, share)
        wrong = generator.binomial(counting, rate)
        probability = np.minimum(per_night, frames) / frames
        errors, right = generator.binomial(wrong, probability), generator.binomial(counting - wrong, probability)
        n = errors + right
        found = proportion_over_nights(errors / probability, n / probability, int(n.sum()), nights=nights)
        if errors.sum():
            widths.append(found.high - found.low)
    return float(np.mean(widths))


@pytest.mark.parametrize(("icc", "persistence"), [(0.1, 0.3), (0.3, 0.0), (0.3, 0.5)])
@pytest.mark.parametrize("kind", ["fpr", "fnr"])
@pytest.mark.parametrize(("n_nights", "per_night"), [(60, 6), (150, 20)])
def test_the_width_foretold_is_the_mean_width_that_simulated_audits_get(icc, persistence, kind, n_nights, per_night):
    generator = np.random.default_rng([n_nights, per_night, int(10 * icc)])
    frames = generator.integers(20, 400, n_nights)
    nights = FIRST + np.flatnonzero(generator.random(n_nights * 4) < 0.35)[:n_nights]
    supposed = Assumptions(rate=0.1, icc=icc, persistence=persistence)
    assert expected_width(frames, per_night, kind, supposed, nights=nights) == pytest.approx(
        simulated_width(generator, frames, per_night, kind, supposed, nights), rel=0.15
    )


def test_every_night_looked_at_in_a_row_tells_less_than_as_many_far_apart():
    supposed, near = Assumptions(rate=0.1, persistence=0.5), FIRST + np.arange(100)
    in_a_row = expected_width([200] * 100, 100, "fpr", supposed, nights=near)
    apart = expected_width([200] * 100, 100, "fpr", supposed, nights=FIRST + 90 * np.arange(100))
    # Twice the variance or more at a correlation of 0.5: (1 + 0.5) / (1 - 0.5) = 3 of what nights differ by.
    assert 1.4 * apart < in_a_row < 2 * apart
    assert apart == pytest.approx(expected_width([200] * 100, 100, "fpr", supposed), rel=0.01)
    twice = np.concatenate([near, near + 3000])
    again = expected_width([200] * 200, 100, "fpr", supposed, nights=twice)
    assert expected_width([200] * 100, 100, "fpr", supposed, 200, near) == pytest.approx(again)


def test_equal_nights_of_one_label_that_counts_are_independent_frames():
    # A label a night: no night has two, so correlation within nights costs nothing.
    supposed = Assumptions(rate=0.05, icc=0.3, occurrence=1e-9)
    low, high = korn_graubard(0.05, 0.05 * 0.95 / 200, 200, 200)
    assert expected_width([50] * 200, 1, "fpr", supposed) == pytest.approx(high - low, rel=1e-3)


def test_more_labels_of_the_same_nights_narrow_less_and_less_and_more_nights_always():
    frames, supposed = [100] * 40, Assumptions()
    by_labels = [expected_width(frames, labels, "fpr", supposed) for labels in (2, 6, 20, 100)]
    assert by_labels == sorted(by_labels, reverse=True)
    assert by_labels[0] - by_labels[1] > 4 * (by_labels[2] - by_labels[3])
    assert expected_width(frames, 6, "fpr", supposed, 160) < by_labels[3]


def test_under_five_nights_nothing_is_measured_whatever_is_labelled():
    assert expected_width([500] * 4, 500, "fpr", Assumptions()) == math.inf
    assert expected_width([], 5, "fpr", Assumptions()) == math.inf


def corpus(n_nights: int) -> pd.DataFrame:
    cells = {
        night: [DARK] * 50 + ([TWILIGHT] * 10 if place % 8 == 0 else [])
        for place, night in enumerate(night_names(n_nights))
    }
    return month_frames(cells)


def test_each_condition_is_told_what_it_needs_and_what_its_nights_cannot_reach():
    frames = corpus(160)
    budget = label_budget(frames, 0.12).set_index(["solar_bin", "kind"])
    nights = [night for night in night_names(160) if night_role(night) == "audit"]
    audit = len(nights)
    dark, twilight = budget.loc[("Night", "fpr")], budget.loc[("Nautical", "fpr")]
    assert (dark["nights"], dark["audit_nights"]) == (160, audit)
    assert dark["labels"] == dark["labels_per_night"] * audit
    assert expected_width([50] * audit, dark["labels_per_night"], "fpr", Assumptions(), nights=nights) <= 0.12
    assert expected_width([50] * audit, dark["labels_per_night"] - 1, "fpr", Assumptions(), nights=nights) > 0.12
    # Twilight with a full moon: some seven audit nights, and no number of labels makes them more.
    assert pd.isna(twilight["labels"])
    assert twilight["width_best"] > 0.12
    rare = [night for place, night in enumerate(night_names(160)) if place % 8 == 0 and night in nights]
    needed = int(twilight["nights_needed"])
    assert len(rare) == twilight["audit_nights"]
    assert expected_width([10] * len(rare), 6, "fpr", Assumptions(), needed, rare) <= 0.12
    assert expected_width([10] * len(rare), 6, "fpr", Assumptions(), needed - 1, rare) > 0.12


def test_misses_need_more_labels_than_false_alarms_where_aurora_is_rare():
    budget = label_budget(corpus(160), 0.2, Assumptions(occurrence=0.1)).set_index(["solar_bin", "kind"])
    assert budget.loc[("Night", "fnr"), "width_now"] > budget.loc[("Night", "fpr"), "width_now"]


@pytest.mark.parametrize(("width", "options"), [(0.0, {}), (1.5, {}), (0.1, {"rate": 0.0}), (0.1, {"icc": 1.0})])
def test_widths_and_shares_outside_0_to_1_are_refused(width, options):
    with pytest.raises(BadConfiguration, match="between 0 and 1"):
        label_budget(corpus(20), width, Assumptions(**options))


def test_an_archive_without_frames_has_no_conditions_to_tell_of():
    assert label_budget(corpus(20).iloc[:0], 0.1).empty
