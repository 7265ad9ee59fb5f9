"""Right answers by part and night, and how near in time validation frames lie to those that taught."""

import numpy as np
import pandas as pd

from models.leakage import near_training, trained_and_counted


def test_frames_within_ten_minutes_of_one_that_taught_are_near():
    taught = pd.DataFrame({"utc": pd.to_datetime(["2023-01-01T05:00Z", "2023-01-01T09:00Z"])})
    times = ["2023-01-01T04:50Z", "2023-01-01T05:10:01Z", "2023-01-01T08:55Z", "2023-01-02T05:00Z", "2023-01-01T09:10Z"]
    judged = pd.DataFrame({"utc": pd.to_datetime(times, format="ISO8601")})
    assert near_training(judged, taught).tolist() == [True, False, True, False, True]


def test_every_judged_frame_is_counted_in_its_night_and_part(toy, quick):
    split, root = toy
    part = np.where(np.arange(len(split)) % 6 == 5, "audit", split["split"])
    utc = pd.date_range("2024-01-01", periods=len(split), freq="6min", tz="UTC")
    frames = split.drop(columns=["split", "weight"]).assign(part=part, utc=utc)
    counted = trained_and_counted(frames, root, quick)
    judged = frames[frames["part"] != "train"]
    expected = judged.groupby(["part", "night"]).size()
    assert counted.set_index(["part", "night"])["n_frames"].to_dict() == expected.to_dict()
    assert counted["n_right"].between(0, counted["n_frames"]).all()
    assert counted["n_near"].sum() == near_training(judged, frames[frames["part"] == "train"]).sum() > 0
    assert (counted["n_train"] == (frames["part"] == "train").sum()).all()
