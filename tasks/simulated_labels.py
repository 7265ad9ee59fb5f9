"""The labeller who answers for a person in the demonstration archive."""

from __future__ import annotations

import pandas as pd

from allsky.simulator import simulated_answers
from allsky.tables import LABELS, SHEET
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FileArtifact, TableArtifact
from tasks.sheets import AuditSheet, LabelSheet
from tasks.simulation import SimulatedNight, simulation


class SimulatedLabels(ArchiveStage):
    """The simulated labeller's answers for every frame on the sheets."""

    def needs(self):
        return [LabelSheet(), AuditSheet()]

    def output(self):
        return FileArtifact(self.settings.labels_file)

    def _standing(self):
        return (*super()._standing(), *(path.stat().st_mtime_ns for path in self.corpus.scored_sheets))

    def ingredients(self):
        # What was drawn for models since is answered too, once it is there.
        scored = [TableArtifact(path, SHEET).recipe() for path in self.corpus.scored_sheets]
        return {"sheets": [LabelSheet().recipe(), AuditSheet().recipe(), *scored], "seed": simulation().seed}

    def produce(self, output):
        wanted = pd.concat([TableArtifact(path, SHEET).read() for path in self.corpus.sheets])
        wanted = wanted.drop_duplicates(["video", "frame_index"])
        answers = [self._answers(night, rows) for night, rows in wanted.groupby("night")]
        table = pd.concat(answers, ignore_index=True) if answers else LABELS.empty()
        table[LABELS.names].to_csv(output.path, index=False)

    def _answers(self, night: str, wanted: pd.DataFrame) -> pd.DataFrame:
        truth = pd.read_parquet(SimulatedNight(night=night).output()["truth"].path / "truth.parquet")
        return simulated_answers(truth, wanted, simulation().seed)
