"""Whose answers stand behind the rates, how far these people agree, and what difference it makes?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from allsky.figures.words import count, interval, is_number, listed, percent
from allsky.labels.answers import settled_labels
from allsky.report.data import ReportData
from allsky.report.sentences import PROGRAM
from allsky.statistics.labellers import SETTLED, relative_to

SETTLING = {
    "agreement": "answered alike by several",
    "adjudication": "settled by adjudication",
    "disagreement": "left unsure by disagreement",
}


def labellers(data: ReportData) -> dict[str, Any] | None:
    """What the page says of the people who labelled audit frames; None where nobody has."""
    audit = data.sheet.loc[data.sheet["role"] == "audit", "frame_id"]
    people = "" if data.labels is None else relative_to(data.labels, audit)
    if data.labels is None or not people:
        return None
    answers = data.labels[data.labels["frame_id"].isin(set(audit))]
    if set(answers["labeller"]) == {PROGRAM}:
        return {"sentences": ["Every rate is relative to the answers of a program."], "agreement": [], "rates": []}
    return {
        "sentences": [f"Every rate is relative to {people}.", *_settled(answers)],
        "agreement": [] if data.agreement is None else [_agreed(row) for row in data.agreement.itertuples()],
        "rates": _rates(data),
    }


def _settled(answers: pd.DataFrame) -> list[str]:
    """How frames got their one answer, where more than one person was asked."""
    found = settled_labels(answers)["settled_by"].value_counts()
    several = [f"{found[kind]:,} {words}" for kind, words in SETTLING.items() if found.get(kind)]
    if not several:
        return [
            "No audit frame was answered by a second person, so how far the rates depend on whose they are is unknown."
        ]
    alone = found.get("one labeller", 0)
    return [f"Of the audit frames {alone:,} were answered by one person, {listed(several)}."]


def _agreed(row) -> dict[str, Any]:
    kappa = f"{row.kappa:.2f}" if is_number(row.kappa) else "–"
    ends = f"{row.kappa_low:.2f} to {row.kappa_high:.2f}" if is_number(row.kappa_low) else ""
    return {
        "who": f"{row.first} and {row.second}",
        "answers": "every answer" if row.answers == "all" else "neither unsure",
        "basis": f"{count(row.n_frames, 'frame')}, {count(row.n_nights, 'night')}",
        "agreement": (percent(row.agreement), interval(row.agreement_low, row.agreement_high)),
        "kappa": (kappa, ends),
    }


def _rates(data: ReportData) -> list[dict[str, Any]]:
    """Each judge's rates over all conditions, where there are several judges."""
    table = data.labeller_rates
    if table is None or (table["frames"] != "shared").all():
        return []
    whole = (table["solar_bin"] == "All") & (table["lunar_bin"] == "All") & (table["class"] == data.positive)
    return [
        {
            "judge": "the settled answers" if row.judge == SETTLED else row.judge,
            "frames": "all they answered" if row.frames == "theirs" else "those answered by several",
            "basis": f"{count(row.n_labelled, 'frame')}, {count(row.n_audit_nights, 'night')}",
            "fpr": (percent(row.fpr), interval(row.fpr_low, row.fpr_high)),
            "fnr": (percent(row.fnr), interval(row.fnr_low, row.fnr_high)),
        }
        for row in table[whole].itertuples()
    ]
