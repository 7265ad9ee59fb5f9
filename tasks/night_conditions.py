"""Sun and moon above a night's frames."""

from __future__ import annotations

from allsky.conditions import observing_conditions
from allsky.tables import CONDITIONS
from tasks.artifacts import TableArtifact
from tasks.night_frames import NightFrames
from tasks.periods import NightStage


class NightConditions(NightStage):
    """Sun and moon for every frame of one night, and the condition bins they fall in."""

    def needs(self):
        return [NightFrames(night=self.night)]

    def output(self):
        return TableArtifact(self.corpus.conditions(self.night), CONDITIONS)

    def ingredients(self):
        site = self.settings.site
        return {
            "frames": NightFrames(night=self.night).recipe(),
            "site": [site.latitude_deg, site.longitude_deg, site.elevation_m],
            "bins": vars(self.settings.bins),
        }

    def produce(self, output):
        frames = NightFrames(night=self.night).output()["frames"].read(columns=["frame_id", "utc"])
        output.write(observing_conditions(frames, self.settings.site, self.settings.bins))
