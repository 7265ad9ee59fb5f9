"""Every night's goal: what is new, to predictions and the report, with the model as it is."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from allsky.labels.roles import night_role
from allsky.simulator import demo_simulation, simulate_night
from tests.pipeline.chain import Chain, Run

pytestmark = pytest.mark.slow

FEBRUARY = [str(day.date()) for day in pd.date_range("2023-02-01", "2023-02-24")]
NEW = next(night for night in FEBRUARY if night_role(night) == "audit")


def film(chain: Chain, night: str) -> None:
    simulation = replace(demo_simulation(), nights=(night,), cadence_s=1440, cards=(), faults=(), seed=5)
    simulate_night(simulation, night, chain.folder / "videos", chain.folder / "truth")


def turn_an_answer(chain: Chain) -> None:
    """Change a label that the model was trained with."""
    labels = pd.read_csv(chain.folder / "labels.csv")
    row = labels.index[labels["frame_id"].isin(pd.read_parquet(chain.corpus.split)["frame_id"])][0]
    labels.loc[row, "label"] = "no_aurora" if labels.loc[row, "label"] == "aurora" else "aurora"
    labels.to_csv(chain.folder / "labels.csv", index=False)


@pytest.fixture(scope="module")
def updated(finished_chain, tmp_path_factory) -> tuple[Chain, Run]:
    """The finished archive with a new night and a changed training label, after a nightly update."""
    chain = finished_chain[0].copy(tmp_path_factory.mktemp("nightly") / "chain")
    film(chain, NEW)
    turn_an_answer(chain)
    return chain, chain.run(goal="NightlyUpdate")


def test_a_new_night_is_predicted_and_reported_with_the_model_as_it_is(updated, finished_chain):
    chain, run = updated
    assert run.status == 0, run.told
    assert not {"LabelSplit", "TrainClassifier"} & run.stages
    of_the_night = {"NightClock", "NightFrames", "NightConditions", "MonthFrames", "MonthPredictions", "MonthKeograms"}
    assert of_the_night | {"VideoInventory", "AuditSheet", "UpdatedReport"} <= run.stages
    [model] = (finished_chain[0].folder / "output" / "models").iterdir()
    assert [path.name for path in (chain.folder / "output" / "models").iterdir()] == [model.name]
    assert NEW in set(pd.read_parquet(chain.folder / "output" / "predictions" / f"model={model.name}")["night"])
    assert NEW in set(pd.read_parquet(chain.corpus.audit_sheet)["night"])
    assert NEW in (chain.folder / "output" / "report" / f"model={model.name}" / "report.html").read_text()


def test_the_night_after_without_a_new_video_has_nothing_to_do(updated):
    chain, _ = updated
    again = chain.run(goal="NightlyUpdate")
    assert (again.status, again.did) == (0, []), again.told


def test_after_an_update_with_unchanged_labels_the_report_of_the_full_corpus_is_there(chain):
    film(chain, NEW)
    assert chain.run(goal="NightlyUpdate").status == 0
    run = chain.run()
    assert (run.status, run.did) == (0, []), run.told


def test_a_night_that_taught_may_leave_the_archive(chain):
    taught = pd.read_parquet(chain.corpus.split)
    night = taught.loc[taught["split"] == "train", "night"].iloc[0]
    [gone] = (chain.folder / "videos").glob(f"*{night.replace('-', '')}*")
    gone.unlink()
    run = chain.run(goal="NightlyUpdate")
    assert run.status == 0, run.told
    assert "UpdatedReport" in run.stages and not chain.corpus.frames(night).exists()


def test_other_classes_want_another_model(chain):
    chain.configure("labels", "classes", "aurora, no_aurora, cloud")
    film(chain, NEW)
    run = chain.run(goal="NightlyUpdate")
    assert "Traceback" not in run.told and "MonthPredictions" not in run.stages, run.told
    assert "run FullCorpusReport" in " ".join(run.told.split())


def test_only_the_nights_that_were_chosen_are_done(chain):
    others = ["2023-02-25", "2023-02-26"]
    for night in (NEW, *others):
        film(chain, night)
    run = chain.run("--nights", NEW, goal="NightlyUpdate")
    assert run.status == 0, run.told
    assert {line.split("night=")[1].rstrip(")") for line in run.did if "night=" in line} == {NEW}
    assert not {"LabelSheet", "AuditSheet"} & run.stages


def test_nights_that_are_not_there_are_refused_with_those_that_are(chain):
    run = chain.run("--nights", "2030-01-01", goal="NightlyUpdate")
    assert run.status == 1, run.told
    assert "its nights run from 2023-01-20" in run.told


def test_what_names_no_nights_is_refused_before_anything_begins(chain):
    run = chain.run("--nights", "yesterday", goal="NightlyUpdate")
    assert run.status == 2, run.told
    assert run.told.startswith("allsky: 'yesterday' names no nights: expected a date like 2023-01-31")
    assert len(run.told.splitlines()) == 1


def test_without_a_model_frames_wait_for_labels(unlabelled_chain, tmp_path):
    chain = unlabelled_chain[0].copy(tmp_path / "chain")
    run = chain.run(goal="NightlyUpdate")
    assert (run.status, run.stages - {"FullCorpusReport", "UpdatedReport"}) == (4, set()), run.told
    assert "frames wait in" in run.told


def test_with_labels_and_no_model_the_report_that_trains_is_wanted(unlabelled_chain, tmp_path):
    chain = unlabelled_chain[0].copy(tmp_path / "chain")
    chain.answer()
    run = chain.run(goal="NightlyUpdate")
    assert run.status == 4, run.told
    assert "this run never trains; run FullCorpusReport" in run.told and "frames wait in" not in run.told
