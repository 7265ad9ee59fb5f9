"""How far do two people agree on the same frames, and on which do they not?

Frames of one night resemble each other, in what is hard about them too: intervals take the night as the unit.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from allsky.labels.answers import ADJUDICATED, UNSURE, settled_labels
from allsky.statistics.consecutive import jackknife_influence, variance_over_consecutive_nights
from allsky.statistics.intervals import LEVEL, NIGHTS_TO_MEASURE, Rate, proportion_over_nights
from allsky.tables import AGREEMENT


def agreement_table(labels: pd.DataFrame, frames: pd.DataFrame, role: dict[str, str] | None = None) -> pd.DataFrame:
    """The table AGREEMENT: for every two labellers who answered the same frames, over all answers and the sure ones.

    Parameters
    ----------
    labels : LABELS as `match_labels` returns them; adjudicated answers are nobody's and left out.
    frames : MONTH_FRAMES (or FRAMES with `night`) of at least these frames.
    role : the role of each night; with it only frames of audit nights count, which were drawn to be answered twice.

    With `answers` = `all`, `unsure` is an answer of its own; with `sure`, frames that either called unsure are left
    out. Intervals are null with fewer than 5 nights.
    """
    answers = labels[labels["labeller"] != ADJUDICATED].merge(frames[["frame_id", "night"]], on="frame_id")
    if role is not None:
        answers = answers[answers["night"].map(role) == "audit"]
    wide = answers.pivot(index=["night", "frame_id"], columns="labeller", values="label")
    rows = []
    for first, second in combinations(sorted(wide.columns), 2):
        both = wide[[first, second]].dropna()
        sure = both[(both != UNSURE).all(axis=1)]
        rows += [_row(first, second, kind, pairs) for kind, pairs in (("all", both), ("sure", sure)) if len(both)]
    return pd.DataFrame(rows, columns=AGREEMENT.names) if rows else AGREEMENT.empty()


def disagreements(labels: pd.DataFrame, adjudicated_too: bool = False) -> pd.DataFrame:
    """The frames whose labellers disagree and on which nobody has settled: `frame_id`, `answers`.

    `answers` maps labeller to label. With `adjudicated_too`, those settled already are in it as well.
    """
    given = labels[labels["labeller"] != ADJUDICATED]
    differing = given.groupby("frame_id")["label"].nunique()
    wanted = set(differing[differing > 1].index)
    if not adjudicated_too:
        wanted -= set(labels.loc[labels["labeller"] == ADJUDICATED, "frame_id"])
    rows = [
        {"frame_id": frame_id, "answers": dict(zip(rows["labeller"], rows["label"], strict=True))}
        for frame_id, rows in given[given["frame_id"].isin(wanted)].groupby("frame_id", sort=True)
    ]
    return pd.DataFrame(rows, columns=["frame_id", "answers"])


def settling_counts(labels: pd.DataFrame) -> dict[str, int]:
    """How many frames were settled by one labeller, agreement, adjudication, and how many not (disagreement)."""
    found = settled_labels(labels)["settled_by"].value_counts()
    return {kind: int(found.get(kind, 0)) for kind in ("one labeller", "agreement", "adjudication", "disagreement")}


def cohens_kappa(first, second, nights, level: float = LEVEL) -> Rate:
    """Cohen's kappa of two people's answers for the same frames, its interval at the level of nights.

    `first` and `second` are the answers (n), `nights` the date of each frame's night (n). Kappa is Cohen's (1960, Educ.
    Psychol. Meas. 20, 37); its variance is the delete-one-night jackknife's, neighbours being alike
    (`variance_over_consecutive_nights`), and Student's t is laid about its inverse hyperbolic tangent, as is done for
    correlations (Fisher 1921, Metron 1, 3): near 1 kappa falls far more easily than it rises. Where
    leaving out any night changes nothing (perfect agreement) the jackknife knows no spread, and the interval of the
    share of equal answers is carried over at the chance agreement found. NaN where chance alone agrees always
    (everybody gave one answer only).
    """
    tables, dates = _tables(first, second, nights)
    value = float(_kappa(tables.sum(axis=0)))
    if len(tables) < 2 or math.isnan(value):
        return Rate(value, n_nights=len(tables))
    variance, freedom = variance_over_consecutive_nights(jackknife_influence(tables, _kappa), dates)
    if variance < 1e-24 or abs(value) > 1 - 1e-12:
        low, high = _carried_over(tables, dates, level)
    else:
        half = special.stdtrit(freedom, (1 + level) / 2) * math.sqrt(variance) / (1 - value**2)
        low, high = math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half)
    return Rate(value, max(-1.0, low), min(1.0, high), len(tables))


def _row(first: str, second: str, kind: str, pairs: pd.DataFrame) -> dict:
    same, n_nights = _same(pairs), pairs.index.get_level_values("night").nunique()
    kappa = cohens_kappa(pairs[first], pairs[second], pairs.index.get_level_values("night"))
    if n_nights < NIGHTS_TO_MEASURE:
        same, kappa = Rate(same.value), Rate(kappa.value)
    return {
        "first": first,
        "second": second,
        "answers": kind,
        "n_frames": len(pairs),
        "n_nights": n_nights,
        "agreement": same.value,
        "agreement_low": same.low,
        "agreement_high": same.high,
        "kappa": kappa.value,
        "kappa_low": kappa.low,
        "kappa_high": kappa.high,
    }


def _same(pairs: pd.DataFrame) -> Rate:
    """The share of frames with equal answers."""
    return _share_alike(*_tables(pairs.iloc[:, 0], pairs.iloc[:, 1], pairs.index.get_level_values("night")), LEVEL)


def _tables(first, second, nights) -> tuple[np.ndarray, np.ndarray]:
    """How often each pair of answers was given on each night, shape (nights, answers, answers), and the nights."""
    first, second = np.asarray(first, dtype=object), np.asarray(second, dtype=object)
    codes, names = pd.factorize(np.concatenate([first, second]))
    night, counted = pd.factorize(np.asarray(nights))
    tables = np.zeros((len(counted), len(names), len(names)))
    np.add.at(tables, (night, codes[: len(first)], codes[len(first) :]), 1)
    return tables, counted


def _kappa(table: np.ndarray) -> np.ndarray:
    """Kappa of one table of answers, or of each of a stack of them; NaN where chance alone agrees always."""
    share = table / np.maximum(table.sum(axis=(-2, -1), keepdims=True), 1)
    alike = np.trace(share, axis1=-2, axis2=-1)
    by_chance = (share.sum(axis=-1) * share.sum(axis=-2)).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by_chance < 1, (alike - by_chance) / (1 - by_chance), math.nan)


def _share_alike(tables: np.ndarray, nights: np.ndarray, level: float) -> Rate:
    alike, given = np.trace(tables, axis1=1, axis2=2), tables.sum(axis=(1, 2))
    return proportion_over_nights(alike, given, int(given.sum()), level, nights=nights)


def _carried_over(tables: np.ndarray, nights: np.ndarray, level: float) -> tuple[float, float]:
    share = tables.sum(axis=0) / tables.sum()
    by_chance = float((share.sum(axis=0) * share.sum(axis=1)).sum())
    same = _share_alike(tables, nights, level)
    return (same.low - by_chance) / (1 - by_chance), (same.high - by_chance) / (1 - by_chance)
