"""What a night's burned-in clock looks like, and how its frames map to UTC."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd

from allsky.clock.boxes import Box
from allsky.clock.found_picture import found_picture
from allsky.clock.learning import LearnedClock, learn_clock
from allsky.clock.tesseract import require_tesseract
from allsky.errors import MissingTool, NoClock
from allsky.frame_choice import frame_names
from allsky.pictures import BadImage, read_picture, write_picture
from allsky.recordings.given_clock import GivenClock, given_readings, text_boxes
from allsky.recordings.still_dating import EXIF, NAME
from allsky.recordings.teaching import teaching_frames
from allsky.tables import READINGS
from tasks import archive, settings
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import DamagedArtifact, FolderArtifact, TableArtifact
from tasks.periods import NightStage


class Tesseract(ArchiveStage):
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
    """Learns a night's clock from its keyframes: box, glyphs, format, zone, a first fit of frame to UTC.

    Of stills that their names or their EXIF date, it takes those times, and looks where text is burned in.
    """

    version = 18

    takes = "decode"

    def needs(self):
        return [Tesseract()]

    def output(self):
        overlay = FolderArtifact(self.corpus.overlay_folder(self.night))
        return {"overlay": overlay, "clock": TableArtifact(self.corpus.clock(self.night), READINGS)}

    def ingredients(self):
        camera, site = self.settings.camera(self.night), self.settings.site
        told = {
            "files": self.inventory.sources(self.night),
            "clock": [camera.clock_box, camera.clock_format, camera.clock_timezone, site.timezone, site.longitude_deg],
        }
        files = self.settings.archive
        return told | ({"stills": [files.stills_time, files.stills_name]} if self._holds_stills() else {})

    def _holds_stills(self) -> bool:
        return any(video.holds_stills for video in self.inventory.videos[self.night])

    def produce(self, output):
        keyframes = teaching_frames(self.inventory.recordings(self.night))
        if is_given(self.night):
            return self._put_given(output, keyframes)
        clock = learn_clock(keyframes, self.settings.clock(self.night), self.night, self.settings.site.longitude_deg)
        folder = output["overlay"].path
        (folder / "clock.json").write_text(json.dumps(clock.to_json(), indent=1))
        write_picture(folder / "glyphs.png", clock.glyph_atlas())
        write_picture(folder / "found.jpg", found_picture([keyframe.luma for keyframe in keyframes], clock))
        output["clock"].write(clock.readings)

    def _put_given(self, output, keyframes) -> None:
        """A clock that nobody reads: where it stands, and the times of the frames looked at."""
        boxes = text_boxes(keyframes, self.settings.clock(self.night).boxes)
        told = {"told_by": self.settings.archive.stills_time, "boxes": [dataclasses.asdict(box) for box in boxes]}
        (output["overlay"].path / "clock.json").write_text(json.dumps(told | {"parts": []}, indent=1))
        readings = _given_readings(self.night)
        looked_at = {(frame.video, frame.frame_index) for frame in keyframes}
        output["clock"].write(readings[[frame in looked_at for frame in frame_names(readings)]])


def is_given(night: str) -> bool:
    """Whether names or EXIF tell the times of a night: it holds stills that are so dated, and no video."""
    how, inventory = settings.current().archive.stills_time, archive.inventory()
    videos = inventory.videos[night] if inventory else ()
    return how in (NAME, EXIF) and all(video.holds_stills for video in videos)


def _given_readings(night: str) -> pd.DataFrame:
    """READINGS of every still of a night, as the inventory has their times."""
    inventory = archive.inventory()
    assert inventory is not None
    how = str(settings.current().archive.stills_time)
    return pd.concat([given_readings(video.name, inventory.stills(video, night), how)
                      for video in inventory.videos[night]], ignore_index=True)  # fmt: skip


def learned_clock(night: str) -> LearnedClock | GivenClock:
    """The clock that NightClock learned, or was given. Raises NoClock, with its reason, where it could not."""
    output = NightClock(night=night).output()
    if problem := output["clock"].notes().get("problem"):
        raise NoClock(problem)
    folder = output["overlay"].path
    try:
        facts = json.loads((folder / "clock.json").read_text())
        if "told_by" in facts:
            boxes = tuple(Box(**box) for box in facts["boxes"])
            return GivenClock(boxes, night, settings.current().site.longitude_deg, _given_readings(night))
        return LearnedClock.restore(facts, read_picture(folder / "glyphs.png")[..., 0])
    except (BadImage, OSError, ValueError, KeyError) as error:
        raise DamagedArtifact(folder, repr(error)) from None
