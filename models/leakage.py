"""How often is a network right, night by night, where it was chosen and where nobody chose it?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from models.inference import Predictor
from models.model_folder import load_model
from models.recipe import TrainingRecipe
from models.training import train

Progress = Callable[[float, str], None]

# A sky changes little within this time [minutes].
NEAR_MIN = 10.0


def trained_and_counted(
    frames: pd.DataFrame,
    image_root: Path,
    recipe: TrainingRecipe,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> pd.DataFrame:
    """Trains on the part `train`, lets `validation` choose the epoch, and counts right answers by part and night.

    `frames` has frame_id, night, utc, label, image (relative to `image_root`) and part. Every frame weighs the same.
    Returns part, night, n_frames, n_right, n_train and n_near; errors are those of `train`.
    """
    split = frames[frames["part"] != "audit"].assign(weight=1.0).rename(columns={"part": "split"})
    with TemporaryDirectory() as folder:
        train(split, image_root, recipe, Path(folder), progress, checkpoint)
        model = load_model(Path(folder))
    judged = frames[frames["part"] != "train"].copy()
    probabilities = Predictor(model, "float32")([Path(image_root) / image for image in judged["image"]])
    judged["right"] = np.asarray(recipe.classes, object)[probabilities.argmax(axis=1)] == judged["label"].to_numpy()
    taught = frames[frames["part"] == "train"]
    judged["near"] = near_training(judged, taught)
    counted = judged.groupby(["part", "night"])
    table = counted.agg(n_frames=("right", "size"), n_right=("right", "sum"), n_near=("near", "sum"))
    return table.reset_index().assign(n_train=len(taught))


def near_training(judged: pd.DataFrame, taught: pd.DataFrame, minutes: float = NEAR_MIN) -> np.ndarray:
    """Whether each frame has one that taught within so many minutes: bool (n,). Both have `utc`."""
    times = np.sort(taught["utc"].to_numpy("datetime64[ms]"))
    mine = judged["utc"].to_numpy("datetime64[ms]")
    after = np.searchsorted(times, mine)
    ends = np.stack([times[np.clip(after - 1, 0, len(times) - 1)], times[np.clip(after, 0, len(times) - 1)]])
    return (np.abs(ends - mine) <= np.timedelta64(round(60_000 * minutes), "ms")).any(axis=0)
