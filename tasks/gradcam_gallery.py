"""Where the classifier looks: maps and overlays of the frames that judge it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from pathlib import Path

import luigi
import pandas as pd

from allsky.tables import SHEET
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.base import NotKnownYet
from tasks.named_frames import images_of
from tasks.night_frames import NightFrames
from tasks.sky_disk import disk_of
from tasks.square_views import lens_of
from tasks.train_classifier import model_folder, model_needs, model_recipe

INDEX = "index.json"
GEOMETRY = "geometry.json"


class GradCamGallery(ArchiveStage):
    """Heat maps of every frame on the audit sheet and drawn by this model's scores, whatever it was labelled.

    Which of them were wrong is known only once they are labelled; the report picks those. So a new
    label needs no new map, and maps of frames that are unchanged under the same model are kept.
    """

    version = 4
    takes = "gpu"

    model = luigi.Parameter(description="the model's name and the start of its recipe")

    def needs(self):
        return model_needs(self.model)

    def reads(self):
        return [NightFrames(night=night) for night in self._frames()["night"].unique()]

    def foreseen(self):
        try:
            return [*self.needs(), *self.reads()]
        except NotKnownYet:
            return self.needs()

    def output(self):
        return FolderArtifact(self.corpus.gradcam_folder(self.model))

    def ingredients(self):
        frames = {row.frame_id: NightFrames(night=row.night).recipe() for row in self._frames().itertuples()}
        return {
            "drawn_by": self.version,
            "model": model_recipe(self.model),
            "method": self.settings.explanation.method,
            "frames": frames,
            **self._views(),
        }

    def produce(self, output):
        wanted = self.ingredients()
        kept = self._kept(wanted)
        for frame_id in kept:
            for path in self._files(frame_id):
                os.link(path, output.path / path.name)
        self._explain([frame_id for frame_id in wanted["frames"] if frame_id not in kept], output.path)
        (output.path / INDEX).write_text(json.dumps(wanted))
        (output.path / GEOMETRY).write_text(json.dumps(self._geometry(), indent=1))

    def _frames(self) -> pd.DataFrame:
        return audit_frames(self.corpus, self.model)

    def _views(self) -> dict:
        """How the cameras of these nights look at the sky, as far as the configuration tells."""
        nights = self._frames()["night"].unique()
        return {"views": {epoch: lens_of(epoch) for epoch in {self.inventory.epoch_of_night[n] for n in nights}}}

    def _geometry(self) -> dict:
        """What a program must know to say which part of the sky a place in a map is."""
        frames = self._frames()
        epochs = {night: self.inventory.epoch_of_night[night] for night in frames["night"].unique()}
        return {
            "values": "float16, row by row from the top left, 0 to 1: each map is scaled by its own maximum",
            "square": "the circle inscribed in a map is the sky disk; its rim lies at zenith angle edge_deg",
            "north_deg": "clockwise from up; null where it is not known",
            "disk": "in pixels of the video frame",
            "method": self.settings.explanation.method,
            "class": self.settings.labels.positive,
            "epochs": {epoch: {**lens_of(epoch), "disk": _disk_facts(epoch)} for epoch in set(epochs.values())},
            "frames": {row.frame_id: epochs[row.night] for row in frames.itertuples()},
        }

    def _kept(self, wanted) -> set[str]:
        """Frames whose map lies there already, made by the same model and method from the same image."""
        try:
            before = json.loads((self.output().path / INDEX).read_text())
        except (OSError, ValueError):
            return set()
        if any(before.get(key) != wanted[key] for key in ("drawn_by", "model", "method")):
            return set()
        same = [frame_id for frame_id, recipe in wanted["frames"].items() if before["frames"].get(frame_id) == recipe]
        return {frame_id for frame_id in same if all(path.exists() for path in self._files(frame_id))}

    def _files(self, frame_id: str) -> list[Path]:
        return [self.output().path / f"{frame_id}{suffix}" for suffix in (".jpg", ".npy")]

    def _explain(self, frame_ids: list[str], folder: Path) -> None:
        from models.device import device
        from models.map_files import write_maps
        from models.model_folder import load_model

        pictures = {
            frame_id: self.corpus.root / image
            for frame_id, image in zip(frame_ids, self._images(frame_ids), strict=True)
        }
        model = load_model(model_folder(self.model), device())
        written = write_maps(model, pictures, self.settings.explanation.method, folder)
        for done, _ in enumerate(written, start=1):
            self.progress(done / len(pictures), f"{done} of {len(pictures)} maps")

    def _images(self, frame_ids: list[str]) -> list[str]:
        wanted = self._frames().set_index("frame_id").loc[frame_ids].reset_index()
        return list(images_of(wanted).set_index("frame_id").loc[frame_ids, "image"])


def _disk_facts(epoch: str) -> dict | None:
    disk = disk_of(epoch)
    return None if isinstance(disk, str) else dataclasses.asdict(disk)


def audit_frames(corpus, model: str) -> pd.DataFrame:
    """The different frames of the archive on the audit sheet, and on the model's own where there is one.

    Raises NotKnownYet before the audit sheet is drawn.
    """
    if not corpus.audit_sheet.exists():
        raise NotKnownYet("the audit sheet")
    paths = [path for path in (corpus.audit_sheet, corpus.scored_sheet(model)) if path.exists()]
    drawn = pd.concat([_read_sheet(path, path.stat().st_mtime_ns) for path in paths])
    sheet = drawn.drop_duplicates(ignore_index=True)
    from tasks import archive

    inventory = archive.inventory()
    return sheet[sheet["night"].isin(inventory.nights if inventory else [])]


@functools.lru_cache(maxsize=4)
def _read_sheet(path: Path, _mtime_ns: int) -> pd.DataFrame:
    return TableArtifact(path, SHEET).read(["frame_id", "night"]).drop_duplicates()
