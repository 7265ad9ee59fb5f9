import pickle

import pytest
import safetensors.torch
import torch

from allsky.errors import BadConfiguration, BadModel
from models.network import (
    build_network,
    cached_weights,
    freeze_backbone,
    head_parameters,
    read_state,
    weights_normalisation,
)


@pytest.mark.parametrize(
    ("backbone", "head"),
    [
        ("efficientnet_b1", {"classifier.1.weight", "classifier.1.bias"}),
        ("resnet34", {"fc.weight", "fc.bias"}),
        ("densenet201", {"classifier.weight", "classifier.bias"}),
        ("mobilenet_v3_large", {"classifier.3.weight", "classifier.3.bias"}),
        ("squeezenet1_1", {"classifier.1.weight", "classifier.1.bias"}),
        ("swin_t", {"head.weight", "head.bias"}),
        ("vit_b_16", {"heads.head.weight", "heads.head.bias"}),
        ("regnet_x_400mf", {"fc.weight", "fc.bias"}),
    ],
)
def test_the_head_is_found_in_any_architecture(backbone, head):
    assert head_parameters(backbone) == head


@pytest.mark.parametrize("backbone", ["shufflenet_v2_x0_5", "squeezenet1_1", "mobilenet_v3_small", "googlenet"])
def test_any_backbone_answers_with_as_many_classes_as_asked(backbone):
    network = build_network(backbone, 3, 64).train()
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 3)


@pytest.mark.parametrize(("backbone", "size"), [("efficientnet_b0", 64), ("mnasnet0_5", 64), ("resnet18", 64)])
def test_a_network_begins_undecided_however_few_its_classes(backbone, size):
    # Torchvision's EfficientNets begin 1 to 10 nats from even where there are two classes; ln 2 is the loss of a coin.
    torch.manual_seed(0)
    network = build_network(backbone, 2, size).train()
    logits = network(torch.randn(16, 3, size, size))
    assert torch.nn.functional.cross_entropy(logits, torch.arange(16) % 2).item() < 1.0


def test_an_unknown_backbone_names_the_nearest():
    with pytest.raises(BadConfiguration, match="efficientnet_b1"):
        build_network("efficientnetb1", 2, 64)


def test_a_size_the_backbone_cannot_take_is_refused():
    with pytest.raises(BadConfiguration, match="image_size = 100"):
        build_network("vit_b_16", 2, 100)


def test_weights_of_a_file_keep_the_backbone_and_drop_a_head_for_other_classes(tmp_path):
    thousand = build_network("shufflenet_v2_x0_5", 1000, 64)
    torch.save(thousand.state_dict(), tmp_path / "weights.pth")
    network = build_network("shufflenet_v2_x0_5", 2, 64, tmp_path / "weights.pth")
    state, loaded = thousand.state_dict(), network.state_dict()
    assert all(torch.equal(state[name], loaded[name]) for name in set(state) - head_parameters("shufflenet_v2_x0_5"))
    assert loaded["fc.weight"].shape[0] == 2


def test_places_of_a_transformer_are_interpolated_to_another_size(tmp_path):
    state = build_network("vit_b_16", 2, 32).state_dict()
    safetensors.torch.save_file(state, tmp_path / "weights.safetensors")
    assert build_network("vit_b_16", 2, 48, tmp_path / "weights.safetensors")(torch.zeros(1, 3, 48, 48)).shape == (1, 2)


def test_weights_of_another_architecture_are_refused_by_name(tmp_path):
    path = tmp_path / "resnet.safetensors"
    safetensors.torch.save_file(build_network("resnet18", 2, 64).state_dict(), path)
    with pytest.raises(BadModel, match=r"resnet\.safetensors does not fit the backbone shufflenet_v2_x0_5"):
        build_network("shufflenet_v2_x0_5", 2, 64, path)


def test_a_missing_weights_file_is_named(tmp_path):
    with pytest.raises(BadModel, match=r"no weights file .*absent\.pth"):
        build_network("resnet18", 2, 64, tmp_path / "absent.pth")


class _Bomb:
    def __reduce__(self):
        return eval, ("1 / 0",)


def test_no_code_in_a_weights_file_is_executed(tmp_path):
    path = tmp_path / "bomb.pth"
    path.write_bytes(pickle.dumps({"fc.weight": _Bomb()}, protocol=2))
    with pytest.raises(BadModel, match=r"bomb\.pth"):
        read_state(path)


def test_a_download_that_cannot_happen_names_the_cached_file_and_the_remedies(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    # A proxy that nobody listens on: the download fails at once, with and without a network.
    for variable in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(BadModel) as caught:
        build_network("shufflenet_v2_x0_5", 2, 64, "imagenet")
    assert cached_weights("shufflenet_v2_x0_5").is_relative_to(tmp_path)
    assert str(cached_weights("shufflenet_v2_x0_5")) in str(caught.value)
    assert "strategy = scratch" in str(caught.value)


def test_a_frozen_backbone_leaves_the_head_to_learn():
    network = build_network("mobilenet_v3_small", 2, 64)
    freeze_backbone(network, "mobilenet_v3_small", frozen=True)
    learning = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert learning == head_parameters("mobilenet_v3_small")
    freeze_backbone(network, "mobilenet_v3_small", frozen=False)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_pictures_are_normalised_as_torchvision_documents():
    # https://pytorch.org/vision/stable/models/generated/torchvision.models.efficientnet_b1.html
    assert weights_normalisation("efficientnet_b1") == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
