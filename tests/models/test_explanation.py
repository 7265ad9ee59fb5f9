from contextlib import nullcontext

import numpy as np
import pytest
import torch

from allsky.errors import BadConfiguration
from models import explanation
from models.cam_methods import METHODS
from models.description import ModelDescription
from models.explanation import Explainer, explain, heat_maps, overlay
from models.feature_maps import last_feature_map
from models.model_folder import Model
from models.network import build_network

SIZE = 64


def untrained(backbone: str) -> Model:
    torch.manual_seed(0)
    network = build_network(backbone, 2, SIZE).eval()
    # A fresh transformer's head is zero, and explains nothing; here what speaks against one class speaks for the other.
    head = list(network.parameters())[-2].data
    head[0] = torch.randn_like(head[0])
    head[1] = -head[0]
    return Model(network, ModelDescription(("a", "b"), "a", backbone, SIZE, (0.5,) * 3, (0.25,) * 3))


@pytest.fixture(scope="module")
def pictures(toy):
    split, root = toy
    return [root / image for image in split["image"][:2]]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_maps_the_picture(method, pictures):
    maps = explain(untrained("squeezenet1_1"), pictures, method)
    assert maps.shape == (2, SIZE, SIZE)
    assert maps.dtype == np.float16
    assert maps.min() >= 0
    assert maps.max() <= 1


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "resnet18", "densenet121", "convnext_tiny", "swin_t", "vit_b_16"])
def test_every_kind_of_backbone_can_be_explained(backbone, pictures):
    model = untrained(backbone)
    maps = np.stack([explain(model, pictures, "GradCAM", target) for target in ("a", "b")])
    assert maps.shape == (2, 2, SIZE, SIZE)
    assert maps.max() > 0


@pytest.mark.parametrize(
    ("backbone", "name"),
    # Of 224 pixels each ends with 7 x 7 cells (arXiv:1905.11946, table 1; arXiv:1512.03385, table 1; arXiv:2103.14030,
    # table 7), what enters the last pooling.
    [("efficientnet_b0", "features"), ("resnet18", "layer4"), ("swin_t", "permute")],
)
def test_the_map_is_the_last_that_has_seven_cells_a_side(backbone, name):
    network = build_network(backbone, 2, 224).eval()
    assert last_feature_map(network, 224).module is dict(network.named_modules())[name]


@pytest.mark.parametrize("backbone", ["efficientnet_b0", "resnet18", "swin_t", "densenet121", "convnext_tiny"])
def test_of_a_small_picture_the_map_is_taken_where_it_still_has_a_place_for_each_part_of_the_sky(backbone):
    network = build_network(backbone, 2, SIZE).eval()
    layer, outputs = last_feature_map(network, SIZE), []
    layer.module.register_forward_hook(lambda module, given, output: outputs.append(output))
    network(torch.zeros(1, 3, SIZE, SIZE))
    features = layer.reshape(outputs[0]) if layer.reshape else outputs[0]
    assert features.shape[2:] == (8, 8)


def test_watching_leaves_no_hooks_behind(pictures):
    model = untrained("mobilenet_v2")
    list(heat_maps(model, pictures))
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())


@pytest.mark.parametrize("backbone", ["resnet18", "densenet121", "efficientnet_b0"])
@pytest.mark.parametrize("method", ["GradCAM", "LayerCAM", "FullGrad"])
def test_maps_are_those_of_gradients_through_the_whole_network_but_weights_get_none(backbone, method, monkeypatch):
    """DenseNets write upon the map that is explained (an activation in place)."""
    model = untrained(backbone)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    maps = [Explainer(model, method, target)(pictures) for target in ("a", "b")]
    assert all(weight.grad is None and weight.requires_grad for weight in model.network.parameters())
    monkeypatch.setattr(explanation, "_gradients_from", lambda *_: nullcontext())
    through = [Explainer(model, method, target)(pictures) for target in ("a", "b")]
    np.testing.assert_allclose(maps, through, atol=1e-3)
    assert np.max(maps) > 0 and any(weight.grad is not None for weight in model.network.parameters())


def test_unknown_names_are_refused(pictures):
    with pytest.raises(BadConfiguration, match="GradCAM"):
        explain(untrained("mobilenet_v2"), pictures, "GradCAM3")
    with pytest.raises(BadConfiguration, match="aurora"):
        explain(untrained("mobilenet_v2"), pictures, target="aurora")


def test_an_overlay_leaves_the_picture_where_there_is_no_heat():
    rgb = np.full((20, 20, 3), 90, np.uint8)
    heat = np.zeros((20, 20), np.float16)
    heat[:, 15:] = 1
    drawn = overlay(rgb, heat)
    assert (drawn[:, :10] == 90).all()
    assert (drawn[:, 19] != 90).any()


def test_an_overlay_leaves_what_is_not_sky():
    rgb, sky = np.full((20, 20, 3), 90, np.uint8), np.zeros((20, 20), bool)
    sky[5:15, 5:15] = True
    drawn = overlay(rgb, np.ones((4, 4)), sky=sky)
    assert (drawn[~sky] == 90).all()
    assert (drawn[sky] != 90).any(axis=-1).all()
