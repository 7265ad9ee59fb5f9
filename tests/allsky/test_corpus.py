"""A corpus read back in one line."""

import os

import pandas as pd
import pytest

from allsky.corpus import Corpus, open_corpus
from allsky.tables import MONTH_FRAMES
from tests.allsky.report_corpus import frames as made_frames


@pytest.fixture
def output(tmp_path):
    """A month of frames and the predictions of two models, `older` and `newer`."""
    corpus, table = Corpus(tmp_path), made_frames()[MONTH_FRAMES.names]
    corpus.month("2024-01").parent.mkdir(parents=True)
    MONTH_FRAMES.to_arrow(table).to_pandas().to_parquet(corpus.month("2024-01"))
    for model, p in (("older", 0.2), ("newer", 0.9)):
        path = corpus.predictions(model, "2024-01-01")
        path.parent.mkdir(parents=True)
        table[["frame_id"]].assign(p_aurora=p, predicted="aurora").to_parquet(path)
    return tmp_path


def report(output, model, at):
    page = Corpus(output).report_folder(model) / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("")
    os.utime(page, (at, at))


def test_of_several_models_the_last_reported_one_answers(output):
    report(output, "older", 1_700_000_000)
    report(output, "newer", 1_700_000_100)
    assert open_corpus(output)["p_aurora"].unique().tolist() == [0.9]
    assert open_corpus(str(output), model="older")["p_aurora"].unique().tolist() == [0.2]


def test_an_unknown_model_is_an_error_that_names_the_known(output):
    with pytest.raises(ValueError, match="newer, older"):
        open_corpus(output, model="neither")


def test_of_several_models_without_a_report_one_has_to_be_named(output):
    with pytest.raises(ValueError, match="name one: newer, older"):
        open_corpus(output)


def test_nothing_is_no_corpus(tmp_path):
    with pytest.raises(ValueError, match="empty list"):
        open_corpus([])
    with pytest.raises(FileNotFoundError, match="months"):
        open_corpus(tmp_path)


def test_paths_may_be_text():
    assert Corpus("output").videos.parts == ("output", "inventory", "videos.parquet")


def test_two_cameras_are_one_table(output, tmp_path):
    report(output, "newer", 1_700_000_100)
    both = open_corpus([output, output])
    assert len(both) == 2 * len(pd.read_parquet(output / "months"))
    assert both["image"].map(os.path.isabs).all()
