"""What does a trained model leave behind for programs, and for people, to read?"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from allsky.statistics.reliability import calibration_error
from models.calibration import abstain_below, calibrated, fit_temperature, weighted_log_loss
from models.description import CARD, CURVES, HISTORY, VALIDATION, ModelDescription
from models.learning import Learner
from models.model_folder import save_weights
from models.near_duplicates import near_duplicates

# Colour-blind safe (Okabe & Ito, https://jfly.uni-koeln.de/color/).
_TRAINING, _VALIDATION = "#0072B2", "#D55E00"


def write_model(folder: Path, learner: Learner, seconds: float) -> ModelDescription:
    """Calibrate a learner that has recalled its best epoch, and write its model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    logits = learner.validation_logits()
    targets, weights = learner.validation.targets.numpy(), learner.validation.weights.numpy().astype(float)
    temperature = fit_temperature(logits, targets, weights)
    probabilities = calibrated(logits, temperature)
    metrics = _selection_metrics(learner, logits, probabilities, temperature)
    band = abstain_below(probabilities, weights, learner.recipe.abstain)
    facts = metrics | _training_facts(learner, seconds)
    description = replace(learner.description, temperature=temperature, abstain_below=band, metrics=facts)
    history = pd.DataFrame([asdict(record) for record in learner.history])
    history["kept"] = history["epoch"] == learner.best_epoch
    save_weights(learner.network, folder)
    history.to_parquet(folder / HISTORY, compression="zstd", index=False)
    _validation_table(learner, description, probabilities).to_parquet(
        folder / VALIDATION, compression="zstd", index=False
    )
    draw_curves(history).savefig(folder / CURVES, dpi=120)
    (folder / CARD).write_text(model_card(description), encoding="utf-8")
    description.write(folder)
    return description


def draw_curves(history: pd.DataFrame) -> Figure:
    """Loss and accuracy by epoch, training and validation, the kept epoch marked."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    kept = history.loc[history["kept"], "epoch"].iloc[0]
    for axes, what, unit in zip(figure.subplots(1, 2), ("loss", "accuracy"), ("nats", "share"), strict=True):
        axes.plot(history["epoch"], history[f"train_{what}"], "o-", ms=3, color=_TRAINING, label="training")
        axes.plot(history["epoch"], history[f"validation_{what}"], "s-", ms=3, color=_VALIDATION, label="validation")
        axes.axvline(kept, color="0.6", lw=1, ls="--", label=f"kept: epoch {kept}")
        axes.set(xlabel="epoch", ylabel=f"{what} ({unit})")
        axes.legend(fontsize="small")
    return figure


def model_card(description: ModelDescription) -> str:
    """The model in words (Mitchell et al. 2019, arXiv:1810.03993, in short): Markdown."""
    recipe, facts = description.recipe, description.metrics
    selection = facts["used for selection"]
    return f"""# {description.backbone}, trained to tell {" from ".join(description.classes)}

- **For:** pictures of the night sky from an all-sky camera, masked to the sky disk and cropped to its square.
- **Answers:** a probability for each class; decides for {description.rule}.{_band(description)}
- **Input:** {description.image_size} x {description.image_size} pixels, RGB.
- **Starting point:** weights `{recipe["weights"]}`, strategy `{recipe["strategy"]}`.
- **Trained on:** {facts["training_frames"]} labelled frames of {facts["training_nights"]} nights
  ({_counts(facts["training_classes"])}), {facts["epochs"]} epochs in {facts["training_seconds"]:.0f} s.
  Epoch {facts["best_epoch"]} was kept.
- **Size:** {facts["parameters"]:,} parameters.

## Used for selection

Validation nights chose the epoch and the temperature ({description.temperature:.2f}), so these figures flatter
the model. How good it is, only audit nights can tell: see the report.

| frames | nights | accuracy | log loss (nats) | before calibration | calibration error |
|---|---|---|---|---|---|
| {selection["frames"]} | {selection["nights"]} | {100 * selection["accuracy"]:.1f} % | {selection["log_loss"]:.3f} \
| {selection["log_loss_uncalibrated"]:.3f} | {selection["calibration_error"]:.3f} |

{selection["near_duplicates"]} of these {selection["frames"]} frames are nearly the same picture as one that taught.

## Limits

It has seen one camera's sky on the nights above. Another camera, lens or place gives an answer all the same, and nobody
has checked it; `allsky classify` refuses daylight and pictures without a round sky, a run does not. Trained with the
classes balanced: where one class is rare, its probabilities run high.
"""


def _selection_metrics(
    learner: Learner, logits: np.ndarray, probabilities: np.ndarray, temperature: float
) -> dict[str, Any]:
    targets, weights = learner.validation.targets.numpy(), learner.validation.weights.numpy().astype(float)
    right = probabilities.argmax(axis=1) == targets
    return {
        "used for selection": {
            "frames": len(targets),
            "nights": int(learner.validation.rows["night"].nunique()),
            "near_duplicates": near_duplicates(learner.training.pictures, learner.validation.pictures),
            "accuracy": float(np.average(right, weights=weights)),
            "log_loss": weighted_log_loss(logits, targets, weights, temperature),
            "log_loss_uncalibrated": weighted_log_loss(logits, targets, weights),
            "calibration_error": calibration_error(probabilities.max(axis=1), right, weights),
        }
    }


def _training_facts(learner: Learner, seconds: float) -> dict[str, Any]:
    rows = learner.training.rows
    return {
        "epochs": len(learner.history),
        "best_epoch": learner.best_epoch,
        "training_frames": len(rows),
        "training_nights": int(rows["night"].nunique()),
        "training_classes": {name: int((rows["label"] == name).sum()) for name in learner.recipe.classes},
        "training_seconds": round(seconds, 1),
        "parameters": sum(parameter.numel() for parameter in learner.network.parameters()),
    }


def _validation_table(learner: Learner, description: ModelDescription, probabilities: np.ndarray) -> pd.DataFrame:
    table = learner.validation.rows[["frame_id", "night", "label", "weight"]].copy()
    for index, name in enumerate(description.classes):
        table[f"p_{name}"] = probabilities[:, index]
    return table.assign(predicted=description.decide(probabilities))


def _band(description: ModelDescription) -> str:
    if description.abstain_below is None:
        return ""
    return f" Abstains where the probability of that class is below {description.abstain_below:.3f}."


def _counts(classes: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in classes.items())
