"""How far a rate seen on some nights may lie from the rate of nights like these.

Frames of one night share its weather and its aurora, so the night is the unit: a rate is a ratio of night totals,
its variance comes from how nights differ, and its interval from the number of independent frames that would vary
as much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95
KORN_GRAUBARD = "Korn-Graubard, nights as clusters"


@dataclass(frozen=True)
class Rate:
    """A proportion and its interval; NaN where it cannot be known. `n_nights` is how many nights it stands on."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n_nights: int = 0


def ratio_of_night_totals(numerator, denominator) -> tuple[float, np.ndarray]:
    """The ratio of two sums over nights, and each night's influence on it.

    `numerator` and `denominator` hold a (weighted) total per night. The influences are those of Taylor
    linearisation (Binder 1983, Int. Stat. Rev. 51, 279): they sum to zero, and n / (n - 1) times the sum of their
    squares estimates the ratio's variance over nights. NaN where the denominator sums to zero.
    """
    numerator, denominator = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    total = denominator.sum()
    if total <= 0:
        return math.nan, np.full(len(numerator), math.nan)
    ratio = numerator.sum() / total
    return float(ratio), (numerator - ratio * denominator) / total


def variance_over_nights(influence) -> float:
    """Variance of an estimate from its influences, one per night; infinite with a single night."""
    influence = np.asarray(influence, dtype=float)
    n = len(influence)
    return float(n / (n - 1) * np.square(influence).sum()) if n > 1 else math.inf


def proportion_over_nights(numerator, denominator, n_frames: int, level: float = LEVEL) -> Rate:
    """A proportion as ratio of night totals, with its Korn-Graubard interval.

    `numerator` and `denominator` are (weighted) totals per night, the first never above the second; `n_frames` is
    the number of frames behind them, without weights. Nights whose denominator is zero say nothing about the rate
    and do not count. Two nights at least are needed for an interval.
    """
    numerator, denominator = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    told = denominator > 0
    n_nights = int(told.sum())
    value, influence = ratio_of_night_totals(numerator[told], denominator[told])
    if n_nights < 2:
        return Rate(value, n_nights=n_nights)
    return Rate(value, *korn_graubard(value, variance_over_nights(influence), n_frames, n_nights, level), n_nights)


def korn_graubard(
    proportion: float, variance: float, n_frames: int, n_nights: int, level: float = LEVEL
) -> tuple[float, float]:
    """Interval of a proportion from clustered data (Korn & Graubard 1998, Survey Methodology 24, 193).

    Clopper-Pearson's interval at the effective sample size p (1 - p) / variance, reduced by the squared ratio
    of Student's t with `n_frames` - 1 to that with `n_nights` - 1 degrees of freedom, and at most `n_frames`. R's
    `survey::svyciprop(method = "beta")` is the same without the last limit. A proportion of exactly 0 or 1 shows
    nothing of how nights differ; the least that can be known is then assumed, a night counting as one frame.
    """
    if not 0.0 < proportion < 1.0:
        return clopper_pearson(round(proportion) * n_nights, n_nights, level)
    effective = proportion * (1.0 - proportion) / variance if variance > 0 else math.inf
    tail = (1.0 + level) / 2.0
    effective *= (stats.t.ppf(tail, max(n_frames, 2) - 1) / stats.t.ppf(tail, n_nights - 1)) ** 2
    effective = min(effective, n_frames)
    return clopper_pearson(proportion * effective, effective, level)


def clopper_pearson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The interval of Clopper & Pearson (1934, Biometrika 26, 404); counts need not be whole."""
    tail = (1.0 - level) / 2.0
    low = stats.beta.ppf(tail, successes, n - successes + 1.0) if successes > 0 else 0.0
    high = stats.beta.ppf(1.0 - tail, successes + 1.0, n - successes) if successes < n else 1.0
    return float(low), float(high)
