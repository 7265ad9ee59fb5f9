import numpy as np
import pandas as pd
import pytest

from allsky.figures.calibration import abstaining_figure, audit_reliability_figure
from allsky.report import ReportData
from allsky.report.drawings import drawings
from allsky.site import Site
from allsky.statistics.reliability import abstaining_table, calibration_error, calibration_table, reliability_table
from models.description import ModelDescription

CLASSES = ("aurora", "no_aurora")


def audit(
    nights: int,
    per_night: int,
    slope: float,
    seed: int = 0,
    condition=("Night", "No_Moon"),
    bias: np.ndarray | float = 0,
) -> pd.DataFrame:
    """Audit frames whose log odds are `slope` times what the model says: 1 is a model that means what it says.

    On a night with a `bias` they are greater by that.
    """
    rng = np.random.default_rng(seed)
    said = rng.normal(0, 2, (nights, per_night)) + rng.normal(0, 0.8, (nights, 1))
    shown = rng.random(said.shape) < 1 / (1 + np.exp(-slope * said - bias))
    night = np.repeat(np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(nights)), per_night)
    probability = (1 / (1 + np.exp(-said))).ravel()
    frame = pd.DataFrame({"night": night, "p_aurora": probability, "p_no_aurora": 1 - probability})
    frame["label"] = np.where(shown.ravel(), *CLASSES)
    frame["predicted"] = np.where(probability >= 0.5, *CLASSES)
    return frame.assign(solar_bin=condition[0], lunar_bin=condition[1], inclusion_probability=0.5)


def test_the_calibration_error_is_the_mean_distance_of_confidence_and_accuracy_over_bins():
    # Two bins: 0.9 said and 3 of 4 right (0.15 off), 0.6 said and 1 of 2 right (0.1 off).
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    right = np.array([1, 1, 1, 0, 1, 0])
    assert calibration_error(confidence, right, np.ones(6)) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    assert calibration_error(confidence, right, np.array([1, 1, 1, 1, 0, 0])) == pytest.approx(0.15)


def test_a_model_that_means_what_it_says_may_have_no_error_and_one_that_boasts_has_some():
    honest = calibration_table(audit(28, 40, 1.0), CLASSES).iloc[0]
    boasting = calibration_table(audit(28, 40, 0.3), CLASSES).iloc[0]
    assert honest.calibration_error_low < 0.005
    assert boasting.calibration_error_low > 0.1
    assert boasting.confidence > boasting.accuracy
    assert honest.calibration_error_low <= honest.calibration_error <= honest.calibration_error_high


def biases(nights: int, lasting: float, seed: int) -> np.ndarray:
    """By how much a night's log odds are off, correlated with the night before."""
    score = np.random.default_rng(seed).standard_normal(nights)
    for night in range(1, nights) if lasting else ():
        score[night] = lasting * score[night - 1] + np.sqrt(1 - lasting**2) * score[night]
    return 0.7 * score[:, None]


@pytest.mark.parametrize(("nights", "lasting"), [(10, 0.0), (60, 0.5)])
def test_the_interval_holds_the_error_of_many_nights(nights, lasting):
    many = audit(20_000, 50, 0.5, seed=99, bias=biases(20_000, 0.0, 99))
    truth = calibration_table(many, CLASSES).iloc[0].calibration_error
    tables = [
        calibration_table(audit(nights, 20, 0.5, seed, ("Day", "No_Moon"), biases(nights, lasting, seed)), CLASSES)
        for seed in range(60)
    ]
    held = [row.calibration_error_low <= truth <= row.calibration_error_high for row in (one.iloc[0] for one in tables)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.05)


def test_a_condition_of_fewer_than_five_nights_is_left_out():
    full = audit(4, 20, 1.0, condition=("Night", "Moon_Full"))
    both = pd.concat([audit(6, 20, 1.0), full], ignore_index=True)
    table = calibration_table(both, CLASSES)
    assert list(zip(table["solar_bin"], table["lunar_bin"], strict=True)) == [("All", "All"), ("Night", "No_Moon")]
    assert table["n_frames"].tolist() == [200, 120]


def test_frames_count_by_how_they_were_drawn():
    sure = audit(6, 30, 1.0).assign(p_aurora=0.8, p_no_aurora=0.2, label="aurora", inclusion_probability=0.1)
    wrong = sure.assign(label="no_aurora", inclusion_probability=0.9)
    row = reliability_table(pd.concat([sure, wrong]), "aurora").iloc[0]
    assert (row.low, row.mean_probability) == pytest.approx((0.8, 0.8))
    assert row.positive_share == pytest.approx(0.9)  # ten frames for every one and a ninth
    assert row.share_low < 0.9 < row.share_high


def test_abstaining_gives_frames_away_for_accuracy():
    table = abstaining_table(audit(12, 60, 1.0), CLASSES, chosen=0.75)
    assert 0.75 in table["level"].tolist()
    assert table["kept"].iloc[0] == 1
    assert table["kept"].is_monotonic_decreasing
    assert table["accuracy"].iloc[-1] > table["accuracy"].iloc[0] + 0.05
    assert ((table["accuracy_low"] <= table["accuracy"]) & (table["accuracy"] <= table["accuracy_high"])).all()


def test_it_abstains_where_the_class_decided_for_is_unlikely_by_whatever_rule():
    """A model that says aurora from 0.3 is unsure of aurora at 0.4, and `allsky classify` then abstains below 0.5."""
    frames = audit(6, 30, 1.0).assign(p_aurora=0.4, p_no_aurora=0.6, predicted="aurora", label="aurora")
    table = abstaining_table(frames, CLASSES, levels=(0.0, 0.5))
    assert table["accuracy"].iloc[0] == 1
    assert table["kept"].tolist() == [1, 0]
    description = ModelDescription(
        CLASSES, "aurora", "resnet18", 64, (0,) * 3, (1,) * 3, threshold=0.3, abstain_below=0.5
    )
    assert description.abstains(frames[["p_aurora", "p_no_aurora"]].to_numpy()).all()


def test_the_report_draws_them_once_audit_frames_are_labelled():
    frames = audit(12, 60, 1.0)
    tables = {
        "calibration": calibration_table(frames, CLASSES),
        "reliability": reliability_table(frames, "aurora"),
        "abstaining": abstaining_table(frames, CLASSES, chosen=0.75),
    }
    site = Site("yknf", 62.4333, -114.35, 200.0, "America/Edmonton")
    drawn = drawings(ReportData(site, model={"abstain_below": 0.75}, **tables))
    assert [drawing.name for drawing in drawn] == ["audit_reliability", "abstaining"]
    titles = [
        ax.get_title(loc="left") for ax in audit_reliability_figure(tables["reliability"], tables["calibration"]).axes
    ]
    assert titles[:2] == ["All conditions", "Night,\nno moon"]
    words = [text.get_text() for text in abstaining_figure(tables["abstaining"], 0.75).axes[0].texts]
    assert "0.75, the model's" in words
