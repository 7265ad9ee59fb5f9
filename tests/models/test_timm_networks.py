import sys

import numpy as np
import pytest
import torch

from allsky.errors import BadConfiguration, MissingTool
from models.description import ModelDescription
from models.explanation import Explainer
from models.model_folder import Model, load_model
from models.network import build_network, head_parameters, weights_normalisation
from models.recipe import TrainingRecipe
from models.training import train

SIZE = 64


@pytest.fixture
def timm():
    return pytest.importorskip("timm", reason="timm is an extra: pip install -c constraints.txt -e '.[timm]'")


@pytest.mark.parametrize("backbone", ["timm:resnet10t", "timm:vit_tiny_patch16_224", "timm:convnext_atto"])
def test_networks_of_timm_are_built_and_explained_like_others(timm, backbone):
    torch.manual_seed(0)
    network = build_network(backbone, 2, SIZE).eval()
    head = [parameter for name, parameter in network.named_parameters() if name in head_parameters(backbone)]
    for parameter in head:
        torch.nn.init.normal_(parameter)
    model = Model(network, ModelDescription(("a", "b"), "a", backbone, SIZE, *weights_normalisation(backbone)))
    pictures = np.random.default_rng(0).integers(0, 255, (2, SIZE, SIZE, 3), dtype=np.uint8)
    maps = np.stack([Explainer(model, target=target)(pictures) for target in ("a", "b")])
    assert maps.shape == (2, 2, SIZE, SIZE)
    assert maps.max() > 0


def test_a_network_of_timm_trains_saves_and_loads(timm, toy, tmp_path):
    recipe = TrainingRecipe(
        backbone="timm:resnet10t", weights="none", strategy="scratch", image_size=48, epochs_full=1, batch_size=8
    )
    described = train(*toy, recipe, tmp_path)
    assert load_model(tmp_path).description == described


def test_its_own_normalisation_is_used(timm):
    # https://huggingface.co/timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k: mean and std of 0.5
    assert weights_normalisation("timm:vit_tiny_patch16_224") == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_an_unknown_name_is_refused_with_a_near_one(timm):
    with pytest.raises(BadConfiguration, match="timm:resnet50"):
        build_network("timm:resnet5O", 2, SIZE)


def test_without_timm_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingTool, match=r"-c constraints.txt -e '\.\[timm\]'"):
        build_network("timm:resnet10t", 2, SIZE)
