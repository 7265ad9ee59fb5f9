"""How far a rate seen on some nights may lie from the rate of nights like these.

Frames of one night share its weather and its aurora, so the night is the unit: a rate is a ratio of night totals,
its variance comes from how nights differ, and its interval from the number of independent frames that would vary
as much. A margin pools conditions whose frames were drawn with very different probabilities; its interval also says
what the conditions without a seen error may hide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from allsky.statistics.consecutive import variance_over_consecutive_nights

LEVEL = 0.95
# Fewer audit nights measure nothing: with four, Student's t is 3.2 and one odd night decides.
NIGHTS_TO_MEASURE = 5
KORN_GRAUBARD = "Korn-Graubard, nights as clusters"
KORN_GRAUBARD_POOLED = "Korn-Graubard, nights as clusters, widened to what its conditions allow"


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


def proportion_over_nights(
    numerator, denominator, n_frames: int, level: float = LEVEL, at_most: float | None = None, nights=None
) -> Rate:
    """A proportion as ratio of night totals, with its Korn-Graubard interval.

    `numerator` and `denominator` are (weighted) totals per night, the first never above the second; `n_frames` is
    the number of frames behind them, without weights, and `at_most` (by default the same) the largest number of
    independent frames they can be worth. `nights` are the nights' dates where these follow one another, so that
    neighbours may be alike (`variance_over_consecutive_nights`); without, nights count as independent. Nights whose
    denominator is zero say nothing about the rate and do not count. Two nights at least are needed for an interval.
    """
    numerator, denominator = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    told = denominator > 0
    n_nights = int(told.sum())
    value, influence = ratio_of_night_totals(numerator[told], denominator[told])
    if n_nights < 2:
        return Rate(value, n_nights=n_nights)
    variance, freedom = variance_over_nights(influence), n_nights - 1.0
    if nights is not None:
        variance, freedom = variance_over_consecutive_nights(influence, np.asarray(nights)[told])
    ends = korn_graubard(value, variance, n_frames, n_nights, level, at_most, freedom)
    return Rate(value, *ends, n_nights)


def pooled_proportion(numerator, denominator, squares, n_frames, nights=None, level: float = LEVEL) -> Rate:
    """A proportion of weighted frames from one condition or several together, with its interval.

    The first four have the shape (nights, conditions): the sum of the weights of the frames that count, that of all
    frames, the sum of the squares of the latter weights, and the number of frames; `nights` are the nights' dates, as
    for `proportion_over_nights`. Frames of unequal weight are worth
    no more than Kish's effective number of them (1965, Survey Sampling, section 11.7). Where conditions are pooled,
    one with a large weight and no seen error adds nothing to the variance over nights, however few of its frames were
    looked at. The interval is therefore the wider one, at each end, of that over nights and of the conditions' own
    intervals put together (`combined_limits`).
    """
    numerator, denominator, squares, n_frames = (
        np.asarray(totals, dtype=float) for totals in (numerator, denominator, squares, n_frames)
    )
    whole = _weighted(numerator.sum(1), denominator.sum(1), squares.sum(), n_frames.sum(), nights, level)
    shares = denominator.sum(0)
    told = np.flatnonzero(shares > 0)
    if len(told) < 2 or math.isnan(whole.low):
        return whole
    parts = [
        _weighted(numerator[:, one], denominator[:, one], squares[:, one].sum(), n_frames[:, one].sum(), nights, level)
        for one in told
    ]
    low, high = combined_limits(parts, shares[told])
    return Rate(whole.value, min(low, whole.low), max(high, whole.high), whole.n_nights)


def _weighted(numerator, denominator, squares: float, n_frames: float, nights, level: float) -> Rate:
    """One condition's proportion, its frames worth at most Kish's effective number."""
    worth = denominator.sum() ** 2 / squares if squares > 0 else 0.0
    return proportion_over_nights(numerator, denominator, int(n_frames), level, worth, nights)


def combined_limits(parts: Sequence[Rate], weights) -> tuple[float, float]:
    """Limits of the weighted mean of independent proportions, from those of each.

    The distances from each proportion to its limit are added in squares, at each end by itself (the method of
    variance estimates recovery, Zou & Donner 2008, Stat. Med. 27, 1693, doi:10.1002/sim.3095). A proportion without
    an interval may be anything from 0 to 1.
    """
    weights = np.asarray(weights, dtype=float) / np.sum(weights)
    value = np.array([part.value for part in parts])
    low = np.nan_to_num([part.low for part in parts], nan=0.0)
    high = np.nan_to_num([part.high for part in parts], nan=1.0)
    mean = weights @ value
    below, above = np.hypot.reduce(weights * (value - low)), np.hypot.reduce(weights * (high - value))
    return max(0.0, float(mean - below)), min(1.0, float(mean + above))


def korn_graubard(
    proportion: float,
    variance: float,
    n_frames: int,
    n_nights: int,
    level: float = LEVEL,
    at_most: float | None = None,
    freedom: float | None = None,
) -> tuple[float, float]:
    """Interval of a proportion from clustered data (Korn & Graubard 1998, Survey Methodology 24, 193).

    Clopper-Pearson's interval at the effective sample size p (1 - p) / variance, reduced by the squared ratio
    of Student's t with `n_frames` - 1 to that with `freedom` (`n_nights` - 1 by default), and never above `at_most`
    (`n_frames` by default): a design effect below one is chance (Dean & Pagano 2015, J. Surv. Stat. Methodol. 3,
    484). R's `survey::svyciprop(method = "beta")` is the same without that limit. A proportion of exactly 0 or 1 shows
    nothing of how nights differ; the least that can be known is then assumed, a night counting as one frame.
    """
    at_most = n_frames if at_most is None else at_most
    freedom = n_nights - 1.0 if freedom is None else freedom
    if not 0.0 < proportion < 1.0:
        least = min(n_nights, at_most)
        return clopper_pearson(round(proportion) * least, least, level)
    effective = proportion * (1.0 - proportion) / variance if variance > 0 else math.inf
    tail = (1.0 + level) / 2.0
    effective *= (special.stdtrit(max(n_frames, 2) - 1, tail) / special.stdtrit(freedom, tail)) ** 2
    effective = float(min(effective, at_most))
    return clopper_pearson(proportion * effective, effective, level)


def clopper_pearson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The interval of Clopper & Pearson (1934, Biometrika 26, 404); counts need not be whole."""
    tail = (1.0 - level) / 2.0
    low = special.betaincinv(successes, n - successes + 1.0, tail) if successes > 0 else 0.0
    high = special.betaincinv(successes + 1.0, n - successes, 1.0 - tail) if successes < n else 1.0
    return float(low), float(high)
