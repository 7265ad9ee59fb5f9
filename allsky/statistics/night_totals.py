"""What was predicted and what was found on each night under each sky condition: all that the rates are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from allsky.labels.answers import UNSURE, agreed_labels
from allsky.labels.sampling import PLACE, finished_draws, inclusion_probability
from allsky.statistics.tally import count_predicted

NIGHT_CELL = ["night", "solar_bin", "lunar_bin"]
OUTCOMES = ("tp", "fp", "tn", "fn", "unsure")


def counted_by(
    predictions: pd.DataFrame, classes: Sequence[str], positive: str, threshold: float | None = None
) -> pd.DataFrame:
    """`predictions` with `predicted` as a report counts it: from `threshold` on the probability of `positive` decides.

    Below it the likeliest of the other classes is taken. None leaves the model's own decision. Applied once, before
    anything is counted, so that every number of a report follows one rule.
    """
    if threshold is None:
        return predictions
    others = [name for name in classes if name != positive]
    chances = predictions[[f"p_{name}" for name in others]].to_numpy(dtype=float)
    likeliest = np.array(others, dtype=object)[chances.argmax(axis=1)]
    return predictions.assign(predicted=np.where(predictions[f"p_{positive}"] >= threshold, positive, likeliest))


def audited_frames(sheet: pd.DataFrame, labels: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Frames of audit nights that were drawn and answered: `frame_id`, `label` and `weight` (1 / probability).

    Frames answered without having been drawn stand for nothing but themselves and are left out, and a later draw
    counts once all its frames have an answer (`sampling.finished_draws`).
    """
    answered = frames[["frame_id", *PLACE]].merge(agreed_labels(labels), on="frame_id")
    probability = inclusion_probability(finished_draws(sheet[sheet["role"] == "audit"], answered, frames))
    drawn_with = probability.reindex(pd.MultiIndex.from_frame(answered[PLACE])).to_numpy(dtype=float)
    return answered.assign(weight=1.0 / drawn_with)[["frame_id", "label", "weight"]].dropna(subset=["weight"])


def unpredicted(sheet: pd.DataFrame, labels: pd.DataFrame | None, predictions: pd.DataFrame) -> list[str]:
    """One sentence where labelled audit frames have no prediction and so cannot judge it; else nothing."""
    drawn = set(sheet.loc[sheet["role"] == "audit", "frame_id"])
    lost = drawn & set([] if labels is None else labels["frame_id"]) - set(predictions["frame_id"])
    if not lost:
        return []
    have = "s have" if len(lost) > 1 else " has"
    return [
        f"{len(lost)} labelled audit frame{have} no prediction (their clock is in doubt by now, or their night was not "
        f"predicted), so they judge nothing; the first: {min(lost)}."
    ]


def night_totals(
    predictions: pd.DataFrame,
    frames: pd.DataFrame,
    audited: pd.DataFrame,
    class_name: str,
    counted: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Totals per night and cell for one class against the others, indexed by night, solar_bin and lunar_bin.

    `predictions` has `frame_id`, `night` and `predicted`, `frames` has `frame_id` and the bins, `audited` is of
    `audited_frames`. Where `predictions` and `frames` are only of the frames that were drawn or answered, `counted`
    gives the numbers of all (`tally.count_predicted`). Columns: `n_frames`, `n_positive` (predicted), then per outcome
    (tp, fp, tn, fn, unsure) the number of audited frames, as `w_tp` and so on their weight, and as `ww_tp` and so on
    the sum of squared weights.
    """
    if counted is None:
        counted = count_predicted(predictions, frames, [*NIGHT_CELL, "predicted"])
    said_yes = counted["predicted"] == class_name
    counts = counted[[*NIGHT_CELL, "n_frames"]].assign(n_positive=counted["n_frames"].where(said_yes, 0))
    bins = frames[["frame_id", "solar_bin", "lunar_bin"]]
    table = predictions[["frame_id", "night", "predicted"]].merge(audited, on="frame_id").merge(bins, on="frame_id")
    outcome = _outcome(table["label"], table["predicted"] == class_name, class_name)
    for name in OUTCOMES:
        here = outcome == name
        table[name] = here.astype(int)
        table[f"w_{name}"] = np.where(here, table["weight"], 0.0)
        table[f"ww_{name}"] = np.where(here, table["weight"] ** 2, 0.0)
    columns = [f"{kind}{name}" for kind in ("", "w_", "ww_") for name in OUTCOMES]
    judged = table.groupby(NIGHT_CELL)[columns].sum()
    totals = counts.groupby(NIGHT_CELL).sum().join(judged).fillna(0)
    return totals.astype(dict.fromkeys(OUTCOMES, "int64"))


Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def audited_sums(totals: pd.DataFrame, part: str, rest: str) -> Sums:
    """What the rate part / (part + rest) is made of: the arguments of `intervals.pooled_proportion`.

    `totals` is of `night_totals`; each array has a row per night and a column per condition, the last is of the nights.
    """
    night, nights = pd.factorize(totals.index.get_level_values("night"))
    solar, lunar = (pd.factorize(totals.index.get_level_values(name))[0] for name in NIGHT_CELL[1:])
    condition = solar * (lunar.max(initial=0) + 1) + lunar

    def by_night(column: str) -> np.ndarray:
        table = np.zeros((night.max(initial=-1) + 1, condition.max(initial=0) + 1))
        table[night, condition] = totals[column]
        return table

    weight, squares, n = (by_night(f"{kind}{part}") + by_night(f"{kind}{rest}") for kind in ("w_", "ww_", ""))
    return by_night(f"w_{part}"), weight, squares, n, np.asarray(nights)


def _outcome(label: pd.Series, said_yes: pd.Series, class_name: str) -> np.ndarray:
    """tp, fp, tn, fn or unsure of each audited frame."""
    is_class = label == class_name
    return np.select([label == UNSURE, said_yes & is_class, said_yes, is_class], ["unsure", "tp", "fp", "fn"], "tn")
