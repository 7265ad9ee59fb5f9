"""What a power cut can leave: the old artifact, none, or the new one, and never a record of what is not there.

The order of flushes and renames is what the kernel guarantees anything by (fsync(2), rename(2)); a test
cannot cut the power, so it watches the order.
"""

from __future__ import annotations

import os

import pandas as pd
import pytest

from allsky.tables import SPLIT
from tasks import durable
from tasks.artifacts import FolderArtifact, TableArtifact, drafts

ROW = pd.DataFrame([{"frame_id": "a_1", "night": "2023-01-01", "label": "aurora", "split": "train", "weight": 1.0}])


@pytest.fixture
def order(tmp_path, monkeypatch):
    """Names in the order in which they were flushed or renamed while a folder and its record were published."""
    happened = []
    fsync, replace, rename = os.fsync, os.replace, os.rename

    def watched(opened):
        happened.append(("flush", os.path.basename(os.readlink(f"/proc/self/fd/{opened}")).split(".tmp~")[0]))
        fsync(opened)

    def moved(move):
        def watched_move(before, after):
            happened.append(("rename", os.path.basename(after).split(".tmp~")[0]))
            move(before, after)

        return watched_move

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr(os, "replace", moved(replace))
    monkeypatch.setattr(os, "rename", moved(rename))
    output = {
        "images": FolderArtifact(tmp_path / "images" / "night=1"),
        "frames": TableArtifact(tmp_path / "split" / "split.parquet", SPLIT),
    }
    with drafts(tmp_path, output, "recipe") as draft:
        (draft["images"].path / "frame.jpg").write_text("a frame")
        draft["frames"].write(ROW)
    return happened


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="file descriptors have no names here")
def test_bytes_are_on_the_disk_before_their_name_and_the_name_before_the_record(order):
    images, record = order.index(("rename", "night=1")), order.index(("rename", "split.parquet"))
    assert order.index(("flush", "frame.jpg")) < images
    assert order.index(("flush", ".split.parquet")) < images < record
    assert ("flush", "images") in order[images:record]
    assert ("flush", "split") in order[record:]


def test_many_files_are_flushed_at_once(tmp_path, monkeypatch):
    for number in range(durable.ONE_BY_ONE + 1):
        (tmp_path / f"{number}.jpg").touch()
    flushed = []
    monkeypatch.setattr(durable, "_flush_one", flushed.append)
    durable.flush(tmp_path)
    assert flushed == []
