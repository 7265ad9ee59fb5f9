"""A month of nights at a glance: one keogram a night."""

from __future__ import annotations

from itertools import chain
from typing import Any

import luigi
import numpy as np
import pandas as pd

from allsky import figures
from allsky.clock.zones import parse_zone
from allsky.corpus import NO_MODEL
from allsky.figures.night import THUMBNAILS
from allsky.geomagnetic import declination_deg
from allsky.keograms import keogram, keogram_numbers, spread_in_time, strip_along
from allsky.pictures import read_picture, read_pictures
from allsky.site import night_bounds
from tasks.artifacts import FolderArtifact
from tasks.month_frames import MonthFrames
from tasks.month_predictions import MonthPredictions
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.periods import LandingMonthStage
from tasks.sky_disk import disk_of
from tasks.square_views import lens_of, square_view

# Rows of a keogram along a meridian, and the side of the pictures it is taken from: half a degree a row.
HEIGHT = 360
# Side of the thumbnails in pixels.
SMALL = 120


class MonthKeograms(LandingMonthStage):
    """Keograms with conditions and, where there is a model, predictions beneath.

    Along the meridian through the zenith where the camera's orientation is known, else from the strips, along the
    image's vertical.
    """

    version = 5

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
        camera = self.settings.camera(night)
        line = [lens_of(night), camera.zenith, self.settings.report.keogram_meridian]
        return {"conditions": NightConditions(night=night).recipe(), "predictions": predictions, "line": line}

    def produce_night(self, night, output):
        frames = NightFrames(night=night).output()
        kept = frames["frames"].read(["frame_id", "utc", "image"])
        if kept.empty:
            return  # a night without frames has a folder without a keogram
        sky, predictions = NightConditions(night=night).output().read(), self._night_predictions(night)
        strip, axis = self._along_meridian(night, kept)
        if strip is None:
            strip = read_picture(frames["strip"].path / "strip.png")
        keogram_numbers(strip, kept, sky, predictions).to_csv(output.path / "keogram.csv", index=False)
        image, start, end = keogram(strip, kept["utc"], *night_bounds(night, self.settings.site.longitude_deg))
        figure = figures.night_figure(
            night,
            image,
            start,
            end,
            sky,
            predictions,
            self.settings.labels.positive,
            local=parse_zone(self.settings.site.timezone),
            thumbnails=self._thumbnails(kept, start, end),
            **axis,
        )
        (output.path / "keogram.png").write_bytes(figures.png(figure))

    def _thumbnails(self, kept: pd.DataFrame, start, end) -> list[tuple[pd.Timestamp, np.ndarray]]:
        shown = kept.iloc[spread_in_time(kept["utc"], start, end, THUMBNAILS)]
        pictures = chain.from_iterable(read_pictures([self.corpus.root / image for image in shown["image"]], SMALL, 32))
        return list(zip(shown["utc"], pictures, strict=True))

    def _along_meridian(self, night, kept: pd.DataFrame) -> tuple[np.ndarray | None, dict[str, Any]]:
        """The strip along the meridian and what to write on its axis; none where north is not known."""
        disk = disk_of(self.inventory.epoch_of_night[night])
        view = square_view(self.corpus, night, None if isinstance(disk, str) else disk)
        if view.north_deg is None:
            return None, {}
        kind = self.settings.report.keogram_meridian
        azimuth = declination_deg(self.settings.site, kept["utc"].iloc[0]) if kind == "magnetic" else 0.0
        squares = chain.from_iterable(read_pictures([self.corpus.root / image for image in kept["image"]], HEIGHT, 32))
        strip = strip_along(*view.meridian(azimuth, HEIGHT, HEIGHT), squares)
        return strip, {"ends": (f"{kind} north", f"{kind} south"), "rim_deg": view.edge_deg}

    def _night_predictions(self, night) -> pd.DataFrame | None:
        if self.model == NO_MODEL:
            return None
        return self._predictions().night_artifacts(night)[""].read()
