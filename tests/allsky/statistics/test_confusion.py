"""Confusion by condition: counts are raw, shares weighted, and nothing is claimed of few nights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from allsky.labels.sampling import draw_audit_sheet
from allsky.statistics.confusion import confusion_by_condition
from allsky.tables import CONFUSION, LABELS
from tests.allsky.synthetic_corpus import night_names, random_frames

CLASSES = ("aurora", "cloud", "clear")
AUDIT_ONLY = {"training": 0.0, "validation": 0.0, "audit": 1.0}


def corpus(n_nights: int):
    generator = np.random.default_rng(4)
    frames = random_frames(generator, night_names(n_nights))
    truth, said = generator.choice(CLASSES, len(frames)), generator.choice(CLASSES, len(frames))
    sheet = draw_audit_sheet(frames, 3, shares=AUDIT_ONLY)
    labels = frames.assign(label=truth, labeller="Ann", time="", note="")
    labels = labels[labels["frame_id"].isin(sheet["frame_id"])][LABELS.names]
    return frames[["frame_id", "night"]].assign(predicted=said), frames, sheet, labels, truth


def test_counts_and_weighted_shares_are_those_of_a_cross_tabulation():
    predictions, frames, sheet, labels, truth = corpus(40)
    table = confusion_by_condition(predictions, frames, sheet, labels, CLASSES)
    CONFUSION.to_arrow(table)
    joined = frames.assign(truth=truth, said=predictions["predicted"]).merge(
        sheet[["frame_id", "inclusion_probability"]], on="frame_id"
    )
    for solar, lunar in (("Night", "No_Moon"), ("All", "Moon_Full"), ("All", "All")):
        inside = joined[joined["solar_bin"].isin([solar]) | (solar == "All")]
        inside = inside[inside["lunar_bin"].isin([lunar]) | (lunar == "All")]
        here = table[(table["solar_bin"] == solar) & (table["lunar_bin"] == lunar)]
        kinds = pd.Categorical(inside["truth"], CLASSES), pd.Categorical(inside["said"], CLASSES)
        assert here["n_frames"].tolist() == pd.crosstab(*kinds, dropna=False).to_numpy().ravel().tolist()
        weight = 1 / inside["inclusion_probability"].to_numpy()
        weighted = pd.crosstab(*kinds, values=weight, aggfunc="sum", normalize="index", dropna=False)
        assert here["share"].to_numpy(dtype=float) == pytest.approx(weighted.to_numpy().ravel())


def test_under_five_nights_counts_stand_alone_and_without_labels_nothing_stands():
    *given, _ = corpus(4)
    table = confusion_by_condition(*given, CLASSES)
    assert table["n_frames"].sum() > 0
    assert table["share"].isna().all()
    nothing = confusion_by_condition(*given[:3], pd.DataFrame(columns=LABELS.names), CLASSES)
    assert nothing.empty
