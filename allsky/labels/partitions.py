"""How would the same labels be split with whole nights kept together, and how frame by frame?

The published split mixed the frames of a night: some taught the network, others chose it. What that is worth can only
be told beside a split by nights with as many labels, and over many partitions, since a few nights differ much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import pandas as pd

from allsky.errors import BadLabels
from allsky.labels.roles import ROLES, SHARES
from allsky.labels.sampling import PLACE, permanent_random_number

BY_NIGHT, BY_FRAME = "night", "frame"
SPLITS = (BY_NIGHT, BY_FRAME)
PARTS = ("train", "validation", "audit")


def partition_of_nights(nights: Sequence[str], partition: int, shares: Mapping[str, float] = SHARES) -> dict[str, str]:
    """The part (`train`, `validation`, `audit`) of each night in one of many partitions.

    Nights stand in the order of a keyed hash and are cut by `shares`, so that small archives too have parts of the
    sizes asked for.
    """
    ordered = sorted(set(nights), key=lambda night: _hash(night, partition))
    ends, reached = [], 0.0
    for role in ROLES:
        reached += shares[role]
        ends.append(round(reached * len(ordered)))
    return {night: PARTS[sum(place >= end for end in ends[:-1])] for place, night in enumerate(ordered)}


def partitioned(
    labelled: pd.DataFrame, partition: int, split: str, shares: Mapping[str, float] = SHARES
) -> pd.DataFrame:
    """Labelled frames with `part`, one of PARTS; those that balance leaves over are not in it.

    `labelled` has frame_id, night, label, video and frame_index. `split` BY_NIGHT: no night has frames of two parts,
    and `train` has as many of each class as the rarest. BY_FRAME: the frames of the nights that are not audited are
    drawn to train and to validate whatever their night, as many of each class to either as by night. The audited
    frames are the same. Raises BadLabels where a class teaches nothing, or nothing validates or is audited.
    """
    labelled = labelled.sort_values(PLACE, kind="stable", ignore_index=True)
    by_night = _by_night(labelled, partition, shares)
    _check(by_night, labelled, partition)
    if split == BY_NIGHT:
        return by_night
    audited = by_night["part"] == "audit"
    taught = labelled[~labelled["night"].isin(by_night.loc[audited, "night"])]
    wanted = by_night[~audited].groupby(["label", "part"]).size()
    drawn = [_drawn(rows, wanted[label], partition) for label, rows in taught.groupby("label")]
    return pd.concat([*drawn, by_night[audited]], ignore_index=True)


def _by_night(labelled: pd.DataFrame, partition: int, shares: Mapping[str, float]) -> pd.DataFrame:
    parts = labelled.assign(part=labelled["night"].map(partition_of_nights(labelled["night"], partition, shares)))
    train = parts[parts["part"] == "train"]
    rank = _number(train, partition).groupby(train["label"]).rank(method="first")
    balanced = train[rank <= train["label"].value_counts().min()] if len(train) else train
    return pd.concat([balanced, parts[parts["part"] != "train"]], ignore_index=True)


def _drawn(rows: pd.DataFrame, wanted: pd.Series, partition: int) -> pd.DataFrame:
    """Of one class's frames as many to train and to validate as `wanted` says, in the order of their numbers."""
    order = rows.loc[_number(rows, partition).sort_values().index]
    n_train, n_validation = (int(wanted.get(part, 0)) for part in PARTS[:2])
    chosen = order.iloc[: n_train + n_validation]
    return chosen.assign(part=["train"] * n_train + ["validation"] * n_validation)


def _number(rows: pd.DataFrame, partition: int) -> pd.Series:
    number = permanent_random_number(rows["video"], rows["frame_index"], key=f"partition {partition}")
    return pd.Series(number, rows.index)


def _hash(night: str, partition: int) -> bytes:
    return blake2b(night.encode(), digest_size=8, key=f"partition {partition}".encode()).digest()


def _check(by_night: pd.DataFrame, labelled: pd.DataFrame, partition: int) -> None:
    counts = by_night.groupby("part")["label"].nunique().reindex(PARTS, fill_value=0)
    classes = labelled["label"].nunique()
    if classes < 2 or counts["train"] < classes or not counts.all():
        raise BadLabels(
            f"partition {partition} of {labelled['night'].nunique()} labelled nights leaves {counts['train']} of "
            f"{classes} classes to train, {counts['validation']} to validate and {counts['audit']} to audit; two "
            "classes or more to train and something in each other part are needed. Label more nights."
        )
