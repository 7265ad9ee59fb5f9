"""What stands in each table of the page?

Rows ready to be shown: the template arranges them and computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from allsky.camera_epochs import EPOCHS
from allsky.clock.audit import CONTRADICTS, VERDICTS
from allsky.figures.conditions import RATE_TITLES, UNKNOWN, rate_cells
from allsky.figures.words import condition_in_words, count, in_words, interval, is_number, percent
from allsky.report.comparisons import RATE_NOUNS
from allsky.report.data import ReportData
from allsky.report.inlining import PLATE_PIXELS, data_uri
from allsky.simulator.truth import TRUTH
from allsky.statistics.evidence import EVIDENCE, MEAN_MAPS
from allsky.statistics.reliability import ABSTAINING, CALIBRATION, RELIABILITY
from allsky.tables import ALL_TABLES, EXPORTED, TESTIMONY
from allsky.training_tables import HISTORY, VALIDATION

KEOGRAMS_SHOWN = 24
OF_AUDIT = (CALIBRATION, RELIABILITY, ABSTAINING, EVIDENCE, MEAN_MAPS)
DICTIONARY = (*ALL_TABLES, TESTIMONY, EPOCHS, HISTORY, VALIDATION, *OF_AUDIT, EXPORTED)
CLOCKS_LISTED = 400
MATRIX_FILES = {
    "fpr": "false_positives_matrix",
    "fnr": "false_negatives_matrix",
    "positive_ratio": "occurrence_matrix",
}
COUNTS = ("n_frames", "n_nights", "n_labelled", "n_audit_nights", "tp", "fp", "tn", "fn")


def matrices(data: ReportData) -> list[dict[str, Any]]:
    """The heat maps of the page: errors where any were measured, occurrence always."""
    if data.class_rows.empty:
        return []
    rates = ("fpr", "fnr", "positive_ratio") if data.has_errors else ("positive_ratio",)
    return [_matrix(data.class_rows, rate) for rate in rates]


def _matrix(rows: pd.DataFrame, rate: str) -> dict[str, Any]:
    cells = rate_cells(rows, rate)
    lunar = list(dict.fromkeys(cells["lunar_bin"]))
    strongest = cells["rate"].max()
    lines = [
        {"name": in_words(str(solar)), "cells": [_tile(cell, strongest) for cell in line.itertuples()]}
        for solar, line in cells.groupby("solar_bin", sort=False)
    ]
    title, file = RATE_TITLES[rate], MATRIX_FILES[rate]
    return {"rate": rate, "title": title, "file": file, "lunar": [in_words(name) for name in lunar], "lines": lines}


def _tile(cell, strongest: float) -> dict[str, Any]:
    """One cell of a heat map; `shade` from 0 to 100."""
    shade = 100 * cell.rate / strongest if is_number(cell.rate) and strongest > 0 else 0
    return {
        "measured": cell.status not in UNKNOWN,
        "status": cell.status,
        "few": cell.status == "few nights",
        "margin": "All" in (cell.solar_bin, cell.lunar_bin),
        "rate": percent(cell.rate),
        "interval": interval(cell.low, cell.high),
        "counts": f"{cell.n_hits:,} of {cell.n:,}",
        "nights": count(cell.n_nights, "night"),
        "shade": round(shade),
    }


def tiles(data: ReportData) -> list[tuple[str, str, str]]:
    """The numbers at a glance: what, how much, on what it stands."""
    row = data.everything
    nights = count(len(data.tally.usable_nights), "night")
    shown = [("frames", f"{data.tally.n_usable:,}", nights)]
    if row is not None:
        ends = interval(row.positive_ratio_low, row.positive_ratio_high)
        shown.append((f"predicted {in_words(data.positive)}", percent(row.positive_ratio), ends))
    if row is not None and data.has_errors:
        for rate, words in (("fpr", "false positive rate"), ("fnr", "false negative rate")):
            shown.append((words, *_with_interval(row, rate)))
    drawn, labelled = _drawn_and_labelled(data)
    others = f", and {len(labelled - drawn):,} others" if labelled - drawn else ""
    shown.append(("labelled", f"{len(labelled & drawn):,}", f"of {len(drawn):,} drawn{others}"))
    broken = data.all_problems
    if len(broken):
        shown.append(("problems", f"{len(broken):,}", count(broken["night"].nunique(), "night")))
    return shown


def _drawn_and_labelled(data: ReportData) -> tuple[set[str], set[str]]:
    """The frames drawn for a person, and those that anybody labelled: some may never have been drawn."""
    labelled = set() if data.labels is None else set(data.labels["frame_id"])
    return set(data.drawn["frame_id"]), labelled


def condition_tables(data: ReportData) -> list[dict[str, Any]]:
    """The condition table of each class, the positive one first: a line per condition with frames, margins last."""
    if data.class_rows.empty:
        return []
    assert data.condition_table is not None
    names = [data.positive, *(name for name in data.classes if name != data.positive)]
    by_class = {name: data.condition_table[data.condition_table["class"] == name] for name in names}
    return [{"name": in_words(name), "lines": _condition_lines(rows)} for name, rows in by_class.items() if len(rows)]


def _condition_lines(rows: pd.DataFrame) -> list[dict[str, Any]]:
    cells = rate_cells(rows, "positive_ratio")
    order = [(cell.solar_bin, cell.lunar_bin) for cell in cells.itertuples()]
    by_name = {(row.solar_bin, row.lunar_bin): row for row in rows.itertuples()}
    order.sort(key=lambda name: name.count("All"))
    return [_condition_line(by_name[name]) for name in order if name in by_name and by_name[name].n_frames]


def _condition_line(row) -> dict[str, Any]:
    return {
        "name": condition_in_words(row.solar_bin, row.lunar_bin),
        "margin": "All" in (row.solar_bin, row.lunar_bin),
        "status": _statuses(row),
        "unknown": [noun for rate, noun in RATE_NOUNS.items() if getattr(row, f"{rate}_status") == "not measured"],
        "rate_nights": [_whole(getattr(row, f"{rate}_nights")) for rate in RATE_NOUNS],
        **{rate: _with_interval(row, rate) for rate in (*RATE_TITLES, "precision", "recall", "f1")},
        **{name: _whole(getattr(row, name)) for name in COUNTS},
    }


def _statuses(row) -> str:
    """One word where both rates share it, else each rate's own."""
    if row.fpr_status == row.fnr_status:
        return row.fpr_status
    return f"FPR {row.fpr_status}, FNR {row.fnr_status}"


def _with_interval(row, rate: str) -> tuple[str, str]:
    """A rate of a condition table's row and its interval, as text."""
    ends = getattr(row, f"{rate}_low"), getattr(row, f"{rate}_high")
    return percent(getattr(row, rate)), interval(*ends)


def confusions(data: ReportData) -> list[dict[str, Any]]:
    """The confusion matrix of each condition, where there are more than two classes."""
    if data.confusion is None or len(data.classes) < 3:
        return []
    return [
        {
            "name": condition_in_words(str(solar), str(lunar)),
            "classes": [in_words(name) for name in data.classes],
            "lines": [_confused(str(label), line) for label, line in cell.groupby("label", sort=False)],
        }
        for (solar, lunar), cell in data.confusion.groupby(["solar_bin", "lunar_bin"], sort=False)
    ]


def _confused(label: str, line: pd.DataFrame) -> dict[str, Any]:
    cells = [(percent(row.share), f"{row.n_frames:,}") for row in line.itertuples()]
    return {"label": in_words(label), "cells": cells, "nights": line["n_nights"].iloc[0]}


def _whole(number) -> str:
    return f"{int(number):,}" if is_number(number) else "–"


def keograms(data: ReportData) -> list[dict[str, Any]]:
    """At most `KEOGRAMS_SHOWN` nights, those with most frames predicted positive, in order of date."""
    interest = _interest(data)
    chosen = sorted(data.keograms, key=lambda keogram: -interest.get(keogram.night, 0))[:KEOGRAMS_SHOWN]
    shown = [(keogram.night, data_uri(keogram.path, PLATE_PIXELS)) for keogram in sorted(chosen)]
    return [{"night": night, "image": image} for night, image in shown if image]


def _interest(data: ReportData) -> Mapping[str, int]:
    """By what a night's keogram is worth showing: its frames predicted positive, or all of them without a model."""
    nights, predicted = data.tally.nights, data.tally.predicted
    if predicted is None:
        return dict(zip(nights["night"], nights["n_frames"] - nights["n_flagged"], strict=True))
    return predicted[predicted["predicted"] == data.positive].groupby("night")["n_frames"].sum().to_dict()


def disks(data: ReportData) -> list[dict[str, Any]]:
    return [{"epoch": epoch, "image": uri} for epoch, path in data.disks if (uri := data_uri(path, 640))]


def stills_told_by(data: ReportData) -> str:
    """What dates the stills where no clock was read: `names` or `EXIF`; empty elsewhere."""
    how = data.configuration.get("archive", {}).get("stills_time")
    return {"name": "names", "exif": "EXIF"}.get(str(how), "") if data.stills_alone else ""


def camera_changes(data: ReportData) -> list[dict[str, Any]]:
    """Each change of the camera with its picture, those that nobody has confirmed first."""
    changes = sorted(data.camera_changes, key=lambda change: (change.status == "in force", change.night))
    return [change._asdict() | {"image": data_uri(change.picture, 1000)} for change in changes]


def clock_lines(data: ReportData) -> list[dict[str, Any]]:
    """Per night: frames, how they were dated, residuals and flags; of many nights those most in doubt."""
    doubt = data.tally.nights.sort_values(["n_flagged", "worst_residual_s"], ascending=False)
    return [_clock_line(night) for night in doubt.head(CLOCKS_LISTED).sort_values("night").itertuples()]


def _clock_line(night) -> dict[str, Any]:
    return {
        "night": night.night,
        "first": f"{night.first:%H:%M}",
        "last": f"{night.last:%H:%M}",
        "frames": night.n_frames,
        "interpolated": night.n_interpolated,
        "median": f"{night.residual_median_s:.2f}" if is_number(night.residual_median_s) else "–",
        "largest": f"{night.residual_max_s:.2f}" if is_number(night.residual_max_s) else "–",
        "flagged": night.n_flagged,
    }


def clock_audit(data: ReportData) -> dict[str, Any]:
    """How many nights each witness speaks for, speaks against and cannot judge, and each night in dispute in words."""
    if data.witnesses is None or data.witnesses.empty:
        return {}
    heard = data.witnesses
    counts = heard.groupby(["witness", "verdict"], sort=False).size().unstack(fill_value=0)
    lines = [
        {"witness": name, **{verdict.replace(" ", "_"): int(row.get(verdict, 0)) for verdict in VERDICTS}}
        for name, row in counts.iterrows()
    ]
    against = heard[heard["verdict"] == CONTRADICTS].sort_values(["night", "witness"])
    disputes = [(row.night, row.witness, row.says) for row in against.itertuples()]
    return {"lines": lines, "disputes": disputes, "nights": heard["night"].nunique()}


def flagged(data: ReportData) -> list[tuple[str, int, int]]:
    """Why frames were set aside: reason, frames, nights."""
    reasons = data.tally.flags.groupby("clock_flag").agg(frames=("n_frames", "sum"), nights=("night", "nunique"))
    reasons = reasons.sort_values("frames", ascending=False)
    return [(str(reason), int(row["frames"]), int(row["nights"])) for reason, row in reasons.iterrows()]


def funnel(data: ReportData) -> list[tuple[str, int, str]]:
    """Where frames came from and where they were lost: step, number, why fewer than before."""
    readable = data.videos[data.videos["problem"].isna()]
    recordings = "nights of stills" if data.stills_alone else "videos"
    steps = [
        (f"{recordings} in the archive", len(data.videos), ""),
        (f"{recordings} without a problem", len(readable), "the others are named below"),
        ("frames in them", int(np.nansum(readable["n_frames"].astype(float))), "as the inventory counted them"),
        ("frames kept", data.tally.n_frames, "one per step of the cadence; no status cards, nothing but sky"),
        ("frames with a sure time", data.tally.n_usable, "their clock disagreed with the night's"),
    ]
    if data.is_predicted:
        steps.append(("frames predicted", data.tally.n_predicted, "their night was not predicted"))
    drawn, labelled = _drawn_and_labelled(data)
    steps.append(("frames drawn for a person", len(drawn), "a sample is enough"))
    steps.append(("of them labelled", len(labelled & drawn), "the others wait"))
    audit = set(data.drawn.loc[data.drawn["role"] == "audit", "frame_id"])
    steps.append(("of them on audit nights", len(labelled & audit), "the others teach and tune"))
    if data.everything is not None:
        judging = int(data.everything.n_labelled)
        why = "the labeller was unsure, there is no prediction, or others of their draw wait for an answer"
        steps.append(("of them judging the classifier", judging, why))
    return steps


def flattened(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings as pairs of dotted name and text."""
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from flattened(value, f"{name}.")
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(part) for part in value)
    return str(value)


def dictionary(simulated: bool = False) -> list[dict[str, Any]]:
    """Every table that a run or an export leaves, of a simulated archive the truth too: columns, types, meanings."""
    tables = (*DICTIONARY, TRUTH) if simulated else DICTIONARY
    columns = {table.name: [(c.name, str(c.type), c.unit, c.meaning) for c in table.columns] for table in tables}
    return [{"name": table.name, "row": table.row, "columns": columns[table.name]} for table in tables]
