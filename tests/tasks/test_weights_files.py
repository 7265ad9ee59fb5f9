"""Weights, and models, that a user names: found by their backbone's name, and known by what is in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allsky.errors import BadConfiguration
from models.description import WEIGHTS, ModelDescription
from models.recipe import TrainingRecipe
from tasks import settings
from tasks.checkpoints import cell_checkpoint
from tasks.leakage_gap import LeakageCell, labelled_frames
from tasks.model_comparison import ComparisonCell, pretrained_weights
from tasks.train_classifier import recipe_of_contents, rule_of_given


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


def test_a_leakage_cell_knows_its_weights_by_their_contents(weights_folder):
    with (weights_folder.parent / "luigi.cfg").open("a") as configuration:
        configuration.write("[training]\nweights = given/timm-resnet10t.safetensors\nstrategy = finetune\n")
    settings.current.cache_clear()
    cell = LeakageCell(partition=0, seed=0, split="night")
    before = cell.ingredients()
    (weights_folder / "timm-resnet10t.safetensors").write_bytes(b"another")
    assert cell.ingredients() != before


def test_epochs_put_aside_belong_to_one_recipe(weights_folder, monkeypatch):
    cell = LeakageCell(partition=0, seed=0, split="night")
    monkeypatch.setattr(LeakageCell, "recipe", lambda _: "1a2b3c4d5e")
    before = cell_checkpoint(cell, "leakage")
    before.write_bytes(b"epoch 1")
    assert cell_checkpoint(cell, "leakage") == before and before.exists()
    monkeypatch.setattr(LeakageCell, "recipe", lambda _: "5e4d3c2b1a")
    assert cell_checkpoint(cell, "leakage") != before
    assert not before.exists()


def test_how_a_given_model_decides_is_part_of_what_predictions_are_made_of(empty_archive, tmp_path):
    with (tmp_path / "luigi.cfg").open("a") as configuration:
        configuration.write("[training]\nmodel = given\n")
    settings.current.cache_clear()
    described = ModelDescription(("aurora", "no_aurora"), "aurora", "resnet18", 64, (0.0,) * 3, (1.0,) * 3)
    (tmp_path / "given").mkdir()
    described.write(tmp_path / "given")
    before = rule_of_given("given")
    replace(described, threshold=0.9).write(tmp_path / "given")
    assert rule_of_given("given") != before


def test_without_labels_there_is_no_leakage_gap_and_it_is_said(empty_archive):
    with pytest.raises(BadConfiguration, match=r"answer those of labels/sheet\.parquet"):
        labelled_frames()


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
