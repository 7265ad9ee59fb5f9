"""The corpora that judge the report's intervals have the truth that they say, and coverage.py ends with its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
CONDITION = {"solar_bin": "Nautical", "lunar_bin": "Moon_Quarter"}


@pytest.fixture
def made(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import made_corpora

    return made_corpora


@pytest.fixture
def judge(made):
    import whole_corpora

    return whole_corpora


def test_outcomes_come_as_often_as_the_truth_says(made):
    """Of 20,000 nights of 100 frames in each cell; the expectation is worked out, the nights are drawn."""
    generator = np.random.default_rng(0)
    found = made.night_chances(generator, 20_000, 0.3).mean(axis=0)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(made.CELLS)))
    truth = made.truths(np.ones(len(made.CELLS)))
    for cell, (tp, fp, tn, fn, unsure_yes, unsure_no) in zip(made.CELLS, found, strict=True):
        expected = truth[" x ".join(cell)]
        assert expected["fpr"] == pytest.approx(made.FPR[made.CELLS.index(cell)])
        assert expected["fnr"] == pytest.approx(made.FNR[made.CELLS.index(cell)])
        assert fp / (fp + tn) == pytest.approx(expected["fpr"], rel=0.06)
        assert fn / (fn + tp) == pytest.approx(expected["fnr"], rel=0.08)
        assert tp + fp + unsure_yes == pytest.approx(expected["positive_ratio"], rel=0.03)
        assert tp + fn + unsure_yes == pytest.approx(expected["corrected"], rel=0.03)
        assert unsure_yes + unsure_no == pytest.approx(0.02, rel=0.06)


def test_nights_are_as_alike_as_asked_and_not_across_a_summer(made):
    generator = np.random.default_rng(1)
    score = np.stack([made.scores(generator, len(made.NIGHTS), 0.5)[:, 0] for _ in range(4000)])
    apart = np.diff(made.NIGHTS).astype(int)
    alike = [np.corrcoef(score[:, night], score[:, night + 1])[0, 1] for night in range(len(apart))]
    assert np.mean(np.array(alike)[apart == 1]) == pytest.approx(0.5, abs=0.01)
    assert np.array(alike)[apart > 1] == pytest.approx(np.zeros((apart > 1).sum()), abs=0.06)
    assert score.std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("difference", "true", "right"), [(0.2, 0.1, True), (-0.2, 0.1, False), (0.2, 0.0, False), (-0.2, 0.0, False)]
)
def test_a_direction_is_right_only_if_the_truth_has_it(judge, difference, true, right):
    ends = {"low": difference - 0.15, "high": difference + 0.15, "difference": difference}
    contrasts = pd.DataFrame([{"rate": "fpr", "verdict": "higher" if difference > 0 else "lower", **CONDITION, **ends}])
    truth = {"Nautical x Moon_Quarter": {"fpr": 0.3 + true}, "Night x No_Moon": {"fpr": 0.1 + 0.2}}
    [interval, direction] = judge.held(pd.DataFrame(), contrasts, truth)
    assert interval["held"] == (abs(true - difference) < 0.15)
    assert direction["held"] is right


def figures_of(script: str, corpora: int) -> dict:
    command = [sys.executable, str(FOLDER / f"{script}.py"), str(corpora)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.slow
def test_intervals_of_kappa_and_calibration_are_tried_on_nights_alike():
    told = figures_of("alike_nights", 2)
    assert told["corpora"] == 2 * 5 * 5
    for kind in ("kappa", "calibration_error"):
        assert all(0 <= told[f"{kind}_{name}"] <= 1 for name in ("pooled", "worst", "usual_pooled"))


@pytest.mark.slow
def test_coverage_ends_with_its_figures():
    told = figures_of("coverage", 2)
    assert told["corpora"] == 24
    names = ["pooled", "worst_cell", "naive_pooled", "kish_pooled", "corrected_pooled", "occurrence_pooled"]
    for name in (*names, "lasting_pooled", "lasting_occurrence_pooled", "lasting_corrected_pooled"):
        assert 0 <= told[name] <= 1, name
