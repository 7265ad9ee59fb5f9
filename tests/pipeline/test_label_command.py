"""What `allsky label` says and which frames it puts before whom."""

from __future__ import annotations

import re

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from allsky.errors import AllskyError, BadLabels
from allsky.labels.answers import ADJUDICATED, labels_digest, read_labels
from allsky.labels.file import LabelFile
from allsky.labels.roles import night_role
from allsky.tables import SHEET
from pipeline.cli import main
from pipeline.labelling.command import Asked, desk_for, label_proposed, settle
from pipeline.labelling.keys import answers
from pipeline.labelling.material import open_material
from tasks import settings
from tests.pipeline.label_page import CLASSES, desk_of
from tests.pipeline.labelling_corpus import make_corpus


@pytest.fixture
def made(tmp_path):
    return make_corpus(tmp_path, n_nights=16)


@pytest.fixture
def allsky(made, monkeypatch):
    """Runs `allsky ARGUMENTS` on the corpus; what it printed, and its exit status."""
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(made.configuration))
    settings.current.cache_clear()

    def run(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(main, arguments)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended.exit_code, ended.output

    yield run
    settings.current.cache_clear()


def material(made):
    return open_material(settings.load(made.configuration))


def fill(made, labeller: str, label=lambda frame: "aurora", **asked) -> None:
    desk = desk_of(made, labeller, **asked)
    for frame in list(desk.waiting):
        desk.answer(frame, label(frame))


def test_a_desk_is_taken_up_where_it_was_left(made):
    desk = desk_of(made)
    first, second = desk.waiting[:2]
    desk.answer(first, "aurora")
    again = desk_of(made)
    assert again.waiting == desk.waiting
    assert again.waiting[0] == second
    again.undo()
    assert desk_of(made).waiting[0] == first


def test_an_answer_is_a_whole_row_with_its_time_in_utc(made):
    desk = desk_of(made)
    desk.answer(desk.waiting[0], "unsure", "thin  cloud,\nmoonlit")
    row = read_labels(made.labels, CLASSES).iloc[0]
    frame = made.frames.set_index("frame_id").loc[row["frame_id"]]
    assert (row["video"], row["frame_index"]) == (frame["video"], frame["frame_index"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["time"])
    assert row["note"] == "thin cloud, moonlit"


def test_one_sheet_alone_may_be_asked_for(made):
    sheet = made.sheet
    audit = set(sheet.loc[sheet["role"] == "audit", "frame_id"])
    assert set(desk_of(made, only="audit").queue.index) == audit
    assert set(desk_of(made, only="training").queue.index) == set(sheet["frame_id"]) - audit


def test_frames_drawn_for_a_model_by_its_scores_are_asked_about_too(made):
    drawn = set(made.sheet["frame_id"])
    free = made.frames[~made.frames["frame_id"].isin(drawn) & (made.frames["night"].map(night_role) == "audit")].head(3)
    rows = free[["frame_id", "night", "video", "frame_index"]].assign(
        role="audit", stratum="0.1 to 0.5", inclusion_probability=0.2, drawn_for_model="a-model"
    )
    path = made.corpus.scored_sheet("a-model")
    path.parent.mkdir(parents=True)
    pq.write_table(SHEET.to_arrow(rows), path)
    assert set(desk_of(made).queue.index) == drawn | set(free["frame_id"])


def test_two_people_share_the_work_and_meet_on_one_audit_frame_in_ten(made):
    fill(made, "ann")
    fill(made, "bo")
    labels = read_labels(made.labels, CLASSES)
    twice = labels[labels.duplicated("frame_id")]["frame_id"]
    audit = made.sheet[made.sheet["role"] == "audit"]
    assert set(twice) <= set(audit["frame_id"])
    assert len(twice) >= 0.1 * len(audit)
    assert labels["frame_id"].nunique() == made.sheet["frame_id"].nunique()


def test_disagreements_come_to_be_settled_without_names_and_the_settled_answer_counts(made):
    fill(made, "ann")
    fill(made, "bo", lambda frame: "no_aurora")
    desk = settle(material(made), "cy")
    frame = desk.waiting[0]
    hint = desk.state()["frame"]["hint"]
    assert hint == "answers: aurora, no aurora"
    desk.answer(frame, "no_aurora")
    row = read_labels(made.labels, CLASSES).iloc[-1]
    assert row[["frame_id", "label", "labeller", "note"]].tolist() == [frame, "no_aurora", ADJUDICATED, "by cy"]
    assert settle(material(made), "cy").waiting == desk.waiting


def test_nobody_labels_under_the_name_that_settles(made):
    with pytest.raises(BadLabels, match="--adjudicate"):
        desk_for(material(made), ADJUDICATED, Asked())


def test_an_answer_given_with_predictions_in_sight_says_so(made):
    sheet = made.sheet
    predicted = made.frames[["frame_id", "night"]].assign(p_aurora=0.9, p_no_aurora=0.1, predicted="aurora")
    path = made.corpus.predictions("small-1", "2023-01-01")
    path.parent.mkdir(parents=True)
    predicted.to_parquet(path)
    desk = desk_of(made, show_predictions=True)
    assert desk.state()["frame"]["hint"] == "model: aurora 90%, no_aurora 10%"
    desk.answer(desk.waiting[0], "aurora", "faint")
    assert read_labels(made.labels, CLASSES)["note"].tolist() == ["faint; predictions shown"]
    assert len(desk.queue) == sheet["frame_id"].nunique()


@pytest.mark.parametrize(
    ("options", "message"), [({}, "there are none yet"), ({"model": "big-2"}, "no predictions of a model 'big-2'")]
)
def test_predictions_that_are_not_there_are_said_to_be_missing(made, options, message):
    with pytest.raises(AllskyError, match=re.compile(message, re.I)):
        desk_of(made, show_predictions=True, **options)


def test_a_corrected_clock_renames_frames_and_loses_no_answer(made):
    desk = desk_of(made)
    frame = desk.waiting[0]
    row = desk.queue.loc[frame]
    LabelFile(made.labels).append(
        [
            {
                "frame_id": "old_name",
                "label": "aurora",
                "labeller": "ann",
                "video": row["video"],
                "frame_index": row["frame_index"],
            }
        ]
    )
    again = desk_of(made)
    assert frame not in again.waiting
    assert again.undo() == frame
    assert read_labels(made.labels, CLASSES).empty


def test_the_budget_says_what_is_supposed_and_what_is_out_of_reach(allsky):
    status, told = allsky("label", "--budget", "--width", "0.1", "--rate", "0.02", "--icc", "0.2")
    assert status == 0
    assert "rate of 2%" in told and "correlation of 0.2" in told
    assert "Night, no moon" in told and "out of reach" in told
    assert "35% of all nights" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "--width", "2"], "--width 2: expected"),
        (["--budget", "--agreement"], "--budget and --agreement: one of them"),
        (["--labeller", "adjudicated"], "use `--adjudicate`"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(allsky, arguments, message):
    status, told = allsky("label", *arguments)
    assert status == 2
    assert message in told


def test_the_simulated_labeller_s_file_is_nobody_s_to_write(made, allsky, monkeypatch):
    text = made.configuration.read_text().replace("videos = videos", "videos = simulated")
    made.configuration.write_text(text.replace("file = labels.csv", "file = simulated"))
    status, told = allsky("label")
    assert status == 2
    assert "--file" in told


def test_the_simulated_labeller_s_answers_may_be_taken_elsewhere(made, allsky, tmp_path):
    frame = material(made).usable["frame_id"][0]
    text = made.configuration.read_text().replace("videos = videos", "videos = simulated")
    made.configuration.write_text(text.replace("file = labels.csv", "file = simulated"))
    simulated = settings.load(made.configuration).labels_file
    simulated.parent.mkdir(parents=True)
    simulated.write_text(f"frame_id,label,labeller\n{frame},aurora,simulated\n")
    status, told = allsky("label", "--export", str(tmp_path / "answers.csv"))
    assert status == 0, told
    assert read_labels(tmp_path / "answers.csv", CLASSES)["label"].tolist() == ["aurora"]


def test_before_a_first_run_there_is_nothing_to_label(tmp_path, monkeypatch):
    made = make_corpus(tmp_path, n_nights=1)
    (made.corpus.root / "months").rename(made.corpus.root / "elsewhere")
    with pytest.raises(BadLabels, match="Run `luigi"):
        material(made)


def test_agreement_is_said_with_its_interval_or_with_what_is_missing(made, allsky):
    assert "A second person starts" in allsky("label", "--agreement")[1]
    fill(made, "ann", lambda frame: "aurora" if frame[-4] in "13579" else "no_aurora")
    fill(made, "bo", lambda frame: "aurora" if frame[-4] in "1357" else "no_aurora")
    status, told = allsky("label", "--agreement")
    assert status == 0
    assert re.search(r"ann and bo, every answer: [\d.]+% \([\d.]+ to [\d.]+\) of \d+ audit frames of \d+ nights", told)
    assert "Cohen's kappa" in told and "disagreement:" in told


def test_every_answer_has_a_key_of_its_own_that_means_nothing_else():
    found = answers(["aurora", "cloud", "clear", "moon", "snow", "airglow", "meteor", "bcrmsz", "x1", "x2"])
    keys = [key for answer in found for key in answer.keys]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("bcrmsz")
    assert [answer.keys for answer in answers(CLASSES)] == [("a", "1"), ("n", "2"), ("u",)]


def test_a_key_for_clouds_is_an_answer_of_its_own_and_counts_as_no_aurora(made, allsky, tmp_path):
    made.configuration.write_text(made.configuration.read_text().replace("[labels]", "[labels]\ncloudy = cloudy"))
    settings.current.cache_clear()
    assert [answer.keys for answer in answers(material(made).answers)] == [("a", "1"), ("n", "2"), ("l", "3"), ("u",)]
    fill(made, "ann", lambda frame: "cloudy")
    fill(made, "bo", lambda frame: "no_aurora")
    assert settle(material(made), "cy").waiting == []
    _, told = allsky("label", "--agreement")
    assert "100.0%" in told and "disagreement: 0" in told
    status, _ = allsky("label", "--export", str(tmp_path / "out.json"))
    assert status == 0
    assert "cloudy" in (tmp_path / "out.json").read_text() and 'value="cloudy"' in (tmp_path / "out.xml").read_text()
    by_class = material(made).by_class()
    assert set(by_class["label"]) == {"no_aurora"} and set(by_class["answer"]) == {"cloudy", "no_aurora"}
    assert labels_digest(by_class) == labels_digest(material(made).labels())


# To and from other programs.


@pytest.mark.parametrize("target", ["out.csv", "out.json", "out"])
def test_what_is_exported_can_be_taken_in_elsewhere(made, allsky, tmp_path, target):
    desk = desk_of(made)
    for frame, label in zip(desk.waiting[:3], ("aurora", "no_aurora", "unsure"), strict=True):
        desk.answer(frame, label)
    path = tmp_path / "exported" / target
    status, told = allsky("label", "--export", str(path))
    assert status == 0, told
    elsewhere = tmp_path / "elsewhere.csv"
    for added in (3, 0):
        status, told = allsky("label", "--import", str(path), "--file", str(elsewhere), "--labeller", "ann")
        assert (status, f"{added} added" in told) == (0, True), told
    before, after = (read_labels(file, CLASSES).set_index("frame_id") for file in (made.labels, elsewhere))
    assert after["label"].to_dict() == before["label"].to_dict()
    assert set(after["labeller"]) == {"ann"}
    assert after["video"].notna().all()


def test_an_export_overwrites_nothing(made, allsky):
    made.labels.write_text("frame_id,label,labeller\n")
    status, told = allsky("label", "--export", str(made.labels))
    assert (status, "is there already" in told) == (2, True)


# What teaches most.


def predict(made) -> None:
    """A model that is unsure of moonlit frames only."""
    frames = made.frames
    p = frames["lunar_bin"].eq("Moon_Full").map({True: 0.5, False: 0.999})
    for night, of_night in frames.assign(p_aurora=p, p_no_aurora=1 - p, predicted="aurora").groupby("night"):
        path = made.corpus.predictions("small-1", str(night))
        path.parent.mkdir(parents=True, exist_ok=True)
        of_night[["frame_id", "night", "utc", "p_aurora", "p_no_aurora", "predicted"]].to_parquet(path)


def test_frames_that_would_teach_most_are_doubtful_ones_of_training_nights_that_nobody_was_asked_about(made):
    predict(made)
    desk = label_proposed(material(made), "ann", Asked(propose=6))
    frames = made.frames.set_index("frame_id").loc[list(desk.queue.index)]
    assert len(frames) == 6
    assert {night_role(night) for night in frames["night"]} == {"training"}
    assert set(frames["lunar_bin"]) == {"Moon_Full"}
    assert not set(frames.index) & set(made.sheet["frame_id"])
    desk.answer(desk.waiting[0], "aurora")
    again = label_proposed(material(made), "ann", Asked(propose=6))
    assert frames.index[0] not in again.queue.index


def test_nothing_is_proposed_where_no_model_has_predicted(made):
    with pytest.raises(AllskyError, match=r"(?i)there are none yet"):
        label_proposed(material(made), "ann", Asked(propose=6))


def test_where_nothing_was_drawn_or_nobody_disagrees_no_page_is_served(made, allsky):
    assert "no frame to show" in allsky("label", "--adjudicate")[1]
    for path in (made.corpus.sheet, made.corpus.audit_sheet):
        path.unlink()
    status, told = allsky("label")
    assert (status, "no frame to show" in told) == (0, True), told
