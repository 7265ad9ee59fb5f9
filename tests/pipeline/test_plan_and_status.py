"""What a run would do is told before it does it, and where every night stands, without a trace."""

from __future__ import annotations

import json
import os
import shutil

import pandas as pd
import pytest

from allsky.corpus import model_of
from tests.pipeline.chain import Chain

pytestmark = pytest.mark.slow

NIGHT = "2023-01-20"


def planned(chain: Chain, *arguments: str) -> list[str]:
    """The tasks of `allsky plan`, as `Run.did` writes those of a run."""
    stages = json.loads(chain.asked("plan", "--json", *arguments))["stages"]
    return sorted(
        f"{stage}({', '.join(f'{name}={value}' for name, value in parameters.items())})"
        for stage, told in stages.items()
        for parameters in told["tasks"]
    )


def everything_in(chain: Chain) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in chain.folder.rglob("*")}


def a_bin_edge(chain: Chain) -> None:
    chain.configure("conditions", "nautical_below_deg", "-9.5")


def a_replaced_video(chain: Chain) -> None:
    one, other = sorted((chain.folder / "videos").iterdir())[:2]
    one.write_bytes(other.read_bytes())


def an_answer(chain: Chain) -> None:
    labels = chain.folder / "labels.csv"
    text = labels.read_text()
    labels.write_text(text.replace(",no_aurora,", ",aurora,", 1))


@pytest.mark.parametrize("change", [a_bin_edge, an_answer])
def test_a_run_does_what_the_plan_told(chain, change):
    change(chain)
    before = everything_in(chain)
    told = planned(chain)
    assert everything_in(chain) == before
    run = chain.run()
    assert run.status == 0, run.told
    # Whether the audit sheet grows is known once it is drawn; the plan says `perhaps` of its maps.
    did, told = ([line for line in lines if "GradCam" not in line] for lines in (run.did, told))
    assert told and did == told
    assert planned(chain) == []


def test_a_first_run_is_foreseen_without_claiming_the_output_folder(unlabelled_chain, tmp_path):
    whole, run = unlabelled_chain
    chain = Chain(tmp_path)
    os.symlink(whole.folder / "videos", tmp_path / "videos")
    shutil.copy(whole.folder / "luigi.cfg", tmp_path)
    assert planned(chain) == run.did
    assert not (tmp_path / "output").exists()


def test_a_first_run_with_labels_is_foreseen_as_far_as_its_maps(finished_chain, tmp_path):
    finished, run = finished_chain
    chain = Chain(tmp_path)
    os.symlink(finished.folder / "videos", tmp_path / "videos")
    for name in ("luigi.cfg", "labels.csv"):
        shutil.copy(finished.folder / name, tmp_path)
    assert {line.partition("(")[0] for line in planned(chain)} >= run.stages > {"GradCamGallery"}


def test_a_finished_archive_has_nothing_to_do_and_knows_how_long_it_took(finished_chain):
    chain, _ = finished_chain
    assert chain.asked("plan") == "nothing to do\n"
    told = json.loads(chain.asked("status", "--json"))
    assert {where["state"] for stages in told["nights"].values() for where in stages.values()} == {"done"}
    assert {where["state"] for where in told["corpus"].values()} == {"done"}


def test_status_names_the_ingredient_that_changed(chain):
    a_bin_edge(chain)
    told = json.loads(chain.asked("status", "--json"))
    stages = told["nights"][NIGHT]
    assert stages["NightFrames"] == {"state": "done", "why": ""}
    assert stages["NightConditions"]["state"] == "stale"
    assert "nautical" in stages["NightConditions"]["why"] and ": -6.0 -> -9.5" in stages["NightConditions"]["why"]
    assert stages["MonthKeograms"] == {"state": "stale", "why": "conditions"}


def test_status_names_a_replaced_video_and_a_changed_mask(chain):
    a_replaced_video(chain)
    chain.configure("camera", "disk_radius", "110")
    told = json.loads(chain.asked("status", "--json"))
    assert told["nights"][NIGHT]["NightClock"] == {"state": "stale", "why": "files"}
    [disk] = [where for name, where in told["corpus"].items() if name.startswith("SkyDisk")]
    assert disk["state"] == "stale" and disk["why"].startswith("given: ") and "110.0]" in disk["why"]
    why = f"the sky disk of {NIGHT}, on which it stands, is to be made first"
    assert told["nights"][NIGHT]["NightFrames"] == {"state": "stale", "why": why}


def test_status_says_of_a_failure_what_failed(chain):
    chain.configure("camera", "disk_radius", "3000")
    run = chain.run()
    assert run.status == 1, run.told
    assert "SkyDisk" in run.told and "failed" in run.told
    corpus = json.loads(chain.asked("status", "--json"))["corpus"]
    [disk] = [where for name, where in corpus.items() if name.startswith("SkyDisk")]
    assert disk["state"] == "failed" and "does not fit the 320x240 frame" in disk["why"]


def test_a_night_that_fails_keeps_no_other_from_landing_and_status_tells_of_it_until_it_is_done(chain):
    keograms = chain.corpus.root / "keograms" / f"model={model_of(chain.corpus.root)}"
    first, second = sorted(keograms.glob(f"night={NIGHT[:7]}-*"))[:2]
    nights = [folder.name.removeprefix("night=") for folder in (first, second)]
    for folder in (first, second):
        shutil.rmtree(folder)
    pictures = {path: path.read_bytes() for path in chain.corpus.root.glob(f"images/night={nights[0]}/*.jpg")}
    for path, whole in pictures.items():
        path.write_bytes(whole[: len(whole) // 2])
    asked_for = ("--nights", "_".join(nights))
    run = chain.run(*asked_for, goal="NightlyUpdate")
    assert run.status == 1, run.told
    assert f"1 of 2 nights were not done (MonthKeograms {nights[0]}: " in run.told
    stages = json.loads(chain.asked("status", "--json"))["nights"]
    failed, done = (stages[night]["MonthKeograms"] for night in nights)
    assert done == {"state": "done", "why": ""}
    assert failed["state"] == "failed" and f"images/night={nights[0]}/" in failed["why"]
    assert f"failed: keogram of 1 night ({nights[0]}): " in chain.asked("status")

    for path, whole in pictures.items():
        path.write_bytes(whole)
    assert chain.run(*asked_for, goal="NightlyUpdate").status == 0
    shutil.rmtree(first)
    where = json.loads(chain.asked("status", "--night", nights[0], "--json"))["nights"][nights[0]]["MonthKeograms"]
    assert where == {"state": "missing", "why": ""}


@pytest.mark.parametrize("told_by", ["name", "clock"])
def test_a_night_whose_video_can_no_longer_be_read_is_told_with_what_stays_of_it(chain, told_by):
    if told_by == "clock":
        chain.configure("archive", "video_nights", "clock")
        assert chain.run().did == ["VideoInventory()"]
    [video] = (chain.folder / "videos").glob(f"*{NIGHT.replace('-', '')}*")
    whole = video.read_bytes()
    video.write_bytes(whole[:100])
    assert chain.run().status == 0
    of_the_night = json.loads(chain.asked("status", "--night", NIGHT, "--json"))["nights"][NIGHT]
    assert list(of_the_night) == ["VideoInventory"]
    assert of_the_night["VideoInventory"]["state"] == "unusable"
    assert "what was made of this night before is kept" in of_the_night["VideoInventory"]["why"]
    assert video.name in chain.asked("status", "--night", NIGHT)
    whole_corpus = chain.asked("status")
    assert f"unusable: video of 1 night ({NIGHT}): " in whole_corpus and " done, 1 unusable  " in whole_corpus
    assert NIGHT not in set(pd.read_parquet(chain.folder / "output" / "months")["night"])

    video.write_bytes(whole)
    run = chain.run()
    assert run.status == 0 and not {"NightClock", "NightFrames", "NightConditions"} & run.stages, run.told
    assert "unusable" not in chain.asked("status")


def test_status_is_short_and_has_the_details_of_a_night(finished_chain):
    chain, _ = finished_chain
    short = chain.asked("status")
    assert "2023-01 to 2023-02" in short and "done" in short
    assert len(short.splitlines()) < 20
    assert "video" in chain.asked("status", "--night", NIGHT)
    assert NIGHT in chain.asked("status", "--month", NIGHT[:7])
