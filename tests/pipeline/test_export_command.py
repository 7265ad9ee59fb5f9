"""`allsky export` writes a corpus into one file, whole or not at all."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from tasks import settings
from tests.pipeline.labelling_corpus import make_corpus


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Twelve nights of one month, and a model's predictions of the first ten."""
    made = make_corpus(tmp_path_factory.mktemp("camera"))
    frames = made.frames[made.frames["night"] <= "2023-01-10"]
    said = frames[["frame_id", "night", "utc"]].assign(p_aurora=0.75, p_no_aurora=0.25, predicted="aurora")
    for night, rows in said.groupby("night"):
        path = made.corpus.predictions("resnet18-1a2b", str(night))
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path, index=False)
    return made


@pytest.fixture
def export(made, monkeypatch):
    monkeypatch.setattr(settings, "current", lambda: settings.load(made.configuration))
    return lambda *options: CliRunner().invoke(main, ["export", *map(str, options)])


def test_the_ending_of_the_name_chooses_the_format(export, made, tmp_path):
    pytest.importorskip("netCDF4")
    for name in ("frames.nc", "frames.csv", "frames.parquet"):
        told = export(tmp_path / name)
        assert told.exit_code == 0, told.output
        assert f"{len(made.frames):,} frames, predictions of resnet18-1a2b" in told.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "frames.csv", "frames.csv-metadata.json", "frames.nc", "frames.parquet",
    ]  # fmt: skip
    read = pd.read_parquet(tmp_path / "frames.parquet")
    assert read["frame_id"].tolist() == made.frames.sort_values("utc")["frame_id"].tolist()
    assert read["p_aurora"].notna().sum() == (made.frames["night"] <= "2023-01-10").sum()
    assert read["image"].iloc[0] == f"images/night=2023-01-01/{read['frame_id'].iloc[0]}.jpg"


def test_nights_and_attributes_are_the_user_s(export, tmp_path):
    target = tmp_path / "two.csv"
    asked = ("--first-night", "2023-01-03", "--last-night", "2023-01-04", "--attribute", "institution=Here")
    assert export(target, *asked).exit_code == 0
    assert set(pd.read_csv(target)["night"]) == {"2023-01-03", "2023-01-04"}
    said = json.loads((tmp_path / "two.csv-metadata.json").read_text())
    assert (said["acdd:institution"], said["acdd:time_coverage_resolution"]) == ("Here", "PT60S")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("frames.txt",), "End it with .nc, .csv or .parquet"),
        (("there.csv",), "an export overwrites nothing"),
        (("frames.csv", "--model", "neither"), "resnet18-1a2b"),
        (("frames.csv", "--attribute", "Here"), "expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_exported_is_said_and_leaves_nothing(export, tmp_path, options, words):
    (tmp_path / "there.csv").write_text("mine")
    told = export(tmp_path / options[0], *options[1:])
    assert (told.exit_code, words in told.output) == (2, True), told.output
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]


def test_a_description_that_lies_there_is_somebody_s_and_stays(export, tmp_path):
    mine = tmp_path / "frames.csv-metadata.json"
    mine.write_text("mine")
    told = export(tmp_path / "frames.csv")
    assert (told.exit_code, f"{mine} is there already" in told.output) == (2, True), told.output
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(mine.name, "mine")]
    assert export(tmp_path / "frames.parquet").exit_code == 0


def test_a_frame_that_cannot_be_written_leaves_no_half_file(export, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("no such frame")

    monkeypatch.setattr("allsky.export.exported_table", fail)
    told = export(tmp_path / "frames.csv")
    assert told.exit_code == 2 and "no such frame" in told.output
    assert list(tmp_path.iterdir()) == []
