"""The leakage gap from right answers by night."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from allsky.figures import leakage_figure
from allsky.statistics.consecutive import freedom_of_nights
from allsky.statistics.leakage import LEAKAGE, leakage_gap, leakage_in_words

FIRST = np.datetime64("2022-12-01")


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
    assert found.ahead == {"frame": pytest.approx([0.3, 0.3]), "night": pytest.approx([0.1, 0.0])}
    assert found.near == {"frame": pytest.approx(0.2), "night": 0.0}
    assert (found.n_partitions, found.n_seeds, found.n_nights) == (2, 1, 2)


def test_the_figure_shows_each_partition_of_both_splits_and_the_gap(two_partitions):
    ax = leakage_figure(leakage_gap(two_partitions)).axes[0]
    assert [text.get_text() for text in ax.texts] == ["30.0", "5.0", "25.0"]
    drawn = [points.get_offsets()[:, 0].tolist() for points in ax.collections[::2]]
    assert drawn == [pytest.approx([30, 30]), pytest.approx([10, 0]), pytest.approx([20, 30])]


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


def one_partition(nights, right) -> pd.DataFrame:
    """Half of the frames right everywhere but where frames of a night both teach and validate."""
    cells = [("frame", "validation"), ("frame", "audit"), ("night", "validation"), ("night", "audit")]
    told = [(*cell, night, int(n)) for cell in cells for night, n in zip(nights, right, strict=True)]
    rows = [
        row(0, 0, split, part, str(night), 10, n if (split, part) == cells[0] else 5) for split, part, night, n in told
    ]
    return pd.DataFrame(rows)


def test_over_nights_far_apart_the_interval_is_students():
    right = np.random.default_rng(0).integers(3, 11, 30)
    found = leakage_gap(one_partition(FIRST + 60 * np.arange(30), right))
    theirs = stats.ttest_1samp(right / 10 - 0.5, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_over_nights_in_a_row_the_variance_is_that_of_statsmodels():
    score = np.random.default_rng(1).standard_normal(400)
    for night in range(1, 400):
        score[night] = 0.6 * score[night - 1] + 0.8 * score[night]
    right, nights = np.clip(np.round(7 + 1.5 * score), 0, 10), FIRST + np.arange(400)
    found = leakage_gap(one_partition(nights, right))
    error = (found.high - found.low) / 2 / stats.t.ppf(0.975, freedom_of_nights(nights))
    # It takes whole lags, 1.3 times the root of 400 in all, and gives nothing back for subtracting the mean.
    theirs = sm.OLS(right / 10, np.ones(400)).fit(cov_type="HAC", cov_kwds={"maxlags": 25}).bse[0]
    apart = right.std(ddof=1) / 10 / np.sqrt(400)
    assert theirs < error < 1.06 * theirs
    assert error > 1.3 * apart  # twice it for endless such nights: sqrt((1 + 0.6) / (1 - 0.6))


def test_of_a_part_that_stands_on_one_night_nothing_is_known():
    cells = {("frame", "validation"): ("2023-01-01", 9), ("frame", "audit"): ("2023-02-01", 7)}
    cells |= {("night", "validation"): ("2023-01-01", 8), ("night", "audit"): ("2023-02-01", 7)}
    found = leakage_gap(pd.DataFrame([row(0, 0, *cell, night, 10, right) for cell, (night, right) in cells.items()]))
    assert (found.gap, found.low, found.high) == (pytest.approx(0.1), -2, 2)


def test_it_is_told_in_a_sentence_and_a_table(two_partitions):
    text = leakage_in_words(leakage_gap(two_partitions), "A caption.")
    assert "flatters validation by 25.0 points" in text
    assert "| frame by frame | 85.0 % | 55.0 % | 30.0 | 20 % |" in text
    assert "| by nights | 60.0 % | 55.0 % | 5.0 | 0 % |" in text
