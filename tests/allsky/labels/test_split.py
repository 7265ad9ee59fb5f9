"""Training frames are balanced, validation frames as they came, and their nights apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allsky.errors import BadLabels
from allsky.labels.roles import night_role
from allsky.labels.sampling import draw_audit_sheet, draw_label_sheet
from allsky.labels.split import split_labels
from allsky.tables import LABELS, SPLIT
from tests.allsky.synthetic_corpus import month_frames, night_names

CLASSES = ("aurora", "no_aurora", "cloud")


def dark_frames(n_nights: int) -> pd.DataFrame:
    """Nights of a few to thirty dark, moonless frames."""
    return month_frames({night: [("Night", "No_Moon")] * (3 + i % 28) for i, night in enumerate(night_names(n_nights))})


def answer(sheet: pd.DataFrame, generator: np.random.Generator, chances=(0.2, 0.5, 0.2, 0.1)) -> pd.DataFrame:
    labels = sheet[["frame_id", "video", "frame_index"]].drop_duplicates()
    labels = labels.assign(labeller="Ann", time="", note="")
    return labels.assign(label=generator.choice([*CLASSES, "unsure"], len(labels), p=chances))[LABELS.names]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_training_is_balanced_nights_are_apart_and_weights_are_inverse_probabilities(seed):
    generator = np.random.default_rng(seed)
    frames = dark_frames(60)
    sheet = draw_label_sheet(frames, 5)
    labels = answer(pd.concat([sheet, draw_audit_sheet(frames, 2)]), generator)
    split = split_labels(labels, sheet, frames, CLASSES)
    SPLIT.to_arrow(split)
    train = split[split["split"] == "train"]
    assert train["label"].value_counts().nunique() == 1
    assert {night_role(night) for night in train["night"]} == {"training"}
    assert {night_role(night) for night in split.loc[split["split"] == "validation", "night"]} <= {"validation"}
    assert set(split["label"]) <= set(CLASSES)
    probability = sheet.set_index("frame_id")["inclusion_probability"]
    assert split["weight"].to_numpy() == pytest.approx(1.0 / probability[split["frame_id"]].to_numpy())


def test_every_validation_answer_but_unsure_is_kept():
    generator = np.random.default_rng(3)
    frames = dark_frames(60)
    sheet = draw_label_sheet(frames, 8)
    labels = answer(sheet, generator)
    split = split_labels(labels, sheet, frames, CLASSES)
    role = labels["frame_id"].map(sheet.set_index("frame_id")["role"])
    kept = labels[(role == "validation") & (labels["label"] != "unsure")]
    assert set(split.loc[split["split"] == "validation", "frame_id"]) == set(kept["frame_id"])


def test_a_new_night_displaces_few_of_the_frames_chosen_before():
    generator = np.random.default_rng(4)
    frames = dark_frames(40)
    sheet = draw_label_sheet(frames, 10)
    labels = answer(sheet, generator)
    fewer = frames[frames["night"] < "2023-02-07"]
    before, after = (split_labels(labels, sheet, some, CLASSES)["frame_id"] for some in (fewer, frames))
    assert before.isin(after).mean() > 0.9


def test_flagged_frames_and_frames_that_were_not_drawn():
    frames = dark_frames(20)
    labels = answer(frames, np.random.default_rng(5), (0.5, 0.5, 0.0, 0.0))
    frames.loc[frames.index[::2], "clock_flag"] = "clock jumped"
    split = split_labels(labels, draw_label_sheet(frames.iloc[:0]), frames, CLASSES)
    assert not set(split["frame_id"]) & set(frames.loc[frames["clock_flag"].notna(), "frame_id"])
    assert (split["weight"] == 1.0).all()


def test_one_class_or_no_validation_night_is_refused_with_what_was_found():
    frames = dark_frames(20)
    sheet = draw_label_sheet(frames)
    one_class = answer(sheet, np.random.default_rng(6), (1.0, 0.0, 0.0, 0.0))
    with pytest.raises(BadLabels, match=r"at least two classes.*\d+ aurora, 0 no_aurora, 0 cloud"):
        split_labels(one_class, sheet, frames, CLASSES)
    training = frames[frames["night"].map(night_role) == "training"]
    labels = answer(sheet, np.random.default_rng(6), (0.5, 0.5, 0.0, 0.0))
    with pytest.raises(BadLabels, match=r"none in validation nights"):
        split_labels(labels, sheet, training, CLASSES)
