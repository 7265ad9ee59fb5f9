"""How often a labeller would have said yes, told from a classifier that errs and an audit that knows how often.

Both estimates are of nights like these, and stand on nights that did not train the model: its errors on the others
are smaller than elsewhere. Roles are drawn by a hash of the date, so these nights are a random part of all.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from allsky.statistics.consecutive import Estimate, jackknife_influence, variance_over_consecutive_nights
from allsky.statistics.intervals import LEVEL, Rate, korn_graubard

# On fewer, intervals of derived quantities promise too much.
NIGHTS_TO_DERIVE = 40
# Below this, sensitivity + specificity - 1 is too near zero to divide by.
LEAST_INFORMATION = 0.2
ANSWERED = ["w_tp", "w_fp", "w_tn", "w_fn", "w_unsure"]


def corrected_share(nights: pd.DataFrame, least_nights: int = NIGHTS_TO_DERIVE) -> Rate:
    """The share of frames a labeller would call positive, from predictions corrected by the audit.

    The difference estimator (Särndal, Swensson & Wretman 1992, section 6.3; "prediction-powered", Angelopoulos et
    al. 2023, doi:10.1126/science.adi6000) with the night as the unit: the predicted share of all `nights`, plus
    the audited frames' weighted mean of label minus prediction (a frame called unsure keeps its prediction).
    `nights` has the columns of `night_totals`, a row per night that did not train the model, its date as index. Its
    variance is the jackknife's over nights, neighbours being alike (`variance_over_consecutive_nights`), its interval
    Korn and Graubard's with t by what the audit nights and that variance allow. NaN with fewer than `least_nights`
    audit nights.
    """
    weight = nights[ANSWERED].to_numpy(dtype=float).sum(axis=1)
    n_audit = int((weight > 0).sum())
    if n_audit < least_nights:
        return Rate(n_nights=n_audit)
    totals = [nights["n_positive"], nights["n_frames"], nights["w_fn"] - nights["w_fp"], weight]
    return _share(np.column_stack(totals).astype(float), _difference, nights.index, n_audit)


def _difference(sums: np.ndarray) -> np.ndarray:
    """Predicted share plus rectifier, from the sums of positives, frames, weighted label minus prediction, weights."""
    predicted, frames, rectified, weight = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return predicted / frames + rectified / weight


def rogan_gladen(nights: pd.DataFrame) -> Rate:
    """The share of frames a labeller would call positive, from the predicted share, sensitivity and specificity.

    (predicted + specificity - 1) / (sensitivity + specificity - 1), Rogan & Gladen 1978, Am. J. Epidemiol. 107, 71;
    parameters and interval as for `corrected_share`; a night is left out of all three together. NaN with fewer than
    40 audit nights, or where the lower end of sensitivity + specificity - 1 lies below 0.2.
    """
    n_audit = int((nights[ANSWERED].sum(axis=1) > 0).sum())
    if n_audit < NIGHTS_TO_DERIVE:
        return Rate(n_nights=n_audit)
    parts = nights[["n_positive", "n_frames", "w_tp", "w_fp", "w_tn", "w_fn"]].to_numpy(dtype=float)
    variance, freedom = _variance(parts, _information, nights.index, n_audit)
    least = _information(parts.sum(axis=0)) - special.stdtrit(freedom, (1.0 + LEVEL) / 2.0) * math.sqrt(variance)
    return _share(parts, _rogan_gladen, nights.index, n_audit) if least >= LEAST_INFORMATION else Rate(n_nights=n_audit)


def _share(parts: np.ndarray, estimate: Estimate, nights: pd.Index, n_audit: int) -> Rate:
    """The share that `estimate` makes of column sums (the second of them frames), and its interval."""
    share = float(np.clip(estimate(parts.sum(axis=0)), 0.0, 1.0))
    variance, freedom = _variance(parts, estimate, nights, n_audit)
    return Rate(share, *korn_graubard(share, variance, int(parts[:, 1].sum()), n_audit, freedom=freedom), n_audit)


def _variance(parts: np.ndarray, estimate: Estimate, nights: pd.Index, n_audit: int) -> tuple[float, float]:
    """Its variance and degrees of freedom, each night left out in turn, and neighbours being alike."""
    variance, freedom = variance_over_consecutive_nights(jackknife_influence(parts, estimate), nights)
    return variance, min(freedom, n_audit - 1.0)


def _information(sums: np.ndarray) -> np.ndarray:
    """Sensitivity + specificity - 1."""
    _, _, tp, fp, tn, fn = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return tp / (tp + fn) + tn / (tn + fp) - 1.0


def _rogan_gladen(sums: np.ndarray) -> np.ndarray:
    predicted, frames, _, fp, tn, _ = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (predicted / frames - fp / (fp + tn)) / _information(sums)


def f1_interval(nights: pd.DataFrame, n_audit: int) -> tuple[float, float]:
    """The 95 % interval of F1, made as that of `corrected_share`; NaN with fewer than 40 audit nights.

    `nights` has the columns of `night_totals`, a row per night, its date as index; those that tell nothing are ignored.
    """
    if n_audit < NIGHTS_TO_DERIVE:
        return math.nan, math.nan
    nights = nights[nights[["tp", "fp", "fn"]].sum(axis=1) > 0]
    parts = nights[["w_tp", "w_fp", "w_fn"]].to_numpy(dtype=float)
    variance, freedom = _variance(parts, _f1, nights.index, n_audit)
    n_frames = int(nights[["tp", "fp", "fn"]].to_numpy().sum())
    return korn_graubard(float(_f1(parts.sum(axis=0))), variance, n_frames, n_audit, freedom=freedom)


def _f1(sums: np.ndarray) -> np.ndarray:
    tp, fp, fn = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2.0 * tp / (2.0 * tp + fp + fn)
