"""What changes decides what runs again, exactly (docs/operations: what runs again)."""

from __future__ import annotations

import os
from dataclasses import replace

import pandas as pd
import pytest

from allsky.labels.roles import night_role
from allsky.simulator import demo_simulation, simulate_night
from models.description import ModelDescription
from models.model_folder import save_weights
from models.network import build_network

pytestmark = pytest.mark.slow

AFTER_THE_MODEL = {"MonthPredictions", "GradCamGallery", "MonthKeograms", "FullCorpusReport"}
OF_A_NIGHT = {"NightClock", "NightFrames", "NightConditions", "MonthClockAudit"}


def nights_of(chain) -> list[str]:
    return sorted(pd.read_parquet(chain.corpus.videos)["night"])


def a_night(chain, role: str) -> str:
    return next(night for night in nights_of(chain) if night_role(night) == role)


def film(chain, night: str, seed: int) -> None:
    """Put a video of `night` into the archive, in place of the one that may be there."""
    simulation = replace(demo_simulation(), nights=(night,), cadence_s=720, cards=(), faults=(), seed=seed)
    simulate_night(simulation, night, chain.folder / "videos", chain.folder / "truth")


def relabel(chain, role: str) -> None:
    """Turn one answer of a night of `role` round."""
    labels = pd.read_csv(chain.folder / "labels.csv")
    nights = pd.concat([pd.read_parquet(chain.corpus.sheet), pd.read_parquet(chain.corpus.audit_sheet)])
    of_role = labels["frame_id"].isin(nights.loc[nights["role"] == role, "frame_id"])
    row = labels.index[of_role & (labels["label"] != "unsure")][0]
    labels.loc[row, "label"] = "no_aurora" if labels.loc[row, "label"] == "aurora" else "aurora"
    labels.to_csv(chain.folder / "labels.csv", index=False)


def of_nights(run) -> set[str]:
    """The nights that night stages were done for."""
    return {line.split("night=")[1].rstrip(")") for line in run.did if line.startswith("Night")}


@pytest.mark.parametrize("role", ["audit", "training"])
def test_a_new_night_runs_its_own_stages_its_month_and_the_report(chain, role):
    night = next(
        str(day.date())
        for day in pd.date_range("2023-02-01", "2023-02-27")
        if night_role(str(day.date())) == role and str(day.date()) not in nights_of(chain)
    )
    film(chain, night, seed=5)
    run = chain.run()
    assert run.status == 0, run.told
    # Sheets only ever grow: the night's own gets its rows, and the maps of new audit frames are added.
    grown = {"AuditSheet", "GradCamGallery"} if role == "audit" else {"LabelSheet"}
    month = {"MonthFrames", "MonthPredictions", "MonthKeograms", "CameraEpochs", "FullCorpusReport"}
    assert run.stages == {"VideoInventory"} | OF_A_NIGHT | month | grown
    assert of_nights(run) == {night}
    assert sum("month=2023-02" in line for line in run.did) == 4
    assert not any("month=2023-01" in line for line in run.did)


def test_a_replaced_audit_video_leaves_the_model_alone(chain):
    night = a_night(chain, "audit")
    film(chain, night, seed=6)
    run = chain.run()
    assert run.status == 0, run.told
    assert run.stages == {"VideoInventory", "MonthFrames", "CameraEpochs", "AuditSheet"} | OF_A_NIGHT | AFTER_THE_MODEL
    assert of_nights(run) == {night}


def test_a_replaced_training_video_trains_anew(chain):
    night = a_night(chain, "training")
    film(chain, night, seed=6)
    run = chain.run()
    assert run.status == 0, run.told
    expected = {"VideoInventory", "MonthFrames", "CameraEpochs", "LabelSheet", "LabelSplit", "TrainClassifier"}
    assert run.stages == expected | OF_A_NIGHT | AFTER_THE_MODEL
    assert of_nights(run) == {night}


def test_a_bin_edge_sorts_frames_anew_and_teaches_nothing(chain):
    before = pd.read_parquet(chain.corpus.audit_sheet)
    chain.configure("conditions", "nautical_below_deg", "-9.5")
    run = chain.run()
    assert run.status == 0, run.told
    sorted_anew = {"NightConditions", "MonthFrames", "AuditSheet", "MonthKeograms", "FullCorpusReport"}
    assert run.stages - {"GradCamGallery"} == sorted_anew
    assert of_nights(run) == set(nights_of(chain))
    after = pd.read_parquet(chain.corpus.audit_sheet)
    pd.testing.assert_frame_equal(after.iloc[: len(before)], before)
    # A frame drawn again with a greater probability has a row more, but it has its map.
    assert ("GradCamGallery" in run.stages) == (set(after["frame_id"]) > set(before["frame_id"]))


def test_more_audit_frames_get_their_maps_in_the_same_run(chain):
    before = pd.read_parquet(chain.corpus.audit_sheet)
    chain.configure("labels", "per_cell", "5")
    run = chain.run()
    assert (run.status, run.stages) == (0, {"AuditSheet", "GradCamGallery", "FullCorpusReport"}), run.told
    after = pd.read_parquet(chain.corpus.audit_sheet)
    assert set(after["frame_id"]) > set(before["frame_id"])
    [maps] = (chain.folder / "output" / "gradcam").iterdir()
    assert {path.stem for path in maps.glob("*.jpg")} == set(after["frame_id"])


@pytest.mark.parametrize("role", ["training", "validation"])
def test_a_teaching_label_trains_anew_and_decodes_nothing(chain, role):
    relabel(chain, role)
    run = chain.run()
    assert run.status == 0, run.told
    assert run.stages == {"LabelSplit", "TrainClassifier"} | AFTER_THE_MODEL


def test_an_audit_label_makes_the_report_anew_and_nothing_else(chain):
    relabel(chain, "audit")
    run = chain.run()
    assert (run.status, run.stages) == (0, {"FullCorpusReport"}), run.told


def test_the_reports_threshold_makes_the_report_anew_and_nothing_else(chain):
    chain.configure("report", "threshold", "0.9")
    run = chain.run()
    assert (run.status, run.stages) == (0, {"FullCorpusReport"}), run.told


def test_the_disk_makes_the_frames_anew_and_all_after_them(chain):
    chain.configure("camera", "disk_radius", "110")
    run = chain.run()
    assert run.status == 0, run.told
    expected = {
        "SkyDisk",
        "CameraEpochs",
        "NightFrames",
        "NightConditions",
        "MonthClockAudit",
        "MonthFrames",
        "LabelSheet",
        "AuditSheet",
    }
    assert run.stages == expected | {"LabelSheet", "AuditSheet", "LabelSplit", "TrainClassifier"} | AFTER_THE_MODEL
    assert of_nights(run) == set(nights_of(chain))


def test_a_touched_file_and_another_order_of_files_run_nothing(chain):
    videos = sorted((chain.folder / "videos").glob("*.mp4"), reverse=True)
    for video in videos:
        twin = video.with_suffix(".copy")
        twin.write_bytes(video.read_bytes())
        os.replace(twin, video)
    run = chain.run()
    assert (run.status, run.did) == (0, []), run.told


def test_a_night_that_left_the_archive_is_retired(chain):
    night = a_night(chain, "audit")
    [gone] = (chain.folder / "videos").glob(f"*{night.replace('-', '')}*")
    gone.unlink()
    run = chain.run()
    assert run.status == 0, run.told
    assert night not in set(pd.read_parquet(chain.folder / "output" / "months")["night"])
    assert not chain.corpus.frames(night).exists()
    assert (chain.folder / "output" / "retired" / "frames" / f"night={night}" / "frames.parquet").exists()


def test_features_are_added_beside_predictions_when_asked_for(chain):
    described = ModelDescription(("aurora", "no_aurora"), "aurora", "shufflenet_v2_x0_5", 32, (0.5,) * 3, (0.2,) * 3)
    (chain.folder / "mine").mkdir()
    save_weights(build_network(described.backbone, 2, 32), chain.folder / "mine")
    described.write(chain.folder / "mine")
    chain.configure("training", "model", "mine")
    month = nights_of(chain)[0][:7]
    asked = ("--month", month, "--model", "mine")
    assert chain.run(*asked, goal="MonthPredictions").status == 0
    chain.configure("inference", "features", "stored")
    run = chain.run(*asked, goal="MonthPredictions")
    assert (run.status, run.stages) == (0, {"MonthPredictions"}), run.told
    for path in (chain.folder / "output" / "predictions" / "model=mine").rglob("*.parquet"):
        kept = pd.read_parquet(chain.corpus.features("mine", path.stem))
        assert kept["frame_id"].tolist() == pd.read_parquet(path)["frame_id"].tolist()
        assert {(len(one), one.dtype.name) for one in kept["features"]} == {(1024, "float16")}
    chain.configure("inference", "features", "none")
    assert chain.run(*asked, goal="MonthPredictions").stages == set()
