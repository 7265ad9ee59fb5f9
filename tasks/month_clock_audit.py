"""Do the clocks of a month's nights agree with name, twilight and moon?"""

from __future__ import annotations

import pandas as pd

from allsky.clock.audit import audit_night, looked_at
from allsky.ephemeris import sun_and_moon
from allsky.pictures import read_picture
from allsky.recordings.files import night_from_name
from allsky.tables import TESTIMONY
from tasks.artifacts import TableArtifact
from tasks.month_frames import MonthFrames
from tasks.night_frames import NightFrames
from tasks.periods import LandingMonthStage
from tasks.sky_disk import disk_of
from tasks.square_views import lens_of, square_view

# The moon is found in pictures of this side.
SEARCHED_SIZE = 240


class MonthClockAudit(LandingMonthStage):
    """What the three witnesses say of each night's times; nothing is corrected by it."""

    def needs(self):
        return [MonthFrames(month=self.month, nights=self.nights)]

    def reads(self):
        return [NightFrames(night=night) for night in self.missing_nights()]

    def night_artifacts(self, night):
        return {"": TableArtifact(self.corpus.witnesses(night), TESTIMONY)}

    def night_ingredients(self, night):
        site = self.settings.site
        return {
            "frames": NightFrames(night=night).recipe(),
            "site": [site.latitude_deg, site.longitude_deg, site.elevation_m],
            "names": [self.settings.archive.night_from_name, self.settings.archive.name_date],
            "view": [lens_of(night), self.settings.camera(night).zenith],
        }

    def produce_night(self, night, output):
        output.write(self._heard(night))

    def _heard(self, night: str) -> pd.DataFrame:
        columns = ["utc", "image", "mean_luma", "clock_flag"]
        frames = NightFrames(night=night).output()["frames"].read(columns).sort_values("utc", ignore_index=True)
        if frames.empty:
            return TESTIMONY.empty()
        frames = frames.join(sun_and_moon(frames["utc"], self.settings.site).drop(columns="utc"))
        disk = disk_of(self.inventory.epoch_of_night[night])
        view = square_view(self.corpus, night, None if isinstance(disk, str) else disk)
        squares = [
            read_picture(self.corpus.root / image, SEARCHED_SIZE) for image in frames["image"].iloc[looked_at(frames)]
        ]
        return audit_night(night, self._named(night), frames, self.settings.site, squares, view)

    def _named(self, night: str) -> bool:
        """Whether the night's videos tell it by their names."""
        archive, longitude = self.settings.archive, self.settings.site.longitude_deg
        told = [
            night_from_name(video.name, longitude, archive.night_from_name, archive.name_date)
            for video in self.inventory.videos[night]
        ]
        return night in told
