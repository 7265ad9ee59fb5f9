import subprocess
import sys

import pytest

from allsky.errors import BadConfiguration
from models.cam_methods import METHODS
from models.engines import AUTO, ENGINES
from models.recipe import ENGINE_NAMES, METHOD_NAMES, TrainingRecipe


@pytest.mark.parametrize("module", ["models", "models.recipe", "models.description", "allsky.green_rule"])
def test_recipes_and_descriptions_are_read_without_a_pytorch_start(module):
    command = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_the_names_that_are_known_without_pytorch_are_those_that_there_are():
    assert (AUTO, *ENGINES) == ENGINE_NAMES
    assert tuple(METHODS) == METHOD_NAMES


def test_defaults_are_the_published_design():
    recipe = TrainingRecipe()
    assert (recipe.backbone, recipe.weights, recipe.image_size) == ("efficientnet_b1", "imagenet", 240)
    assert recipe.stages == (("frozen", 6), ("full", 6))


def test_a_recipe_survives_json():
    recipe = TrainingRecipe(classes=("arc", "rays", "none"), positive="rays", seed=3)
    assert TrainingRecipe.from_dict(recipe.as_dict()) == recipe
    assert TrainingRecipe.from_dict(recipe.as_dict() | {"of_a_later_version": 1}) == recipe


@pytest.mark.parametrize("strategy", ["two_stage", "finetune"])
def test_without_pretrained_weights_there_is_only_scratch(strategy):
    recipe = TrainingRecipe(weights="none", strategy=strategy)
    assert recipe.effective_strategy == "scratch"
    assert recipe.stages == (("full", 6),)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"strategy": "two-stage"}, "two_stage"),
        ({"strategy": "frozen", "weights": "none"}, "teaches nothing"),
        ({"classes": ("aurora",)}, "two different"),
        ({"positive": "northern_lights"}, "northern_lights"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"epochs_frozen": 0, "epochs_full": 0}, "epochs"),
        ({"image_size": 4}, "image_size"),
        ({"augment": "yes"}, "sky"),
        ({"grey": 1.5}, "grey"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused_by_name(change, named):
    with pytest.raises(BadConfiguration, match=named):
        TrainingRecipe(**change)
