"""How often the classifier is wrong under each sky condition, in which direction, and how sure that is.

Every rate is that of the fixed model over nights like these (same camera, site, season). False positives and
negatives come from audit nights alone, each frame weighted by the inverse of the probability with which it was
drawn; intervals treat the night as the unit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.statistics.correction import corrected_share, f1_interval, rogan_gladen
from allsky.statistics.intervals import (
    KORN_GRAUBARD,
    KORN_GRAUBARD_POOLED,
    NIGHTS_TO_MEASURE,
    Rate,
    pooled_proportion,
    proportion_over_nights,
)
from allsky.statistics.night_totals import audited_frames, audited_sums, night_totals
from allsky.tables import CONDITION_TABLE

ALL = "All"
NOT_MEASURED, FEW_NIGHTS, MEASURED = "not measured", "few nights", "measured"

# On fewer nights intervals still hold (benchmarks/coverage.py: 93 % and more), but are wide, and are marked.
NIGHTS_TO_TRUST = 30

COUNTS = ["n_frames", "n_nights", "n_positive", "n_labelled", "n_audit_nights", "n_unsure", "tp", "fp", "tn", "fn"]
COUNTS += ["fpr_nights", "fnr_nights", "corrected_frames", "corrected_nights", "corrected_audit_nights"]


def condition_table(
    predictions: pd.DataFrame,
    frames: pd.DataFrame,
    sheet: pd.DataFrame,
    labels: pd.DataFrame,
    classes: Sequence[str],
    positive: str,
    training_nights: Collection[str] | None = None,
    counted: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The table CONDITION_TABLE: a row per solar x lunar cell, per margin (bin `All`) and for everything.

    Parameters
    ----------
    predictions : PREDICTIONS of the frames to report on, `predicted` as the report counts it (`counted_by`).
    frames : MONTH_FRAMES of at least these frames.
    sheet : SHEET of the audit sheet; rows of other roles are ignored.
    labels : LABELS as `labels.match_labels` returns them, of any nights. An empty table gives nulls.
    classes, positive : with two classes the positive one has rows, with more each has, against all others.
    training_nights : nights whose role is training, whether labelled or not, empty for a model made elsewhere. They
        do not enter the corrected ratios, which are null where this is None. Leaving out only those with labels would
        choose nights by their moon, since training labels come from dark and moonless frames.
    counted : the numbers of all predicted frames (`tally.count_predicted`), where `predictions` and `frames` are only
        of those that were drawn or answered; so a corpus need never be held at once.

    A rate stands on the nights that have frames in its denominator (false positives on those with a frame
    labelled negative, and so on); with fewer than 5 such nights it is null. `positive_ratio` counts every
    predicted frame, and its interval stands on all nights. The corrected ratios are of the frames that a labeller
    would call positive in nights like these, see `allsky.statistics.correction`.
    """
    audited = audited_frames(sheet, labels, frames)
    named = [positive] if len(classes) == 2 else list(classes)
    tables = []
    for class_name in named:
        rows = _rows(night_totals(predictions, frames, audited, class_name, counted), training_nights)
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


def _rows(totals: pd.DataFrame, training_nights: Collection[str] | None) -> pd.DataFrame:
    """A row for every combination of the solar bins that occur, all lunar bins, and `All`."""
    solar, lunar = totals.index.get_level_values("solar_bin"), totals.index.get_level_values("lunar_bin")
    rows = []
    for solar_bin in [*(name for name in SOLAR_BINS if name in set(solar)), ALL]:
        for lunar_bin in (*LUNAR_BINS, ALL):
            chosen = ((solar == solar_bin) | (solar_bin == ALL)) & ((lunar == lunar_bin) | (lunar_bin == ALL))
            row = _row(totals[chosen], training_nights)
            method = KORN_GRAUBARD_POOLED if ALL in (solar_bin, lunar_bin) else KORN_GRAUBARD
            rows.append({"solar_bin": solar_bin, "lunar_bin": lunar_bin, "interval_method": method, **row})
    return pd.DataFrame(rows)


def _row(totals: pd.DataFrame, training_nights: Collection[str] | None) -> dict:
    """The counts and rates of one cell or margin from its totals per night and condition."""
    nights = totals.groupby("night").sum()
    frames = nights["n_frames"]
    predicted = proportion_over_nights(nights["n_positive"], frames, frames.sum(), nights=nights.index)
    return {
        "n_frames": frames.sum(),
        "n_nights": len(nights),
        "n_positive": nights["n_positive"].sum(),
        **_columns("positive_ratio", predicted),
        **_audit_counts(nights),
        **_error_rates(totals, nights),
        **_corrected(nights, training_nights),
    }


def _audit_counts(nights: pd.DataFrame) -> dict:
    """Raw counts; those of outcomes are null, not zero, where nobody labelled anything."""
    counts = nights[["tp", "fp", "tn", "fn"]].sum()
    n_labelled = int(counts.sum())
    return {
        "n_labelled": n_labelled,
        "n_audit_nights": int((nights[["tp", "fp", "tn", "fn"]].sum(axis=1) > 0).sum()),
        "n_unsure": nights["unsure"].sum(),
        **{name: counts[name] if n_labelled else None for name in counts.index},
    }


def _error_rates(totals: pd.DataFrame, nights: pd.DataFrame) -> dict:
    fpr, fnr = _measured(totals, "fp", "tn"), _measured(totals, "fn", "tp")
    precision, recall = _measured(totals, "tp", "fp"), Rate(1.0 - fnr.value, 1.0 - fnr.high, 1.0 - fnr.low)
    both = precision.value + recall.value
    f1 = 2.0 * precision.value * recall.value / both if both > 0 else both
    ends = f1_interval(nights, fnr.n_nights) if math.isfinite(f1) else ()
    told = {name: _status(rate.n_nights) for name, rate in (("fpr", fpr), ("fnr", fnr))}
    return {
        **_columns("fpr", fpr),
        "fpr_nights": fpr.n_nights,
        "fpr_status": told["fpr"],
        **_columns("fnr", fnr),
        "fnr_nights": fnr.n_nights,
        "fnr_status": told["fnr"],
        **_columns("precision", precision),
        **_columns("recall", recall),
        **_columns("f1", Rate(f1, *ends)),
        "status": _status(max(fpr.n_nights, fnr.n_nights)),
    }


def _measured(totals: pd.DataFrame, part: str, rest: str) -> Rate:
    """The weighted rate part / (part + rest), unknown where too few nights have any of either."""
    rate = pooled_proportion(*audited_sums(totals, part, rest))
    return rate if rate.n_nights >= NIGHTS_TO_MEASURE else Rate(n_nights=rate.n_nights)


def _corrected(nights: pd.DataFrame, training_nights: Collection[str] | None) -> dict:
    """Both corrected ratios, and the frames and nights outside training that they stand on."""
    outside = nights.iloc[:0] if training_nights is None else nights[~nights.index.isin(list(training_nights))]
    share = corrected_share(outside)
    return {
        **_columns("corrected_ratio", share, "corrected"),
        "corrected_frames": outside["n_frames"].sum(),
        "corrected_nights": len(outside),
        "corrected_audit_nights": share.n_nights,
        **_columns("rogan_gladen", rogan_gladen(outside)),
    }


def _columns(name: str, rate: Rate, ends: str = "") -> dict[str, float]:
    return {name: rate.value, f"{ends or name}_low": rate.low, f"{ends or name}_high": rate.high}


def _status(n_nights: int) -> str:
    if n_nights < NIGHTS_TO_MEASURE:
        return NOT_MEASURED
    return FEW_NIGHTS if n_nights < NIGHTS_TO_TRUST else MEASURED
