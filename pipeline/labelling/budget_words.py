"""A label budget in words: what is supposed, what each condition needs, and what is out of reach."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from allsky.figures.words import condition_in_words, in_words
from allsky.statistics.budget import Assumptions

KINDS = {"fpr": "false positives", "fnr": "false negatives"}
HEADINGS = (
    "condition",
    "rate of",
    "audit nights",
    "now",
    "narrowest",
    "labels a night",
    "labels",
    "audit nights needed",
)


def budget_lines(
    budget: pd.DataFrame, width: float, supposed: Assumptions, per_cell: int, audit_share: float, positive: str
) -> Iterator[str]:
    """The lines to print of `label_budget`'s table."""
    yield (
        f"For 95 % intervals of width {width:g}, supposing a rate of {supposed.rate:.0%}, a correlation of"
        f" {supposed.icc:g} between frames of a night and of {supposed.persistence:g} between one night and the next,"
        f" and {in_words(positive)} in {supposed.occurrence:.0%} of frames (--rate, --icc, --persistence,"
        " --occurrence):"
    )
    yield ""
    yield from _aligned([HEADINGS, *(_cells(row) for row in budget.itertuples())])
    yield ""
    yield (
        f"now: the width to expect with [labels] per_cell = {per_cell} labels of each audit night; narrowest: with"
        " every frame of these nights labelled. A night's labels serve both rates."
    )
    yield (
        f"audit nights: those that have frames of the condition; {audit_share:.0%} of all nights recorded become audit"
        " nights ([labels] audit_share)."
    )
    yield from _advice(budget, width, per_cell)


def _cells(row) -> tuple[str, ...]:
    condition = condition_in_words(row.solar_bin, row.lunar_bin)
    wanted = ("out of reach", "–") if pd.isna(row.labels) else (f"{row.labels_per_night}", f"{row.labels:,}")
    nights = "none is enough" if pd.isna(row.nights_needed) else f"{row.nights_needed:,}"
    widths = _width(row.width_now), _width(row.width_best)
    return (condition, KINDS[row.kind], f"{row.audit_nights}", *widths, *wanted, nights)


def _width(width: float) -> str:
    return f"{width:.3f}" if math.isfinite(width) else "not measured"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        left, right = zip(row[:2], widths[:2]), zip(row[2:], widths[2:])
        yield "  ".join([*(cell.ljust(width) for cell, width in left), *(cell.rjust(width) for cell, width in right)])


def _advice(budget: pd.DataFrame, width: float, per_cell: int) -> Iterator[str]:
    if budget.empty:
        yield "There are no frames yet, so there is nothing to plan."
        return
    within, beyond = budget[budget["labels"].notna()], budget[budget["labels"].isna()]
    if len(within):
        most = int(within["labels_per_night"].max())
        wanted = within.groupby(["solar_bin", "lunar_bin"])["labels"].max()
        change = "is enough" if most <= per_cell else f"would have to be {most}"
        yield (
            f"Within reach: {len(within)} of {len(budget)} rates, with {wanted.sum():,} labels in"
            f" {len(wanted)} conditions; [labels] per_cell = {per_cell} {change} for all of them."
        )
    if len(beyond):
        yield (
            f"Out of reach of the nights that exist: {len(beyond)} rates. Only more nights narrow these; label them all"
            " the same if their wider interval still says enough."
        )
