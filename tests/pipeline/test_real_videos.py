"""The chain on real aurora video, with the configurations in examples/."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.pipeline.chain import Chain

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def real_chain(folder: Path, example: str, video: Path) -> Chain:
    """A folder with the example's configuration and the video where it says."""
    shutil.copy(EXAMPLES / f"{example}.cfg", folder / "luigi.cfg")
    (folder / example).mkdir()
    os.symlink(video, folder / example / video.name)
    chain = Chain(folder)
    chain.configure("archive", "output", "output")
    return chain


@pytest.mark.parametrize(
    ("example", "video", "night", "first", "n_frames", "n_kept"),
    [
        ("themis_fsmi", "themis_fsmi_20150326.mp4", "2015-03-25", "2015-03-26 06:07:00", 460, 23),
        ("themis_rank", "themis_rank_20170915.mp4", "2017-09-14", "2017-09-15 02:32:00", 60, 3),
    ],
)
def test_every_frame_of_a_themis_movie_is_dated_exactly(
    shared_data, finished_chain, tmp_path, example, video, night, first, n_frames, n_kept
):
    """Truth: frame k shows the first overlay + 3 k seconds (the recordings' README)."""
    chain = real_chain(tmp_path, example, shared_data / "real" / video)
    [model] = (finished_chain[0].folder / "output" / "models").iterdir()
    chain.configure("training", "model", str(model))
    run = chain.run()
    assert run.status == 0, run.told
    start = pd.Timestamp(first, tz="UTC")

    readings = pd.read_parquet(tmp_path / "output" / "readings")
    truth = start + pd.to_timedelta(3 * readings["frame_index"], unit="s")
    assert len(readings) == n_frames
    assert (readings["utc"] == truth).all()
    assert readings["clock_flag"].isna().all()

    frames = pd.read_parquet(tmp_path / "output" / "months")
    assert list(frames["utc"]) == list(pd.date_range(start, periods=n_kept, freq="min"))
    assert set(frames["night"]) == {night}
    if example == "themis_rank":
        sun = frames.loc[frames["utc"] == pd.Timestamp("2017-09-15T02:33Z"), "sun_altitude_deg"].iloc[0]
        assert sun == pytest.approx(-13.3, abs=0.1)  # the figure, from an almanac

    [report] = (tmp_path / "output" / "report").glob("model=*")
    table = pd.read_parquet(report / "condition_table.parquet")
    assert table["n_frames"].max() == n_kept
    assert table[["fpr", "fnr", "tp", "fp"]].isna().all(axis=None) or (table["n_labelled"] == 0).all()
    assert table[["fpr", "fnr"]].isna().all(axis=None)
