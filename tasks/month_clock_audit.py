"""Do the clocks of a month's nights agree with name, twilight and moon?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from allsky.clock_audit import audit_night, looked_at
from allsky.pictures import read_picture
from allsky.tables import TESTIMONY
from tasks.artifacts import TableArtifact
from tasks.month_frames import MonthFrames
from tasks.night_conditions import NightConditions
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
        nights = self.missing_nights()
        return [stage(night=night) for stage in (NightFrames, NightConditions) for night in nights]

    def night_artifacts(self, night):
        return {"": TableArtifact(self.corpus.witnesses(night), TESTIMONY)}

    def night_ingredients(self, night):
        conditions = NightConditions(night=night).recipe()
        return {"conditions": conditions, "view": [lens_of(night), self.settings.camera(night).zenith]}

    def produce_nights(self, nights):
        for done, night in enumerate(nights):
            self.progress(done / len(nights), f"{night}: {done} of {len(nights)} nights done")
            with self.landing(night) as output:
                output.write(self._heard(night))

    def _heard(self, night: str) -> pd.DataFrame:
        frames = NightFrames(night=night).output()["frames"].read(["frame_id", "image", "mean_luma", "clock_flag"])
        if frames.empty:
            return TESTIMONY.empty()
        frames = frames.merge(NightConditions(night=night).output().read(), on="frame_id").sort_values("utc")
        disk = disk_of(self.inventory.epoch_of_night[night])
        view = square_view(self.corpus, night, None if isinstance(disk, str) else disk)
        return audit_night(night, True, frames, self.settings.site, self._squares(frames), view)

    def _squares(self, frames: pd.DataFrame) -> list[np.ndarray]:
        images = frames["image"].iloc[looked_at(frames)]
        return [read_picture(self.corpus.root / image, SEARCHED_SIZE) for image in images]
