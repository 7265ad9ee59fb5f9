"""What does a network add to counting green pixels? Both judged on the same audit frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from allsky.green_rule import balanced_accuracy, measure_pictures, tune_green_rule


def baseline_comparison(
    taught: pd.DataFrame, audited: pd.DataFrame, image_root: Path, positive: str, model_name: str
) -> dict[str, dict[str, object]]:
    """Accuracy and balanced accuracy of a model and of a green-pixel rule on audit frames.

    The rule is tuned on the frames that taught the model: `taught` has `image` (relative to
    `image_root`), `label` and `weight`. `audited` has `image`, `label`, `predicted` and
    `inclusion_probability`; frames count by the inverse of that, so that the figures speak of all
    frames of audit nights. Measures of a kind of frame that does not occur are NaN.
    """
    rule = tune_green_rule(
        measure_pictures([image_root / image for image in taught["image"]]), (taught["label"] == positive).to_numpy()
    )
    by_rule = rule.decides(measure_pictures([image_root / image for image in audited["image"]]))
    by_model = (audited["predicted"] == positive).to_numpy()
    return {
        model_name: _measures(audited, by_model, positive),
        "green-pixel rule": {**_measures(audited, by_rule, positive), "note": str(rule)},
    }


def _measures(audited: pd.DataFrame, decided: np.ndarray, positive: str) -> dict[str, object]:
    truth = (audited["label"] == positive).to_numpy()
    weight = (1.0 / audited["inclusion_probability"]).to_numpy()
    both = bool(truth.any() and not truth.all())
    return {
        "accuracy": float(np.average(decided == truth, weights=weight)),
        "balanced_accuracy": balanced_accuracy(truth, decided, weight) if both else float("nan"),
    }
