"""Is the sky as light as the sun makes it at the times that the clock shows?

The sky's brightness in twilight follows the sun's altitude, in the evening as in the morning. Of all hours that a clock
could be wrong by, the one is sought under which the brightness of a night's frames is best explained by the sun's
altitude (rising with it) and a slow change over the night (moon, weather, exposure). That tells a clock that is off by
whole hours where dusk and dawn are both filmed, and one off by half a day always; not a date off by a day, by which
the sun moves 0.4 degrees at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from allsky.ephemeris import sun_and_moon
from allsky.site import Site

# Offsets tried [min]: all of a day, then finer about the best.
COARSE_MIN, FINE_MIN = 30, 10
HALF_A_DAY_MIN = 720

# Altitudes of the sun [deg] from which brightness may begin to rise: every three from the end of astronomical twilight.
RISES_FROM_DEG = np.arange(-18.0, 1.0, 3.0)

# Weather lasts: frames within so many minutes count as one independent look at the sky.
ALIKE_MIN = 80.0
# An offset whose chi-square is within this of the best one's is as good (95 %, one degree of freedom).
CHI_SQUARE_95 = 3.84

# Fewer frames than this tell nothing.
FEWEST_FRAMES = 24


@dataclass(frozen=True)
class ClockOffset:
    """By how many minutes the clock is ahead of the sun: the best offset, and the least and greatest that do about
    as well; `explained` is the share of the brightness's variance that the sun's altitude explains then."""

    minutes: float
    low: float
    high: float
    explained: float


def twilight_offset(utc, mean_luma: np.ndarray, site: Site) -> ClockOffset | None:
    """How far the clock that gave `utc` (n instants in order) is ahead, told by the brightness `mean_luma` (n).

    None where there are too few frames to tell.
    """
    times = pd.DatetimeIndex(pd.to_datetime(utc, utc=True))
    lit = np.log(np.maximum(np.asarray(mean_luma, float), 1.0))
    if len(times) < FEWEST_FRAMES or np.ptp(lit) == 0:
        return None
    minutes = (times - times[0]).total_seconds().to_numpy() / 60
    altitude = _altitude_around(times[0], minutes[-1], site)
    slow = _slow(minutes)
    offsets = range(-HALF_A_DAY_MIN, HALF_A_DAY_MIN, COARSE_MIN)
    unexplained = {offset: _residual(lit, slow, altitude(minutes - offset)) for offset in offsets}
    near = min(unexplained, key=unexplained.__getitem__)
    for offset in range(near - 2 * COARSE_MIN, near + 2 * COARSE_MIN + 1, FINE_MIN):
        unexplained[offset] = _residual(lit, slow, altitude(minutes - offset))
    best = min(unexplained, key=unexplained.__getitem__)
    looks = min(minutes[-1] / ALIKE_MIN, float(len(lit)))
    allowed = unexplained[best] * (1.0 + CHI_SQUARE_95 / looks)
    as_good = [offset for offset, left in unexplained.items() if left <= allowed]
    explained = 1.0 - unexplained[best] / nnls(slow, lit)[1] ** 2
    return ClockOffset(float(best), float(min(as_good)), float(max(as_good)), float(explained))


def _altitude_around(first: pd.Timestamp, length_min: float, site: Site):
    """The sun's altitude [deg] as a function of minutes after `first`, for all that the offsets may ask for."""
    reach = HALF_A_DAY_MIN + 2 * COARSE_MIN
    minutes = np.arange(-reach, length_min + reach + 5.0, 5.0)
    known = sun_and_moon(first + pd.to_timedelta(minutes, unit="min"), site)["sun_altitude_deg"].to_numpy()
    return lambda wanted: np.interp(wanted, minutes, known)


def _slow(minutes: np.ndarray) -> np.ndarray:
    """What changes over a night whatever the sun does: a level, a trend and, as by a moon, more light about its middle.
    Not less: that is what twilight at both ends looks like."""
    share = (minutes - minutes.mean()) / max(np.ptp(minutes), 1.0)
    return np.column_stack([np.ones_like(share), share, -share, 1.0 - share**2])


def _residual(lit: np.ndarray, slow: np.ndarray, altitude_deg: np.ndarray) -> float:
    """Sum of squares that slow change and a rise with the sun's altitude leave."""
    rises = np.clip(altitude_deg[:, None] - RISES_FROM_DEG, 0.0, None)
    return float(nnls(np.column_stack([slow, rises]), lit)[1] ** 2)
