"""How often the classifier is wrong under each sky condition, in which direction, and how sure that is.

Every rate is that of the fixed model over nights like these (same camera, site, season). False positives and
negatives come from audit nights alone, each frame weighted by the inverse of the probability with which it was
drawn; intervals treat the night as the unit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.intervals import (
    KORN_GRAUBARD,
    Rate,
    korn_graubard,
    proportion_over_nights,
    ratio_of_night_totals,
    variance_over_nights,
)
from allsky.night_totals import audited_frames, night_totals, predicted_positive
from allsky.tables import CONDITION_TABLE

ALL = "All"

# Fewer audit nights measure nothing: with four, Student's t is 3.2 and one odd night decides.
NIGHTS_TO_MEASURE = 5
# From here on 95 % intervals hold what they promise (benchmarks/coverage.py); with fewer they are marked.
NIGHTS_TO_TRUST = 30

COUNTS = ["n_frames", "n_nights", "n_positive", "n_labelled", "n_audit_nights", "n_unsure", "tp", "fp", "tn", "fn"]


def condition_table(
    predictions: pd.DataFrame,
    frames: pd.DataFrame,
    sheet: pd.DataFrame,
    labels: pd.DataFrame,
    classes: Sequence[str],
    positive: str,
    threshold: float | None = None,
    training_nights: Collection[str] | None = None,
) -> pd.DataFrame:
    """The table CONDITION_TABLE: a row per solar x lunar cell, per margin (bin `All`) and for everything.

    Parameters
    ----------
    predictions : PREDICTIONS of the frames to report on.
    frames : MONTH_FRAMES of at least these frames.
    sheet : SHEET of the audit sheet; rows of other roles are ignored.
    labels : LABELS as `labels.match_labels` returns them, of any nights. An empty table gives nulls.
    classes, positive : with two classes the positive one has rows, with more each has, against all others.
    threshold : probability from which a frame counts as `positive`; None leaves the model's decision. Other
        classes are always counted by the model's decision.
    training_nights : nights the model learnt from, empty for a model made elsewhere; they do not enter
        `corrected_ratio`, which is null where this is None.

    A rate stands on the nights that have frames in its denominator (false positives on those with a frame
    labelled negative, and so on); with fewer than 5 such nights it is null. `positive_ratio` counts every
    predicted frame, and its interval stands on all nights. `corrected_ratio` is the share of frames that a labeller
    would call positive (one called `unsure` keeps the classifier's answer); see `corrected_share`.
    """
    audited = audited_frames(sheet, labels, frames)
    named = [positive] if len(classes) == 2 else list(classes)
    tables = []
    for class_name in named:
        said_yes = predicted_positive(predictions, class_name, threshold if class_name == positive else None)
        totals = night_totals(predictions, frames, audited, class_name, said_yes)
        rows = _rows(totals, training_nights)
        tables.append(rows.assign(**{"class": class_name}))
    return pd.concat(tables, ignore_index=True)[CONDITION_TABLE.names].astype(dict.fromkeys(COUNTS, "Int64"))


def occurrence(table: pd.DataFrame, positive: str) -> dict[str, float]:
    """How often the class was predicted: two figures that answer different questions, both shares and never odds.

    `share_of_frames` with its interval (`share_low`, `share_high`) is n_positive / n_frames over everything;
    `mean_of_cell_shares` gives each of the `n_cells` conditions that has frames the same weight, as if all were
    recorded equally often.
    """
    rows = table[table["class"] == positive]
    whole = (rows["solar_bin"] == ALL) & (rows["lunar_bin"] == ALL)
    cells = rows[(rows["solar_bin"] != ALL) & (rows["lunar_bin"] != ALL) & (rows["n_frames"] > 0)]
    everything = rows[whole].iloc[0]
    return {
        "share_of_frames": float(everything["positive_ratio"]),
        "share_low": float(everything["positive_ratio_low"]),
        "share_high": float(everything["positive_ratio_high"]),
        "mean_of_cell_shares": float(cells["positive_ratio"].mean()),
        "n_cells": len(cells),
    }


def corrected_share(nights: pd.DataFrame) -> Rate:
    """The share of frames a labeller would call positive, from predictions corrected by the audit.

    The difference estimator (Särndal, Swensson & Wretman 1992, section 6.3; "prediction-powered", Angelopoulos et
    al. 2023, doi:10.1126/science.adi6000) with the night as the unit: the predicted share of all `nights`, plus
    the audited frames' weighted mean of label minus prediction. `nights` has the columns of `night_totals`, a row
    per night that the model did not learn from. Both parts vary together over nights, hence one influence per
    night; the interval is Korn and Graubard's, with t by the audit nights. NaN with fewer than 5 of them.
    """
    weight = nights[["w_tp", "w_fp", "w_tn", "w_fn", "w_unsure"]].sum(axis=1)
    audit = (weight > 0).to_numpy()
    n_audit = int(audit.sum())
    if n_audit < NIGHTS_TO_MEASURE:
        return Rate(n_nights=n_audit)
    predicted, influence = ratio_of_night_totals(nights["n_positive"], nights["n_frames"])
    rectifier, correction = ratio_of_night_totals((nights["w_fn"] - nights["w_fp"])[audit], weight[audit])
    influence[audit] += correction
    share = float(np.clip(predicted + rectifier, 0.0, 1.0))
    low, high = korn_graubard(share, variance_over_nights(influence), int(nights["n_frames"].sum()), n_audit)
    return Rate(share, low, high, n_audit)


def _rows(totals: pd.DataFrame, training_nights: Collection[str] | None) -> pd.DataFrame:
    """A row for every combination of the solar bins that occur, all lunar bins, and `All`."""
    solar, lunar = totals.index.get_level_values("solar_bin"), totals.index.get_level_values("lunar_bin")
    rows = []
    for solar_bin in [*(name for name in SOLAR_BINS if name in set(solar)), ALL]:
        for lunar_bin in (*LUNAR_BINS, ALL):
            chosen = ((solar == solar_bin) | (solar_bin == ALL)) & ((lunar == lunar_bin) | (lunar_bin == ALL))
            nights = totals[chosen].groupby("night").sum()
            rows.append({"solar_bin": solar_bin, "lunar_bin": lunar_bin, **_row(nights, training_nights)})
    return pd.DataFrame(rows)


def _row(nights: pd.DataFrame, training_nights: Collection[str] | None) -> dict:
    """The counts and rates of one cell from its totals per night."""
    n_audit_nights = int((nights[["tp", "fp", "tn", "fn"]].sum(axis=1) > 0).sum())
    predicted = proportion_over_nights(nights["n_positive"], nights["n_frames"], nights["n_frames"].sum())
    if training_nights is None:
        corrected = Rate()
    else:
        corrected = corrected_share(nights[~nights.index.isin(list(training_nights))])
    return {
        "n_frames": nights["n_frames"].sum(),
        "n_nights": len(nights),
        "n_positive": nights["n_positive"].sum(),
        **_columns("positive_ratio", predicted, "positive_ratio"),
        **_audit_counts(nights, n_audit_nights),
        **_error_rates(nights),
        **_columns("corrected_ratio", corrected, "corrected"),
        "interval_method": KORN_GRAUBARD,
        "status": _status(n_audit_nights),
    }


def _audit_counts(nights: pd.DataFrame, n_audit_nights: int) -> dict:
    """Raw counts; those of outcomes are null, not zero, where nobody labelled anything."""
    counts = nights[["tp", "fp", "tn", "fn"]].sum()
    n_labelled = int(counts.sum())
    return {
        "n_labelled": n_labelled,
        "n_audit_nights": n_audit_nights,
        "n_unsure": nights["unsure"].sum(),
        **{name: counts[name] if n_labelled else None for name in counts.index},
    }


def _error_rates(nights: pd.DataFrame) -> dict:
    fpr = _measured(nights, "fp", "tn")
    fnr = _measured(nights, "fn", "tp")
    precision = _measured(nights, "tp", "fp").value
    recall = 1.0 - fnr.value
    both = precision + recall
    return {
        **_columns("fpr", fpr, "fpr"),
        **_columns("fnr", fnr, "fnr"),
        "precision": precision,
        "recall": recall,
        "f1": 2.0 * precision * recall / both if both > 0 else both,
    }


def _measured(nights: pd.DataFrame, part: str, rest: str) -> Rate:
    """The weighted rate part / (part + rest), unknown where too few nights have any of either."""
    numerator = nights[f"w_{part}"]
    rate = proportion_over_nights(numerator, numerator + nights[f"w_{rest}"], nights[[part, rest]].to_numpy().sum())
    return rate if rate.n_nights >= NIGHTS_TO_MEASURE else Rate(n_nights=rate.n_nights)


def _columns(name: str, rate: Rate, ends: str) -> dict[str, float]:
    return {name: rate.value, f"{ends}_low": rate.low, f"{ends}_high": rate.high}


def _status(n_audit_nights: int) -> str:
    if n_audit_nights < NIGHTS_TO_MEASURE:
        return "not measured"
    return "few nights" if n_audit_nights < NIGHTS_TO_TRUST else "measured"
