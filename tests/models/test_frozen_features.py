"""A frozen backbone's features, computed once, stand for those computed in every epoch."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from models.dataset import read_labelled
from models.frozen_features import last_layer
from models.learning import Learner
from models.network import build_network
from models.training import train


@pytest.fixture(scope="module")
def frozen(tmp_path_factory, quick):
    """A recipe that trains the head alone, on weights that are random but there."""
    path = tmp_path_factory.mktemp("weights") / "start.safetensors"
    torch.manual_seed(7)
    safetensors.torch.save_file(build_network(quick.backbone, 2, quick.image_size).state_dict(), path)
    return replace(quick, strategy="frozen", weights=str(path), epochs_frozen=6, learning_rate=0.01)


def learner_of(toy, recipe):
    split, root = toy
    return Learner(recipe, *(read_labelled(split, part, root, recipe) for part in ("train", "validation")))


def history_of(folder):
    return pd.read_parquet(folder / "history.parquet")


@pytest.mark.parametrize(("averaging", "precision"), [(0.0, "float32"), (0.9, "float32"), (0.0, "bfloat16")])
def test_without_augmentation_it_ends_with_the_weights_that_computing_anew_does(
    toy, frozen, averaging, precision, tmp_path
):
    plain = replace(frozen, augment="none", averaging=averaging, precision=precision)
    for name, views in (("kept", 4), ("anew", 0)):
        train(*toy, replace(plain, cached_views=views), tmp_path / name)
    kept, anew = (safetensors.torch.load_file(tmp_path / name / "weights.safetensors") for name in ("kept", "anew"))
    for name, tensor in anew.items():
        torch.testing.assert_close(kept[name], tensor, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        history_of(tmp_path / "kept").select_dtypes(float),
        history_of(tmp_path / "anew").select_dtypes(float),
        rtol=1e-4,
    )


@pytest.mark.parametrize(("augment", "epochs", "views"), [("sky", 6, 4), ("sky", 2, 2), ("none", 6, 1)])
def test_there_are_as_many_views_as_asked_for_or_as_epochs_can_see(toy, frozen, augment, epochs, views):
    learner = learner_of(toy, replace(frozen, augment=augment, epochs_frozen=epochs))
    learner.run_epoch()
    assert len(learner.features.training) == views
    different = {tuple(one) for one in learner.features.training[:, 0].tolist()}
    assert len(different) == views


def test_the_backbone_sees_each_picture_once_a_view(toy, frozen):
    learner = learner_of(toy, frozen)
    seen = []
    learner.network.conv1.register_forward_hook(lambda module, given, answer: seen.append(len(answer)))
    while not learner.finished:
        learner.run_epoch()
    n_train, n_validation = (len(part) for part in (learner.training, learner.validation))
    # Once more two of them, to see whether the last layer's answer is the network's.
    assert sum(seen) == 4 * n_train + n_validation + 2


def test_once_the_backbone_learns_nothing_kept_is_used(toy, frozen):
    learner = learner_of(toy, replace(frozen, strategy="two_stage", epochs_frozen=1, epochs_full=1))
    learner.run_epoch()
    assert learner.features is not None
    learner.run_epoch()
    assert learner.features is None


def test_a_head_that_is_no_last_layer_is_trained_the_long_way(toy, frozen, tmp_path):
    assert last_layer(build_network("squeezenet1_1", 2, 64), "squeezenet1_1") is None
    weights = tmp_path / "start.safetensors"
    safetensors.torch.save_file(build_network("squeezenet1_1", 2, 64).state_dict(), weights)
    recipe = replace(frozen, backbone="squeezenet1_1", weights=str(weights), epochs_frozen=1, image_size=64)
    learner = learner_of(toy, recipe)
    learner.run_epoch()
    assert learner.features is None
    assert learner.finished
