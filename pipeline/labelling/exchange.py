"""Answers in from other programs, and out to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from allsky.errors import BadLabels
from allsky.labels.answers import agreed_labels, match_labels
from allsky.labels.exchange import (
    label_studio_interface,
    label_studio_tasks,
    new_answers,
    read_answers,
    write_folders,
)
from allsky.labels.file import LabelFile
from allsky.tables import LABELS
from pipeline.labelling.material import Material

Tell = Callable[[str], None]


def take_in(material: Material, source: Path, labeller: str, tell: Tell) -> None:
    """Add the answers of another program's file or folder to the labels file, each under its frame's present name."""
    found = read_answers(source, material.answers, labeller)
    matched, notices = match_labels(found, material.frames)
    added = new_answers(matched, material.labels())
    rows = added.astype(object).where(added.notna(), None).to_dict("records")
    if rows:
        LabelFile(material.file).append(rows)
    for notice in notices:
        tell(notice)
    known = len(matched) - len(added)
    tell(f"{len(found)} answers in {source}: {len(added)} added to {material.file}, {known} known or changed since.")


def give_out(material: Material, target: Path, tell: Tell) -> None:
    """Write the answers to a CSV file, Label Studio's JSON, or a folder with a folder for each class."""
    labels = material.labels()
    kind = target.suffix.lower()
    if kind in (".csv", ".json") and target.exists():
        raise BadLabels(f"{target} is there already: name a new file.")
    if kind == ".csv":
        target.parent.mkdir(parents=True, exist_ok=True)
        labels[LABELS.names].to_csv(target, index=False)
        tell(f"{len(labels)} answers in {target}")
    elif kind == ".json":
        _label_studio(material, labels, target, tell)
    else:
        settled = agreed_labels(labels)
        images = {row.frame_id: material.corpus.root / row.image for row in material.frames.itertuples()}
        tell(f"{write_folders(settled, images, target)} pictures under {target}, a folder for each answer")


def _label_studio(material: Material, labels: pd.DataFrame, target: Path, tell: Tell) -> None:
    """Every drawn frame and every answered one as a task, and beside it the interface they need."""
    wanted = dict.fromkeys([*material.sheet["frame_id"], *labels["frame_id"]])
    tasks = label_studio_tasks(material.pictures(list(wanted)), labels)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(tasks, indent=1), encoding="utf-8")
    interface = target.with_suffix(".xml")
    interface.write_text(label_studio_interface(material.answers), encoding="utf-8")
    tell(
        f"{len(tasks)} tasks in {target}; the labelling interface is {interface}. Label Studio finds the pictures when"
        " it is started with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and"
        f" LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={material.corpus.root}, and its project has"
        f" {material.corpus.root}/images as a source storage of local files"
    )
