"""Which labelled frames train, and which validate."""

from __future__ import annotations

import pandas as pd

from allsky.labels.answers import match_labels
from allsky.labels.split import split_labels
from allsky.tables import SHEET, SPLIT
from tasks.answers import TEACHING, answers_digest, answers_of
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import TableArtifact
from tasks.named_frames import named_frames
from tasks.night_frames import NightFrames


class LabelSplit(ArchiveStage):
    """Labels joined to frames: the training part balanced, validation as it was sampled.

    It stands on the labels and the frames they name, and on nothing else: neither another night nor
    an audit label can change a model.
    """

    def needs(self):
        return [NightFrames(night=night) for night in self.nights()]

    def nights(self) -> list[str]:
        """Training and validation nights with a label."""
        return sorted(answers_of(TEACHING)["night"].unique())

    def output(self):
        return TableArtifact(self.corpus.split, SPLIT)

    def ingredients(self):
        labels = self.settings.labels
        return {
            "labels": answers_digest(TEACHING),
            "frames": {night: NightFrames(night=night).recipe() for night in self.nights()},
            "classes": [labels.classes, labels.positive, labels.seed],
        }

    def produce(self, output):
        answered = answers_of(TEACHING)
        frames = named_frames(self.nights(), [answered])
        labels, notices = match_labels(answered, frames)
        drawing = self.settings.drawing
        classes = self.settings.labels.classes
        split = split_labels(labels, self._sheet(), frames, classes, drawing["seed"], drawing["shares"])
        output.write(split, notices=notices)

    def _sheet(self) -> pd.DataFrame:
        """The label sheet, for its probabilities; a corpus may be labelled without one."""
        sheet = TableArtifact(self.corpus.sheet, SHEET)
        return sheet.read() if sheet.exists() else SHEET.empty()
