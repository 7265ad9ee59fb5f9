"""How far may an estimate lie from the truth when a night is like the one before it?

Aurora and cloud last from night to night, so consecutive nights tell less than as many independent ones. Nights count
as alike by their distance in the calendar: a night without frames adds nothing, and nights beyond a gap are as far
apart as their dates. Whatever has an interval over nights takes its variance from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import ndimage

# Nights nearer than this many times the root of their number count as alike (Lazarus, Lewis, Stock & Watson 2018,
# J. Bus. Econ. Stat. 36, 541, doi:10.1080/07350015.2018.1506926: little is lost where they are not).
REACH = 1.3

Estimate = Callable[[np.ndarray], np.ndarray]


def variance_over_consecutive_nights(influence, nights, reach: float | None = None) -> tuple[float, float]:
    """Variance of an estimate from its influences, one per night, and the degrees of freedom with which it is known.

    Newey and West's (1987, Econometrica 55, 703): products of the influences of two nights count, the less the further
    apart their dates (`nights`) are, down to nothing at `reach` nights. Divided by the share of it that is
    left after subtraction of the mean when nights are independent; the degrees of freedom are `freedom_of_nights`.
    Where no two nights lie within `reach`, both are those of independent nights (`variance_over_nights`, n - 1).
    Infinite with a single night, or where one decides all.
    """
    influence = np.asarray(influence, dtype=float)
    if len(influence) < 2 or not np.isfinite(influence).all():
        return math.inf, 1.0
    covariance, freedom = covariance_over_consecutive_nights(influence[:, None], nights, reach)
    return float(covariance[0, 0]), freedom


def covariance_over_consecutive_nights(influences, nights, reach: float | None = None) -> tuple[np.ndarray, float]:
    """As `variance_over_consecutive_nights`, of k estimates with finite `influences` (nights, k): shape (k, k).

    Raises ValueError for fewer than two nights.
    """
    influences = np.asarray(influences, dtype=float)
    if len(influences) < 2:
        raise ValueError(f"a variance over nights needs two or more, not {len(influences)}")
    reach = REACH * math.sqrt(len(influences)) if reach is None else reach
    place = _places(nights)
    products = influences.T @ _around(influences, place, _alike(reach))
    left, freedom = _left_and_freedom(place, np.ones(len(place)), 1.0, reach)
    return products / left, freedom


def freedom_of_nights(nights, chance=1.0, copies: float = 1.0) -> float:
    """With how many degrees of freedom a variance over these nights is known (Satterthwaite 1946, Biom. Bull. 2, 110).

    Those of independent normal nights, about 21 for 331 in a row, n - 1 for nights that lie far apart. Before anything
    is known, a night may count with a `chance` only, and there may be several `copies` of these nights, far apart.
    """
    chance = np.broadcast_to(np.asarray(chance, dtype=float), len(nights))
    return _left_and_freedom(_places(nights), chance, copies, REACH * math.sqrt(copies * chance.sum()))[1]


def jackknife_influence(parts: np.ndarray, estimate: Estimate) -> np.ndarray:
    """Each night's (row's) influence on `estimate` of column sums, by leaving it out; infinite where one decides all.

    n / (n - 1) times the sum of their squares is the jackknife's variance.
    """
    n = len(parts)
    without = estimate(parts.sum(axis=0) - parts)
    if n < 2 or not np.isfinite(without).all():
        return np.full(n, math.inf)
    return (n - 1) / n * (without.mean() - without)


def persistent_products(values, nights, persistence: float) -> float:
    """The sum of products of every two different nights' `values` (n), by their correlation.

    It is `persistence` from a night to the next, and falls off by that factor with every night between.
    """
    values = np.asarray(values, dtype=float)
    lag = np.arange(1, math.ceil(math.log(1e-9) / math.log(persistence)) if persistence > 0 else 1)
    weight = np.concatenate([persistence ** lag[::-1], [0.0], persistence**lag])
    return float(values @ _around(values[:, None], _places(nights), weight)[:, 0])


def _places(nights) -> np.ndarray:
    """Where each night lies in the calendar, from the first."""
    days = np.asarray(nights, dtype="datetime64[D]")
    if np.isnat(days).any():
        raise ValueError(f"{np.isnat(days).sum()} of {len(days)} nights have no date")
    date = days.astype(int)
    return date - date.min(initial=date[0] if len(date) else 0)


def _alike(reach: float) -> np.ndarray:
    """How alike nights are by the days between them, from `reach` nights before to as many after (Bartlett's)."""
    lag = np.arange(-math.floor(reach), math.floor(reach) + 1)
    return np.clip(1.0 - np.abs(lag) / reach, 0.0, None)


def _around(values: np.ndarray, place: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weighted sum over the nights around each, of values (nights, k)."""
    calendar = np.zeros((place.max() + 1, values.shape[1]))
    np.add.at(calendar, place, values)
    return ndimage.convolve1d(calendar, weight, axis=0, mode="constant")[place]


def _left_and_freedom(place: np.ndarray, chance: np.ndarray, copies: float, reach: float) -> tuple[float, float]:
    """The share of the variance of independent nights that subtraction of the mean leaves, and degrees of freedom."""
    n, alike = copies * chance.sum(), _alike(reach)

    def neighbours(weight: np.ndarray) -> np.ndarray:
        """A night with itself, and with the others where these count."""
        return _around(chance[:, None], place, weight)[:, 0] - chance + 1.0

    row = neighbours(alike)
    mean = copies * (chance @ row) / n
    square = copies * (chance @ neighbours(alike**2) - 2.0 * (chance @ row**2) / n) + mean**2
    return float(1.0 - mean / n), float((n - mean) ** 2 / square)
