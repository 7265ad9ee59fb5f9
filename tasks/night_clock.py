"""What a night's burned-in clock looks like, and how its frames map to UTC."""

from __future__ import annotations

import json

from allsky.clock.found_picture import found_picture
from allsky.clock.learning import Keyframe, LearnedClock, learn_clock
from allsky.clock.tesseract import require_tesseract
from allsky.errors import MissingTool, NoClock
from allsky.pictures import BadImage, read_picture, write_picture
from allsky.recordings.video import read_keyframes
from allsky.tables import READINGS
from tasks.artifacts import DamagedArtifact, FolderArtifact, TableArtifact
from tasks.base import Stage
from tasks.periods import NightStage


class Tesseract(Stage):
    """The program that reads the clocks: one task says that it is missing, not every night."""

    of_the_machine = True

    def complete(self):
        return self.is_made()

    def is_made(self):
        try:
            require_tesseract()
        except MissingTool:
            return False
        return True

    def foreseen(self):
        require_tesseract()
        return []

    def run(self):
        require_tesseract()


class NightClock(NightStage):
    """Learns a night's clock from its keyframes: box, glyphs, format, zone, a first fit of frame to UTC."""

    version = 2

    takes = "decode"

    def needs(self):
        return [Tesseract()]

    def output(self):
        overlay = FolderArtifact(self.corpus.overlay_folder(self.night))
        return {"overlay": overlay, "clock": TableArtifact(self.corpus.clock(self.night), READINGS)}

    def ingredients(self):
        camera, site = self.settings.camera(self.night), self.settings.site
        return {
            "files": self.inventory.sources(self.night),
            "clock": [camera.clock_box, camera.clock_format, camera.clock_timezone, site.timezone, site.longitude_deg],
        }

    def produce(self, output):
        keyframes = [
            Keyframe(video.name, frame.index, frame.luma.copy())
            for video in self.inventory.videos[self.night]
            for frame in read_keyframes(video.path)
        ]
        clock = learn_clock(keyframes, self.settings.clock(self.night), self.night, self.settings.site.longitude_deg)
        folder = output["overlay"].path
        (folder / "clock.json").write_text(json.dumps(clock.to_json(), indent=1))
        write_picture(folder / "glyphs.png", clock.glyph_atlas())
        write_picture(folder / "found.jpg", found_picture([keyframe.luma for keyframe in keyframes], clock))
        output["clock"].write(clock.readings)


def learned_clock(night: str) -> LearnedClock:
    """The clock that NightClock learned. Raises NoClock, with its reason, where it could not."""
    output = NightClock(night=night).output()
    if problem := output["clock"].notes().get("problem"):
        raise NoClock(problem)
    folder = output["overlay"].path
    try:
        facts = json.loads((folder / "clock.json").read_text())
        return LearnedClock.restore(facts, read_picture(folder / "glyphs.png")[..., 0])
    except (BadImage, OSError, ValueError, KeyError) as error:
        raise DamagedArtifact(folder, repr(error)) from None
