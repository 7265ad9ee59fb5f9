"""When aurora counts as visible, and how the simulated labeller answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.simulator import simulated_answers
from allsky.simulator.truth import UNSURE_BAND, VISIBLE_CONTRAST, reached_over, visibility
from allsky.tables import LABELS


def truth_of(contrast: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "video": "night.mp4",
            "frame_index": np.arange(len(contrast)),
            "contrast_to_noise": contrast,
            "visible": visibility(contrast),
        }
    )


def wanted(n: int) -> pd.DataFrame:
    return pd.DataFrame({"frame_id": [f"f{k}" for k in range(n)], "video": "night.mp4", "frame_index": np.arange(n)})


@given(st.lists(st.floats(0.0, 50.0), min_size=1, max_size=60), st.integers(0, 1000))
def test_the_labeller_errs_and_wavers_only_inside_the_band(contrast, seed):
    truth = truth_of(np.array(contrast))
    answers = simulated_answers(truth, wanted(len(truth)), seed)
    sure = (truth["visible"] != "unsure").to_numpy()
    assert set(answers["label"]) <= {"aurora", "no_aurora", "unsure"}
    right = truth["visible"].str.replace(" ", "_")
    assert (answers["label"] == right)[sure].all()


def test_inside_the_band_answers_turn_gradually():
    low, high = UNSURE_BAND
    shares = []
    for contrast in np.linspace(low * 1.02, high * 0.98, 5):
        labels = simulated_answers(truth_of(np.full(600, contrast)), wanted(600), 1)["label"]
        assert 0.15 < (labels == "unsure").mean() < 0.35
        shares.append((labels == "aurora").sum() / (labels != "unsure").sum())
    assert (np.diff(shares) > 0.1).all()
    assert shares[0] < 0.1 and shares[-1] > 0.9


def test_an_answer_depends_on_nothing_but_frame_seed_and_labeller():
    truth = truth_of(np.full(50, VISIBLE_CONTRAST))
    everything = simulated_answers(truth, wanted(50), 3)
    some = simulated_answers(truth, wanted(50).iloc[[40, 7]], 3)
    assert some["label"].tolist() == everything["label"].iloc[[40, 7]].tolist()
    assert simulated_answers(truth, wanted(50), 4)["label"].tolist() != everything["label"].tolist()
    assert simulated_answers(truth, wanted(50), 3, "other")["label"].tolist() != everything["label"].tolist()


def test_answers_are_a_label_table():
    answers = simulated_answers(truth_of(np.array([0.0, 100.0])), wanted(2), 0)
    assert list(answers.columns) == LABELS.names
    assert answers["label"].tolist() == ["no_aurora", "aurora"]
    assert answers["frame_id"].tolist() == ["f0", "f1"]
    assert len(simulated_answers(truth_of(np.array([0.0])), wanted(0), 0)) == 0


def test_classes_can_be_named_otherwise():
    answers = simulated_answers(truth_of(np.array([0.0, 100.0])), wanted(2), 0, classes=("yes", "no"))
    assert answers["label"].tolist() == ["no", "yes"]


def test_a_frame_the_truth_does_not_know_is_an_error():
    with pytest.raises(KeyError):
        simulated_answers(truth_of(np.array([0.0])), wanted(2), 0)


def test_visible_is_within_the_band_of_rose():
    # A. Rose 1948: a feature is seen with certainty when it stands 3 to 7 noises above its ground, 5 as a rule.
    assert 3 <= UNSURE_BAND[0] < VISIBLE_CONTRAST < UNSURE_BAND[1] <= 7
    assert visibility([0.0, VISIBLE_CONTRAST, 50.0]).tolist() == ["no aurora", "unsure", "aurora"]


def test_the_level_reached_is_that_of_the_best_patches_covering_the_solid_angle():
    values, solid_angle = np.array([9.0, 5.0, 7.0, 1.0]), np.full(4, 0.02)
    assert reached_over(values, solid_angle, 0.05) == 5.0
    assert reached_over(values, solid_angle, 0.02) == 9.0
    assert reached_over(values, solid_angle, 0.20) == 0.0
