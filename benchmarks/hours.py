"""How long would the published corpus take? What a run of `whole_chain.py` measured, stage by stage, times 331 nights.

Stages that run side by side, a process a core, count their seconds over the number of processes: they were measured
beside each other, so what they take from each other is in them. Stages that use all cores, and those that take a
month's nights one after another, count as they are, by the night. What is done once a run counts once: the report is
that of the few nights (`report.py` measures one of 331).
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import pandas as pd
from made_nights import archive, filmed, other_nights
from trained import TAUGHT_NIGHTS

from allsky.corpus import Corpus
from models.description import METHOD
from models.inference import Predictor
from models.map_files import write_maps
from models.model_folder import load_model
from models.recipe import TrainingRecipe
from models.training import train
from tasks import history

# The published corpus, its training and validation frames, and how many of its nights are audit nights.
NIGHTS, MONTHS, VIDEO_FRAMES, KEPT_FRAMES = 331, 11, 331 * 6_500, 214_890
TRAINING_FRAMES, FROZEN_EPOCHS, FULL_EPOCHS = 2 * 1_024, 6, 6
AUDIT_SHARE = 0.35
# Side of the pictures of simulated nights, in pixels, before they are enlarged; maps that are timed; frames for which a
# predictor is made ready.
DEMO_SIZE, MAPS_TIMED, FEW = 240, 64, 16

# By the night, side by side or one after another; by the run.
SIDE_BY_SIDE = ("NightClock", "NightConditions")
ONE_BY_ONE = ("VideoInventory", "MonthFrames", "MonthClockAudit", "MonthKeograms", "LabelSheet", "AuditSheet")
BY_RUN = ("SkyDisk", "CameraEpochs", "FullCorpusReport")


@dataclass(frozen=True)
class Row:
    """A stage: `seconds` for one `unit` with the whole machine, and how many `units` the corpus has."""

    stage: str
    seconds: float
    unit: str
    units: float

    @property
    def hours(self) -> float:
        return self.seconds * self.units / 3600


def stages(output: Path, cores: int) -> list[Row]:
    """The rows that the run's own account tells: `output` holds a run, through to the report or not so far."""
    events = [event for event in history.read_all(output) if event.outcome == history.DONE]
    spent, readings = Counter[str](), pd.read_parquet(output / "readings")
    for event in events:
        spent[event.stage] += event.seconds
    nights = readings["night"].nunique()
    workers = min(cores, nights)  # a single night has all cores to itself
    frames = Row("NightFrames", spent["NightFrames"] / workers / len(readings), "video frame", VIDEO_FRAMES)
    rows = [frames, *(Row(stage, spent[stage] / workers / nights, "night", NIGHTS) for stage in SIDE_BY_SIDE)]
    rows += [Row(stage, spent[stage] / nights, "night", NIGHTS) for stage in ONE_BY_ONE]
    rows += [Row(stage, spent[stage], "run", 1) for stage in BY_RUN]
    return [row for row in rows if row.seconds]


def frames_of_nights(folder: Path, nights: int) -> list[Path]:
    """Frames of nights as the simulator has them, which taught nobody, at the size that the published ones have.

    How many of its frames a model is in doubt of depends on what they show: the films' faded skies are no measure.
    """
    frames = filmed(other_nights(archive(TAUGHT_NIGHTS), nights), folder, DEMO_SIZE)
    paths = [folder / image for image in frames["image"]]
    for path in paths:
        cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), (720, 720), interpolation=cv2.INTER_CUBIC))
    return paths


def maps(folder: Path, images: list[Path], output: Path) -> list[Row]:
    """What the heat maps of the audit nights take, as many a night as `output` has drawn: the model made ready once,
    then each map, computed, drawn and written."""
    audit = Corpus(output).audit_sheet
    sheet = pd.read_parquet(audit) if audit.exists() else pd.DataFrame()
    if sheet.empty:
        return []
    per_night = sheet["frame_id"].nunique() / sheet["night"].nunique()
    few, more = (_mapped(folder, images[:n]) for n in (8, 8 + MAPS_TIMED))
    a_map = (more - few) / MAPS_TIMED
    ready = Row("GradCamGallery, made ready", few - 8 * a_map, "run", 1)
    return [ready, Row("GradCamGallery", a_map, "map", per_night * NIGHTS * AUDIT_SHARE)]


def _mapped(folder: Path, images: list[Path]) -> float:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        for _ in write_maps(load_model(folder), {path.stem: path for path in images}, METHOD, Path(place)):
            pass
    return time.perf_counter() - started


def predictions(folder: Path, images: list[Path], expected: int = KEPT_FRAMES // MONTHS) -> list[Row]:
    """What the predictions of a month of `expected` frames take: engines tried once on a machine, the model made ready
    once a month, then each frame, JPEG and all."""
    moments = [time.perf_counter()]
    for _ in range(2):
        predictor = Predictor(load_model(folder), expected=expected)
        predictor(images[:FEW])
        moments.append(time.perf_counter())
    predictor(images)
    tried, ready, whole = (end - start for start, end in itertools.pairwise([*moments, time.perf_counter()]))
    a_frame = whole / len(images)
    how = f"{predictor.engine.name}, {predictor.computed_twice:.0%} twice"
    return [
        Row("MonthPredictions, engines tried", tried - ready, "machine", 1),
        Row("MonthPredictions, made ready", ready - min(FEW, len(images)) * a_frame, "month", MONTHS),
        Row(f"MonthPredictions, {how}", a_frame, "kept frame", KEPT_FRAMES),
    ]


def training(split: pd.DataFrame, root: Path, weights: Path, recipe: TrainingRecipe, folder: Path) -> list[Row]:
    """The published training: six epochs of a frozen backbone, six of everything, on 2,048 frames.

    Timed on the few frames of `split`, two epochs frozen and two full; validation has its share in each. The first
    step of everything asks for memory that later ones find there, however many frames there are.
    """
    moments = [time.perf_counter()]
    asked = replace(recipe, weights=str(weights), strategy="two_stage", epochs_frozen=2, epochs_full=2)
    train(split, root, asked, folder, lambda share, message: moments.append(time.perf_counter()))
    first, second, begun, full = (end - start for start, end in itertools.pairwise(moments[-5:]))
    scale = TRAINING_FRAMES / (split["split"] == "train").sum()
    return [
        Row("training, first epoch", first * scale, "run", 1),
        Row("training, frozen backbone", second * scale, "epoch", FROZEN_EPOCHS - 1),
        Row("training, everything begun", max(0.0, begun - full), "run", 1),
        Row("training, everything", full * scale, "epoch", FULL_EPOCHS),
    ]


def table(rows: list[Row]) -> str:
    """A line for each row, and the sum."""
    lines = [f"{'stage':<42} {'seconds':>10}  {'a':<12} {'units':>11} {'hours':>7}"]
    lines += [f"{r.stage:<42} {r.seconds:>10.5f}  {r.unit:<12} {r.units:>11,.0f} {r.hours:>7.3f}" for r in rows]
    total = sum(row.hours for row in rows)
    trained = sum(row.hours for row in rows if row.stage.startswith("training"))
    return "\n".join([*lines, f"together {total:.2f} hours, {trained:.2f} of them training"])
