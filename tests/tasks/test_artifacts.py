"""Artifacts are whole or absent, and know the recipe that made them."""

from __future__ import annotations

import errno
import json
import math
import os
import socket
import subprocess
import sys
import textwrap
import time
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pytest

from allsky.tables import SPLIT
from tasks import artifacts, temporaries
from tasks.artifacts import FileArtifact, FolderArtifact, TableArtifact, UnwritableOutput, drafts, finding_room_in
from tasks.temporaries import RUNNING, sweep
from tasks.train_classifier import TrainClassifier

ROW = pd.DataFrame([{"frame_id": "a_1", "night": "2023-01-01", "label": "aurora", "split": "train", "weight": 1.0}])


def everything_under(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def artifacts_in(root):
    return {
        "folder": FolderArtifact(root / "pictures" / "night=1"),
        "file": FileArtifact(root / "answers.csv"),
        "table": TableArtifact(root / "split" / "split.parquet", SPLIT),
    }


def write(root, recipe, text="hello"):
    with drafts(root, artifacts_in(root), recipe) as output:
        (output["folder"].path / "picture.txt").write_text(text)
        output["file"].path.write_text(text)
        output["table"].write(ROW, problem="none")


def test_each_kind_of_artifact_remembers_its_recipe(tmp_path):
    write(tmp_path, "r1")
    assert {artifact.recipe() for artifact in artifacts_in(tmp_path).values()} == {"r1"}
    assert artifacts_in(tmp_path)["table"].notes() == {"problem": "none"}
    pd.testing.assert_frame_equal(artifacts_in(tmp_path)["table"].read(), ROW)


def test_nothing_temporary_is_left_and_a_new_recipe_replaces_the_old(tmp_path):
    write(tmp_path, "r1")
    before = everything_under(tmp_path)
    write(tmp_path, "r2", "again")
    assert everything_under(tmp_path) == before
    assert {artifact.recipe() for artifact in artifacts_in(tmp_path).values()} == {"r2"}
    assert (tmp_path / "pictures" / "night=1" / "picture.txt").read_text() == "again"


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path):
    write(tmp_path, "r1")
    before = everything_under(tmp_path)
    with pytest.raises(ZeroDivisionError), drafts(tmp_path, artifacts_in(tmp_path), "r2") as output:
        (output["folder"].path / "half.txt").write_text("half")
        output["table"].write(ROW)
        raise ZeroDivisionError
    assert everything_under(tmp_path) == before
    assert {artifact.recipe() for artifact in artifacts_in(tmp_path).values()} == {"r1"}


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_that_a_full_disk_keeps_from_its_place_leaves_the_old_one_there(tmp_path, monkeypatch):
    folder = {"": FolderArtifact(tmp_path / "pictures" / "night=1")}
    with drafts(tmp_path, folder, "r1") as output:
        (output[""].path / "picture.txt").write_text("old")
    before = everything_under(tmp_path)
    rename = os.rename

    def but_no_draft(source, target):
        # A full disk has no room for a larger directory, and the old name is still in this one.
        full_disk() if ".old.tmp~" not in f"{source}{target}" else rename(source, target)

    monkeypatch.setattr(os, "rename", but_no_draft)
    told = pytest.raises(UnwritableOutput, match=f"takes no more .{os.strerror(errno.ENOSPC)}")
    with told, finding_room_in(tmp_path), drafts(tmp_path, folder, "r2") as output:
        (output[""].path / "picture.txt").write_text("new")
    assert everything_under(tmp_path) == before
    assert (tmp_path / "pictures" / "night=1" / "picture.txt").read_text() == "old"
    assert folder[""].recipe() == "r1"


def test_a_folder_whose_equal_another_worker_put_in_place_first_gives_way(tmp_path, monkeypatch):
    folder = {"": FolderArtifact(tmp_path / "pictures" / "night=1")}
    rename = os.rename

    def after_another(source, target):
        if ".old.tmp~" not in str(target):
            folder[""].path.mkdir()
            (folder[""].path / "picture.txt").write_text("by another worker")
        rename(source, target)

    monkeypatch.setattr(os, "rename", after_another)
    with drafts(tmp_path, folder, "r1") as output:
        (output[""].path / "picture.txt").write_text("by this one")
    assert (tmp_path / "pictures" / "night=1" / "picture.txt").read_text() == "by another worker"
    assert not [name for name in everything_under(tmp_path) if ".tmp~" in name]


def test_a_record_that_cannot_be_written_leaves_nothing_temporary(tmp_path, monkeypatch):
    (tmp_path / "answers").mkdir()
    file = {"": FileArtifact(tmp_path / "answers" / "answers.csv")}
    flush = artifacts.flush

    def but_no_record(path):
        full_disk() if ".recipe.json" in path.name else flush(path)

    monkeypatch.setattr(artifacts, "flush", but_no_record)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)), drafts(tmp_path, file, "r1"):
        pass
    assert everything_under(tmp_path / "answers") == ["answers.csv"]
    assert file[""].recipe() is None


def test_what_another_worker_published_meanwhile_stays(tmp_path):
    write(tmp_path, "r1", text="by another worker")
    before = everything_under(tmp_path)
    with drafts(tmp_path, artifacts_in(tmp_path), "r1", there=lambda: True) as output:
        output["file"].path.write_text("by this one")
    assert everything_under(tmp_path) == before
    assert artifacts_in(tmp_path)["file"].path.read_text() == "by another worker"


def test_the_record_is_gone_while_its_companions_are_replaced(tmp_path, monkeypatch):
    write(tmp_path, "r1")
    seen = []
    publish = FolderArtifact.publish

    def watching(self, draft):
        seen.append(artifacts_in(tmp_path)["table"].recipe())
        publish(self, draft)

    monkeypatch.setattr(FolderArtifact, "publish", watching)
    write(tmp_path, "r2")
    assert seen == [None]


def test_a_broken_table_counts_as_absent(tmp_path):
    write(tmp_path, "r1")
    table = artifacts_in(tmp_path)["table"]
    table.path.write_bytes(table.path.read_bytes()[:-20])
    assert table.recipe() is None


def test_what_a_killed_process_left_is_swept_and_what_lives_is_not(tmp_path):
    script = textwrap.dedent(f"""
        import pathlib, time
        from tasks.artifacts import FolderArtifact, drafts
        root = pathlib.Path({str(tmp_path)!r})
        with drafts(root, {{"": FolderArtifact(root / "images" / "night=1")}}, "r") as output:
            (output[""].path / "half.jpg").write_text("half")
            print("writing", flush=True)
            time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert process.stdout.readline() == "writing\n"
    assert sweep(tmp_path) == 0
    assert len(list((tmp_path / "images").iterdir())) == 1
    process.kill()
    process.wait()
    assert sweep(tmp_path) == 1
    assert list((tmp_path / "images").iterdir()) == []
    assert list((tmp_path / RUNNING).iterdir()) == []


@pytest.mark.parametrize("listed", ["*.json", ".*.tmp~*"], ids=["markers", "drafts"])
def test_two_runs_that_sweep_at_once_do_not_trip_over_each_other(tmp_path, monkeypatch, listed):
    (tmp_path / RUNNING).mkdir()
    host = socket.gethostname()
    (tmp_path / RUNNING / f"{host}~1~1.00~5.json").write_text(json.dumps(["images/night=1"]))
    draft = tmp_path / "images" / f".night=1.tmp~{host}~1~1.00"
    draft.mkdir(parents=True)
    (draft / "half.jpg").write_text("half")
    (tmp_path / "images" / f".night=1.jpg.tmp~{host}~1~1.00").write_text("half")
    glob = Path.glob

    def and_the_other_sweeps(folder, pattern):
        found = list(glob(folder, pattern))
        if fnmatch(pattern, listed):
            monkeypatch.setattr(Path, "glob", glob)
            assert sweep(tmp_path) == 2
        return iter(found)

    monkeypatch.setattr(Path, "glob", and_the_other_sweeps)
    sweep(tmp_path)
    assert list((tmp_path / "images").iterdir()) == [] and list((tmp_path / RUNNING).iterdir()) == []


def test_a_folder_that_shrinks_while_it_is_swept_goes_whole(tmp_path, monkeypatch):
    (tmp_path / RUNNING).mkdir()
    host = socket.gethostname()
    (tmp_path / RUNNING / f"{host}~1~1.00~5.json").write_text(json.dumps(["images/night=1"]))
    draft = tmp_path / "images" / f".night=1.tmp~{host}~1~1.00"
    draft.mkdir(parents=True)
    for number in range(3):
        (draft / f"{number}.jpg").write_text("half")
    unlink = os.unlink

    def after_the_other(*args, **kwargs):
        monkeypatch.setattr(os, "unlink", unlink)
        unlink(*args, **kwargs)
        unlink(*args, **kwargs)

    monkeypatch.setattr(os, "unlink", after_the_other)
    assert sweep(tmp_path) == 1
    assert not draft.exists()


def test_another_hosts_draft_is_left_for_a_day(tmp_path):
    (tmp_path / RUNNING).mkdir()
    marker = tmp_path / RUNNING / "elsewhere~123~1.00~5.json"
    marker.write_text(json.dumps(["images/night=1"]))
    draft = tmp_path / "images" / ".night=1.tmp~elsewhere~123~1.00"
    draft.mkdir(parents=True)
    assert sweep(tmp_path) == 0
    long_ago = time.time() - 2 * 86_400
    os.utime(marker, (long_ago, long_ago))
    assert sweep(tmp_path) == 1
    assert not draft.exists()


@pytest.mark.usefixtures("empty_archive")
def test_a_stage_that_tells_how_far_it_is_keeps_its_draft_for_longer_than_a_day(tmp_path, monkeypatch):
    monkeypatch.setattr(temporaries._Announced, "touched", -math.inf)
    stage, long_ago = TrainClassifier(model="efficientnet_b1-0123abcd"), time.time() - 2 * 86_400
    with drafts(tmp_path, artifacts_in(tmp_path), "r1"):
        (marker,) = (tmp_path / RUNNING).iterdir()
        os.utime(marker, (long_ago, long_ago))
        stage.progress(0.5, "epoch 6 of 12")
        touched = marker.stat().st_mtime
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(socket, "gethostname", lambda: "another")
            assert sweep(tmp_path) == 0
        assert len(list((tmp_path / "pictures").iterdir())) == 1
        stage.progress(0.5, "epoch 6 of 12")
        assert marker.stat().st_mtime == touched  # the file system is not asked at every step
    assert temporaries._Announced.markers == set()
