from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from allsky.errors import BadLabels, BadModel
from allsky.pictures import BadImage
from allsky.training_tables import HISTORY, VALIDATION
from models.dataset import read_labelled
from models.explanation import explain
from models.inference import predict
from models.learning import Learner
from models.model_folder import load_model
from models.network import build_network, head_parameters
from models.recipe import STRATEGIES
from models.training import train


@pytest.fixture(scope="module")
def weights(tmp_path_factory, quick):
    """Weights to start from: random ones, for there may be no network to download better."""
    path = tmp_path_factory.mktemp("weights") / "start.safetensors"
    torch.manual_seed(7)
    safetensors.torch.save_file(build_network(quick.backbone, 5, quick.image_size).state_dict(), path)
    return path


def weights_of(folder):
    return safetensors.torch.load_file(folder / "weights.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_trains_saves_loads_predicts_and_explains(toy, quick, weights, strategy, tmp_path):
    split, root = toy
    start = "none" if strategy == "scratch" else str(weights)
    recipe = replace(quick, strategy=strategy, weights=start, epochs_frozen=1)
    train(split, root, recipe, tmp_path)
    names = {"weights.safetensors", "model.json", "history.parquet", "validation.parquet", "curves.png", "card.md"}
    assert {path.name for path in tmp_path.iterdir()} == names
    model, pictures = load_model(tmp_path), [root / image for image in split["image"][:3]]
    probabilities = predict(model, pictures)
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert explain(model, pictures).shape == (3, quick.image_size, quick.image_size)
    assert pd.read_parquet(tmp_path / "history.parquet")["stage"].tolist() == [stage for stage, _ in recipe.stages]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(toy, quick, tmp_path):
    split, root = toy
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        train(split, root, replace(quick, seed=seed), tmp_path / name)
    assert same(weights_of(tmp_path / "first"), weights_of(tmp_path / "again"))
    assert not same(weights_of(tmp_path / "first"), weights_of(tmp_path / "other"))


def test_as_many_pictures_as_asked_are_shown_without_colour(toy, quick):
    split, root = toy
    of_colour = {}
    for share in (0.0, 1.0):
        recipe = replace(quick, grey=share, augment="sky")
        learner = Learner(recipe, *(read_labelled(split, part, root, recipe) for part in ("train", "validation")))
        red, green, _ = learner._varied(torch.arange(24), torch.Generator().manual_seed(1)).unbind(1)
        of_colour[share] = float((green - red).std())
    assert of_colour[1.0] < of_colour[0.0] / 2


def test_training_leaves_the_callers_random_numbers_alone(toy, quick, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(*toy, quick, tmp_path)
    assert torch.rand(1) == expected


def test_a_frozen_backbone_is_not_changed(toy, quick, weights, tmp_path):
    train(*toy, replace(quick, strategy="frozen", weights=str(weights), epochs_frozen=2), tmp_path)
    start, end = safetensors.torch.load_file(weights), weights_of(tmp_path)
    body = set(start) - head_parameters(quick.backbone)
    assert all(torch.equal(start[name], end[name]) for name in body)


def test_steps_in_bfloat16_leave_the_weights_float32(toy, quick, tmp_path):
    for precision in ("float32", "bfloat16"):
        train(*toy, replace(quick, precision=precision), tmp_path / precision)
    exact, halved = weights_of(tmp_path / "float32"), weights_of(tmp_path / "bfloat16")
    assert {name: tensor.dtype for name, tensor in exact.items()} == {name: t.dtype for name, t in halved.items()}
    assert not same(exact, halved)
    # One step of AdamW moves a weight by the rate, 1e-3 at most; three steps here.
    assert all(torch.allclose(exact[name], halved[name], atol=0.01) for name in exact if name.endswith("weight"))


class _Killed(Exception):
    pass


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_interrupted_training_resumes_and_ends_with_the_same_weights(toy, quick, weights, averaging, tmp_path):
    split, root = toy
    recipe = replace(
        quick, strategy="two_stage", weights=str(weights), epochs_frozen=2, epochs_full=2, averaging=averaging
    )
    heard = []

    def die_after_three(_, message):
        heard.append(message)
        if message.startswith("epoch 3"):
            raise _Killed

    train(split, root, recipe, tmp_path / "uninterrupted")
    with pytest.raises(_Killed):
        train(split, root, recipe, tmp_path / "resumed", die_after_three, checkpoint=tmp_path / "epoch")
    heard.clear()
    train(split, root, recipe, tmp_path / "resumed", lambda _, text: heard.append(text), checkpoint=tmp_path / "epoch")
    assert [text.split()[1] for text in heard if text.startswith("epoch")] == ["4"]
    assert same(weights_of(tmp_path / "uninterrupted"), weights_of(tmp_path / "resumed"))
    histories = [pd.read_parquet(tmp_path / name / "history.parquet") for name in ("uninterrupted", "resumed")]
    pd.testing.assert_frame_equal(*histories)
    assert not (tmp_path / "epoch").exists()


def test_an_unfinished_training_of_another_recipe_is_not_continued(toy, quick, tmp_path):
    def die(_, message):
        if message.startswith("epoch 1"):
            raise _Killed

    with pytest.raises(_Killed):
        train(*toy, replace(quick, seed=9, epochs_full=2), tmp_path / "m", die, checkpoint=tmp_path / "epoch")
    heard = []
    train(*toy, quick, tmp_path / "m", lambda _, text: heard.append(text), checkpoint=tmp_path / "epoch")
    assert any(text.startswith("epoch 1 of 1") for text in heard)


def test_the_epoch_with_the_lowest_validation_loss_is_kept(toy, quick, tmp_path):
    description = train(*toy, replace(quick, epochs_full=4), tmp_path)
    history = pd.read_parquet(tmp_path / "history.parquet")
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    best = history.loc[history["validation_loss"].idxmin()]
    assert best["kept"]
    assert description.metrics["best_epoch"] == best["epoch"]
    selection = description.metrics["used for selection"]
    assert selection["log_loss_uncalibrated"] == pytest.approx(best["validation_loss"], rel=1e-4)


def test_training_stops_early_when_patience_ends(toy, quick, tmp_path):
    recipe = replace(quick, epochs_full=30, learning_rate=1e-9, patience=1, averaging=0.0)
    description = train(*toy, recipe, tmp_path)
    assert description.metrics["epochs"] < 30


def test_stored_validation_answers_are_the_models_own(toy, quick, tmp_path):
    split, root = toy
    train(split, root, quick, tmp_path)
    table = pd.read_parquet(tmp_path / "validation.parquet")
    assert set(table) == {*VALIDATION.names, "p_aurora", "p_no_aurora"}
    assert list(pd.read_parquet(tmp_path / "history.parquet")) == HISTORY.names
    rows = split[split["split"] == "validation"]
    assert table["frame_id"].tolist() == rows["frame_id"].tolist()
    answers = predict(load_model(tmp_path), [root / image for image in rows["image"]])
    np.testing.assert_allclose(table[["p_aurora", "p_no_aurora"]], answers, atol=1e-5)


def test_more_than_two_classes_train(toy, quick, tmp_path):
    split, root = toy
    labels = np.array(["arc", "rays", "none"])[np.arange(len(split)) % 3]
    recipe = replace(quick, classes=("arc", "rays", "none"), positive="rays")
    train(split.assign(label=labels), root, recipe, tmp_path)
    assert predict(load_model(tmp_path), [root / split["image"][0]]).shape == (1, 3)


def test_a_class_without_training_frames_is_named(toy, quick, tmp_path):
    split, root = toy
    lacking = split[(split["split"] == "validation") | (split["label"] == "no_aurora")]
    with pytest.raises(BadLabels, match="none of aurora"):
        train(lacking, root, quick, tmp_path)


def test_a_label_that_is_no_class_is_named(toy, quick, tmp_path):
    split, root = toy
    with pytest.raises(BadLabels, match="northern lights"):
        train(split.replace("aurora", "northern lights"), root, quick, tmp_path)


def test_missing_validation_frames_are_said(toy, quick, tmp_path):
    split, root = toy
    with pytest.raises(BadLabels, match="validation part has 0 frames"):
        train(split[split["split"] == "train"], root, quick, tmp_path)


def test_a_loss_that_is_no_number_names_epoch_and_remedy(toy, quick, tmp_path):
    with pytest.raises(BadModel, match=r"epoch 1.*learning_rate"):
        train(*toy, replace(quick, learning_rate=1e30), tmp_path)


def test_a_damaged_picture_is_named(toy, quick, tmp_path):
    split, root = toy
    (tmp_path / "half.jpg").write_bytes((root / split["image"][0]).read_bytes()[:500])
    image = split["image"].map(lambda name: str(root / name))
    image.iloc[3] = str(tmp_path / "half.jpg")
    with pytest.raises(BadImage, match=r"half\.jpg"):
        train(split.assign(image=image), root, quick, tmp_path / "model")
