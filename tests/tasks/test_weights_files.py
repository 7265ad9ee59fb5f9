"""Weights that a user names: found by their backbone's name, and known by what is in them."""

from __future__ import annotations

import pytest

from allsky.errors import BadConfiguration
from models.description import WEIGHTS
from models.recipe import TrainingRecipe
from tasks import settings
from tasks.model_comparison import ComparisonCell, pretrained_weights
from tasks.train_classifier import recipe_of_contents


@pytest.fixture
def weights_folder(empty_archive, tmp_path):
    """The folder that [comparison] weights names, with one backbone's file."""
    with (tmp_path / "luigi.cfg").open("a") as configuration:
        configuration.write("[comparison]\nweights = given\n")
    settings.current.cache_clear()
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "timm-resnet10t.safetensors").write_bytes(b"one")
    return tmp_path / "given"


def test_a_comparison_takes_the_file_named_like_the_backbone_and_imagenet_for_others(weights_folder):
    assert pretrained_weights("timm:resnet10t") == str(weights_folder / "timm-resnet10t.safetensors")
    assert pretrained_weights("resnet18") == "imagenet"
    cells = [ComparisonCell(backbone="timm:resnet10t", strategy=how, seed=0) for how in ("scratch", "frozen")]
    assert [cell.training_recipe().weights for cell in cells] == ["none", pretrained_weights("timm:resnet10t")]


def test_a_folder_of_weights_that_is_not_there_is_named(weights_folder):
    weights_folder.rename(weights_folder.with_name("elsewhere"))
    with pytest.raises(BadConfiguration, match="given: there is no such folder"):
        pretrained_weights("resnet18")


def test_weights_count_by_their_contents_wherever_they_lie(tmp_path):
    for name, contents in (("first", b"one"), ("second", b"one"), ("third", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / WEIGHTS).write_bytes(contents)
    paths = [tmp_path / "first" / WEIGHTS, *(tmp_path / name for name in ("first", "second", "third"))]
    file, folder, copy, other = (recipe_of_contents(TrainingRecipe(weights=str(path)))["weights"] for path in paths)
    assert file == folder == copy != other
    assert recipe_of_contents(TrainingRecipe())["weights"] == "imagenet"
