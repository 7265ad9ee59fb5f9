"""What does one way of training a network come to, on frames of nights that neither taught nor chose it?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from allsky.errors import BadModel
from allsky.statistics.scores import scores
from models.inference import Predictor
from models.model_folder import Model, load_model
from models.network import cached_weights
from models.recipe import TrainingRecipe
from models.timm_networks import is_timm
from models.training import train

Progress = Callable[[float, str], None]


def trained_and_judged(
    split: pd.DataFrame,
    audit: pd.DataFrame,
    image_root: Path,
    recipe: TrainingRecipe,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> dict[str, Any]:
    """The row of COMPARISON of one recipe.

    `split` as for `train`; `audit` has image, label, night and weight. Pretrained weights that are not at hand are not
    downloaded: the row then says so.
    """
    row = _asked(split, audit, recipe)
    if recipe.weights == "imagenet" and not weights_at_hand(recipe.backbone):
        return row | {"left_out": f"the ImageNet weights of {recipe.backbone} are not on this machine"}
    with TemporaryDirectory() as folder:
        try:
            described = train(split, image_root, recipe, Path(folder), progress, checkpoint)
        except BadModel as error:
            return row | {"left_out": str(error)}
        model = load_model(Path(folder))
    paths = [Path(image_root) / image for image in audit["image"]]
    probabilities = Predictor(model, "float32")(paths)
    labels, weight = audit["label"].to_numpy(object), audit["weight"].to_numpy(float)
    judged = scores(labels, probabilities, recipe.classes, recipe.positive, weight)
    facts = {name: described.metrics[name] for name in ("epochs", "parameters")}
    seconds = {"training_s": described.metrics["training_seconds"], "images_per_s": images_per_s(model)}
    return row | facts | seconds | judged


def weights_at_hand(backbone: str) -> bool:
    """Whether ImageNet weights can be had without asking anybody."""
    return not is_timm(backbone) and cached_weights(backbone).is_file()


def images_per_s(model: Model, batch: int = 8, seconds: float = 1.0) -> float:
    """Pictures in memory that the network classifies per second, eager float32."""
    size = model.description.image_size
    pictures = np.zeros((batch, size, size, 3), np.uint8)
    predictor, done = Predictor(model, "float32"), 0
    predictor.answer(pictures)
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        predictor.answer(pictures)
        done += batch
    return done / (time.perf_counter() - started)


def _asked(split: pd.DataFrame, audit: pd.DataFrame, recipe: TrainingRecipe) -> dict[str, Any]:
    return {
        "backbone": recipe.backbone,
        "strategy": recipe.strategy,
        "weights": Path(recipe.weights).name,
        "seed": recipe.seed,
        "image_size": recipe.image_size,
        "epochs": recipe.epochs_total,
        "n_train": int((split["split"] == "train").sum()),
        "n_audit": len(audit),
        "n_nights": audit["night"].nunique(),
        "left_out": None,
    }
