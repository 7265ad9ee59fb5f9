"""An answer that was confirmed is on the disk, whatever happens next, and one taken back is gone."""

from __future__ import annotations

import csv
import multiprocessing
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.errors import BadLabels
from allsky.labels.answers import read_labels
from allsky.labels.file import LabelFile
from allsky.tables import LABELS

CLASSES = ("aurora", "no_aurora")


def answer(frame: str, label: str = "aurora", labeller: str = "ann", note: str = "") -> dict:
    return {"frame_id": frame, "label": label, "labeller": labeller, "video": "a.mp4", "frame_index": 3, "note": note}


def told(path) -> list[tuple[str, str]]:
    labels = read_labels(path, CLASSES)
    return list(zip(labels["frame_id"], labels["label"], strict=True))


def test_the_file_begins_with_the_columns_of_the_labels_table(tmp_path):
    path = tmp_path / "new" / "labels.csv"
    LabelFile(path).append([answer("x"), answer("y", "unsure")])
    assert path.read_text().splitlines()[0].split(",") == LABELS.names
    assert told(path) == [("x", "aurora"), ("y", "unsure")]


def test_each_answer_is_synced_to_the_disk_before_append_returns(tmp_path, monkeypatch):
    path, synced = tmp_path / "labels.csv", []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (real(descriptor), synced.append(path.read_bytes())))
    LabelFile(path).append([answer("x")])
    assert b"x,aurora" in synced[0]


@given(note=st.text(max_size=60), labeller=st.text(min_size=1, max_size=20).filter(lambda name: name.strip()))
def test_whatever_is_typed_stays_one_row_that_reads_back(tmp_path_factory, note, labeller):
    path = tmp_path_factory.mktemp("typed") / "labels.csv"
    note, labeller = (text.encode("utf-8", "ignore").decode() for text in (note, labeller))
    LabelFile(path).append([answer("x", labeller=labeller, note=note), answer("y")])
    labels = read_labels(path, CLASSES)
    assert labels["frame_id"].tolist() == ["x", "y"]
    assert labels["note"][0] == " ".join(note.split())


def test_a_file_of_a_spreadsheet_goes_on_in_its_own_layout(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xef\xbb\xbfNote;Label;Labeller;Frame_ID\r\nhazy;aurora;bo;x")
    LabelFile(path).append([answer("y", "no_aurora", note="thin; cloud")])
    assert told(path) == [("x", "aurora"), ("y", "no_aurora")]
    assert path.read_bytes().endswith(b'\n"thin; cloud";no_aurora;ann;y\n')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"frame_id,label\nx,aurora\n", "labeller must be among them"),
        ("frame_id,label,labeller\nx,aurora,Bj\u00f8rn\n".encode("cp1252"), "not UTF-8"),
        ("frame_id,label,labeller\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_continued_is_refused_at_once_and_left_alone(tmp_path, content, message):
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(BadLabels, match=message):
        LabelFile(path)
    assert path.read_bytes() == content


def test_half_a_row_that_a_power_cut_left_was_never_confirmed_and_goes(tmp_path):
    path = tmp_path / "labels.csv"
    LabelFile(path).append([answer("x")])
    whole = path.read_bytes()
    path.write_bytes(whole + b"y,auro")
    LabelFile(path).append([answer("z")])
    assert told(path) == [("x", "aurora"), ("z", "aurora")]


def test_a_last_row_without_line_end_is_somebody_s_answer_and_stays(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("frame_id,label,labeller\nx,aurora,bo")
    LabelFile(path).append([answer("z")])
    assert told(path) == [("x", "aurora"), ("z", "aurora")]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "labels.csv"
    LabelFile(path).append([answer("x")])
    before, real = path.read_bytes(), os.pwrite

    def half_then_full(descriptor, content, place):
        if len(content) < 10:
            raise OSError(28, "No space left on device")
        return real(descriptor, content[:-5], place)

    monkeypatch.setattr(os, "pwrite", half_then_full)
    with pytest.raises(OSError, match="No space left"):
        LabelFile(path).append([answer("y")])
    assert path.read_bytes() == before


def test_undo_takes_the_last_answer_of_that_person_for_that_frame(tmp_path):
    path = tmp_path / "labels.csv"
    file = LabelFile(path)
    file.append([answer("x", "unsure"), answer("x"), answer("x", labeller="bo"), answer("y")])
    assert file.withdraw("x", "ann")
    rows = list(csv.DictReader(path.open()))
    assert [(row["frame_id"], row["label"], row["labeller"]) for row in rows] == [
        ("x", "unsure", "ann"),
        ("x", "aurora", "bo"),
        ("y", "aurora", "ann"),
    ]
    assert not file.withdraw("nobody's", "ann")


def test_undo_finds_a_frame_that_a_corrected_clock_renamed_and_spares_notes_of_many_lines(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(
        "frame_id,label,labeller,video,frame_index,note\n"
        'w,aurora,ann,b.mp4,1,"two\nlines"\nold,aurora,ann,a.mp4,3,\nz,aurora,ann,c.mp4,1,last\n'
    )
    assert LabelFile(path).withdraw("new", "ann", ("a.mp4", 3))
    assert told(path) == [("w", "aurora"), ("z", "aurora")]


def write_many(path, labeller: str) -> None:
    file = LabelFile(path)
    for number in range(40):
        file.append([answer(f"{labeller}{number}", labeller=labeller)])
        if number % 4 == 0:
            file.withdraw(f"{labeller}{number}", labeller)


def test_two_people_who_label_at_once_lose_nothing(tmp_path):
    path = tmp_path / "labels.csv"
    people = [multiprocessing.Process(target=write_many, args=(path, name)) for name in ("ann", "bo")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    expected = {f"{name}{number}" for name in ("ann", "bo") for number in range(40) if number % 4}
    assert set(read_labels(path, CLASSES)["frame_id"]) == expected
