"""An archive that has everything but its report: written month by month, then reported on in a process of its own.

The report is the stage's own, from the artifacts of the stages before it, so that its memory is that of a real run.
There are no heat maps in numbers: those are read one after the other (see explanation.py).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from made_frames import CLASSES, Made, make
from made_skies import SITE

from allsky import figures
from allsky.labels.roles import roles_of
from allsky.tables import FRAMES, MONTH_FRAMES, READINGS, SHEET, TESTIMONY, Table, with_probabilities
from models.description import WEIGHTS, ModelDescription

FLAGGED = ("reading disagrees with the fit", 3)  # so many frames of the first nights: their clocks are drawn
PICTURE = 720

CONFIGURATION = f"""
[archive]
videos = videos
output = output
name_date = evening
settle_s = 0
[site]
name = {SITE.name}
latitude = {SITE.latitude_deg}
longitude = {SITE.longitude_deg}
timezone = {SITE.timezone}
[camera]
disk_center = 160, 120
disk_radius = 100
[labels]
file = labels.csv
[training]
model = made
"""


def write(folder: Path, nights: list[str], n_frames: int) -> None:
    """Everything that a report of these nights stands on."""
    for name in ("videos", "made", "output"):
        (folder / name).mkdir(parents=True)
    (folder / "luigi.cfg").write_text(CONFIGURATION)
    for night in nights:
        (folder / "videos" / f"{night}.mp4").write_bytes(night.encode())
    recipe = {"strategy": "scratch", "weights": "none", "recipe": "made up"}
    described = ModelDescription(CLASSES, CLASSES[0], "resnet18", 64, (0.5,) * 3, (0.2,) * 3, recipe=recipe)
    described.write(folder / "made")
    (folder / "made" / WEIGHTS).write_bytes(b"none")
    os.environ["LUIGI_CONFIG_PATH"] = str(folder / "luigi.cfg")
    from made_corpus import write_inventory

    write_inventory()
    _write_months(folder, nights, n_frames)


def _write_months(folder: Path, nights: list[str], n_frames: int) -> None:
    from tasks.full_corpus_report import FullCorpusReport

    report = FullCorpusReport()
    corpus, model = report.corpus, report.model()
    months: dict[str, list[str]] = {}
    for night in nights:
        months.setdefault(night[:7], []).append(night)
    sheets, pictures = [], _pictures(corpus.root, make(nights[:1], n_frames))
    for number, (month, held) in enumerate(months.items()):
        made = make(held, n_frames, seed=number)
        if number == 0:
            _flag(made.frames, corpus)
        _store(made.frames, MONTH_FRAMES, corpus.month(month))
        _write_nights(made, held, corpus, model, *pictures)
        sheets.append(made.sheet)
        made.labels.to_csv(folder / "labels.csv", mode="a", header=number == 0, index=False)
    _store(pd.concat(sheets, ignore_index=True), SHEET, corpus.audit_sheet)


def _write_nights(made: Made, nights: list[str], corpus, model: str, keogram: Path, sky: Path) -> None:
    """A white night has no frames, and its tables all the same."""
    said, roles = made.predictions, roles_of(nights)
    maps = corpus.gradcam_folder(model)
    for folder in (maps, corpus.root / "drawn"):
        folder.mkdir(parents=True, exist_ok=True)
    heard = TESTIMONY.empty()
    for night in nights:
        frames = made.frames[made.frames["night"] == night]
        _store(said[said["night"] == night], with_probabilities(CLASSES), corpus.predictions(model, night))
        _store(heard, TESTIMONY, corpus.witnesses(night))
        _link(keogram, corpus.keogram_folder(model, night) / "keogram.png")
        if roles[night] == "audit":
            _store(frames, FRAMES, corpus.frames(night))
    judged = made.labels.merge(made.predictions[["frame_id", "predicted"]], on="frame_id")
    for frame_id in judged.loc[judged["label"] != judged["predicted"], "frame_id"]:
        _link(sky, maps / f"{frame_id}.jpg")


def _flag(frames: pd.DataFrame, corpus) -> None:
    """Doubt the clock of a few nights, and store what it read."""
    reason, most = FLAGGED
    for place, night in enumerate(frames["night"].unique()[:most]):
        here = frames.index[frames["night"] == night]
        frames.loc[here[: most - place], "clock_flag"] = reason
        read = frames.loc[here, ["video", "frame_index", "utc", "clock_flag"]]
        read = read.assign(overlay_time=read["utc"].dt.tz_localize(None), ocr_text="x", confidence=0.9)
        _store(read.assign(source="template", residual_s=0.1), READINGS, corpus.readings(night))


def _store(frame: pd.DataFrame, table: Table, path: Path) -> None:
    """Without the drafts and flushes of a run, which would take longer than all that is measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.to_arrow(frame[table.names]), path)


def _link(picture: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.link(picture, path)


def _pictures(root: Path, made: Made) -> tuple[Path, Path]:
    """A keogram, and a sky for every frame that is shown."""
    rng = np.random.default_rng(1)
    image = cv2.GaussianBlur(rng.integers(0, 90, (PICTURE, 2 * PICTURE, 3), np.uint8), (0, 0), 6)
    frames = made.frames
    night, utc = frames["night"].iloc[0], frames["utc"]
    drawn = figures.night_figure(night, image, utc.iloc[0], utc.iloc[-1], frames)
    (root / "keogram.png").write_bytes(figures.png(drawn))
    sky = cv2.GaussianBlur(rng.integers(0, 255, (PICTURE, PICTURE, 3), np.uint8), (0, 0), 2)
    cv2.imwrite(str(root / "none.jpg"), sky)
    return root / "keogram.png", root / "none.jpg"


def report(folder: Path) -> None:
    """The report of what `write` wrote, and beside it the seconds that it took, tables read and all."""
    os.environ["LUIGI_CONFIG_PATH"] = str(folder / "luigi.cfg")
    from tasks.full_corpus_report import FullCorpusReport

    goal, started = FullCorpusReport(), time.perf_counter()
    goal.work()
    told = {"seconds": time.perf_counter() - started}
    told["html_mb"] = (goal.output().path / "report.html").stat().st_size / 1e6
    told["n_frames_reported"] = sum(pq.read_metadata(path).num_rows for path in goal.corpus.root.glob("months/*/*"))
    (folder / "told.json").write_text(json.dumps(told))
