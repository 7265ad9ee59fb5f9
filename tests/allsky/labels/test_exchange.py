"""Answers survive the way to another program and back."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pandas as pd
import pytest

from allsky.errors import BadLabels
from allsky.labels.exchange import (
    label_studio_interface,
    label_studio_tasks,
    new_answers,
    read_answers,
    write_folders,
)
from allsky.tables import LABELS

CLASSES = ("aurora", "no_aurora")
FRAMES = pd.DataFrame(
    {
        "frame_id": ["yk_20230101T020000Z", "yk_20230101T020100Z", "yk_20230101T020200Z"],
        "night": "2022-12-31",
        "image": [f"images/night=2022-12-31/yk_20230101T020{minute}00Z.jpg" for minute in range(3)],
    }
)


def answers() -> pd.DataFrame:
    rows = [
        (FRAMES["frame_id"][0], "aurora", "ann"),
        (FRAMES["frame_id"][0], "no_aurora", "bo"),
        (FRAMES["frame_id"][1], "unsure", "ann"),
    ]
    table = pd.DataFrame(rows, columns=["frame_id", "label", "labeller"])
    table = table.assign(time="2026-02-01T10:00:00Z", note=['thin, "high" cloud', None, None])
    return table.reindex(columns=LABELS.names).astype({"frame_index": "Int32"})


def told(table: pd.DataFrame) -> list[tuple]:
    return sorted(table[["frame_id", "label", "labeller"]].itertuples(index=False, name=None))


def noted(table: pd.DataFrame) -> list[tuple]:
    return sorted(
        table.loc[table["note"].notna(), ["frame_id", "labeller", "note", "time"]].itertuples(index=False, name=None)
    )


def test_label_studio_gets_every_frame_as_a_task_and_gives_every_answer_back(tmp_path):
    tasks = label_studio_tasks(FRAMES, answers())
    assert [len(task["annotations"]) for task in tasks] == [2, 1, 0]
    assert tasks[0]["data"]["image"] == f"/data/local-files/?d={FRAMES['image'][0]}"
    for task in tasks:  # it makes the time of its import that of the answer
        for annotation in task["annotations"]:
            annotation |= {"created_at": "2026-11-28T21:51:51.446440Z", "completed_by": 1, "updated_by": None}
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks))
    back = read_answers(path, CLASSES, "me")
    LABELS.to_arrow(back)
    assert told(back) == told(answers())
    assert noted(back) == noted(answers()) != []


def test_what_label_studio_exports_is_understood(tmp_path):
    """Shape of an export as in https://labelstud.io/guide/task_format: ids, users, and a cancelled annotation."""
    choice = {"from_name": "label", "id": "Dx_a", "to_name": "image", "type": "choices", "origin": "manual"}
    result = [choice | {"value": {"choices": ["Aurora"]}}]
    task = {
        "id": 1,
        "data": {"image": "/data/local-files/?d=images/night%3D2022-12-31/yk_20230101T020000Z.jpg"},
        "annotations": [
            {
                "id": 1,
                "completed_by": 10,
                "result": result,
                "was_cancelled": False,
                "created_at": "2026-03-09T22:16:08Z",
            },
            {"id": 2, "completed_by": {"id": 3, "email": "bo@example.org"}, "result": result, "was_cancelled": False},
            {"id": 3, "completed_by": 11, "result": [], "was_cancelled": True},
        ],
        "predictions": [],
    }
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]))
    frame = FRAMES["frame_id"][0]
    found = read_answers(path, CLASSES, "me")
    assert told(found) == [(frame, "aurora", "bo@example.org"), (frame, "aurora", "label-studio-10")]
    assert found["time"][0] == "2026-03-09T22:16:08Z"


def test_the_interface_asks_for_what_the_tasks_answer():
    root = ElementTree.fromstring(label_studio_interface(CLASSES))
    choices = root.find("Choices")
    image = root.find("Image")
    assert choices is not None and image is not None
    assert [choice.get("value") for choice in choices] == ["aurora", "no_aurora", "unsure"]
    answer = label_studio_tasks(FRAMES, answers())[0]["annotations"][0]["result"][0]
    assert (answer["from_name"], answer["to_name"]) == (choices.get("name"), choices.get("toName"))
    assert image.get("value") == "$image"


@pytest.fixture
def pictures(tmp_path) -> dict[str, Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    found = {name: folder / f"{name}.jpg" for name in FRAMES["frame_id"]}
    for name, path in found.items():
        path.write_bytes(name.encode())
    return found


def test_folders_hold_a_copy_of_each_picture_and_come_back_as_answers(tmp_path, pictures):
    settled = pd.DataFrame({"frame_id": FRAMES["frame_id"][:2], "label": ["aurora", "unsure"]})
    assert write_folders(settled, pictures, tmp_path / "out") == 2
    assert (tmp_path / "out" / "aurora" / f"{FRAMES['frame_id'][0]}.jpg").read_bytes() == FRAMES["frame_id"][0].encode()
    back = read_answers(tmp_path / "out", CLASSES, "ann")
    assert told(back) == [(FRAMES["frame_id"][0], "aurora", "ann"), (FRAMES["frame_id"][1], "unsure", "ann")]


def test_a_folder_that_is_not_empty_is_not_written_into(tmp_path, pictures):
    (tmp_path / "out" / "aurora").mkdir(parents=True)
    with pytest.raises(BadLabels, match="not empty"):
        write_folders(answers(), pictures, tmp_path / "out")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda path: (path / "arora").mkdir(parents=True),
            r"a folder for each class \(aurora, no_aurora, unsure\), found arora",
        ),
        (lambda path: path.mkdir(), "it has no folders"),
        (lambda path: None, "is not there"),
    ],
)
def test_a_folder_that_cannot_be_meant_is_refused(tmp_path, make, message):
    make(tmp_path / "in")
    with pytest.raises(BadLabels, match=message):
        read_answers(tmp_path / "in", CLASSES, "me")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not JSON", "JSONDecodeError"),
        ('{"tasks": 1}', "a list of tasks"),
        ("{}", "a list of tasks"),
        # What Label Studio calls JSON-MIN.
        ('[{"id": 1, "image": "/data/local-files/?d=x.jpg", "label": "aurora"}]', "JSON-MIN"),
        (
            '[{"data": {"image": "x"}, "annotations":'
            ' [{"result": [{"type": "choices", "value": {"choices": ["arora"]}}]}]}]',
            "answer 'arora'",
        ),
    ],
)
def test_json_that_cannot_be_meant_is_refused_with_the_file(tmp_path, text, message):
    path = tmp_path / "tasks.json"
    path.write_text(text)
    with pytest.raises(BadLabels, match=message) as caught:
        read_answers(path, CLASSES, "me")
    assert "tasks.json" in str(caught.value)


def test_a_csv_without_names_is_by_whoever_takes_it_in(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("frame_id,label,labeller\nx,aurora,\ny,unsure,bo\n")
    assert told(read_answers(path, CLASSES, "me")) == [("x", "aurora", "me"), ("y", "unsure", "bo")]


def test_what_is_known_already_is_not_added_again():
    given = answers()
    changed = given.iloc[:1].assign(label="no_aurora")
    assert told(new_answers(pd.concat([given, changed]), given)) == told(changed)
    assert len(new_answers(given, given.iloc[:0])) == len(given)


@pytest.mark.parametrize(("time", "taken"), [("2024-01-01T11:59:59Z", 0), ("2024-01-01T12:00:01Z", 1), (None, 1)])
def test_an_answer_that_its_labeller_has_changed_since_does_not_come_back(time, taken):
    given = answers().iloc[:1].assign(time="2024-01-01T12:00:00Z")
    found = given.assign(label="no_aurora", time=time)
    assert len(new_answers(found, given)) == taken
