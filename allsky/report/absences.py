"""Which nights are missing or broken, and why?"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pandas as pd

from allsky.figures.coverage import PRESENT, night_coverage, shared_reason
from allsky.figures.words import count
from allsky.report.data import ReportData

# So many runs of nights can be read one by one; of more, their reasons are counted first.
RUNS_AT_A_GLANCE = 8
# What the page of an archive of decades lists at most: its longest runs, its commonest reasons.
RUNS_LISTED = 200
REASONS_LISTED = 12


def absences(data: ReportData) -> dict[str, Any]:
    """Runs of nights that share what became of them and why, and what a reader should know of all of them.

    `lines` are the runs (nights, n, status, reason) in order, the longest ones where there are very many; `n_runs` and
    `n_nights` count all. `reasons`, where the runs are more than a glance takes in: status, reason, nights, runs, and
    the longest run, commonest first.
    """
    runs = _runs(data)
    listed = runs.nlargest(RUNS_LISTED, "n").sort_index()
    return {
        "lines": listed.to_dict("records"),
        "n_runs": len(runs),
        "n_nights": int(runs["n"].sum()),
        "reasons": _reasons(runs) if len(runs) > RUNS_AT_A_GLANCE else [],
    }


def _runs(data: ReportData) -> pd.DataFrame:
    """A row per run of nights that are not simply present: nights, n, status, reason."""
    coverage = night_coverage(data.videos, data.tally.nights, data.all_problems, data.site)
    told = coverage.assign(reason=[shared_reason(reason) for reason in coverage["reason"]])
    runs = []
    for (status, reason), run in groupby(told.itertuples(), key=lambda night: (night.status, night.reason)):
        nights = [night.night for night in run]
        if status != PRESENT:
            runs.append((_span(nights), len(nights), status, reason))
    return pd.DataFrame(runs, columns=["nights", "n", "status", "reason"]).astype({"n": int})


def _reasons(runs: pd.DataFrame) -> list[dict[str, Any]]:
    by_reason = runs.groupby(["status", "reason"], sort=False)["n"].agg(nights="sum", runs="count", longest="max")
    by_reason = by_reason.sort_values("nights", ascending=False, kind="stable").reset_index()
    shown, rest = by_reason.head(REASONS_LISTED), by_reason.iloc[REASONS_LISTED:]
    if rest.empty:
        return shown.to_dict("records")
    others = {"status": "", "reason": count(len(rest), "other reason"), "nights": rest["nights"].sum()}
    return [*shown.to_dict("records"), others | {"runs": rest["runs"].sum(), "longest": rest["longest"].max()}]


def absences_in_words(data: ReportData) -> str:
    """How many nights there are from first to last, and what became of them."""
    coverage = night_coverage(data.videos, data.tally.nights, data.all_problems, data.site)
    told = coverage["status"].value_counts()
    parts = ", ".join(f"{number:,} {status}" for status, number in told.items())
    return f"{count(len(coverage), 'night')} from first to last: {parts}." if len(coverage) else ""


def _span(nights: list[str]) -> str:
    return nights[0] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"
