"""A month of nights at a glance: one keogram a night."""

from __future__ import annotations

import luigi
import pandas as pd

from allsky import figures
from allsky.clock_zones import parse_zone
from allsky.corpus import NO_MODEL
from allsky.keogram import keogram
from allsky.pictures import read_picture
from allsky.site import night_bounds
from tasks.artifacts import FolderArtifact
from tasks.month_frames import MonthFrames
from tasks.month_predictions import MonthPredictions
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.periods import LandingMonthStage


class MonthKeograms(LandingMonthStage):
    """Keograms from the strips, with conditions and, where there is a model, predictions beneath."""

    model = luigi.Parameter(default=NO_MODEL, description="the model's name, or `none`")

    def needs(self):
        months = MonthFrames(month=self.month, nights=self.nights)
        return [months, *([self._predictions()] if self.model != NO_MODEL else [])]

    def reads(self):
        nights = self.missing_nights()
        return [stage(night=night) for stage in (NightFrames, NightConditions) for night in nights]

    def _predictions(self) -> MonthPredictions:
        return MonthPredictions(month=self.month, nights=self.nights, model=self.model)

    def night_artifacts(self, night):
        return {"": FolderArtifact(self.corpus.keogram_folder(self.model, night))}

    def night_ingredients(self, night):
        predictions = self._predictions().night_recipe(night) if self.model != NO_MODEL else NO_MODEL
        return {"conditions": NightConditions(night=night).recipe(), "predictions": predictions}

    def produce_nights(self, nights):
        for done, night in enumerate(nights):
            self.progress(done / len(nights), f"{night}: {done} of {len(nights)} nights done")
            with self.landing(night) as output:
                self._draw(night, output.path)

    def _draw(self, night, folder) -> None:
        frames = NightFrames(night=night).output()
        kept = frames["frames"].read(["frame_id", "utc"])
        if kept.empty:
            return  # a night without frames has a folder without a keogram
        sky = NightConditions(night=night).output().read()
        strip = read_picture(frames["strip"].path / "strip.png")
        image, start, end = keogram(strip, kept["utc"], *night_bounds(night, self.settings.site.longitude_deg))
        figure = figures.night_figure(
            night,
            image,
            start,
            end,
            sky,
            self._night_predictions(night),
            self.settings.labels.positive,
            local=parse_zone(self.settings.site.timezone),
        )
        (folder / "keogram.png").write_bytes(figures.png(figure))

    def _night_predictions(self, night) -> pd.DataFrame | None:
        if self.model == NO_MODEL:
            return None
        return self._predictions().night_artifacts(night)[""].read()
