"""What was predicted and what was found on each night under each sky condition: all that the rates are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allsky.labels import UNSURE, agreed_labels
from allsky.sampling import PLACE, finished_draws, inclusion_probability

NIGHT_CELL = ["night", "solar_bin", "lunar_bin"]
OUTCOMES = ("tp", "fp", "tn", "fn", "unsure")


def predicted_positive(predictions: pd.DataFrame, class_name: str, threshold: float | None = None) -> pd.Series:
    """Whether each frame counts as predicted `class_name`: by its probability where a threshold is given, else as the
    model decided."""
    if threshold is None:
        return predictions["predicted"] == class_name
    return predictions[f"p_{class_name}"] >= threshold


def audited_frames(sheet: pd.DataFrame, labels: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Frames of audit nights that were drawn and answered: `frame_id`, `label` and `weight` (1 / probability).

    Frames answered without having been drawn stand for nothing but themselves and are left out, and a draw for a model
    counts once all its frames have an answer (`sampling.finished_draws`).
    """
    answered = frames[["frame_id", *PLACE]].merge(agreed_labels(labels), on="frame_id")
    probability = inclusion_probability(finished_draws(sheet[sheet["role"] == "audit"], answered, frames))
    drawn_with = probability.reindex(pd.MultiIndex.from_frame(answered[PLACE])).to_numpy(dtype=float)
    return answered.assign(weight=1.0 / drawn_with)[["frame_id", "label", "weight"]].dropna(subset=["weight"])


def night_totals(
    predictions: pd.DataFrame, frames: pd.DataFrame, audited: pd.DataFrame, class_name: str, positive: pd.Series
) -> pd.DataFrame:
    """Totals per night and cell for one class against the others, indexed by night, solar_bin and lunar_bin.

    `predictions` has `frame_id` and `night`, `frames` has `frame_id` and the bins, `audited` is of `audited_frames`,
    and `positive` says which predictions are of the class. Columns: `n_frames`, `n_positive` (predicted), then
    per outcome (tp, fp, tn, fn, unsure) the number of audited frames and, as `w_tp` and so on, their weight.
    """
    bins = frames[["frame_id", "solar_bin", "lunar_bin"]]
    table = predictions[["frame_id", "night"]].assign(n_positive=positive.astype(int), n_frames=1)
    table = table.merge(bins, on="frame_id").merge(audited, on="frame_id", how="left")
    outcome = _outcome(table, class_name)
    for name in OUTCOMES:
        table[name] = (outcome == name).astype(int)
        table[f"w_{name}"] = np.where(outcome == name, table["weight"], 0.0)
    columns = ["n_frames", "n_positive", *OUTCOMES, *(f"w_{name}" for name in OUTCOMES)]
    return table.groupby(NIGHT_CELL)[columns].sum()


def _outcome(table: pd.DataFrame, class_name: str) -> np.ndarray:
    """tp, fp, tn, fn or unsure of each audited frame, empty for the others."""
    label, said_yes = table["label"], table["n_positive"] == 1
    is_class = label == class_name
    answered = [label.isna(), label == UNSURE, said_yes & is_class, said_yes, is_class]
    return np.select(answered, ["", "unsure", "tp", "fp", "fn"], "tn")
