"""Which network is it, and where do its weights come from?

Any of torchvision's classifiers will do, and by `timm:NAME` any of timm's (models.timm_networks). What belongs to its
head is found by building the network twice without memory, for different numbers of classes, and comparing shapes;
so no architecture needs code of its own.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

import safetensors
import safetensors.torch
import torch
import torchvision
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

from allsky.errors import BadConfiguration, BadModel
from models.timm_networks import check_timm, is_timm, timm_network, timm_normalisation, timm_state

# Channel means and deviations of ImageNet, for networks whose weights say nothing else
# (https://pytorch.org/vision/stable/models.html).
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Auxiliary classifiers make a network answer in tuples while it trains; we do without.
_ARGUMENTS: dict[str, dict[str, object]] = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}
_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")

# A vision transformer has one embedding for each patch's place, so it is built for one size of picture.
_PLACES = "encoder.pos_embedding"

State = dict[str, torch.Tensor]


def build_network(backbone: str, n_classes: int, image_size: int, weights: str | Path = "none") -> nn.Module:
    """A classifier with `n_classes` outputs for pictures of `image_size` pixels.

    `backbone` is torchvision's name, or `timm:` and timm's; `weights` is `imagenet` (downloaded, or from the cache),
    `none` (random; seed PyTorch before), or a .safetensors or .pth file of this backbone, whose head
    is kept where it has as many classes. Raises BadConfiguration for an unknown backbone, and BadModel for
    weights that cannot be had or belong to another architecture.
    """
    check_backbone(backbone)
    network = _bare(backbone, n_classes, image_size)
    _calm_head(network, backbone)
    if str(weights) == "imagenet":
        load_backbone(network, _imagenet_state(backbone), backbone, f"ImageNet weights of {backbone}")
    elif str(weights) != "none":
        load_backbone(network, read_state(Path(weights)), backbone, str(weights))
    return network


def load_backbone(network: nn.Module, state: State, backbone: str, source: str) -> None:
    """Put `state` into `network`, leaving out a head made for other classes; places of patches are interpolated.

    Raises BadModel, naming `source`, where anything but the head differs.
    """
    head = head_parameters(backbone)
    own = network.state_dict()
    state = {name: value for name, value in state.items() if not name.startswith(_AUXILIARY)}
    if isinstance(network, VisionTransformer) and _PLACES in state:
        state = dict(interpolate_embeddings(network.image_size, network.patch_size, state))
    fitting = {name: v for name, v in state.items() if name not in head or own[name].shape == v.shape}
    missing = sorted(set(own) - set(fitting) - head)
    unknown = sorted(set(fitting) - set(own))
    reshaped = sorted(n for n in set(own) & set(fitting) if own[n].shape != fitting[n].shape)
    if missing or unknown or reshaped:
        raise BadModel(
            f"{source} does not fit the backbone {backbone}: {len(missing)} of its {len(own)} tensors are missing, "
            f"{len(unknown)} are unknown and {len(reshaped)} have another shape (for instance "
            f"{(missing + unknown + reshaped)[0]}). Name the backbone these weights were made for, or other weights."
        )
    network.load_state_dict(fitting, strict=False)


def read_state(path: Path) -> State:
    """The tensors in a .safetensors or PyTorch weights file, or a model folder; no code in it is executed.

    Raises BadModel when it cannot be read as one.
    """
    if path.is_dir():
        path = path / "weights.safetensors"
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
    except FileNotFoundError as error:
        raise BadModel(f"There is no weights file {path}. Give an existing file, `imagenet` or `none`.") from error
    except Exception as error:
        raise BadModel(f"{path} is not a file of weights that can be read safely ({error}).") from error


@cache
def head_parameters(backbone: str) -> frozenset[str]:
    """Names of the parameters whose shape depends on the number of classes: the head."""
    two, three = (_shapes(backbone, n_classes) for n_classes in (2, 3))
    return frozenset(name for name in two if two[name] != three[name])


def _shapes(backbone: str, n_classes: int) -> dict[str, torch.Size]:
    try:
        with torch.device("meta"):
            network = _bare(backbone, n_classes)
    except NotImplementedError:  # some (RegNet) compute their widths with tensors, which takes memory
        network = _bare(backbone, n_classes)
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def freeze_backbone(network: nn.Module, backbone: str, frozen: bool) -> None:
    """Let only the head learn (`frozen`), or everything."""
    head = head_parameters(backbone)
    for name, parameter in network.named_parameters():
        parameter.requires_grad = name in head or not frozen


def weights_normalisation(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel (of 0 to 1) with which this backbone's weights were trained."""
    check_backbone(backbone)
    if is_timm(backbone):
        return timm_normalisation(backbone)
    preset = torchvision.models.get_model_weights(backbone).DEFAULT.transforms()
    return tuple(getattr(preset, "mean", IMAGENET_MEAN)), tuple(getattr(preset, "std", IMAGENET_STD))


def cached_weights(backbone: str) -> Path:
    """Where torchvision keeps, or would keep, this backbone's ImageNet weights."""
    url = torchvision.models.get_model_weights(backbone).DEFAULT.url
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name


@torch.no_grad()
def _calm_head(network: nn.Module, backbone: str) -> None:
    """Let no head start with larger weights than PyTorch's own layers do.

    Torchvision draws the EfficientNets' as suits a thousand classes (by 1 / sqrt(outputs)): with two, answers would
    begin nats away from even, and training from nothing would take its epochs to come back.
    """
    for name, weight in network.named_parameters():
        if name in head_parameters(backbone) and weight.ndim > 1:
            usual = (3 * weight[0].numel()) ** -0.5  # the deviation of nn.Linear's uniform numbers
            if weight.std() > 1.1 * usual:
                weight.mul_(usual / weight.std())


def _imagenet_state(backbone: str) -> State:
    if is_timm(backbone):
        return timm_state(backbone)
    weights = torchvision.models.get_model_weights(backbone).DEFAULT
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    except Exception as error:
        raise BadModel(
            f"The ImageNet weights of {backbone} could not be had ({error}). They are expected in "
            f"{cached_weights(backbone)}. Either connect to the internet once, or download {weights.url} elsewhere and "
            "put it there, or set [training] weights to a file of this backbone, or train from nothing with "
            "weights = none and strategy = scratch."
        ) from error


def _bare(backbone: str, n_classes: int, image_size: int | None = None) -> nn.Module:
    if is_timm(backbone):
        return timm_network(backbone, n_classes, image_size)
    arguments = dict(_ARGUMENTS.get(backbone, {}))
    if image_size and backbone.startswith("vit_"):
        arguments["image_size"] = image_size
    if image_size and backbone == "maxvit_t":
        arguments["input_size"] = (image_size, image_size)
    try:
        return torchvision.models.get_model(backbone, weights=None, num_classes=n_classes, **arguments)
    except (AssertionError, ValueError) as error:
        raise BadConfiguration(f"image_size = {image_size} does not suit {backbone}: {error}") from error


def check_backbone(backbone: str) -> None:
    """Raises BadConfiguration for what is the name of no network."""
    if is_timm(backbone):
        return check_timm(backbone)
    known = torchvision.models.list_models(module=torchvision.models)
    if backbone not in known:
        near = difflib.get_close_matches(backbone, known, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}."
        raise BadConfiguration(
            f"backbone = {backbone!r} is no classifier of torchvision {torchvision.__version__}: {advice}"
        )
