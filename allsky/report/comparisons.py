"""Where is the classifier wrong most, is that more than chance, and where is nothing known?

An order of uncertain estimates is mostly chance, so the page names the largest as an estimate and leaves differences to
the contrasts (`allsky.statistics.contrasts`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from allsky.conditions import LUNAR_BINS
from allsky.figures.conditions import ALWAYS_SHOWN, NO_FRAMES
from allsky.figures.words import (
    condition_in_a_sentence,
    condition_in_words,
    count,
    in_words,
    listed,
    percent,
    rate_words,
    under_moon,
    under_sun,
)
from allsky.report.data import ReportData
from allsky.statistics.contrasts import REFERENCE, STATED_BEFORE

RATE_NOUNS = {"fpr": "false alarms", "fnr": "misses"}


def largest_estimates(data: ReportData) -> list[str]:
    """For each kind of error the condition with the largest estimate, and whether its interval stands out."""
    sentences = []
    for rate, noun in RATE_NOUNS.items():
        ranked = _cells(data).dropna(subset=[rate]).sort_values(rate, ascending=False)
        if len(ranked) < 2 or not ranked[rate].iloc[0] > 0:
            continue
        row, others = next(ranked.itertuples()), ranked.iloc[1:]
        where = condition_in_a_sentence(row.solar_bin, row.lunar_bin)
        nights = count(getattr(row, f"{rate}_nights"), "night")
        overlapping = int((others[f"{rate}_high"] >= getattr(row, f"{rate}_low")).sum())
        sentences.append(
            f"The largest estimate of {noun} is that {where}: {rate_words(row, rate)} on {nights}; "
            f"{_standing_out(overlapping, len(others))}."
        )
    return sentences


def _standing_out(overlapping: int, others: int) -> str:
    if not overlapping:
        return f"its interval lies above {'that' if others == 1 else 'those'} of all other conditions measured"
    which = "all" if overlapping == others else f"{overlapping} of the"
    return f"its interval overlaps those of {which} {others} other conditions measured, so it need not be the worst"


def _cells(data: ReportData) -> pd.DataFrame:
    """The conditions that have frames, without margins."""
    rows = data.class_rows
    return rows[(rows["solar_bin"] != "All") & (rows["lunar_bin"] != "All") & (rows["n_frames"].fillna(0) > 0)]


def unmeasured(data: ReportData) -> list[str]:
    """Under which sun and moon there are no frames, and of each kind of error where nothing is known about it."""
    cells, positive = _cells(data), in_words(data.positive)
    sentences = without_frames(data)
    for (rate, noun), kind in zip(RATE_NOUNS.items(), ("without", "with"), strict=True):
        unknown = cells[cells[f"{rate}_status"] == "not measured"]
        if unknown.empty:
            sentences.append(f"{noun.capitalize()} were measured in all {len(cells)} conditions that have frames.")
            continue
        names = [condition_in_a_sentence(row.solar_bin, row.lunar_bin) for row in unknown.itertuples()]
        some = f"{len(unknown)} of the {count(len(cells), 'condition')} with frames"
        lacking = f"fewer than five audit nights have a labelled frame {kind} {positive} there"
        sentences.append(f"Nothing is known about {noun} {listed(names)} ({some}): {lacking}.")
    return sentences


def _with_frames(data: ReportData) -> set[tuple[str, str]]:
    """The conditions (solar, lunar) that the camera took frames in."""
    return set(_cells(data)[["solar_bin", "lunar_bin"]].itertuples(index=False, name=None))


def without_frames(data: ReportData) -> list[str]:
    """One sentence where the camera took no frame under a sun or moon, or under both at once; else nothing."""
    there = _with_frames(data)
    suns, moons = ({name[place] for name in there} for place in (0, 1))
    # Civil twilight and day are no loss where no frame lies there at all.
    lacking = [under_sun(sun) for sun in ALWAYS_SHOWN if sun not in suns]
    lacking += [under_moon(moon) for moon in LUNAR_BINS if moon not in moons]
    both = ((sun, moon) for sun in ALWAYS_SHOWN for moon in LUNAR_BINS if sun in suns and moon in moons)
    lacking += [condition_in_a_sentence(*name) for name in both if name not in there]
    return [f"No frame was taken {' or '.join(lacking)}."] if there and lacking else []


def verdicts(data: ReportData) -> str:
    """One sentence on the two claims stated beforehand; empty without contrasts."""
    if data.contrasts is None:
        return ""
    found = data.contrasts.loc[data.contrasts["kind"] == STATED_BEFORE, "verdict"].value_counts(sort=False)
    if found.empty or not data.has_errors:
        return ""
    told = [f"{'both are' if number == 2 else 'one is'} {verdict}" for verdict, number in found.items()]
    return f"Of the two published claims, {listed(told)}."


def differences(data: ReportData) -> dict[str, Any] | None:
    """The table of contrasts, those stated beforehand first."""
    if data.contrasts is None or not data.has_errors:
        return None
    there = _with_frames(data)
    lines = [_difference(row, (row.solar_bin, row.lunar_bin) in there) for row in data.contrasts.itertuples()]
    return {
        "reference": condition_in_a_sentence(*REFERENCE),
        "stated": [line for line in lines if line["kind"] == STATED_BEFORE],
        "exploratory": [line for line in lines if line["kind"] != STATED_BEFORE],
    }


def _difference(row, has_frames: bool) -> dict[str, Any]:
    known = pd.notna(row.difference)
    return {
        "kind": row.kind,
        "name": f"{RATE_NOUNS[row.rate].capitalize()}: {condition_in_words(row.solar_bin, row.lunar_bin).lower()}",
        "rates": f"{percent(row.value)} against {percent(row.reference)}" if known else "–",
        "difference": (points(row.difference), f"{points(row.low)} to {points(row.high)}") if known else ("–", ""),
        "p": _p(row.p_adjusted) if known else "–",
        "verdict": row.verdict if known else f"{row.verdict}: {'not measured' if has_frames else NO_FRAMES}",
        "detectable": f"{100 * row.detectable:.1f}" if known else "–",
        "nights": f"{row.n_nights} and {row.reference_nights}",
    }


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
