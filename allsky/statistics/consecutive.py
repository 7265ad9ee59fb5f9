"""How far may an estimate lie from the truth when a night is like the one before it?

Aurora and cloud last from night to night, so consecutive nights tell less than as many independent ones. Nights count
as alike by their distance in the calendar: a night without frames adds nothing, and nights beyond a gap are as far
apart as their dates.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

# Nights nearer than this many times the root of their number count as alike (Lazarus, Lewis, Stock & Watson 2018,
# J. Bus. Econ. Stat. 36, 541, doi:10.1080/07350015.2018.1506926: little is lost where they are not).
REACH = 1.3


def variance_over_consecutive_nights(influence, nights, reach: float | None = None) -> tuple[float, float]:
    """Variance of an estimate from its influences, one per night, and the degrees of freedom with which it is known.

    Newey and West's (1987, Econometrica 55, 703): products of the influences of two nights count, the less the further
    apart their dates (`nights`) are, down to nothing at `reach` nights. Divided by the share of it that is
    left after subtraction of the mean when nights are independent; the degrees of freedom are Satterthwaite's (1946,
    Biometrics Bull. 2, 110) for such nights. Where no two nights lie within `reach`, both are those of independent
    nights (`variance_over_nights`, n - 1). Infinite with a single night, or
    where one decides all.
    """
    influence = np.asarray(influence, dtype=float)
    date = np.asarray(nights, dtype="datetime64[D]").astype(int)
    n = len(date)
    if n < 2 or not np.isfinite(influence).all():
        return math.inf, 1.0
    reach = REACH * math.sqrt(n) if reach is None else reach
    lag = np.arange(-math.floor(reach), math.floor(reach) + 1)
    alike = np.clip(1.0 - np.abs(lag) / reach, 0.0, None)
    place = date - date.min()

    def around(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The weighted sum over the nights around each."""
        calendar = np.bincount(place, values)
        return ndimage.convolve1d(calendar, weight, mode="constant")[place]

    row = around(np.ones(n), alike)
    left = n - row.sum() / n
    square = around(np.ones(n), alike**2).sum() - 2.0 * (row @ row) / n + (row.sum() / n) ** 2
    return float(n / left * (influence @ around(influence, alike))), float(left**2 / square)
