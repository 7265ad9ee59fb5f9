"""Which more frames of audit nights a person should see, after what a model says of them."""

from __future__ import annotations

import luigi
import pandas as pd

from allsky.labels.sampling import append_sheet, draw_scored_sheet
from allsky.tables import SHEET
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import TableArtifact
from tasks.month_predictions import MonthPredictions
from tasks.sheets import AuditSheet, month_by_month


class ScoredSheet(ArchiveStage):
    """Audit frames drawn by predicted score, beside those of the audit sheet. It only ever grows, as that does."""

    model = luigi.Parameter(description="the model's name and the start of its recipe")

    def needs(self):
        return [AuditSheet(), *(self._predictions(month) for month in self.inventory.nights_of_month)]

    def _predictions(self, month: str) -> MonthPredictions:
        return MonthPredictions(month=month, model=self.model)

    def output(self):
        return TableArtifact(self.corpus.scored_sheet(self.model), SHEET)

    def ingredients(self):
        nights = AuditSheet().nights()
        return {
            "audit": AuditSheet().recipe(),
            "predictions": {night: self._predictions(night[:7]).night_recipe(night) for night in nights},
            "per_score_band": self.settings.labels.per_score_band,
        }

    def produce(self, output):
        labels, drawing = self.settings.labels, self.settings.drawing
        draw = month_by_month(
            list(self.inventory.nights_of_month),
            lambda frames: draw_scored_sheet(
                frames, self._scores(frames), self.model, labels.per_score_band, **drawing
            ),
        )
        before = self.output().read() if self.output().path.exists() else SHEET.empty()
        drawn = [AuditSheet().output().read(), before]
        whole = append_sheet(pd.concat(drawn, ignore_index=True), draw, **drawing)
        output.write(pd.concat([before, whole.iloc[sum(map(len, drawn)) :]], ignore_index=True))

    def _scores(self, frames: pd.DataFrame) -> pd.Series:
        """The probability of the positive class of every one of `frames` that lies in an audit night, by frame_id."""
        column = f"p_{self.settings.labels.positive}"
        tables = [
            self._predictions(night[:7]).night_artifacts(night)[""].read(["frame_id", column])
            for night in sorted(set(frames["night"]) & set(AuditSheet().nights()))
        ]
        return pd.concat([pd.DataFrame(columns=["frame_id", column]), *tables]).set_index("frame_id")[column]
