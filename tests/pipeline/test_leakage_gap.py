"""The leakage gap of a small archive: every training an artifact of its own, counted by night."""

from __future__ import annotations

import pyarrow.parquet as parquet
import pytest

from allsky.statistics.leakage import leakage_gap

pytestmark = pytest.mark.slow


def test_the_gap_is_measured_and_only_what_is_new_trains_again(chain):
    for key in ("partitions", "seeds"):
        chain.configure("leakage", key, "1")
    first = chain.run(goal="LeakageGap")
    assert first.status == 0, first.told
    assert first.stages == {"LeakageCell", "LeakageGap"}
    assert sum(name.startswith("LeakageCell") for name in first.did) == 2
    result = chain.folder / "output" / "leakage" / "result"
    rows = parquet.ParquetFile(result / "leakage.parquet").read().to_pandas()
    by_split = rows.groupby(["split", "part"])["n_frames"].sum().unstack()
    assert by_split.loc["night"].equals(by_split.loc["frame"])
    assert rows["n_train"].nunique() == 1
    assert f"{100 * leakage_gap(rows).gap:.1f} points" in (result / "leakage.md").read_text()

    chain.configure("leakage", "seeds", "2")
    again = chain.run(goal="LeakageGap")
    assert again.status == 0, again.told
    assert ["seed=1" in name for name in again.did if name.startswith("LeakageCell")] == [True, True]
    assert chain.run(goal="LeakageGap").stages == set()
