"""Where the sky disk lies in the frames of one camera epoch."""

from __future__ import annotations

import dataclasses
import functools
import logging
from pathlib import Path

import luigi
import numpy as np
import pandas as pd

from allsky.bright_moments import borne_out, clearest_frame
from allsky.disk_search import find_sky_disk_of_nights
from allsky.errors import BadVideo
from allsky.pictures import write_picture
from allsky.recordings.recording import Recording
from allsky.sky_disk import SkyDisk as Disk
from allsky.sky_disk import check_disk, disk_picture, doubt_of
from allsky.tables import SKY_DISKS
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.base import NotKnownYet
from tasks.one_look import looked

logger = logging.getLogger("allsky")

# The disk is looked for in this many nights: enough to outvote a cloudy or moonlit one.
NIGHTS_LOOKED_AT = 5


class SkyDisk(ArchiveStage):
    """The disk of an epoch: given in the configuration, or found in its first nights and then kept."""

    epoch = luigi.Parameter(description="first night of the camera epoch")
    priority = 50

    def output(self):
        picture = FolderArtifact(self.corpus.mask_folder(self.epoch))
        return {"picture": picture, "disk": TableArtifact(self.corpus.disk(self.epoch), SKY_DISKS)}

    def ingredients(self):
        # Not the nights it is found in: once found it is kept, so that a new night moves no mask.
        camera = self.settings.camera(self.epoch)
        return {
            "given": [camera.disk_center, camera.disk_radius],
            "size": self.inventory.videos[self.epoch][0].size,
            "epoch": self.epoch,
        }

    def is_made(self):
        # Where none was found it is looked for again in an archive that has changed.
        return super().is_made() and (self._is_found() or not self._archive_has_changed())

    def moments(self) -> tuple[int | None, ...]:
        """When what decides whether the disk is made was last replaced."""
        paths = (self.corpus.disk(self.epoch), self.corpus.mask_folder(self.epoch), self.corpus.videos)
        return tuple(path.stat().st_mtime_ns if path.exists() else None for path in paths)

    def _is_found(self) -> bool:
        return "problem" not in self.output()["disk"].notes()

    def _archive_has_changed(self) -> bool:
        return self.corpus.videos.stat().st_mtime_ns > self.output()["disk"].path.stat().st_mtime_ns

    def produce(self, output):
        given = self.settings.disk(self.epoch, self.inventory.videos[self.epoch][0].size)
        if given:
            check_disk(given)
        nights = self.inventory.nights_of_epoch(self.epoch)[:NIGHTS_LOOKED_AT]
        seen = [_keyframes(self.inventory.recordings(night)[0]) for night in nights]
        frames = [luma for night in seen for luma in night]
        found = borne_out(given, frames) if given else find_sky_disk_of_nights(seen)
        if frames:
            picture = disk_picture(clearest_frame(frames), found)
            write_picture(output["picture"].path / "disk.png", picture)
        output["disk"].write(_as_table(found, nights))
        if doubt := doubt_of(found):
            logger.warning("camera since %s: %s", self.epoch, doubt)


def _keyframes(recording: Recording) -> list[np.ndarray]:
    """Luma of a recording's keyframes; none where it cannot be read, which its own night says."""
    try:
        return [frame.luma.copy() for frame in recording.keyframes()]
    except BadVideo:
        return []


def _as_table(disk: Disk, nights: list[str]) -> pd.DataFrame:
    row = {name: getattr(disk, name) for name in SKY_DISKS.names if name != "nights"}
    return pd.DataFrame([row | {"nights": " ".join(nights)}])


def disk_of(epoch: str) -> Disk | str:
    """The epoch's disk, or the sentence that says why there is none. Raises NotKnownYet before it is made."""
    return looked((disk_of, epoch), lambda: _disk_of(SkyDisk(epoch=epoch), epoch))


def _disk_of(task: SkyDisk, epoch: str) -> Disk | str:
    # Every night asks: what it stands on is looked at, not what is in it.
    if not _is_made(task, task.recipe(), task.moments()):
        raise NotKnownYet(f"the sky disk of {epoch}")
    path = task.output()["disk"].path
    return _read_disk(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _is_made(task: SkyDisk, _recipe: str, _moments: tuple) -> bool:
    return task.is_made()


@functools.lru_cache(maxsize=64)
def disk_numbers(disk: Disk) -> list[float]:
    """What of a disk changes a picture: where it lies, not how it was found."""
    told = dataclasses.asdict(disk)
    return [value for name, value in told.items() if name not in ("source", "confidence")]


@functools.lru_cache(maxsize=64)
def _read_disk(path: Path, _mtime_ns: int) -> Disk | str:
    artifact = TableArtifact(path, SKY_DISKS)
    rows = artifact.read().drop(columns="nights").to_dict("records")
    return Disk(**rows[0]) if rows else artifact.notes()["problem"]
