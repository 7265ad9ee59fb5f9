"""The goal of every night: what is new, through to predictions and the report, by the model as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import luigi

from allsky.corpus import NO_MODEL
from allsky.errors import BadConfiguration
from tasks.answers import lacking
from tasks.archive_stage import ArchiveStage
from tasks.base import NotKnownYet, Stage
from tasks.full_corpus_report import FullCorpusReport
from tasks.month_clock_audit import MonthClockAudit
from tasks.month_frames import MonthFrames
from tasks.month_keograms import MonthKeograms
from tasks.month_predictions import MonthPredictions
from tasks.selection import ALL, MISSING, described, selected
from tasks.train_classifier import model_as_it_is


class UpdatedReport(FullCorpusReport):
    """The report of the nights in `held`, by the model as it is. Of all nights, it is the full corpus's report."""

    held = luigi.Parameter(default=ALL, description="`all`, or the nights it tells of")
    first_night = last_night = ""

    recipe_name = FullCorpusReport.__name__

    @property
    def ranged(self) -> bool:
        return self.held != ALL

    def nights(self) -> list[str]:
        return selected(self.held, self.inventory.nights)

    def model(self) -> str:
        return model_as_it_is()

    def labels_wanted(self) -> str:
        if self.model() == NO_MODEL and self._could_be_trained():
            return (
                "nothing is predicted yet: there are labels and no model, and this run never trains; run"
                f" FullCorpusReport, or let the one at work come to it. What could be done is in {self._page()}"
                f"{self._problems()}"
            )
        return super().labels_wanted()

    def _could_be_trained(self) -> bool:
        try:
            return not lacking()
        except NotKnownYet:
            return True  # the labels are being made

    def _range(self) -> str:
        return ""  # the page is where people look for it, however far a backfill has come


class NightlyUpdate(ArchiveStage):
    """New nights through to predictions, keograms and an updated report. It never trains.

    It may run through luigid while a backfill does; then the report tells of the nights that are there,
    and the sheets, which are drawn from the whole corpus, are left to the backfill.
    """

    nights = luigi.Parameter(
        default=MISSING, description="`missing`, `all`, `last:N`, nights, or ranges FIRST_LAST; joined by commas"
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.nights != MISSING:
            selected(self.nights, [])  # what names no nights is told before anything begins

    def needs(self) -> Iterable[Stage]:
        chosen = self.chosen()
        return [*self._landing(chosen), self.report(chosen)]

    def chosen(self) -> list[str]:
        """The nights asked for. Raises BadConfiguration where none can be meant."""
        nights = self.inventory.nights
        if self.nights == MISSING:
            return self._without_predictions(nights)
        chosen = selected(self.nights, nights)
        if nights and not chosen:
            raise BadConfiguration(
                f"--nights {self.nights}: no night of the archive; its nights run from {nights[0]} to {nights[-1]}"
            )
        return chosen

    def report(self, chosen: list[str] | None = None) -> UpdatedReport:
        """The report as it lies there, where it tells of every chosen night; else one of all nights that are there."""
        nights = self.inventory.nights
        chosen = self.chosen() if chosen is None else chosen
        told = _nights_told(UpdatedReport())
        if told and set(told) >= set(chosen) and set(told) <= set(nights):
            report = UpdatedReport(held=described(told, nights))
            if report.is_made():
                return report
        left = set(self._without_predictions(nights)) - set(chosen)
        return UpdatedReport(held=described([night for night in nights if night not in left], nights))

    def _landing(self, nights: list[str]) -> list[Stage]:
        """The months of `nights`, through to keograms."""
        whole, model = self.inventory.nights_of_month, model_as_it_is()
        stages: list[Stage] = []
        for month in dict.fromkeys(night[:7] for night in nights):
            part: Any = described([night for night in nights if night[:7] == month], whole[month])
            stages.append(MonthFrames(month=month, nights=part))
            if model != NO_MODEL:
                stages.append(MonthPredictions(month=month, nights=part, model=model))
            stages.append(MonthClockAudit(month=month, nights=part))
            stages.append(MonthKeograms(month=month, nights=part, model=model))
        return stages

    def _without_predictions(self, nights: list[str]) -> list[str]:
        """Nights that are not through: of which there is no keogram, which comes last."""
        model, left = model_as_it_is(), []
        for month, held in self.inventory.nights_of_month.items():
            task = MonthKeograms(month=month, model=model)
            left += [night for night in held if not task.landed(night)]
        return left

    def is_made(self) -> bool:
        try:
            return all(task.is_made() for task in self.needs())
        except NotKnownYet:
            return False

    def foreseen(self):
        return self.needs()

    def ingredients(self):
        return {}

    def output(self):
        return []

    def produce(self, output) -> None:
        """Nothing is left to do once what it needs is there."""

    def work(self) -> None:
        """Nothing is left to do once what it needs is there."""

    def labels_wanted(self) -> str:
        return self.report().labels_wanted()

    def headline(self) -> str:
        return self.report().headline()


def _nights_told(report: UpdatedReport) -> list[str]:
    """The nights that the report on disk tells of; none where there is none."""
    try:
        return json.loads((report.output().path / "summary.json").read_text())["nights"]
    except (OSError, ValueError, KeyError):
        return []
