"""When the camera was another one: the epochs in force, and changes seen in the frames that nobody has confirmed."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from allsky.camera_epochs import (
    EPOCHS,
    FIRST,
    LOOKS,
    SECTION,
    SIZE,
    SUGGESTED,
    before_and_after,
    camera_epochs,
    look_of_night,
    look_picture,
)
from allsky.corpus import Corpus
from allsky.pictures import BadImage, read_picture, write_picture
from allsky.sky_disk import SkyDisk as Disk
from tasks import settings
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.month_frames import MonthFrames
from tasks.night_frames import NightFrames
from tasks.sky_disk import disk_of

logger = logging.getLogger("allsky")


class CameraEpochs(ArchiveStage):
    """The camera's epochs, and the nights from which on its overlay or its disk lie elsewhere, with pictures."""

    def needs(self):
        return [MonthFrames(month=month) for month in self.inventory.nights_of_month]

    def reads(self):
        return [NightFrames(night=night) for night in self.inventory.nights]

    def output(self):
        return {
            "pictures": FolderArtifact(self.corpus.epoch_pictures),
            "looks": TableArtifact(self.corpus.looks, LOOKS),
            "epochs": TableArtifact(self.corpus.epochs, EPOCHS),
        }

    def ingredients(self):
        epochs = self.inventory.epoch_of_night
        return {
            "nights": {night: NightFrames(night=night).recipe() for night in self.inventory.nights},
            "epochs": {epoch: self.opened_by(epoch) for epoch in dict.fromkeys(epochs.values())},
        }

    def opened_by(self, epoch: str) -> str:
        """What opened an epoch that is in force."""
        before = [night for night in self.inventory.nights if night < epoch]
        if not before:
            return FIRST
        size = self.inventory.videos[epoch][0].size
        return SIZE if self.inventory.videos[before[-1]][0].size != size else SECTION

    def produce(self, output):
        looks, told = self._looks(), self.ingredients()["epochs"]
        epochs = camera_epochs(looks, self.inventory.epoch_of_night, told)
        by_night = {row["night"]: row for row in looks.to_dict("records")}
        for change in epochs.dropna(subset="night_before").itertuples():
            pair = [self._picture(night, by_night.get(night)) for night in (change.night_before, change.night)]
            if pair[0] is not None and pair[1] is not None:
                write_picture(output["pictures"].path / f"{change.night}.jpg", before_and_after(pair[0], pair[1]))
        output["looks"].write(looks)
        output["epochs"].write(epochs)
        for sentence in suggestions(epochs):
            logger.warning("%s", sentence)

    def _looks(self) -> pd.DataFrame:
        """LOOKS of every night that has frames; what was looked at before in this way is not looked at again."""
        known, rows = self._known_looks(), []
        for night in self.inventory.nights:
            recipe = NightFrames(night=night).recipe()
            look = known.get(recipe) or self._look(night)
            if look is not None:
                rows.append({**look, "night": night, "recipe": recipe})
        return LOOKS.to_arrow(pd.DataFrame(rows, columns=LOOKS.names)).to_pandas()

    def _known_looks(self) -> dict[str, dict[str, Any]]:
        """The stored looks by the recipe of their frames; none where another version of this stage had them."""
        stored = self.output()["looks"]
        if stored.record().get("ingredients", {}).get("version") != self.version:
            return {}
        return {row["recipe"]: row for row in stored.read().to_dict("records")}

    def _look(self, night: str) -> dict[str, Any] | None:
        disk = disk_of(self.inventory.epoch_of_night[night])
        bright = self._bright(night)
        if bright is None or not isinstance(disk, Disk):
            return None
        try:
            parts = json.loads((self.corpus.overlay_folder(night) / "clock.json").read_text())["parts"]
        except (OSError, ValueError, KeyError):
            parts = []
        return look_of_night(bright, disk, parts)

    def _bright(self, night: str):
        try:
            return read_picture(self.corpus.strip_folder(night) / "bright.jpg")[..., 0]
        except BadImage:  # a night without frames has none
            return None

    def _picture(self, night: str, look: Mapping[str, Any] | None):
        disk, bright = disk_of(self.inventory.epoch_of_night[night]), self._bright(night)
        if look is None or bright is None or not isinstance(disk, Disk):
            return None
        return look_picture(bright, look, disk)


def suggestions(epochs: pd.DataFrame) -> list[str]:
    """A sentence on each change of the camera that nobody has confirmed."""
    return [
        f"the camera seems to be another one from {change.night} on: {change.says}; look at"
        f" epoch_pictures/{change.night}.jpg, and if it is so, add a section [camera:{change.night}] to the"
        " configuration"
        for change in epochs[epochs["status"] == SUGGESTED].itertuples()
    ]


def stored_epochs() -> pd.DataFrame:
    """EPOCHS as the last run left them; empty where there was none."""
    table = TableArtifact(Corpus(settings.current().output).epochs, EPOCHS)
    return table.read() if table.exists() else EPOCHS.empty()


def stored_suggestions() -> list[str]:
    return suggestions(stored_epochs())
