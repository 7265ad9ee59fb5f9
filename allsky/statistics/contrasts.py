"""Is the classifier wrong more often under one condition than under another, or is that chance?

Two contrasts were stated before anything was measured, from the published claims; all others are exploratory. Where a
difference cannot be told from chance, the table says how large one would have had to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.statistics.intervals import LEVEL, NIGHTS_TO_MEASURE, Rate, pooled_proportion
from allsky.statistics.night_totals import audited_frames, audited_sums, night_totals
from allsky.tables import CONTRASTS

REFERENCE = ("Night", "No_Moon")
# What the published work inferred from yes/no ratios: more false positives there, more false negatives there.
STATED = (("fpr", "Nautical", "Moon_Quarter"), ("fnr", "Nautical", "No_Moon"))
OUTCOMES = {"fpr": ("fp", "tn"), "fnr": ("fn", "tp")}

STATED_BEFORE, EXPLORATORY = "stated beforehand", "exploratory"
SUPPORTED, CONTRADICTED, NOT_DECIDABLE = "supported", "contradicted", "not decidable"
HIGHER, LOWER = "higher", "lower"
# The chance with which a difference of the size called detectable would be seen.
POWER = 0.8

Limits = Callable[[float], Rate]


def contrast_table(
    predictions: pd.DataFrame,
    frames: pd.DataFrame,
    sheet: pd.DataFrame,
    labels: pd.DataFrame,
    positive: str,
    counted: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The table CONTRASTS: each condition's error rates against those of moonless night.

    Parameters as for `statistics.condition_table`. The p-values of the two contrasts stated beforehand are adjusted by
    Holm (1979, Scand. J. Stat. 6, 65), those of the exploratory ones, of the conditions measured on both sides, by
    Benjamini & Hochberg (1995, J. R. Stat. Soc. B 57, 289).
    """
    totals = night_totals(predictions, frames, audited_frames(sheet, labels, frames), positive, counted)
    solar_bins = [name for name in SOLAR_BINS if name in set(totals.index.get_level_values("solar_bin"))]
    cells = [(solar, lunar) for solar in solar_bins for lunar in LUNAR_BINS if (solar, lunar) != REFERENCE]
    others = [(rate, *cell) for rate in OUTCOMES for cell in cells if (rate, *cell) not in STATED]
    tables = [
        _family(totals, STATED, STATED_BEFORE, holm),
        _family(totals, others, EXPLORATORY, scipy.stats.false_discovery_control),
    ]
    return pd.concat(tables, ignore_index=True)[CONTRASTS.names].astype(dict.fromkeys(NIGHTS, "Int64"))


NIGHTS = ["n_nights", "reference_nights"]


def _family(totals: pd.DataFrame, chosen, kind: str, adjust: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
    """The contrasts of one family, their p-values adjusted together."""
    rows = [{"kind": kind, **_contrast(totals, *one)} for one in chosen]
    table = pd.DataFrame(rows, columns=[name for name in CONTRASTS.names if name not in ("p_adjusted", "verdict")])
    adjusted = np.full(len(table), math.nan)
    known = table["p"].notna().to_numpy(dtype=bool)
    if known.any():
        adjusted[known] = adjust(table.loc[known, "p"].to_numpy(dtype=float))
        table["detectable"] = detectable(table["low"], table["high"], int(known.sum()))
    words = (SUPPORTED, CONTRADICTED) if kind == STATED_BEFORE else (HIGHER, LOWER)
    verdicts = [_verdict(p, d, words) for p, d in zip(adjusted, table["difference"], strict=True)]
    return table.assign(p_adjusted=adjusted, verdict=verdicts)


def holm(p: np.ndarray) -> np.ndarray:
    """P-values adjusted by Holm's step-down method: the chance of any false finding among them is kept."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _verdict(p: float, difference: float, words: tuple[str, str]) -> str:
    if not p < 1.0 - LEVEL:
        return NOT_DECIDABLE
    return words[0] if difference > 0 else words[1]


def _contrast(totals: pd.DataFrame, rate: str, solar_bin: str, lunar_bin: str) -> dict:
    """One condition's rate minus that of moonless night, with everything but what its family decides."""
    here, reference = (_limits(totals, rate, *cell) for cell in ((solar_bin, lunar_bin), REFERENCE))
    one, other = here(LEVEL), reference(LEVEL)
    row: dict[str, Any] = {"rate": rate, "solar_bin": solar_bin, "lunar_bin": lunar_bin}
    row |= {"n_nights": one.n_nights, "reference_nights": other.n_nights}
    if min(one.n_nights, other.n_nights) < NIGHTS_TO_MEASURE:
        return row
    low, high = difference_limits(one, other)
    row |= {"value": one.value, "reference": other.value}
    row |= {"difference": one.value - other.value, "low": low, "high": high}
    return row | {"p": p_of_no_difference(here, reference)}


def _limits(totals: pd.DataFrame, rate: str, solar_bin: str, lunar_bin: str) -> Limits:
    """One condition's rate, with its interval at any level."""
    solar, lunar = totals.index.get_level_values("solar_bin"), totals.index.get_level_values("lunar_bin")
    sums = audited_sums(totals[(solar == solar_bin) & (lunar == lunar_bin)], *OUTCOMES[rate])
    return lambda level: pooled_proportion(*sums, level=level)


def difference_limits(one: Rate, other: Rate) -> tuple[float, float]:
    """Limits of the difference of two rates from the limits of each.

    The distances from each rate to the limit that matters are added in squares (Newcombe 1998, Stat. Med. 17, 873;
    Zou & Donner 2008, Stat. Med. 27, 1693). Where both stand partly on the same nights they err alike, if at all, and
    the interval is too wide rather than too short.
    """
    difference = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return max(-1.0, difference - below), min(1.0, difference + above)


def p_of_no_difference(one: Limits, other: Limits) -> float:
    """The two-sided p-value: one minus the highest level at which the interval of the difference leaves zero out."""

    def leaves_out_zero(level: float) -> bool:
        low, high = difference_limits(one(level), other(level))
        return low > 0.0 or high < 0.0

    # Bisection in the logarithm of p; a millionth is as good as zero here.
    least, most = math.log(1e-6), 0.0
    if leaves_out_zero(1.0 - math.exp(least)):
        return math.exp(least)
    for _ in range(25):
        middle = (least + most) / 2.0
        least, most = (least, middle) if leaves_out_zero(1.0 - math.exp(middle)) else (middle, most)
    return math.exp(most)


def detectable(low, high, n_tests: int):
    """The smallest difference that would be seen with a chance of 80 %, given an interval of this width.

    Seen, even if it is the only one of `n_tests` measured together: the smallest of their p-values has to be under
    0.05 / `n_tests`, by Holm as by Benjamini and Hochberg. In company of other differences the latter ask less.
    """
    standard_error = (np.asarray(high) - np.asarray(low)) / (2.0 * scipy.stats.norm.ppf((1.0 + LEVEL) / 2.0))
    asked = scipy.stats.norm.ppf(1.0 - (1.0 - LEVEL) / (2.0 * n_tests)) + scipy.stats.norm.ppf(POWER)
    return np.minimum(1.0, asked * standard_error)
