"""A rate says whose answers it stands on, and what it would be against somebody else's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from allsky.report import ReportData, render_report
from allsky.report.people import labellers
from allsky.statistics.agreement import agreement_table
from allsky.statistics.labellers import SETTLED, rates_by_labeller, relative_to
from allsky.statistics.rates import condition_table
from allsky.statistics.tally import Tally
from allsky.tables import LABELLER_RATES
from tests.allsky import report_corpus as corpus

CLASSES = ("aurora", "no_aurora")


@pytest.fixture(scope="module")
def material():
    frames = corpus.frames()
    sheet = corpus.sheet(frames)
    ada = corpus.labels(frames)
    return frames, corpus.predictions(frames), sheet, ada[ada["frame_id"].isin(sheet["frame_id"])]


def strict(ada: pd.DataFrame) -> pd.DataFrame:
    """A second person who answers half of the frames and calls every fifth aurora none."""
    bo = ada.iloc[::2].assign(labeller="bo")
    less = (np.arange(len(bo)) % 5 == 0) & (bo["label"] == "aurora")
    return bo.assign(label=bo["label"].mask(less, "no_aurora"))


@pytest.fixture(scope="module")
def two_people(material) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answers of both, and the rates against each."""
    frames, predictions, sheet, ada = material
    both = pd.concat([ada, strict(ada)], ignore_index=True)
    return both, rates_by_labeller(predictions, frames, sheet, both, CLASSES, "aurora")


def whole(table: pd.DataFrame) -> pd.DataFrame:
    chosen = table[(table["solar_bin"] == "All") & (table["lunar_bin"] == "All")]
    return chosen.set_index(["judge", "frames"])


def test_one_person_s_rates_are_those_of_the_condition_table(material):
    frames, predictions, sheet, ada = material
    table = rates_by_labeller(predictions, frames, sheet, ada, CLASSES, "aurora")
    LABELLER_RATES.to_arrow(table)
    expected = condition_table(predictions, frames, sheet, ada, CLASSES, "aurora")
    assert set(table["judge"]) == {"ada"}
    assert table["fpr"].to_numpy() == pytest.approx(expected["fpr"].to_numpy(), nan_ok=True)


def test_two_people_are_judges_on_their_own_frames_and_on_the_shared_ones(two_people):
    table = whole(two_people[1])
    assert set(table.index) == {(who, which) for who in (SETTLED, "ada", "bo") for which in ("theirs", "shared")}
    labelled = table["n_labelled"] + table["n_unsure"]
    assert labelled["ada", "shared"] == labelled["bo", "shared"] == labelled["bo", "theirs"]
    # Who calls aurora none finds more false alarms.
    assert table.loc[("bo", "shared"), "fpr"] > table.loc[("ada", "shared"), "fpr"]
    # Where they disagree the settled answer is unsure, until somebody settles it.
    assert table.loc[(SETTLED, "shared"), "n_unsure"] > table.loc[("ada", "shared"), "n_unsure"]


def test_without_labels_there_are_no_judges(material):
    frames, predictions, sheet, ada = material
    assert rates_by_labeller(predictions, frames, sheet, ada.iloc[:0], CLASSES, "aurora").empty
    assert relative_to(ada.iloc[:0]) == ""


def page(material, answers: pd.DataFrame | None, rates: pd.DataFrame | None = None) -> str:
    frames, _, sheet, _ = material
    people = {} if answers is None else {"agreement": agreement_table(answers, frames), "labeller_rates": rates}
    html = render_report(ReportData(corpus.SITE, tally=Tally.of(frames), sheet=sheet, labels=answers, **people))
    return " ".join(html.split())


def test_the_page_says_that_one_person_judged(material):
    html = page(material, material[3])
    assert "Every rate is relative to one person (ada)." in html
    assert "answered by a second person" in html


def test_the_page_gives_the_rates_against_each_of_two_people(material, two_people):
    html = page(material, *two_people)
    assert "relative to 2 people (ada, bo)" in html
    assert "Cohen’s kappa" in html
    assert "left unsure by disagreement" in html
    for judge in ("the settled answers", "ada", "bo"):
        assert f'<th scope="row">{judge}</th>' in html


def test_a_page_without_labels_names_nobody(material):
    assert "Every rate" not in page(material, None)
    assert labellers(ReportData(corpus.SITE)) is None


def test_a_program_that_answered_is_no_person(material):
    html = page(material, material[3].assign(labeller="simulated"))
    assert "Every rate is relative to the answers of a program." in html
    assert "second person" not in html
