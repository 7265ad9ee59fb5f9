import json
from dataclasses import replace

import numpy as np
import pytest

from allsky.errors import BadModel
from models.description import ModelDescription, read_description

TWO = ModelDescription(("aurora", "no_aurora"), "aurora", "resnet18", 64, (0.5,) * 3, (0.2,) * 3)
THREE = ModelDescription(("cloud", "aurora", "clear"), "aurora", "resnet18", 64, (0.5,) * 3, (0.2,) * 3, threshold=0.3)


def test_default_rule_is_the_likeliest_class():
    assert TWO.decide(np.array([[0.51, 0.49], [0.2, 0.8]])).tolist() == ["aurora", "no_aurora"]


def test_with_a_threshold_the_positive_class_may_win_without_being_likeliest():
    probabilities = np.array([[0.6, 0.35, 0.05], [0.1, 0.29, 0.61], [0.05, 0.9, 0.05]])
    assert THREE.decide(probabilities).tolist() == ["aurora", "clear", "aurora"]


@pytest.mark.parametrize("described", [TWO, THREE, replace(TWO, abstain_below=0.8), replace(TWO, threshold=0.7)])
def test_what_is_not_doubtful_is_decided_alike_whatever_the_roundings(described):
    generator, by = np.random.default_rng(5), 0.03
    exact = generator.dirichlet(np.full(len(described.classes), 0.7), 20_000)
    roundings = generator.uniform(-by / 2, by / 2, exact.shape)
    rounded = exact + roundings - roundings.mean(axis=1, keepdims=True)
    otherwise = described.decide(rounded) != described.decide(exact)
    otherwise |= described.abstains(rounded) != described.abstains(exact)
    doubtful = described.doubtful(rounded, by)
    assert otherwise.any()
    assert not (otherwise & ~doubtful).any()
    assert doubtful.mean() < 0.3


def test_a_description_survives_its_file(tmp_path):
    THREE.write(tmp_path)
    assert read_description(tmp_path) == THREE


def test_a_folder_without_a_model_is_said_to_be_one(tmp_path):
    with pytest.raises(BadModel, match=r"holds no model.*model\.json"):
        read_description(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"classes": 3}'])
def test_a_damaged_description_names_its_file(tmp_path, text):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(BadModel, match=r"model\.json does not describe a model"):
        read_description(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("positive", "aurorra", "one of the classes"),
        ("classes", ["aurora", "aurora"], "two different names"),
        ("image_size", 0, "whole number of pixels"),
        ("image_size", "64", "whole number of pixels"),
        ("std", [0.2, 0.2], "three numbers"),
        ("contrast", "much", "given, local"),
        ("temperature", -1, "a number above 0"),
        ("temperature", 0, "a number above 0"),
        ("temperature", "hot", "a number above 0"),
        ("threshold", 2, "a probability from 0 to 1"),
        ("threshold", "0.2", "a probability from 0 to 1"),
        ("abstain_below", True, "a probability from 0 to 1"),
    ],
)
def test_what_somebody_has_edited_is_checked_and_named(tmp_path, key, value, expected):
    TWO.write(tmp_path)
    values = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(values | {key: value}))
    with pytest.raises(BadModel, match=rf"model\.json: {key} = .*{expected}"):
        read_description(tmp_path)


def test_a_description_without_its_temperature_is_refused(tmp_path):
    TWO.write(tmp_path)
    values = json.loads((tmp_path / "model.json").read_text())
    del values["temperature"]
    (tmp_path / "model.json").write_text(json.dumps(values))
    with pytest.raises(BadModel, match="temperature = None"):
        read_description(tmp_path)


def test_a_folder_of_models_names_them(tmp_path):
    (tmp_path / "resnet18-1").mkdir()
    TWO.write(tmp_path / "resnet18-1")
    with pytest.raises(BadModel, match="those in it are resnet18-1"):
        read_description(tmp_path)


def test_classes_may_come_in_another_order_but_not_differ():
    TWO.require_classes(["no_aurora", "aurora"], "aurora")
    with pytest.raises(BadModel, match="yes"):
        TWO.require_classes(["yes", "no"], "yes")
    with pytest.raises(BadModel, match="positive"):
        TWO.require_classes(["no_aurora", "aurora"], "no_aurora")
