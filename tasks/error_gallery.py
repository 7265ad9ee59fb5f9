"""The worst errors of each condition, each with its map and with the sky ten minutes before and after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from allsky.labels.queue import ten_minutes_away
from allsky.report import GalleryItem, Neighbour
from allsky.tables import FRAMES, with_probabilities
from tasks.artifacts import TableArtifact
from tasks.reported import Reported


def error_gallery(report: Reported, audited: pd.DataFrame) -> Iterator[GalleryItem]:
    """The worst false positives and false negatives of each condition that have a map.

    `audited` are the audit frames with one settled answer: condition, prediction, label and image.
    """
    positive, most = report.settings.labels.positive, report.settings.explanation.worst
    folder = report.corpus.gradcam_folder(report.model())
    shown = audited["frame_id"].isin({path.stem for path in folder.glob("*.jpg")})
    wrong = audited[shown & ((audited["label"] == positive) != (audited["predicted"] == positive))]
    for _, cell in wrong.groupby(["solar_bin", "lunar_bin"], sort=False):
        for outcome, ascending in (("fp", False), ("fn", True)):
            kind = cell[(cell["label"] == positive) == (outcome == "fn")]
            for row in kind.sort_values(f"p_{positive}", ascending=ascending).head(most).itertuples():
                yield _item(report, row, outcome, folder / f"{row.frame_id}.jpg")


def _item(report: Reported, row, outcome: str, overlay: Path) -> GalleryItem:
    chance = getattr(row, f"p_{report.settings.labels.positive}")
    image = report.corpus.root / row.image
    near = tuple(_neighbours(report, row.night, row.frame_id))
    return GalleryItem(row.frame_id, outcome, row.solar_bin, row.lunar_bin, chance, image, overlay, near)


def _neighbours(report: Reported, night: str, frame_id: str) -> Iterator[Neighbour]:
    """The frames about ten minutes before and after, with what the model says of them."""
    column = f"p_{report.settings.labels.positive}"
    frames = TableArtifact(report.corpus.frames(night), FRAMES).read(["frame_id", "utc", "image", "clock_flag"])
    frames = frames[frames["clock_flag"].isna()].sort_values("utc", ignore_index=True)
    kind = with_probabilities(report.settings.labels.classes)
    said = TableArtifact(report.corpus.predictions(report.model(), night), kind).read(["frame_id", column])
    frames = frames.merge(said, on="frame_id", how="left")
    here = int((frames["frame_id"] == frame_id).to_numpy().argmax())
    for place in ten_minutes_away(frames["utc"], here):
        if place is not None:
            there = frames.iloc[place]
            minutes = (there["utc"] - frames["utc"].iloc[here]) / pd.Timedelta(minutes=1)
            yield Neighbour(minutes, report.corpus.root / there["image"], there[column])
