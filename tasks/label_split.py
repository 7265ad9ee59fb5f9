"""Which labelled frames train, and which validate."""

from __future__ import annotations

from allsky.errors import BadLabels
from allsky.labels import match_labels
from allsky.sampling import split_labels
from allsky.tables import SHEET, SPLIT
from tasks import settings
from tasks.answers import as_rows, teaching_answers
from tasks.artifacts import TableArtifact
from tasks.base import NotKnownYet, Stage
from tasks.night_frames import NightFrames
from tasks.month_frames import MonthFrames


class LabelSplit(Stage):
    """Labels joined to frames: the training part balanced, validation as it was sampled."""

    def needs(self):
        if self.settings.labels.file == settings.SIMULATED:
            from tasks.simulation import SimulatedLabels

            if not SimulatedLabels().complete():
                return [SimulatedLabels()]
        return [NightFrames(night=night) for night in self.nights()]

    def nights(self) -> list[str]:
        """Training and validation nights with a label."""
        return sorted(teaching_answers()["night"].unique())

    def output(self):
        return TableArtifact(self.corpus.split, SPLIT)

    def ingredients(self):
        labels = self.settings.labels
        return {
            "labels": as_rows(teaching_answers()),
            "frames": {night: NightFrames(night=night).recipe() for night in self.nights()},
            "classes": [labels.classes, labels.positive, labels.seed],
        }

    def produce(self, output):
        import pandas as pd

        frames = pd.concat(
            [NightFrames(night=night).output()["frames"].read().assign(night=night) for night in self.nights()]
        )
        labels, notices = match_labels(teaching_answers(), frames)
        sheet = TableArtifact(self.corpus.sheet, SHEET)
        drawn = sheet.read() if sheet.exists() else SHEET.empty()
        output.write(split_labels(labels, drawn, frames, self.settings.labels.classes, self.settings.labels.seed), notices=notices)
