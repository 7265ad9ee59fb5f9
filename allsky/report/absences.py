"""Which nights are missing or broken, and why?"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from allsky.figures.coverage import PRESENT, night_coverage
from allsky.figures.words import count
from allsky.report.data import ReportData


def absences(data: ReportData) -> list[dict[str, Any]]:
    """Runs of nights that share what became of them and why, those that are simply present left out, in order."""
    coverage = night_coverage(data.videos, data.tally.nights, data.all_problems, data.site)
    lines = []
    for (status, reason), run in groupby(coverage.itertuples(), key=lambda night: (night.status, night.reason)):
        nights = [night.night for night in run]
        if status != PRESENT:
            lines.append({"nights": _span(nights), "n": len(nights), "status": status, "reason": reason})
    return lines


def absences_in_words(data: ReportData) -> str:
    """How many nights there are from first to last, and what became of them."""
    coverage = night_coverage(data.videos, data.tally.nights, data.all_problems, data.site)
    told = coverage["status"].value_counts()
    parts = ", ".join(f"{number:,} {status}" for status, number in told.items())
    return f"{count(len(coverage), 'night')} from first to last: {parts}." if len(coverage) else ""


def _span(nights: list[str]) -> str:
    return nights[0] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"
