"""Joining a corpus's labels to its frames, and splitting them for training and validation.

The obvious way reads the CSV row by row and looks each frame up in a dictionary of the corpus, puts it on the side of
its night, and thins the commoner class at random. It is fair because a dictionary is the quickest thing such a script
uses. Tuned: two pandas merges and `groupby(...).sample`. Ours also settles labellers who disagree, follows
renamed frames by their place in the video, weights by the probability of having been drawn, and chooses the
balanced frames by a hash, so that a new label displaces few; for that it reads the same file and joins the same table.

    python benchmarks/split.py [--quick] [--nights 331] [--frames 650]
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sheets import PER_NIGHT, corpus_frames
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell

from allsky.labels.answers import match_labels, read_labels
from allsky.labels.roles import night_role, roles_of
from allsky.labels.sampling import draw_label_sheet
from allsky.labels.split import split_labels

CLASSES = ("aurora", "no_aurora")


def write_labels(sheet: pd.DataFrame, path: Path) -> None:
    """A CSV of a person's answers for every frame of `sheet`."""
    rng = np.random.default_rng(3)
    answers = sheet[["frame_id", "video", "frame_index"]].assign(label=rng.choice(CLASSES, len(sheet), p=(0.4, 0.6)))
    answers.assign(labeller="A", time="2025-01-01T00:00:00Z", note="").to_csv(path, index=False)


def ours(path: Path, sheet: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    labels, _ = match_labels(read_labels(path, CLASSES), frames)
    return split_labels(labels, sheet, frames, CLASSES)


def obvious(path: Path, sheet: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    night_of_frame = dict(zip(frames["frame_id"], frames["night"], strict=True))
    sides: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with path.open() as file:
        for row in csv.DictReader(file):
            night = night_of_frame[row["frame_id"]]
            sides[night_role(night)][row["label"]].append((row["frame_id"], night))
    fewest = min(map(len, sides["training"].values()))
    rows = [(*frame, name, "train") for name, own in sides["training"].items() for frame in random.sample(own, fewest)]
    rows += [(*frame, name, "validation") for name, own in sides["validation"].items() for frame in own]
    return pd.DataFrame(rows, columns=["frame_id", "night", "label", "split"])


def tuned(path: Path, sheet: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    joined = pd.read_csv(path)[["frame_id", "label"]].merge(frames[["frame_id", "night"]], on="frame_id")
    role = joined["night"].map(roles_of(joined["night"]))
    training, validation = joined[role == "training"], joined[role == "validation"]
    balanced = training.groupby("label").sample(training["label"].value_counts().min())
    return pd.concat([balanced.assign(split="train"), validation.assign(split="validation")])


def check(answers: dict[str, pd.DataFrame]) -> None:
    """Which frames of the commoner class stay is chance; everything else must agree."""
    mine = answers[OURS]
    counts = mine.groupby(["split", "label"]).size()
    chosen = set(mine.loc[mine["split"] == "validation", "frame_id"])
    for way in (OBVIOUS, TUNED):
        other = answers[way]
        require(bool((other.groupby(["split", "label"]).size() == counts).all()), f"{way}: as many of each class")
        require(set(other.loc[other["split"] == "validation", "frame_id"]) == chosen, f"{way}: the validation frames")


def main() -> None:
    asked = options(__doc__, nights=331, frames=650)
    n_nights, n_frames = (30, 60) if asked.quick else (asked.nights, asked.frames)
    frames = corpus_frames(n_nights, n_frames)
    sheet = draw_label_sheet(frames, PER_NIGHT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        write_labels(sheet, path)
        ways = {OURS: ours, OBVIOUS: obvious, TUNED: tuned}
        turns = take_turns({name: partial(way, path, sheet, frames) for name, way in ways.items()}, asked.rounds)
    check(turns.answers)
    tell(turns, {**compared(turns), "n_frames": len(frames), "n_labels": len(sheet)})


if __name__ == "__main__":
    main()
