"""Everything that a report can tell, of the corpus of `report_corpus`."""

from __future__ import annotations

from pathlib import Path

import cv2

from allsky.figures import night_figure, png
from allsky.report import GalleryItem, Keogram, Neighbour, Problem, ReportData
from allsky.statistics.hours import night_hours
from allsky.statistics.tally import Tally
from tests.allsky import report_corpus as corpus


def full_report(folder: Path) -> ReportData:
    """A corpus with everything; pictures are written into `folder`."""
    frames = corpus.frames()
    predictions, labels = corpus.predictions(frames), corpus.labels(frames)
    return ReportData(
        corpus.SITE,
        videos=corpus.videos(),
        tally=Tally.of(frames, predictions),
        frames=frames,
        condition_table=corpus.condition_table(frames, predictions, labels),
        hours=night_hours(predictions, corpus.POSITIVE, corpus.SITE),
        occurrence={"share_of_frames": 0.27, "mean_of_cell_shares": 0.28, "n_cells": 8},
        sheet=corpus.sheet(frames),
        labels=labels,
        model_name="resnet18-1a2b3c4d",
        model={"backbone": "resnet18", "image_size": 128, "recipe": {"strategy": "scratch", "weights": "none"}},
        history=corpus.history(),
        validation=corpus.validation(),
        gallery=_gallery(folder, frames),
        problems=[Problem("2024-02-24", None, "No clock could be read: set [camera] clock_box.")],
        notices=["3 labels were matched by video and frame index."],
        baseline={
            "resnet18": {"accuracy": 0.94},
            "green-pixel rule": {"accuracy": 0.81, "note": "positive when green"},
        },
        configuration={"archive": {"videos": "simulated"}},
        provenance={"versions": {"python": "3.11"}, "recipe": "ab12"},
        keograms=_keograms(folder, frames),
        readings={corpus.NIGHTS[0]: corpus.readings()},
        disks=[("2024-01-03", folder / "fp.png")],
    )


def _gallery(folder, frames) -> list[GalleryItem]:
    items = []
    for place, outcome in enumerate(("fp", "fn")):
        image, overlay = folder / f"{outcome}.png", folder / f"{outcome}_map.png"
        cv2.imwrite(str(image), corpus.sky_picture(place))
        cv2.imwrite(str(overlay), corpus.sky_picture(place + 5))
        frame_id = frames["frame_id"].iloc[place]
        near = [Neighbour(-10.0, image, 0.41), Neighbour(9.0, overlay, None)][: 2 - place]
        items.append(GalleryItem(frame_id, outcome, "Night", "No_Moon", 0.93 - 0.9 * place, image, overlay, near))
    return items


def _keograms(folder, frames) -> list[Keogram]:
    night = frames[frames["night"] == corpus.NIGHTS[0]]
    figure = night_figure("2024-01-03", corpus.keogram_image(), night["utc"].min(), night["utc"].max(), night)
    (folder / "keogram.png").write_bytes(png(figure, 60))
    return [Keogram("2024-01-03", folder / "keogram.png")]
