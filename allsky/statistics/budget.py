"""How many labels, of how many nights, does an interval of a given width need, and which widths are out of reach?

Told before anyone labels, from the nights that exist: a night's frames resemble each other, so more labels of the
same nights help less and less, and beyond some width only more nights do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaln

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.errors import BadConfiguration
from allsky.labels.roles import SHARES, roles_of
from allsky.statistics.consecutive import freedom_of_nights, persistent_products
from allsky.statistics.intervals import korn_graubard
from allsky.statistics.rates import NIGHTS_TO_MEASURE

# Beyond so many nights nobody plans.
MOST_NIGHTS = 100_000


@dataclass(frozen=True)
class Assumptions:
    """What has to be supposed of errors nobody has counted yet.

    - `rate`: the rate of errors to be measured, of false positives or negatives.
    - `icc`: the intraclass correlation of a night's frames, in their errors and in whether aurora is visible: 0 where
      frames err independently, 1 where a night's frames all err or none. Without better knowledge 0.3.
    - `occurrence`: the share of frames in which aurora is visible. False positives are counted among the others.
    - `persistence`: the correlation of a night's rate with that of the night after; it falls off by the same factor
      with every night between.
    """

    rate: float = 0.05
    icc: float = 0.3
    occurrence: float = 0.3
    persistence: float = 0.3

    def __post_init__(self):
        for name in ("rate", "icc", "occurrence"):
            if not 0 < getattr(self, name) < 1:
                raise BadConfiguration(f"--{name} {getattr(self, name):g}: expected a number between 0 and 1")
        if not 0 <= self.persistence < 1:
            raise BadConfiguration(f"--persistence {self.persistence:g}: expected a number from 0 to below 1")

    def share_in(self, kind: str) -> float:
        """The share of labelled frames that a rate's denominator counts: no aurora for fpr, aurora for fnr."""
        return self.occurrence if kind == "fnr" else 1 - self.occurrence


def expected_width(
    frames_per_night, per_night: float, kind: str, supposed: Assumptions, n_nights: float | None = None, nights=None
) -> float:
    """The width to expect of a rate's 95 % interval after `per_night` labels of each night.

    Parameters
    ----------
    frames_per_night : frames of the condition in each audit night that has any (n). Labels of a night stand for all
        of these, so long nights weigh more.
    per_night : labels expected of a night, at most its frames.
    kind : `fpr` or `fnr`.
    n_nights : how many nights like these; as many as there are by default.
    nights : their dates (n), where neighbours may be alike; without, nights count as independent.

    The interval is that of the report (`intervals.korn_graubard`) at the variance that the night totals then have:
    the binomial one with a night's design effect 1 + (m - 1) icc (Kish 1965, Survey Sampling, section 5.4) at m
    labels that count, with what unequal nights cost, and with what neighbours have in common (`persistence`). Nights
    without any frame that counts say nothing; how many
    these are follows from `occurrence` and `icc` (beta-binomial). Infinite with fewer than 5 nights that count,
    where the report measures nothing.
    """
    frames = np.asarray(frames_per_night, dtype=float)
    dates = None if nights is None else np.asarray(nights)[frames > 0]
    frames = frames[frames > 0]
    count = len(frames) if n_nights is None else n_nights
    if len(frames) == 0 or count == 0:
        return math.inf
    labels, share, like = np.minimum(per_night, frames), supposed.share_in(kind), count / len(frames)
    chance = 1 - _none(labels, share, supposed.icc)
    n_told = chance.sum() * like
    if round(n_told) < NIGHTS_TO_MEASURE:
        return math.inf
    spread, freedom = _spread(frames, labels, share, supposed.icc), None
    if dates is not None:
        spread += supposed.icc * persistent_products(frames, dates, supposed.persistence) / frames.sum() ** 2
        freedom = min(freedom_of_nights(dates, chance, like), round(n_told) - 1)
    variance, n_frames = supposed.rate * (1 - supposed.rate) * spread / like, max(1, round(labels.sum() * share * like))
    low, high = korn_graubard(supposed.rate, variance, n_frames, round(n_told), freedom=freedom)
    return high - low


def _spread(frames: np.ndarray, labels: np.ndarray, share: float, icc: float) -> float:
    """The variance of the rate over nights, in units of rate (1 - rate).

    Of a night's m labels x count, beta-binomial with mean m share; each stands for n / m frames, and x frames' errors
    vary as icc + (1 - icc) / x. Hence the sum of (n / m)^2 (icc E x^2 + (1 - icc) E x) over the squared total.
    """
    mean = labels * share
    square = mean * (1 - share) * (1 + (labels - 1) * icc) + mean**2
    return float(((frames / labels) ** 2 * (icc * square + (1 - icc) * mean)).sum() / (frames * share).sum() ** 2)


def _none(labels: np.ndarray, share: float, icc: float) -> np.ndarray:
    """The chance that none of a night's labels counts: the beta-binomial at zero; `labels` need not be whole.

    The share differs between nights as a beta distribution with this mean and intraclass correlation.
    """
    spread = 1 / icc - 1
    yes, no = share * spread, (1 - share) * spread
    return np.exp(betaln(yes, no + labels) - betaln(yes, no))


def label_budget(
    frames: pd.DataFrame,
    width: float,
    supposed: Assumptions | None = None,
    *,
    per_cell: int = 6,
    seed: int = 0,
    shares=SHARES,
) -> pd.DataFrame:
    """What intervals of `width` ask for, a row per condition that has frames and per kind of error.

    `frames` is MONTH_FRAMES of the whole corpus, labelled or not; `per_cell` the labels that a night's cell gets as
    configured. Columns:

    - `solar_bin`, `lunar_bin`, `kind` (`fpr`, `fnr`); `nights`, `audit_nights`: those with frames of the condition.
    - `width_now`: to expect with `per_cell` labels of each audit night, `labels_now` in all.
    - `width_best`: with every frame of every audit night labelled; narrower is out of these nights' reach.
    - `labels_per_night`, `labels`: what `width` needs of these nights; null where it is out of reach.
    - `nights_needed`: audit nights that `width` needs at that many labels of a night, or at `per_cell` where it is
      out of reach of these; null where no number of nights is enough.
    """
    if not 0 < width < 1:
        raise BadConfiguration(f"--width {width:g}: expected a width between 0 and 1, such as 0.1 for ten points")
    supposed = supposed or Assumptions()
    rows = []
    for solar, lunar, counted in _conditions(frames, seed, shares):
        audit = counted.loc[counted["role"] == "audit"].set_index("night")["n_frames"]
        for kind in ("fpr", "fnr"):
            asked = _asked(audit, width, kind, supposed, per_cell)
            place = {"solar_bin": solar, "lunar_bin": lunar, "kind": kind}
            rows.append({**place, "nights": len(counted), "audit_nights": len(audit), **asked})
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(WHOLE, "Int64"))


WHOLE = ["nights", "audit_nights", "labels_now", "labels_per_night", "labels", "nights_needed"]
COLUMNS = [
    *("solar_bin", "lunar_bin", "kind", "nights", "audit_nights", "width_now", "labels_now", "width_best"),
    *("labels_per_night", "labels", "nights_needed"),
]


def _conditions(frames: pd.DataFrame, seed: int, shares):
    """Each condition that has unflagged frames: its nights with `n_frames` and `role`."""
    usable = frames[frames["clock_flag"].isna()]
    roles = roles_of(usable["night"], seed, shares)
    cells = usable.groupby(["solar_bin", "lunar_bin", "night"]).size().rename("n_frames").reset_index()
    cells["role"] = cells["night"].map(roles)
    for solar in SOLAR_BINS:
        for lunar in LUNAR_BINS:
            cell = cells[(cells["solar_bin"] == solar) & (cells["lunar_bin"] == lunar)]
            if len(cell):
                yield solar, lunar, cell


def _asked(audit: pd.Series, width: float, kind: str, supposed: Assumptions, per_cell: int) -> dict:
    """What the frames of audit nights, by date, allow and need."""
    most = int(audit.max()) if len(audit) else 0

    def of(per_night: float, n_nights: int | None = None) -> float:
        return expected_width(audit.to_numpy(), per_night, kind, supposed, n_nights, audit.index)

    best = of(most)
    per_night = _least(lambda labels: of(labels) <= width, 1, most) if best <= width else None
    return {
        "width_now": of(per_cell),
        "labels_now": int(np.minimum(per_cell, audit).sum()),
        "width_best": best,
        "labels_per_night": per_night,
        "labels": int(np.minimum(per_night, audit).sum()) if per_night else None,
        "nights_needed": _nights_needed(audit, per_night or per_cell, width, kind, supposed),
    }


def _nights_needed(audit: pd.Series, per_night: float, width: float, kind: str, supposed: Assumptions) -> int | None:
    """As many as make `width`, at the spacing that these have; without any, nights far apart."""
    frames, nights = (audit.to_numpy(), audit.index) if len(audit) else (np.array([per_night]), None)

    def enough(count: int) -> bool:
        return expected_width(frames, per_night, kind, supposed, count, nights) <= width

    return _least(enough, NIGHTS_TO_MEASURE, MOST_NIGHTS) if enough(MOST_NIGHTS) else None


def _least(enough, low: int, high: int) -> int:
    """The least whole number from `low` to `high` that is enough, as `high` is; by bisection."""
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
