"""What does a network add to counting green pixels? Both judged on the same audit frames, night by night."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.green_rule import GreenRule, measure_pictures, tune_green_rule
from allsky.statistics.contrasts import difference_limits
from allsky.statistics.intervals import NIGHTS_TO_MEASURE, Rate, combined_limits, pooled_proportion
from allsky.statistics.rates import ALL
from allsky.tables import RULE_COMPARISON

RULE = "green-pixel rule"


def baseline_comparison(
    taught: pd.DataFrame, audited: pd.DataFrame, image_root: Path, positive: str, model_name: str
) -> tuple[dict[str, dict[str, object]], pd.DataFrame]:
    """Accuracy and balanced accuracy of a model and of a green-pixel rule, and both by condition (RULE_COMPARISON).

    The rule is tuned on every frame that the model was taught or chosen with: `taught` has `image` (relative to
    `image_root`), `label` and `weight`. `audited` has `image`, `night`, `solar_bin`, `lunar_bin`, `label`, `predicted`
    and `inclusion_probability`; frames count by the inverse of that, so that the figures speak of all frames of
    audit nights. Measures on fewer than five nights are NaN.
    """
    rule = tuned_on(taught, image_root, positive)
    by_rule = rule.decides(measure_pictures([image_root / image for image in audited["image"]]))
    judged = audited.assign(truth=audited["label"] == positive, model=audited["predicted"] == positive, rule=by_rule)
    basis = {"n_frames": len(judged), "n_nights": judged["night"].nunique()}
    summary = {
        model_name: {**_measures(judged, "model"), **basis},
        RULE: {**_measures(judged, "rule"), **basis, "note": str(rule)},
    }
    return summary, by_condition(judged)


def tuned_on(taught: pd.DataFrame, image_root: Path, positive: str) -> GreenRule:
    """The rule tuned on labelled frames, each counted by its sampling weight."""
    shares = measure_pictures([image_root / image for image in taught["image"]])
    return tune_green_rule(shares, (taught["label"] == positive).to_numpy(), taught["weight"].to_numpy(dtype=float))


def by_condition(judged: pd.DataFrame) -> pd.DataFrame:
    """The table RULE_COMPARISON: a row per condition with labelled frames, and one for all.

    `judged` has night, solar_bin, lunar_bin, inclusion_probability, and as truth values truth, model, rule.
    """
    return pd.DataFrame(list(_conditions(judged)), columns=RULE_COMPARISON.names)


def _conditions(judged: pd.DataFrame) -> Iterator[dict]:
    cells = [(solar, lunar) for solar in SOLAR_BINS for lunar in LUNAR_BINS]
    groups = {cell: judged[(judged["solar_bin"] == cell[0]) & (judged["lunar_bin"] == cell[1])] for cell in cells}
    for (solar_bin, lunar_bin), frames in [*groups.items(), ((ALL, ALL), judged)]:
        if len(frames):
            row: dict[str, object] = {"solar_bin": solar_bin, "lunar_bin": lunar_bin}
            row |= {"n_frames": len(frames), "n_nights": frames["night"].nunique()}
            rates = {method: share_right(frames, method) for method in ("model", "rule")}
            rates["difference"] = difference_right(frames)
            yield row | {f"{name}{end}": value for name, rate in rates.items() for end, value in _told(rate).items()}


def _told(rate: Rate) -> dict[str, float]:
    return {"": rate.value, "_low": rate.low, "_high": rate.high}


def _measures(judged: pd.DataFrame, method: str) -> dict[str, object]:
    measures = {"accuracy": share_right(judged, method), "balanced_accuracy": balanced(judged, method)}
    return {f"{name}{end}": value for name, rate in measures.items() for end, value in _told(rate).items()}


def share_right(judged: pd.DataFrame, method: str) -> Rate:
    """The weighted share of frames that a method decides rightly."""
    return _share(judged, judged[method] == judged["truth"])


def _share(judged: pd.DataFrame, counted: pd.Series) -> Rate:
    """The weighted share of frames that are `counted`, with its interval over nights."""
    weight = 1.0 / judged["inclusion_probability"]
    table = judged[["night", "solar_bin", "lunar_bin"]].assign(
        hit=weight * counted, all=weight, square=weight**2, n=1.0
    )
    wide = table.groupby(["night", "solar_bin", "lunar_bin"]).sum().unstack([1, 2], fill_value=0.0)
    hit, everything, square, n = (wide[name].to_numpy() for name in ("hit", "all", "square", "n"))
    rate = pooled_proportion(hit, everything, square, n, wide.index)
    return rate if rate.n_nights >= NIGHTS_TO_MEASURE else Rate(n_nights=rate.n_nights)


def balanced(judged: pd.DataFrame, method: str) -> Rate:
    """The mean of the shares of positives and of negatives decided rightly; NaN where either is not measured."""
    if judged["truth"].all() or not judged["truth"].any():
        return Rate()
    parts = [share_right(kind, method) for _, kind in judged.groupby("truth")]
    value = float(np.mean([part.value for part in parts]))
    if not math.isfinite(value):
        return Rate()
    return Rate(value, *combined_limits(parts, [1.0, 1.0]), min(part.n_nights for part in parts))


def difference_right(judged: pd.DataFrame) -> Rate:
    """The model's share of right decisions minus the rule's, on the same frames.

    Only frames on which one is right and the other wrong tell them apart: it is the share that the model alone decides
    rightly minus the share that the rule alone does, and its limits come from theirs (`difference_limits`).
    """
    model, rule = judged["model"] == judged["truth"], judged["rule"] == judged["truth"]
    gained, lost = _share(judged, model & ~rule), _share(judged, rule & ~model)
    if gained.n_nights < NIGHTS_TO_MEASURE:
        return gained
    return Rate(gained.value - lost.value, *difference_limits(gained, lost), gained.n_nights)
