"""Which figures does this corpus have, and what are the numbers behind each?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from allsky import figures
from allsky.figures.words import in_words
from allsky.report.contents import MATRIX_FILES, stills_told_by
from allsky.report.data import ReportData
from allsky.statistics.evidence import share_table
from allsky.statistics.hours import occurrence_by_clock, occurrence_by_hour, occurrence_by_night


@dataclass(frozen=True)
class Drawing:
    """A figure, the numbers it shows, its name in files and links, and what it shows in a sentence."""

    name: str
    title: str
    description: str
    numbers: pd.DataFrame
    figure: Figure

    @property
    def svg(self) -> str:
        return figures.inline_svg(self.figure, self.name, self.description)


def drawings(data: ReportData) -> list[Drawing]:
    """Every figure that this corpus has the numbers for."""
    kinds = (_conditions, _occurrence, _coverage, _training, _calibration, _evidence, _clocks)
    return [drawing for kind in kinds for drawing in kind(data)]


def write_figures(data: ReportData, folder: Path) -> list[Path]:
    """Write each figure as `<name>.png` with its numbers as `<name>.csv` into `folder`; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for drawing in drawings(data):
        picture, numbers = folder / f"{drawing.name}.png", folder / f"{drawing.name}.csv"
        picture.write_bytes(figures.png(drawing.figure))
        drawing.numbers.to_csv(numbers, index=False)
        written += [picture, numbers]
    return written


def _conditions(data: ReportData) -> Iterator[Drawing]:
    rows = data.class_rows
    if rows.empty:
        return
    cells = {rate: figures.rate_cells(rows, rate) for rate in ("fpr", "fnr", "positive_ratio")}
    for rate, name in MATRIX_FILES.items():
        title = f"{in_words(name.removesuffix('_matrix'))} by solar and lunar condition".capitalize()
        description = f"{title}, with 95 % intervals; the same numbers stand in the table."
        yield Drawing(name, title, description, cells[rate], figures.condition_matrix(cells[rate], rate))
    widest = max(figures.widest_share(cells[rate]) for rate in ("fpr", "fnr"))
    for rate, kind in (("fpr", "false_positive"), ("fnr", "false_negative")):
        if data.has_errors:
            title = f"{in_words(kind)} rates with their intervals".capitalize()
            description = f"{title}: a line per condition; the same numbers stand in the table."
            drawn = figures.error_rates(cells[rate], rate, widest)
            yield Drawing(f"{kind}_rates", title, description, cells[rate], drawn)


def _occurrence(data: ReportData) -> Iterator[Drawing]:
    if data.hours is None or data.hours.empty:
        return
    yes = f"recorded frames predicted {in_words(data.positive)}"
    east = data.site.longitude_deg
    numbers = occurrence_by_hour(data.hours)
    drawn = figures.hour_month_figure(numbers, east)
    description = f"Share of {yes} by hour of UTC and month, with frames and nights."
    yield Drawing("occurrence_by_hour", "By hour and month", description, numbers, drawn)
    numbers = occurrence_by_clock(data.hours)
    drawn = figures.clock_hours_figure(numbers, east)
    description = f"Share of {yes} by hour of UTC and by hour of magnetic local time, with frames and nights."
    yield Drawing("occurrence_by_clock", "By UTC and by magnetic local time", description, numbers, drawn)
    numbers = occurrence_by_night(data.hours)
    if len(numbers) >= figures.MANY_NIGHTS:
        drawn = figures.month_occurrence_figure(numbers)
        yield Drawing("occurrence_by_night", "By month", f"Share of {yes} in each month.", numbers, drawn)
        return
    drawn = figures.night_occurrence_figure(numbers)
    yield Drawing("occurrence_by_night", "By night", f"Share of {yes} in each night.", numbers, drawn)


def _coverage(data: ReportData) -> Iterator[Drawing]:
    coverage = figures.night_coverage(data.videos, data.tally.nights, data.all_problems, data.site)
    if coverage.empty:
        return
    counted = coverage["status"].value_counts()
    description = "Calendar of nights: " + ", ".join(f"{number} {status}" for status, number in counted.items()) + "."
    decades = len(data.tally.nights) >= figures.MANY_NIGHTS
    drawn = figures.coverage_by_year(coverage) if decades else figures.coverage_calendar(coverage)
    yield Drawing("coverage", "Nights of the archive", description, coverage, drawn)


def _training(data: ReportData) -> Iterator[Drawing]:
    history, validation = data.history, data.validation
    if history is not None and len(history):
        description = "Loss and accuracy of training and validation frames by epoch."
        yield Drawing("learning_curves", "Learning curves", description, history, figures.learning_curves(history))
    if validation is None or validation.empty:
        return
    counts = figures.confusion_counts(validation, data.classes)
    description = "Confusion matrix of the validation frames: labels down, predictions across."
    numbers = counts.rename_axis("label").reset_index()
    yield Drawing("validation_confusion", "Confusion", description, numbers, figures.confusion_figure(counts))
    bins = figures.reliability(validation, data.positive)
    description = "Share of validation frames labelled positive against the predicted probability."
    yield Drawing("reliability", "Reliability", description, bins, figures.reliability_figure(bins))


def _calibration(data: ReportData) -> Iterator[Drawing]:
    if data.calibration is None or data.reliability is None or data.abstaining is None or data.calibration.empty:
        return
    description = "Share of audit frames labelled positive against the predicted probability, by condition."
    drawn = figures.audit_reliability_figure(data.reliability, data.calibration)
    yield Drawing("audit_reliability", "Do probabilities mean what they say?", description, data.reliability, drawn)
    description = "Accuracy on the audit frames that a model would still answer for, by the confidence it would ask."
    drawn = figures.abstaining_figure(data.abstaining, (data.model or {}).get("abstain_below"))
    yield Drawing("abstaining", "What abstaining would gain", description, data.abstaining, drawn)


def _evidence(data: ReportData) -> Iterator[Drawing]:
    if data.mean_maps is None or data.mean_maps.empty or data.evidence is None:
        return
    shares = share_table(data.evidence)
    if len(shares):
        description = "Mean share of the maps' weight on the horizon, the moon and the clock, by outcome."
        yield Drawing("map_shares", "Where the maps lie", description, shares, figures.shares_figure(shares))
    description = "Mean heat map of the audit frames of each condition and outcome."
    numbers = data.mean_maps.drop(columns="map")
    yield Drawing("mean_maps", "Mean maps", description, numbers, figures.mean_maps_figure(data.mean_maps))


def _clocks(data: ReportData) -> Iterator[Drawing]:
    if stills_told_by(data):
        return
    for night, readings in data.readings.items():
        points = figures.clock_points(readings)
        description = f"Burned-in clock of {night}: time by frame, and each reading minus the fitted clock."
        drawn = figures.clock_figure(points, night)
        yield Drawing(f"clock_{night}", f"Clock of {night}", description, points, drawn)
