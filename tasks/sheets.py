"""Which frames wait for a person's answer: the label sheet and the audit sheet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import pandas as pd

from allsky.labels.roles import check_roles, night_role
from allsky.labels.sampling import append_sheet, draw_audit_sheet, draw_label_sheet
from allsky.tables import SHEET
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import TableArtifact
from tasks.month_frames import MonthFrames, read_months
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames

# What of a frame decides whether it is drawn.
DRAWN_BY = ["frame_id", "night", "utc", "video", "frame_index", "clock_flag", "solar_bin", "lunar_bin"]


def month_by_month(months: list[str], draw: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """What `draw` draws of each month's frames: strata lie within nights, so no more than a month is held at once."""
    drawn = [draw(read_months([month], DRAWN_BY)) for month in months]
    drawn = [rows for rows in drawn if len(rows)]
    return pd.concat(drawn, ignore_index=True) if drawn else SHEET.empty()


class Sheet(ArchiveStage):
    """A sheet of frames drawn for labelling. It only ever grows: what is drawn stays, with its probability."""

    roles: ClassVar[tuple[str, ...]]

    def needs(self):
        return [MonthFrames(month=month) for month in self.inventory.nights_of_month]

    def nights(self) -> list[str]:
        """The archive's nights that have one of this sheet's roles."""
        return [night for night in self.inventory.nights if night_role(night, **self.settings.drawing) in self.roles]

    def produce(self, output):
        for path in (self.corpus.sheet, self.corpus.audit_sheet):
            if path.exists():
                # A night that changed sides would leave one sheet and enter the other: look at both.
                check_roles(TableArtifact(path, SHEET).read(), **self.settings.drawing)
        before = self.output().read() if self.output().exists() else None
        drawn = month_by_month(list(self.inventory.nights_of_month), self.draw)
        output.write(append_sheet(before, drawn, **self.settings.drawing))

    def draw(self, frames):
        raise NotImplementedError


class LabelSheet(Sheet):
    """Frames of training and validation nights for a person to label, from Night and No_Moon."""

    roles = ("training", "validation")

    def output(self):
        return TableArtifact(self.corpus.sheet, SHEET)

    def ingredients(self):
        # Only the edges that bound Night and No_Moon: the others cannot change what is drawn here.
        bins = dataclasses.asdict(self.settings.bins)
        lunar = ("full_elongation_deg", "full_altitude_deg", "quarter_elongation_deg", "quarter_altitude_deg")
        return {
            "nights": {night: NightFrames(night=night).recipe() for night in self.nights()},
            "drawing": [self.settings.drawing, self.settings.labels.per_night],
            "bins": [bins["night_below_deg"], *(bins[name] for name in lunar)],
        }

    def draw(self, frames):
        return draw_label_sheet(frames, self.settings.labels.per_night, **self.settings.drawing)


class AuditSheet(Sheet):
    """Frames of audit nights from every solar x lunar cell, on which the published figures stand."""

    roles = ("audit",)

    def output(self):
        return TableArtifact(self.corpus.audit_sheet, SHEET)

    def ingredients(self):
        return {
            "nights": {night: NightConditions(night=night).recipe() for night in self.nights()},
            "drawing": [self.settings.drawing, self.settings.labels.per_cell],
        }

    def draw(self, frames):
        return draw_audit_sheet(frames, self.settings.labels.per_cell, **self.settings.drawing)
