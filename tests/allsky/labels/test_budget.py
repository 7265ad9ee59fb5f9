"""What is foretold before anyone labels is what labelling then brings."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from allsky.errors import BadConfiguration
from allsky.labels.budget import Assumptions, expected_width, label_budget
from allsky.labels.roles import night_role
from allsky.statistics.intervals import korn_graubard, proportion_over_nights
from tests.allsky.synthetic_corpus import month_frames, night_names

DARK, TWILIGHT = ("Night", "No_Moon"), ("Nautical", "Moon_Full")


def simulated_width(generator, frames: np.ndarray, per_night: int, kind: str, supposed: Assumptions) -> float:
    """The mean width of the report's own interval over made-up audits: beta-binomial nights, Poisson draws."""
    spread = 1 / supposed.icc - 1
    widths = []
    for _ in range(300):
        rate = generator.beta(supposed.rate * spread, (1 - supposed.rate) * spread, len(frames))
        share = supposed.share_in(kind)
        counting = generator.binomial(frames, generator.beta(share * spread, (1 - share) * spread, len(frames)))
        wrong = generator.binomial(counting, rate)
        probability = np.minimum(per_night, frames) / frames
        errors, right = generator.binomial(wrong, probability), generator.binomial(counting - wrong, probability)
        n = errors + right
        found = proportion_over_nights(errors / probability, n / probability, int(n.sum()))
        if errors.sum():
            widths.append(found.high - found.low)
    return float(np.mean(widths))


@pytest.mark.parametrize("icc", [0.1, 0.3])
@pytest.mark.parametrize("kind", ["fpr", "fnr"])
@pytest.mark.parametrize(("n_nights", "per_night"), [(60, 6), (150, 20)])
def test_the_width_foretold_is_the_mean_width_that_simulated_audits_get(icc, kind, n_nights, per_night):
    generator = np.random.default_rng([n_nights, per_night, int(10 * icc)])
    frames = generator.integers(20, 400, n_nights)
    supposed = Assumptions(rate=0.1, icc=icc)
    assert expected_width(frames, per_night, kind, supposed) == pytest.approx(
        simulated_width(generator, frames, per_night, kind, supposed), rel=0.15
    )


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
    audit = sum(night_role(night) == "audit" for night in night_names(160))
    dark, twilight = budget.loc[("Night", "fpr")], budget.loc[("Nautical", "fpr")]
    assert (dark["nights"], dark["audit_nights"]) == (160, audit)
    assert dark["labels"] == dark["labels_per_night"] * audit
    assert expected_width([50] * audit, dark["labels_per_night"], "fpr", Assumptions()) <= 0.12
    assert expected_width([50] * audit, dark["labels_per_night"] - 1, "fpr", Assumptions()) > 0.12
    # Twilight with a full moon: some seven audit nights, and no number of labels makes them more.
    assert pd.isna(twilight["labels"])
    assert twilight["width_best"] > 0.12
    assert expected_width([10] * 3, 6, "fpr", Assumptions(), twilight["nights_needed"]) <= 0.12


def test_misses_need_more_labels_than_false_alarms_where_aurora_is_rare():
    budget = label_budget(corpus(160), 0.2, Assumptions(occurrence=0.1)).set_index(["solar_bin", "kind"])
    assert budget.loc[("Night", "fnr"), "width_now"] > budget.loc[("Night", "fpr"), "width_now"]


@pytest.mark.parametrize(("width", "options"), [(0.0, {}), (1.5, {}), (0.1, {"rate": 0.0}), (0.1, {"icc": 1.0})])
def test_widths_and_shares_outside_0_to_1_are_refused(width, options):
    with pytest.raises(BadConfiguration, match="between 0 and 1"):
        label_budget(corpus(20), width, Assumptions(**options))


def test_an_archive_without_frames_has_no_conditions_to_tell_of():
    assert label_budget(corpus(20).iloc[:0], 0.1).empty
