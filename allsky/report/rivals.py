"""What does the network add to the oldest rule there is, over all and in each condition?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from allsky.figures.words import condition_in_words, count, in_words, interval, is_number, percent
from allsky.report.comparisons import points
from allsky.report.data import ReportData

MEASURES = ("accuracy", "balanced_accuracy", "fpr", "fnr", "precision", "recall", "f1")
MEASURE_WORDS = {"fpr": "false positive rate", "fnr": "false negative rate", "f1": "F1"}


def rivals(data: ReportData) -> dict[str, Any] | None:
    """Methods beside each other: the measures that any of them has, with intervals where given."""
    methods = {name: values for name, values in (data.baseline or {}).items() if isinstance(values, Mapping)}
    measures = [name for name in MEASURES if any(is_number(values.get(name)) for values in methods.values())]
    if not measures:
        return None
    table = data.rule_comparison
    return {
        "measures": [MEASURE_WORDS.get(name, name.replace("_", " ")) for name in measures],
        "lines": [_line(name, values, measures) for name, values in methods.items()],
        "caption": _caption(methods),
        "verdict": "" if table is None else _verdict(table),
        "conditions": [] if table is None else [_condition(row) for row in table.itertuples()],
    }


def _line(name: str, values: Mapping[str, Any], measures: list[str]) -> dict[str, Any]:
    pairs = [(percent(values.get(m)), interval(values.get(f"{m}_low"), values.get(f"{m}_high"))) for m in measures]
    return {"name": in_words(name), "note": values.get("note", ""), "measures": pairs}


def _caption(methods: Mapping[str, Mapping[str, Any]]) -> str:
    one = next(iter(methods.values()))
    if "n_frames" not in one:
        return "On the same labelled frames of audit nights."
    basis = f"{count(one['n_frames'], 'labelled frame')} of {count(one['n_nights'], 'audit night')}"
    return (
        f"On the same {basis}, weighted, with 95 % intervals over nights where they can be given. The rule was tuned "
        "on all labelled frames of training and validation nights."
    )


def _verdict(table: pd.DataFrame) -> str:
    """Who is right more often over all, whether that is more than chance, and in how many conditions it is the rule."""
    whole, cells = table[table["solar_bin"] == "All"], table[table["solar_bin"] != "All"].dropna(subset=["difference"])
    row = next(whole.itertuples(), None)
    if row is None or not is_number(row.difference):
        return ""
    ends = f"{points(row.difference_low)} to {points(row.difference_high)}"
    sure = row.difference_low > 0 or row.difference_high < 0
    told = f"The network decides {percent(row.model)} rightly and the rule {percent(row.rule)}, a difference of "
    told += f"{points(row.difference)} percentage points ({ends}, on the same frames)"
    told += "" if sure else ", which may be chance"
    rule = int((cells["difference"] < 0).sum())
    if not len(cells):
        return f"{told}."
    return f"{told}; the rule's share is the higher in {rule} of the {count(len(cells), 'condition')} compared."


def _condition(row) -> dict[str, Any]:
    known = is_number(row.difference)
    return {
        "name": condition_in_words(row.solar_bin, row.lunar_bin),
        "model": (percent(row.model), interval(row.model_low, row.model_high)),
        "rule": (percent(row.rule), interval(row.rule_low, row.rule_high)),
        "difference": (points(row.difference), f"{points(row.difference_low)} to {points(row.difference_high)}")
        if known
        else ("–", ""),
        "basis": f"{count(row.n_frames, 'frame')}, {count(row.n_nights, 'night')}",
    }
