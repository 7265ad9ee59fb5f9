"""How well do answers fit the labels? The measures by which classifiers are compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allsky.green_rule import balanced_accuracy
from allsky.statistics.reliability import calibration_error


def scores(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], positive: str, weight: np.ndarray
) -> dict[str, float]:
    """Accuracy, balanced accuracy, F1 (macro and per class), AUC of the positive class, expected calibration error.

    `labels` (n,) are class names, `probabilities` (n, classes) calibrated or not, `weight` (n,) of sampling; the
    likeliest class is the answer. A measure of a class that does not occur is NaN.
    """
    answers = np.asarray(classes, object)[probabilities.argmax(axis=1)]
    right = (answers == labels).astype(float)
    return decided_scores(labels, answers, classes, positive, weight) | {
        "auc": area_under_curve(probabilities[:, list(classes).index(positive)], labels == positive, weight),
        "calibration_error": calibration_error(probabilities.max(axis=1), right, weight),
    }


def decided_scores(
    labels: np.ndarray, answers: np.ndarray, classes: Sequence[str], positive: str, weight: np.ndarray
) -> dict[str, float]:
    """The measures that need no probabilities."""
    by_class = {f"f1_{name}": f1(labels == name, answers == name, weight) for name in classes}
    occur = len(set(np.asarray(labels))) > 1
    return {
        "accuracy": float(np.average(answers == labels, weights=weight)),
        "balanced_accuracy": balanced_accuracy(labels == positive, answers == positive, weight) if occur else np.nan,
        "f1_macro": float(np.mean(list(by_class.values()))),
        **by_class,
    }


def f1(truth: np.ndarray, said: np.ndarray, weight: np.ndarray) -> float:
    """Harmonic mean of precision and recall; NaN where the class neither occurs nor is said."""
    both, either = weight[truth & said].sum(), weight[truth].sum() + weight[said].sum()
    return float(2 * both / either) if either > 0 else float("nan")


def area_under_curve(score: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> float:
    """Chance that a positive frame scores above a negative one, ties counting half (Hanley & McNeil 1982)."""
    values, place = np.unique(score, return_inverse=True)
    positives = np.bincount(place, weight * truth, len(values))
    negatives = np.bincount(place, weight * ~truth, len(values))
    if positives.sum() == 0 or negatives.sum() == 0:
        return float("nan")
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / (positives.sum() * negatives.sum()))
