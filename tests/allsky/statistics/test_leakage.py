"""The leakage gap from right answers by night."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allsky.statistics.leakage import LEAKAGE, leakage_gap, leakage_in_words


def row(partition, seed, split, part, night, n_frames, n_right, n_near=0):
    return dict(zip(LEAKAGE.names, (partition, seed, split, part, night, n_frames, n_right, 100, n_near), strict=True))


@pytest.fixture
def two_partitions() -> pd.DataFrame:
    """By hand. Partition 0: mixed 9/10 - 6/10, kept together 7/10 - 6/10; partition 1: 8/10 - 5/10 and 5/10 - 5/10."""
    of = {
        0: {("frame", "validation"): 9, ("frame", "audit"): 6, ("night", "validation"): 7, ("night", "audit"): 6},
        1: {("frame", "validation"): 8, ("frame", "audit"): 5, ("night", "validation"): 5, ("night", "audit"): 5},
    }
    rows = []
    for partition, cells in of.items():
        for (split, part), right in cells.items():
            rows.append(row(partition, 0, split, part, "2023-01-01", 4, min(4, right), 2 * (split == "frame")))
            rows.append(row(partition, 0, split, part, "2023-01-02", 6, right - min(4, right)))
    return LEAKAGE.to_arrow(pd.DataFrame(rows)).to_pandas()


def test_the_gap_is_the_difference_of_two_differences_averaged_over_partitions(two_partitions):
    found = leakage_gap(two_partitions)
    assert found.gap == pytest.approx((0.2 + 0.3) / 2)
    assert found.spread == pytest.approx(np.std([0.2, 0.3], ddof=1))
    assert found.accuracy["frame", "validation"] == pytest.approx(0.85)
    assert found.near == {"frame": pytest.approx(0.2), "night": 0.0}
    assert (found.n_partitions, found.n_seeds, found.n_nights) == (2, 1, 2)


def test_nights_that_are_all_alike_leave_no_doubt():
    rows = [
        row(0, seed, split, part, f"2023-01-{night:02d}", 10, right)
        for seed in range(2)
        for (split, part, right) in (
            ("frame", "validation", 9),
            ("frame", "audit", 7),
            ("night", "validation", 8),
            ("night", "audit", 7),
        )
        for night in range(1, 9)
    ]
    found = leakage_gap(pd.DataFrame(rows))
    assert (found.gap, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_the_interval_is_that_of_a_bootstrap_over_nights():
    rng = np.random.default_rng(0)
    right = rng.integers(3, 11, 30)
    rows = [row(0, 0, "frame", "validation", f"n{k:02d}", 10, int(n)) for k, n in enumerate(right)]
    rows += [row(0, 0, "night", "validation", f"n{k:02d}", 10, 5) for k in range(30)]
    rows += [row(0, 0, split, "audit", f"n{k:02d}", 10, 5) for split in ("frame", "night") for k in range(30)]
    found = leakage_gap(pd.DataFrame(rows), draws=4000)
    theirs = stats.bootstrap((right / 10 - 0.5,), np.mean, n_resamples=4000, method="percentile", rng=rng)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.01)


@pytest.mark.filterwarnings("error")
def test_draws_that_miss_a_part_altogether_are_left_out():
    cells = {("frame", "validation"): ("n1", 9), ("frame", "audit"): ("n2", 7), ("night", "validation"): ("n1", 8)}
    rows = [row(0, 0, *cell, night, 10, right) for cell, (night, right) in cells.items()]
    found = leakage_gap(pd.DataFrame([*rows, row(0, 0, "night", "audit", "n2", 10, 7)]))
    # Of two nights half of the draws hold one only; the others all say the same.
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_it_is_told_in_a_sentence_and_a_table(two_partitions):
    text = leakage_in_words(leakage_gap(two_partitions), "A caption.")
    assert "flatters validation by 25.0 points" in text
    assert "| frame by frame | 85.0 % | 55.0 % | 30.0 | 20 % |" in text
    assert "| by nights | 60.0 % | 55.0 % | 5.0 | 0 % |" in text
