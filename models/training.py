"""How does a network learn what aurora looks like from labelled pictures?

Stages (backbone frozen, everything) of epochs; after each epoch the validation nights judge, the best epoch is
kept, and everything needed to go on from there is put aside. An epoch's randomness depends on the
recipe's seed and the epoch's number alone, so that training resumed after an interruption ends with
the same weights as training that was never interrupted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import torch

from models.checkpoint import Checkpoint, fingerprint
from models.dataset import read_labelled
from models.description import ModelDescription
from models.kept_memory import memory_kept
from models.learning import Learner
from models.recipe import TrainingRecipe
from models.training_report import write_model

Progress = Callable[[float, str], None]


def train(
    split: pd.DataFrame,
    image_root: Path,
    recipe: TrainingRecipe,
    folder: Path,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> ModelDescription:
    """Train a classifier and write its model folder; returns what `model.json` says.

    `split` has the columns of `SPLIT` and `image`, paths relative to `image_root`. `folder` exists or is made.
    `checkpoint` is a file, outside `folder`, in which each finished epoch is put aside; training of the same
    recipe on the same split goes on from it, and it is removed at the end. `progress` hears of each epoch.

    Raises BadLabels (a part without frames, a class without training frames), BadImage (a damaged
    picture), BadModel (weights that cannot be had or do not fit, a loss that is no number).
    """
    tell = progress or (lambda fraction, message: None)
    began = time.monotonic()
    tell(0.0, _plan(recipe))
    kept = Checkpoint(checkpoint, fingerprint(recipe, split))
    with repeatable(), memory_kept():
        training = read_labelled(split, "train", image_root, recipe)
        validation = read_labelled(split, "validation", image_root, recipe)
        learner = Learner(recipe, training, validation)
        _run(learner, kept, tell)
        learner.recall_best()
    description = write_model(Path(folder), learner, time.monotonic() - began)
    kept.remove()
    return description


@contextmanager
def repeatable() -> Iterator[None]:
    """Seeds set inside do not leak out, and CUDA uses algorithms that give the same answer twice."""
    # Without a workspace of fixed size cuBLAS may answer otherwise the next time (its manual, Results reproducibility).
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng():
        torch.use_deterministic_algorithms(torch.cuda.is_available(), warn_only=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def _run(learner: Learner, kept: Checkpoint, tell: Progress) -> None:
    state = kept.load()
    if state is not None:
        learner.restore(state)
    while not learner.finished:
        record = learner.run_epoch()
        kept.save(learner.state())
        tell(
            record.epoch / learner.recipe.epochs_total,
            f"epoch {record.epoch} of {learner.recipe.epochs_total} ({record.stage}): validation loss "
            f"{record.validation_loss:.3f}, accuracy {100 * record.validation_accuracy:.1f} %",
        )


def _plan(recipe: TrainingRecipe) -> str:
    stages = ", then ".join(f"{epochs} epochs {stage}" for stage, epochs in recipe.stages if epochs)
    because = f" (not {recipe.strategy}: there are no pretrained weights)"
    note = because if recipe.effective_strategy != recipe.strategy else ""
    return f"{recipe.backbone} at {recipe.image_size} px, strategy {recipe.effective_strategy}{note}: {stages}"
