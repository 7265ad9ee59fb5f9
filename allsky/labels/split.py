"""Which labelled frames teach the classifier and which choose among its epochs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from allsky.errors import BadLabels
from allsky.labels.answers import UNSURE, agreed_labels
from allsky.labels.roles import SHARES, roles_of
from allsky.labels.sampling import PLACE, inclusion_probability, permanent_random_number
from allsky.tables import SPLIT


def split_labels(
    labels: pd.DataFrame,
    sheet: pd.DataFrame,
    frames: pd.DataFrame,
    classes: Sequence[str],
    role_seed: int = 0,
    shares: Mapping[str, float] = SHARES,
) -> pd.DataFrame:
    """Labelled frames of training nights, as many of each class, and of validation nights as they are: the table SPLIT.

    Parameters
    ----------
    labels : LABELS as `match_labels` returns them; labellers who disagree are settled by `agreed_labels`.
    sheet : SHEET of the label sheet, for the frames' inclusion probabilities.
    frames : MONTH_FRAMES (or FRAMES with `night`) of at least the labelled nights.
    classes : the classes; `unsure` frames teach nothing and are left out, as are flagged ones.
    role_seed, shares : as for `roles.night_role`; the seed is also the key of the choice among a class's frames.

    `weight` is the inverse of the frame's inclusion probability, 1 for a frame that was not drawn but labelled.

    Raises BadLabels where fewer than two classes are labelled in training nights or none in validation nights.
    """
    labelled = _labelled_frames(labels, frames)
    role = labelled["night"].map(roles_of(labelled["night"], role_seed, shares))
    training, validation = labelled[role == "training"], labelled[role == "validation"]
    if lacking := too_few(training["label"], len(validation), classes):
        raise BadLabels(lacking)
    chosen = pd.concat([_balanced(training, role_seed).assign(split="train"), validation.assign(split="validation")])
    places = pd.MultiIndex.from_frame(chosen[PLACE])
    probability = inclusion_probability(sheet).reindex(places).fillna(1.0)
    return chosen.assign(weight=1.0 / probability.to_numpy())[SPLIT.names].reset_index(drop=True)


def _labelled_frames(labels: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Unflagged frames with a settled answer, in order of time."""
    usable = frames.loc[frames["clock_flag"].isna(), ["frame_id", "night", "utc", *PLACE]]
    answers = agreed_labels(labels)
    joined = usable.merge(answers[answers["label"] != UNSURE], on="frame_id")
    return joined.sort_values(["night", "utc", *PLACE], kind="stable")


def _balanced(training: pd.DataFrame, seed: int) -> pd.DataFrame:
    """As many frames of each class as the rarest has, by a keyed hash, so that a new frame displaces few others."""
    number = pd.Series(
        permanent_random_number(training["video"], training["frame_index"], key=f"balance {seed}"), training.index
    )
    rank = number.groupby(training["label"]).rank(method="first")
    return training[rank <= training["label"].value_counts().min()]


def too_few(labels: Iterable[str], n_validation: int, classes: Sequence[str]) -> str:
    """Why no model can be trained with the settled `labels` of training nights, and so many of validation nights; empty
    where one can."""
    found = Counter(labels)
    if len(found) < 2:
        counts = ", ".join(f"{found[name]} {name}" for name in classes)
        return (
            f"Training needs labelled frames of at least two classes in training nights; found {counts}. "
            "Label more frames of the sheet (labels/sheet.parquet; [labels] per_night draws more)."
        )
    if not n_validation:
        return (
            f"{found.total()} frames are labelled in training nights but none in validation nights, and without them "
            "no epoch can be chosen. Label the sheet's frames with role `validation` too."
        )
    return ""
