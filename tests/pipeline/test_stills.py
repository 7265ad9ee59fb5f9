"""A folder of stills goes through the chain as a video does, and a new or spoilt still makes its own night anew."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from allsky.simulator import demo_simulation
from benchmarks.made_small_archive import configuration
from tests.allsky.made_stills import filmed, write_stills
from tests.allsky.made_videos import cut_off
from tests.pipeline.chain import Chain

pytestmark = pytest.mark.slow

NIGHTS = ("2023-02-04", "2023-02-05")
GOAL = ("--month", "2023-02")


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> tuple[Chain, pd.DataFrame]:
    """Stills of two nights in folders by their local date, dated by EXIF, and the truth of each."""
    folder = tmp_path_factory.mktemp("stills")
    simulation = replace(demo_simulation(), nights=NIGHTS, cadence_s=3600, cards=(), faults=())
    truths = []
    for night in NIGHTS:
        frames, truth = filmed(simulation, night, folder / "film" / night)
        local = [utc.tz_convert(ZoneInfo("America/Yellowknife")).to_pydatetime() for utc in truth["utc"]]
        write_stills(folder / "videos", frames, local, "%Y/%m-%d/IMG_%H%M.jpg", exif=True)
        truths.append(truth.assign(night=night, video=[f"{moment:%Y/%m-%d/IMG_%H%M.jpg}" for moment in local]))
    said = configuration(simulation.camera.lens, image_size=96, per_cell=3)
    (folder / "luigi.cfg").write_text(said.replace("[archive]", "[archive]\nstills_time = exif"))
    chain = Chain(folder)
    run = chain.run(*GOAL, goal="MonthFrames")
    assert run.status == 0, run.told
    return chain, pd.concat(truths, ignore_index=True)


def kept(chain: Chain) -> pd.DataFrame:
    return pd.read_parquet(chain.corpus.month("2023-02"), partitioning=None)


def test_every_still_is_dated_exactly_and_named_by_its_file(archive):
    chain, truth = archive
    frames = kept(chain)
    columns = ["utc", "night", "video"]
    assert frames[columns].to_numpy().tolist() == truth.sort_values("utc")[columns].to_numpy().tolist()
    assert set(frames["clock_source"]) == {"exif"} and frames["clock_flag"].isna().all()
    assert not frames["frame_index"].any()
    videos = pd.read_parquet(chain.corpus.videos)
    # A local date holds the end of one night and the beginning of the next.
    assert videos.loc[videos["video"] == "2023/02-05/", "night"].tolist() == list(NIGHTS)
    assert videos["n_frames"].sum() == len(truth)


def test_a_still_that_was_touched_just_now_counts_as_it_is_known_and_a_new_one_waits(archive, tmp_path):
    chain, truth = archive[0].copy(tmp_path / "chain"), archive[1]
    said = (chain.folder / "luigi.cfg").read_text()
    (chain.folder / "luigi.cfg").write_text(said.replace("settle_s = 0", "settle_s = 36000"))
    known = chain.folder / "videos" / truth["video"].iloc[1]
    known.touch()
    (known.parent / "IMG_9999.jpg").write_bytes(known.read_bytes())
    run = chain.run(*GOAL, goal="MonthFrames")
    assert (run.status, run.did) == (0, []), run.told
    assert "IMG_9999.jpg" in run.told
    assert kept(chain)["video"].tolist() == truth.sort_values("utc")["video"].tolist()


def test_a_still_that_is_added_or_spoilt_makes_its_night_anew(archive, tmp_path):
    chain, truth = archive[0].copy(tmp_path / "chain"), archive[1]
    first, second = (truth[truth["night"] == night]["video"].tolist() for night in NIGHTS)
    cut_off(chain.folder / "videos" / second[2], 0.9)
    assert "stale     files" in chain.asked("status", "--night", NIGHTS[1])
    assert "stale" not in chain.asked("status", "--night", NIGHTS[0])
    run = chain.run(*GOAL, goal="MonthFrames")
    assert run.status == 0, run.told
    assert {line.split("night=")[1].rstrip(")") for line in run.did if line.startswith("Night")} == {NIGHTS[1]}
    assert second[2].rpartition("/")[2] in run.told and "cut off" in run.told
    assert sorted(kept(chain)["video"]) == sorted(set(first + second) - {second[2]})
    run = chain.run(*GOAL, goal="MonthFrames")
    assert run.did == [], run.told
