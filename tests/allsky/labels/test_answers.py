"""Answers are read as people save them, find their frame again, and are never silently lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allsky.errors import BadLabels
from allsky.labels.answers import (
    agreed_labels,
    label_nights,
    labels_digest,
    match_labels,
    read_labels,
)
from allsky.tables import LABELS
from tests.allsky.synthetic_corpus import frames_of_night

CLASSES = ("aurora", "no_aurora")
DARK = ("Night", "No_Moon")


@pytest.fixture
def csv_file(tmp_path):
    def write(text: str, encoding: str = "utf-8"):
        path = tmp_path / "labels.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_is_read_as_any_spreadsheet_saves_it(csv_file, encoding, separator, newline):
    rows = [
        ["Frame_ID", "Label", "Labeller", "Time", "Note"],
        ["a_20230101T020000Z", " Aurora ", "Bjørn", "2024-01-01T00:00:00Z", '"faint, in ""haze"""'],
        ["a_20230101T020100Z", "", "Bjørn", "", ""],
        ["", "", "", "", ""],
        ["a_20230101T020200Z", "NO_AURORA", "", "", ""],
    ]
    text = newline.join(separator.join(row) for row in rows) + newline
    labels = read_labels(csv_file(text, encoding), CLASSES)
    assert list(labels["label"]) == ["aurora", "no_aurora"]
    assert list(labels["labeller"]) == ["Bjørn", "unnamed"]
    assert labels.loc[0, "note"] == 'faint, in "haze"'
    LABELS.to_arrow(labels)


def test_a_file_may_name_frames_by_video_and_index_alone(csv_file):
    labels = read_labels(csv_file("video,frame_index,label\n2023\\a.mp4,12.0,unsure\n"), CLASSES)
    assert labels.loc[0, ["video", "frame_index", "label"]].tolist() == ["2023/a.mp4", 12, "unsure"]
    assert labels["frame_id"].isna().all()


def test_the_last_answer_of_a_labeller_counts_and_others_keep_theirs(csv_file):
    text = "frame_id,label,labeller\nx,aurora,Ann\nx,no_aurora,Bo\nx,unsure,Ann\n"
    labels = read_labels(csv_file(text), CLASSES)
    assert dict(zip(labels["labeller"], labels["label"], strict=True)) == {"Bo": "no_aurora", "Ann": "unsure"}


@pytest.mark.parametrize("text", ["", "\n\n", "frame_id,label\n", "frame_id,label\nx,\n"])
def test_a_file_without_answers_is_no_error(csv_file, text):
    labels = read_labels(csv_file(text), CLASSES)
    assert len(labels) == 0
    LABELS.to_arrow(labels)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame_id,label\nx,aurora\ny,arora\n", r"row 3: `arora` is not one of .*aurora, no_aurora.*mean `aurora`"),
        ("frame,answer\nx,aurora\n", r"must begin with .*`frame_id`.*found frame, answer"),
        ("label,video\naurora,a.mp4\n", r"`video` and `frame_index`"),
        ("frame_id,video,frame_index,label\n,a.mp4,,aurora\n", r"row 2 \(`aurora`\) names no frame"),
        ("video,frame_index,label\na.mp4,twelve,aurora\n", r"row 2 \(`twelve`\) has a frame_index"),
        ("video,frame_index,label\na.mp4,-1,aurora\n", r"row 2 \(`-1`\) has a frame_index"),
        ("frame_id,label,note\nx,aurora,faint, hazy\n", r"row 2 has 4 cells for 3 columns"),
        ("frame_id,label,label\nx,aurora,aurora\n", r"each once"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_file_and_row(csv_file, text, message):
    with pytest.raises(BadLabels, match=message) as caught:
        read_labels(csv_file(text), CLASSES)
    assert "labels.csv" in str(caught.value)


def answers(frames: pd.DataFrame, label: str = "aurora") -> pd.DataFrame:
    labels = frames[["frame_id", "video", "frame_index"]].assign(label=label, labeller="Ann", time="", note="")
    return labels[LABELS.names].astype({"frame_index": "Int32"}).reset_index(drop=True)


def test_labels_follow_their_picture_when_the_clock_is_corrected_by_an_hour():
    """An hour off (a wrong zone) gives most old frame_ids to other pictures: names alone would move labels."""
    frames = frames_of_night("2023-01-05", [DARK] * 120)
    labels = answers(frames.iloc[10:20])
    earlier = [f"made_up_20230106T01{minute:02}00Z" for minute in range(60)]
    corrected = frames.assign(frame_id=[*earlier, *frames["frame_id"].iloc[:60]])
    assert set(labels["frame_id"]) <= set(corrected["frame_id"])
    matched, notices = match_labels(labels, corrected)
    assert list(matched["frame_index"]) == list(labels["frame_index"])
    assert list(matched["frame_id"]) == list(corrected["frame_id"].iloc[10:20])
    assert len(notices) == 1
    assert "10 labels follow their picture" in notices[0]


def test_labels_of_a_renamed_video_are_found_by_frame_id_and_said():
    frames = frames_of_night("2023-01-05", [DARK] * 10)
    matched, notices = match_labels(answers(frames), frames.assign(video="elsewhere.mp4"))
    assert set(matched["video"]) == {"elsewhere.mp4"}
    assert "10 labels were matched by frame_id" in notices[0]


def test_unknown_frames_are_named_and_the_others_kept():
    frames = frames_of_night("2023-01-05", [DARK] * 10)
    labels = answers(frames)
    labels.loc[3, ["frame_id", "video"]] = ["made_up_19990101T000000Z", "gone.mp4"]
    matched, notices = match_labels(labels, frames)
    assert len(matched) == 9
    assert "1 labels are for frames that do not exist (first: made_up_19990101T000000Z)" in notices[0]


def test_labels_of_another_archive_are_refused():
    frames = frames_of_night("2023-01-05", [DARK] * 10)
    with pytest.raises(BadLabels, match=r"None of the 10 labels"):
        match_labels(answers(frames_of_night("2011-01-05", [DARK] * 10)), frames)
    matched, notices = match_labels(answers(frames.iloc[:0]), frames)
    assert len(matched) == len(notices) == 0


def test_two_rows_that_turn_out_to_be_one_frame_are_one_answer():
    frames = frames_of_night("2023-01-05", [DARK] * 3)
    by_name, by_place = answers(frames.iloc[:1]), answers(frames.iloc[:1], "no_aurora")
    by_name[["video", "frame_index"]] = None
    by_place["frame_id"] = None
    matched, _ = match_labels(pd.concat([by_name, by_place], ignore_index=True), frames)
    assert matched["label"].tolist() == ["no_aurora"]


def test_most_labellers_decide_and_a_tie_is_unsure():
    given_answers = {"two_of_three": "aab", "tie": "ab", "alone": "b", "with_unsure": "auu"}
    words = {"a": "aurora", "b": "no_aurora", "u": "unsure"}
    rows = [(name, words[letter]) for name, letters in given_answers.items() for letter in letters]
    agreed = agreed_labels(pd.DataFrame(rows, columns=["frame_id", "label"])).set_index("frame_id")["label"]
    assert agreed.to_dict() == {
        "two_of_three": "aurora",
        "tie": "unsure",
        "alone": "no_aurora",
        "with_unsure": "unsure",
    }


def test_the_night_of_a_label_comes_from_its_video_or_else_its_time():
    labels = LABELS.empty().reindex(range(3))
    labels["frame_id"] = ["yk_20230102T020000Z", "yk_20230102T020000Z", "nonsense"]
    labels["video"] = ["known.mp4", None, None]
    nights = label_nights(labels, -114.35, {"known.mp4": "2019-12-31"})
    assert nights.iloc[:2].tolist() == ["2019-12-31", "2023-01-01"]
    assert pd.isna(nights.iloc[2])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_digest_knows_answers_and_forgets_order_time_and_notes(seed):
    generator = np.random.default_rng(seed)
    labels = answers(frames_of_night("2023-01-05", [DARK] * 6))
    shuffled = labels.sample(frac=1, random_state=seed % 1000).assign(time="later", note="seen twice")
    assert labels_digest(shuffled) == labels_digest(labels)
    changed = labels.copy()
    changed.loc[generator.integers(6), "label"] = "unsure"
    assert labels_digest(changed) != labels_digest(labels)
    assert labels_digest(labels.iloc[1:]) != labels_digest(labels)
