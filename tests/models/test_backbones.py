"""Every backbone that users name first, trained for a step, saved, loaded, asked and explained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.description import ModelDescription
from models.explanation import explain
from models.inference import predict
from models.model_folder import load_model
from models.recipe import TrainingRecipe
from models.training import train

BACKBONES = (
    *("efficientnet_b1", "efficientnet_b4", "densenet201", "resnet34", "resnet50", "mobilenet_v2"),
    *("mobilenet_v3_large", "convnext_tiny", "swin_t", "vit_b_16", "timm:resnet10t"),
)

# Divisible by a vision transformer's patches of 16 pixels.
SIZE = 32


@pytest.fixture(scope="module")
def few(toy):
    """Four pictures to learn from and two to be judged by: one step an epoch."""
    split, root = toy
    return split.groupby("split").head(4).groupby(["split", "label"]).head(2), root


@pytest.mark.slow
@pytest.mark.parametrize("backbone", BACKBONES)
def test_each_trains_from_nothing_and_in_two_stages_saves_loads_predicts_and_explains(few, backbone, tmp_path):
    """Two stages are the epochs of `frozen` and of `finetune`, one after the other, from given weights."""
    if backbone.startswith("timm:"):
        pytest.importorskip("timm", reason="timm is an extra: pip install -c constraints.txt -e '.[timm]'")
    recipe = TrainingRecipe(
        backbone=backbone, weights="none", strategy="scratch", image_size=SIZE, epochs_frozen=1, epochs_full=1
    )
    lives(few, recipe, tmp_path / "scratch")
    tuned = lives(few, replace(recipe, strategy="two_stage", weights=str(tmp_path / "scratch")), tmp_path / "tuned")
    assert tuned.metrics["epochs"] == 2


def lives(few, recipe: TrainingRecipe, folder: Path) -> ModelDescription:
    split, root = few
    described = train(split, root, recipe, folder)
    model, pictures = load_model(folder), [root / image for image in split["image"][:2]]
    assert model.description == described
    np.testing.assert_allclose(predict(model, pictures, engine="float32").sum(axis=1), 1)
    assert explain(model, pictures, "GradCAM").shape == (2, SIZE, SIZE)
    return described
