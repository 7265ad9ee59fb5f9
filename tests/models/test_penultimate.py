import numpy as np
import pytest
import torch

from allsky.errors import BadConfiguration
from models.description import ModelDescription
from models.frozen_features import last_layer
from models.inference import Predictor
from models.model_folder import Model
from models.network import build_network
from models.penultimate import with_features
from tests.models.conftest import toy_sky, write_jpeg

SIZE = 48


def made(backbone: str) -> Model:
    torch.manual_seed(2)
    described = ModelDescription(("a", "b"), "a", backbone, SIZE, (0.5,) * 3, (0.25,) * 3)
    return Model(build_network(backbone, 2, SIZE).eval(), described)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder, generator = tmp_path_factory.mktemp("skies"), np.random.default_rng(1)
    for number in range(11):
        write_jpeg(folder / f"{number:02d}.jpg", toy_sky(number % 2 == 0, generator, SIZE))
    return sorted(folder.iterdir())


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v3_small", "vit_b_16"])
def test_features_are_what_enters_the_last_layer(backbone, paths):
    model = made(backbone)
    kept = []
    last_layer(model.network, backbone).register_forward_pre_hook(lambda _, given: kept.append(given[0]))
    plain = Predictor(model, "float32")(paths)
    probabilities, features = Predictor(model, "float32", features=True).with_features(paths)
    assert features.dtype == np.float16
    np.testing.assert_allclose(features, torch.cat(kept)[: len(paths)].numpy(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(probabilities, plain, atol=1e-6)


def test_any_engine_gives_them_and_nobody_need_ask(paths):
    model = made("resnet18")
    exact, expected = Predictor(model, "float32", features=True).with_features(paths)
    probabilities, features = Predictor(model, "bfloat16", features=True).with_features(paths)
    np.testing.assert_allclose(probabilities, exact, atol=5e-3)
    assert np.abs(features.astype(float) - expected).max() < 0.03 * np.abs(expected).max()
    assert Predictor(model, features=True).with_features([])[1].shape == (0, 512)
    assert Predictor(model).with_features(paths[:2])[1].shape == (2, 0)


def test_a_network_without_a_last_linear_layer_is_refused():
    with pytest.raises(BadConfiguration, match="squeezenet1_1 does not end in one linear layer"):
        with_features(made("squeezenet1_1"))
