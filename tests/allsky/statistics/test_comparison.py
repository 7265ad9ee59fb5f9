import numpy as np
import pandas as pd
import pytest

from allsky.figures import comparison_figure
from allsky.statistics.comparison import COMPARISON, GREEN_RULE, as_markdown, sample, summary
from allsky.statistics.scores import area_under_curve, f1, scores

CLASSES = ("aurora", "no_aurora")


def test_scores_are_those_of_the_textbook():
    # Two of three auroras found, one false alarm among three others: sklearn's documentation has the same formulas.
    labels = np.array(["aurora"] * 3 + ["no_aurora"] * 3, object)
    chance = np.array([0.9, 0.8, 0.3, 0.6, 0.2, 0.1])
    told = scores(labels, np.c_[chance, 1 - chance], CLASSES, "aurora", np.ones(6))
    assert told["accuracy"] == pytest.approx(4 / 6)
    assert told["balanced_accuracy"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert told["f1_aurora"] == told["f1_no_aurora"] == told["f1_macro"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    # Of nine pairs eight are in order.
    assert told["auc"] == pytest.approx(8 / 9)


def test_weights_count_frames_as_often_as_they_say():
    truth, score, weight = np.array([True, False, False]), np.array([0.5, 0.4, 0.6]), np.array([1.0, 3.0, 1.0])
    assert area_under_curve(score, truth, weight) == pytest.approx(3 / 4)
    assert f1(truth, score > 0.45, weight) == pytest.approx(2 / 3)
    assert area_under_curve(np.array([0.5, 0.5]), np.array([True, False]), np.ones(2)) == 0.5
    assert np.isnan(area_under_curve(score, np.zeros(3, bool), weight))


def cell(backbone: str, seed: int, accuracy: float, **more) -> dict:
    facts = {"strategy": "scratch", "weights": "none", "image_size": 96, "epochs": 5, "n_train": 600, "n_audit": 200}
    measures = dict.fromkeys(("balanced_accuracy", "f1_macro", "auc", "f1_aurora", "f1_no_aurora"), accuracy)
    measures |= {"calibration_error": 0.1, "parameters": 11_000_000, "images_per_s": 50.0, "training_s": 60.0}
    return {"backbone": backbone, "seed": seed, "accuracy": accuracy, "n_nights": 12, **facts, **measures, **more}


@pytest.fixture
def rows() -> pd.DataFrame:
    cells = [cell("resnet34", seed, accuracy) for seed, accuracy in enumerate((0.8, 0.9))]
    cells += [cell("vit_b_16", 0, 0.6), cell("vit_b_16", 0, np.nan, strategy="finetune", left_out="no weights")]
    rule = {"strategy": None, "weights": None, "calibration_error": np.nan, "parameters": None}
    table = pd.DataFrame([*cells, cell(GREEN_RULE, 0, 0.7) | rule])
    return COMPARISON.to_arrow(table).to_pandas()


def test_seeds_become_a_mean_and_a_spread_and_the_rule_stands_last(rows):
    table = summary(rows)
    assert table["backbone"].tolist() == ["resnet34", "vit_b_16", GREEN_RULE]
    best = table.iloc[0]
    assert (best["accuracy"], best["accuracy_sd"]) == pytest.approx((0.85, np.std([0.8, 0.9], ddof=1)))
    assert best["seeds"] == 2
    assert np.isnan(table.iloc[1]["accuracy_sd"])


def test_the_page_says_what_was_compared_and_what_was_left_out(rows):
    page = as_markdown(rows, "Small.")
    assert "| resnet34 | scratch, weights none | 85.0 ± 7.1 % |" in page
    assert "- vit_b_16, finetune: no weights" in page
    assert f"| {GREEN_RULE} | – | 70.0 % |" in page


def test_the_figure_has_a_line_for_each_network_and_way_and_one_for_the_rule(rows):
    ax = comparison_figure(rows).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "resnet34",
        "scratch",
        "vit_b_16",
        "scratch",
        "finetune",
    ]
    assert ax.lines[-1].get_xdata()[0] == pytest.approx(70)
    assert {text.get_text() for text in ax.texts} == {"85.0", "60.0", "left out", f"{GREEN_RULE} 70.0"}


def test_a_sample_of_training_frames_keeps_the_classes_shares_and_the_validation():
    split = pd.DataFrame({"split": ["train"] * 80 + ["validation"] * 20, "label": ["a", "a", "a", "b"] * 25})
    few = sample(split, 40)
    assert few["split"].value_counts().to_dict() == {"train": 40, "validation": 20}
    assert few[few["split"] == "train"]["label"].value_counts().to_dict() == {"a": 30, "b": 10}
    pd.testing.assert_frame_equal(few, sample(split, 40))
    assert sample(split, None) is split
