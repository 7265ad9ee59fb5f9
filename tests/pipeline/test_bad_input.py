"""What users do to a chain: a sentence says what is wrong and what to do, the rest goes on, and nothing is lost."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from allsky.simulator import demo_simulation, simulate_night
from allsky.simulator.faults import Fault
from tests.pipeline.chain import Chain, Run

pytestmark = pytest.mark.slow


def film(chain: Chain, night: str, fault: str, amount: float = 0.0) -> None:
    """Put a video of `night` that suffers from `fault` into the archive."""
    faults = (Fault(fault, night, amount),)
    simulation = replace(demo_simulation(), nights=(night,), cadence_s=2400, cards=(), faults=faults)
    simulate_night(simulation, night, chain.folder / "videos", chain.folder / "truth")


def cut(path: Path) -> None:
    """Leave half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def says_once(run: Run, *parts: str) -> bool:
    """Whether exactly one line of a run holds all of `parts` when it happens, and at most one of the account at its
    end; no traceback is printed."""
    assert "Traceback" not in run.told, run.told
    lines = [line for line in run.told.splitlines() if all(part in line for part in parts)]
    of_the_account = [line for line in lines if line[8:11] == "   "]
    return len(lines) - len(of_the_account) == 1 and len(of_the_account) <= 1


@pytest.fixture
def small_chain(unlabelled_chain, tmp_path) -> Chain:
    """The archive's first night, nothing done yet."""
    whole = unlabelled_chain[0].folder
    chain = Chain(tmp_path / "small")
    (chain.folder / "videos").mkdir(parents=True)
    shutil.copy(whole / "luigi.cfg", chain.folder)
    shutil.copy(min((whole / "videos").iterdir()), chain.folder / "videos")
    return chain


# An archive in which much is broken.

BROKEN = {
    "2023-02-10": ("zero_bytes", 0.0, "the file is empty (0 bytes)"),
    "2023-02-11": ("truncated", 0.5, "cut off"),
    "2023-02-12": ("not_video", 0.0, "not a video"),
    "2023-02-13": ("no_clock", 1.0, "no clock was found"),
    "2023-02-14": ("not_a_sky", 0.0, "does not show the sky"),
}


@pytest.fixture(scope="module")
def broken_archive(finished_chain, tmp_path_factory) -> tuple[Chain, Run, dict[str, bytes]]:
    """The labelled archive with five broken nights, a dangling link and labels of strange frames added, and run again.

    With it, the frame tables as they were before.
    """
    chain = finished_chain[0].copy(tmp_path_factory.mktemp("broken") / "chain")
    for night, (fault, amount, _) in BROKEN.items():
        film(chain, night, fault, amount)
    os.symlink("/nowhere/night.mp4", chain.folder / "videos" / "YKNF_20230215.mp4")
    (chain.folder / "videos" / "notes.txt").write_text("clouds all week")
    with (chain.folder / "labels.csv").open("a") as labels:
        labels.write("nosuch_20230211T080000Z,aurora,somebody,,,,\n")
    before = {str(path): path.read_bytes() for path in (chain.folder / "output" / "frames").rglob("*.parquet")}
    return chain, chain.run(), before


def test_broken_nights_do_not_stop_the_corpus(broken_archive):
    _, run, before = broken_archive
    assert run.status == 0, run.told
    assert "Traceback" not in run.told
    assert {path: Path(path).read_bytes() for path in before} == before
    assert not {"LabelSplit", "TrainClassifier"} & run.stages


@pytest.mark.parametrize("night", BROKEN)
def test_a_broken_night_is_named_by_the_run_and_by_the_report(broken_archive, night):
    chain, run, _ = broken_archive
    video, reason = f"YKNF_{night.replace('-', '')}.mp4", BROKEN[night][2]
    assert any(night in line and video in line and reason in line for line in run.told.splitlines()), run.told
    [report] = chain.folder.glob("output/report/model=squeezenet1_1-*/report.html")
    page = report.read_text()
    problems = page[page.index("Nights and videos with a problem") :]
    assert night in problems and video in problems and reason in problems


def test_a_file_that_is_no_video_is_named_by_the_inventory(broken_archive):
    chain, _, _ = broken_archive
    problems = pd.read_parquet(chain.corpus.videos).set_index("night")["problem"]
    for night in ("2023-02-10", "2023-02-11", "2023-02-12"):
        assert BROKEN[night][2] in problems[night]
    assert "cannot be read" in problems["2023-02-15"]
    assert problems["2023-01-20"] is None or pd.isna(problems["2023-01-20"])


def test_labels_of_frames_that_do_not_exist_are_named_and_left_out(broken_archive):
    chain, run, _ = broken_archive
    assert says_once(run, "frames that do not exist", "nosuch_20230211T080000Z")
    assert "nosuch_20230211T080000Z" in (chain.folder / "labels.csv").read_text()


# A run that cannot begin.


def emptied(chain: Chain) -> None:
    shutil.rmtree(chain.folder / "videos")


def without_videos(chain: Chain) -> None:
    emptied(chain)
    (chain.folder / "videos").mkdir()
    (chain.folder / "videos" / "notes.txt").write_text("clouds all week")


REFUSED = {
    "missing folder": (emptied, (), "there is no folder"),
    "folder without videos": (without_videos, (), "no video lies in"),
    "unknown key": (lambda chain: chain.configure("site", "timezon", "UTC"), (), "did you mean 'timezone'?"),
    "no such zone": (
        lambda chain: chain.configure("site", "timezone", "America/Yelowknife"),
        (),
        "did you mean 'America/Yellowknife'?",
    ),
    "weights that would be ignored": (
        lambda chain: chain.configure("training", "weights", "imagenet"),
        (),
        "Set weights to none, or strategy to finetune",
    ),
    "no folder to write in": (
        lambda chain: chain.configure("archive", "output", "luigi.cfg/output"),
        (),
        "nothing can be written in",
    ),
    "no date": (lambda chain: None, ("--first-night", "2023-13-01"), "--first-night 2023-13-01: expected a date"),
    "range turned round": (
        lambda chain: None,
        ("--first-night", "2023-02-01", "--last-night", "2023-01-01"),
        "lies after --last-night 2023-01-01",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_run_that_cannot_begin_says_why_in_one_line(small_chain, case):
    change, arguments, told = REFUSED[case]
    change(small_chain)
    run = small_chain.run(*arguments)
    assert (run.status, run.did) == (2, []), run.told
    assert says_once(run, "allsky: ", told), run.told


def test_the_output_of_another_camera_is_refused_and_left_alone(chain):
    before = sorted((chain.folder / "output").rglob("*"))
    chain.configure("site", "name", "inuvik")
    run = chain.run()
    assert run.status == 2, run.told
    assert says_once(run, "camera 'yellowknife'", "'inuvik'", "an [archive] output of its own"), run.told
    assert sorted((chain.folder / "output").rglob("*")) == before


def test_a_second_run_says_who_holds_the_output_folder(chain):
    with (chain.folder / "output" / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(json.dumps({"host": "aurora", "pid": 4711, "since": "2023-01-20 18:00:00 UTC"}))
        lock.flush()
        run = chain.run()
    assert run.status == 5, run.told
    assert says_once(run, "another run works in", "process 4711 on aurora"), run.told


# A run that cannot end: everything before the problem is done, and the problem is told once.


def test_a_range_without_nights_names_the_nights_there_are(small_chain):
    run = small_chain.run("--first-night", "2030-01-01")
    assert run.status == 1, run.told
    assert says_once(run, "no night of the archive lies between 2030-01-01", "from 2023-01-20 to 2023-01-20"), run.told


def test_a_missing_tesseract_and_a_disk_outside_the_frame_are_told_once(small_chain, tmp_path, monkeypatch):
    small_chain.configure("camera", "disk_center", "500, 116")
    monkeypatch.setenv("PATH", str(tmp_path))
    run = small_chain.run()
    assert run.status == 1, run.told
    assert says_once(run, "Tesseract is needed", "apt install tesseract-ocr"), run.told
    assert says_once(run, "does not fit the 320x240 frame", "correct disk_center"), run.told
    assert run.stages == {"VideoInventory"}


def test_labels_that_cannot_be_meant_keep_no_frame_from_being_made(chain):
    labels = chain.folder / "labels.csv"
    labels.write_text(labels.read_text().replace("no_aurora", "no_arora", 1))
    chain.configure("conditions", "nautical_below_deg", "-9.5")
    run = chain.run()
    assert run.status == 1, run.told
    assert says_once(run, "labels.csv, row", "`no_arora`", "Did you mean `no_aurora`?"), run.told
    assert run.stages == {"NightConditions", "MonthFrames", "AuditSheet"}


def relabel_all(chain: Chain) -> None:
    labels = chain.folder / "labels.csv"
    labels.write_text(labels.read_text().replace("no_aurora", "aurora"))


def weightless(chain: Chain) -> None:
    """Use a copy of the model that has lost its weights."""
    [model] = chain.folder.glob("output/models/*")
    shutil.copytree(model, chain.folder / "mine", ignore=shutil.ignore_patterns("weights*", ".recipe*"))
    chain.configure("training", "model", "mine")


def pretrained(chain: Chain) -> None:
    chain.configure("training", "weights", "imagenet")
    chain.configure("training", "strategy", "two_stage")


FAILED = {
    "no model": (lambda chain: chain.configure("training", "model", "mine"), "FullCorpusReport", "holds no model"),
    "model without weights": (weightless, "FullCorpusReport", "weights.safetensors is missing"),
    "no download": (pretrained, "TrainClassifier", "connect to the internet once, or download https://"),
    "damaged sheet": (lambda chain: cut(chain.corpus.audit_sheet), "AuditSheet", "restore it, or remove it"),
}


@pytest.mark.parametrize("case", FAILED)
def test_what_a_person_must_mend_is_told_once(chain, case, tmp_path, monkeypatch):
    change, stage, told = FAILED[case]
    change(chain)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nothing cached"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # the discard port: nobody answers
    run = chain.run()
    assert (run.status, run.did) == (1, []), run.told
    assert says_once(run, stage, told), run.told


def test_labels_of_one_class_give_a_page_that_says_so(chain):
    relabel_all(chain)
    run = chain.run()
    assert run.status == 4, run.told
    assert "at least two classes in training nights; found" in run.told
    page = (chain.folder / "output" / "report" / "model=none" / "report.html").read_text()
    assert "There is no model: Training needs labelled frames of at least two classes" in page
    assert "The labels cannot teach a model yet." in page


def test_damaged_tables_are_made_anew(chain):
    output = chain.folder / "output"
    places = ["months/month=2023-02/frames", "frames/night=2023-02-05/frames", "readings/night=2023-02-05/readings"]
    places += ["inventory/videos", "inventory/.sources"]
    before = {place: pd.read_parquet(output / f"{place}.parquet", partitioning=None) for place in places}
    for place in places:
        cut(output / f"{place}.parquet")
    chain.configure("report", "threshold", "0.9")
    run = chain.run()
    assert run.status == 0, run.told
    assert "Traceback" not in run.told
    assert {"VideoInventory", "NightFrames", "MonthFrames", "FullCorpusReport"} <= run.stages
    for place, table in before.items():
        pd.testing.assert_frame_equal(pd.read_parquet(output / f"{place}.parquet", partitioning=None), table, obj=place)
