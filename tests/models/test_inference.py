from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from allsky.errors import BadConfiguration, BadModel
from allsky.pictures import BadImage
from models.description import ModelDescription
from models.engine_memory import Measured
from models.engines import ENGINES, Ready
from models.inference import Predictor, predict
from models.model_folder import Model, load_model
from models.network import build_network
from models.training import train


@pytest.fixture(scope="module")
def folder(toy, quick, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    train(*toy, quick, folder)
    return folder


@pytest.fixture(scope="module")
def pictures(toy):
    split, root = toy
    return [root / image for image in split["image"]]


def test_answers_do_not_depend_on_the_batch(folder, pictures):
    model = load_model(folder)
    one_by_one, at_once = (predict(model, pictures, "float32", size) for size in (1, 36))
    np.testing.assert_allclose(one_by_one, at_once, atol=1e-5)


def test_answers_keep_the_order_of_the_pictures(folder, pictures):
    model = load_model(folder)
    forwards, backwards = predict(model, pictures, "float32"), predict(model, pictures[::-1], "float32")
    np.testing.assert_allclose(backwards, forwards[::-1], atol=1e-5)


def test_bfloat16_answers_nearly_as_float32(folder, pictures):
    model = load_model(folder)
    assert np.abs(predict(model, pictures, "bfloat16") - predict(model, pictures, "float32")).max() < 0.02


def test_where_roundings_might_decide_float32_computes_again(pictures, monkeypatch):
    torch.manual_seed(0)
    described = ModelDescription(("a", "b"), "a", "resnet18", 32, (0.5,) * 3, (0.25,) * 3, temperature=0.05)
    model = Model(build_network("resnet18", 2, 32).eval(), described)
    exact = predict(model, pictures, "float32")
    monkeypatch.setattr("models.engines.SURE_FROM", {})
    settled = {}
    for by in (0.0, float(np.median(np.abs(exact[:, 0] - exact[:, 1]))) / 2):
        monkeypatch.setattr("models.engines.FARTHEST", by)
        settled[by] = predict(model, pictures, "bfloat16")
    rounded, again = settled[0.0], np.abs(settled[0.0][:, 0] - settled[0.0][:, 1]) <= 2 * by
    assert again.any() and not again.all()
    np.testing.assert_allclose(settled[by][again], exact[again], atol=1e-4)
    np.testing.assert_array_equal(settled[by][~again], rounded[~again])
    assert np.abs(rounded[again] - exact[again]).max() > 1e-3


def test_of_what_bfloat16_is_not_sure_float32_is_asked_and_where_that_is_most_it_alone(folder, pictures, monkeypatch):
    model = load_model(folder)  # hardly trained: it is sure of nothing
    exact = predict(model, pictures, "float32")
    np.testing.assert_allclose(predict(model, pictures, "bfloat16"), exact, atol=1e-5)
    monkeypatch.setattr("models.inference.TRY_FROM", 20)
    ready = Ready(model, ENGINES["bfloat16"], torch.device("cpu"))
    monkeypatch.setattr("models.inference.choose", lambda *_: ready)
    predictor = Predictor(model, batch_size=8)
    np.testing.assert_allclose(predictor(pictures), exact, atol=1e-5)
    assert predictor.engine.name == "float32" and predictor.engines == ("bfloat16", "float32")


def test_a_batch_begun_before_the_change_to_float32_is_settled_like_any_other(folder, pictures, monkeypatch):
    """Streams go on side by side: what one began in 16 bits is still in doubt when another has changed over."""
    model = load_model(folder)

    class OvertakenReady(Ready):
        def begin(self, batch):
            logits = super().begin(batch)
            predictor._ready = predictor._reference
            return logits

    ready = OvertakenReady(model, ENGINES["bfloat16"], torch.device("cpu"))
    monkeypatch.setattr("models.inference.choose", lambda *_: ready)
    predictor = Predictor(model, batch_size=8)
    np.testing.assert_allclose(predictor(pictures), predict(model, pictures, "float32"), atol=1e-5)
    assert predictor.engines == ("bfloat16", "float32")


@pytest.mark.parametrize("works", [True, False])
def test_where_most_is_computed_twice_the_quickest_exact_engine_goes_on_alone(folder, pictures, monkeypatch, works):
    def compiled(network, **_):
        if not works:
            raise RuntimeError("no C++ compiler found")
        return network

    model = load_model(folder)
    monkeypatch.setattr(torch, "compile", compiled)
    monkeypatch.setattr("models.inference.TRY_FROM", 20)
    monkeypatch.setattr("models.engines.has_bfloat16", lambda: True)
    rates = {"float32": 50.0, "bfloat16": 100.0, "compiled": 0.0, "compiled_float32": 80.0, "onnx": 0.0}
    monkeypatch.setattr(Measured, "of", lambda *_, **__: Measured("", rates))
    predictor = Predictor(model, batch_size=8, expected=10_000)
    predictor(pictures[:16])
    assert predictor.computed_twice == 1.0  # hardly trained: it is sure of nothing
    np.testing.assert_allclose(predictor(pictures), predict(model, pictures, "float32"), atol=1e-5)
    assert predictor.engines == ("bfloat16", "compiled_float32" if works else "float32")
    assert predictor.computed_twice == 0.0  # by now


def test_no_pictures_give_no_answers(folder):
    assert predict(load_model(folder), []).shape == (0, 2)


def test_progress_reaches_one(folder, pictures):
    heard = []
    predict(load_model(folder), pictures, progress=lambda fraction, _: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[-1] == 1


def test_an_unknown_engine_is_refused(folder, pictures):
    with pytest.raises(BadConfiguration, match="float32"):
        predict(load_model(folder), pictures, "float8")


def test_a_damaged_picture_is_named(folder, tmp_path):
    (tmp_path / "noise.jpg").write_bytes(b"not a picture")
    with pytest.raises(BadImage, match=r"noise\.jpg"):
        predict(load_model(folder), [tmp_path / "noise.jpg"])


def test_weights_of_another_number_of_classes_are_refused(folder, toy, quick, tmp_path):
    train(*toy, replace(quick, seed=2), tmp_path)
    state = build_network(quick.backbone, 4, quick.image_size).state_dict()
    safetensors.torch.save_file(state, tmp_path / "weights.safetensors")
    with pytest.raises(BadModel, match="another number of classes"):
        load_model(tmp_path)
