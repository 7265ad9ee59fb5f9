"""The kept frames of a night, dated, masked and cropped."""

from __future__ import annotations

from allsky.errors import NotASky
from allsky.frames import extract_night
from allsky.pictures import write_picture
from allsky.sky_disk import SkyDisk as Disk
from allsky.tables import FRAMES, READINGS
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.machine import decoding_threads
from tasks.night_clock import NightClock, learned_clock
from tasks.periods import NightStage
from tasks.sky_disk import SkyDisk, disk_numbers, disk_of


class NightFrames(NightStage):
    """The one decode pass: every video frame dated, one frame kept per minute, the keogram's strip drawn."""

    version = 9
    takes = "decode"

    def needs(self):
        return [NightClock(night=self.night), SkyDisk(epoch=self.inventory.epoch_of_night[self.night])]

    def output(self):
        return {
            "images": FolderArtifact(self.corpus.image_folder(self.night)),
            "strip": FolderArtifact(self.corpus.strip_folder(self.night)),
            "readings": TableArtifact(self.corpus.readings(self.night), READINGS),
            "frames": TableArtifact(self.corpus.frames(self.night), FRAMES),
        }

    def ingredients(self):
        # The disk's numbers, not how they came about: a disk found again where it was changes nothing.
        disk = disk_of(self.inventory.epoch_of_night[self.night])
        sampling, camera = self.settings.sampling, self.settings.camera(self.night)
        return {
            "clock": NightClock(night=self.night).recipe(),
            "disk": disk_numbers(disk) if isinstance(disk, Disk) else disk,
            "images": [camera.image_size, sampling.cadence_s, sampling.jpeg_quality],
            "site": self.settings.site.name,
            "correction_s": self.settings.correction_s(self.night),
            # Told where it is not so, for a disk that is found or sure is no part of what was made before.
            **({} if isinstance(disk, str) or _dark_around(disk) else {"dark_around": False}),
        }

    def produce(self, output):
        disk = disk_of(self.inventory.epoch_of_night[self.night])
        if isinstance(disk, str):
            raise NotASky(disk)
        night = extract_night(
            self.inventory.recordings(self.night),
            learned_clock(self.night),
            disk,
            site_name=self.settings.site.name,
            cadence_s=self.settings.sampling.cadence_s,
            image_size=self.settings.camera(self.night).image_size,
            image_folder=output["images"].path,
            image_root=f"images/night={self.night}",
            jpeg_quality=self.settings.sampling.jpeg_quality,
            dark_around=_dark_around(disk),
            correction_s=self.settings.correction_s(self.night),
            threads=decoding_threads(),
            progress=self.progress,
        )
        write_picture(output["strip"].path / "strip.png", night.strip)
        write_picture(output["strip"].path / "bright.jpg", night.bright)
        output["readings"].write(night.readings)
        output["frames"].write(night.frames, problems=night.problems)


def _dark_around(disk: Disk) -> bool:
    """Whether the frame is known to be dark around the sky, so that a video that is not shows something else."""
    return disk.confidence > 0.5 or disk.source == "found"
