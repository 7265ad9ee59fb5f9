"""The same labels split by nights and frame by frame, as the published design was and was not."""

import numpy as np
import pandas as pd
import pytest

from allsky.errors import BadLabels
from allsky.labels.partitions import BY_FRAME, BY_NIGHT, PARTS, partition_of_nights, partitioned

NIGHTS = [str(day.date()) for day in pd.date_range("2023-01-01", periods=40)]


@pytest.fixture
def labelled() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = [(night, f"{night}.mp4", index) for night in NIGHTS for index in range(rng.integers(3, 12))]
    table = pd.DataFrame(rows, columns=["night", "video", "frame_index"])
    aurora = rng.random(len(table)) < 0.3
    return table.assign(
        label=np.where(aurora, "aurora", "no_aurora"), frame_id=table["video"] + table.index.astype(str)
    )


def counts(split: pd.DataFrame) -> dict:
    return split.groupby(["part", "label"]).size().to_dict()


@pytest.mark.parametrize("partition", range(5))
def test_split_by_nights_no_night_has_two_parts(labelled, partition):
    split = partitioned(labelled, partition, BY_NIGHT)
    assert split.groupby("night")["part"].nunique().max() == 1
    train = split[split["part"] == "train"]
    assert train["label"].value_counts().nunique() == 1


@pytest.mark.parametrize("partition", range(5))
def test_both_splits_have_as_many_labels_of_each_class_and_the_same_audit(labelled, partition):
    by_night, by_frame = (partitioned(labelled, partition, split) for split in (BY_NIGHT, BY_FRAME))
    assert counts(by_night) == counts(by_frame)
    audited = [set(split.loc[split["part"] == "audit", "frame_id"]) for split in (by_night, by_frame)]
    assert audited[0] == audited[1]
    assert by_frame["frame_id"].is_unique


def test_split_by_frames_nights_teach_and_validate(labelled):
    split = partitioned(labelled, 0, BY_FRAME)
    both = split[split["part"] != "audit"].groupby("night")["part"].nunique()
    assert (both == 2).mean() > 0.5
    audited = set(split.loc[split["part"] == "audit", "night"])
    assert audited.isdisjoint(split.loc[split["part"] != "audit", "night"])


def test_parts_have_the_shares_asked_for_in_every_partition():
    for partition in range(20):
        parts = pd.Series(partition_of_nights(NIGHTS, partition)).value_counts()
        # 50, 15 and 35 percent of 40 nights.
        assert parts.reindex(PARTS).tolist() == [20, 6, 14]


def test_partitions_differ_and_are_the_same_again():
    drawn = [tuple(partition_of_nights(NIGHTS, partition).items()) for partition in range(10)]
    assert len(set(drawn)) == 10
    assert drawn[3] == tuple(partition_of_nights(NIGHTS[::-1], 3).items())


def test_too_few_labels_to_partition_are_said(labelled):
    with pytest.raises(BadLabels, match="Label more nights"):
        partitioned(labelled[labelled["night"].isin(NIGHTS[:2])], 0, BY_NIGHT)
    with pytest.raises(BadLabels, match="1 of 1 classes"):
        partitioned(labelled[labelled["label"] == "aurora"], 0, BY_FRAME)
