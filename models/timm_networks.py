"""Networks of timm (https://github.com/huggingface/pytorch-image-models), named `timm:NAME`.

timm is an extra: only a name that begins so needs it.
"""

from __future__ import annotations

import difflib
from typing import Any

import torch
from torch import nn

from allsky.errors import BadConfiguration, BadModel, MissingTool

PREFIX = "timm:"


def is_timm(backbone: str) -> bool:
    return backbone.startswith(PREFIX)


def check_timm(backbone: str) -> None:
    """Raises BadConfiguration for a name that timm does not know, MissingTool where timm is not installed."""
    timm, name = _timm(), backbone.removeprefix(PREFIX)
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        named = " or ".join(PREFIX + one for one in near)
        advice = f"did you mean {named}?" if near else "timm.list_models() names them."
        raise BadConfiguration(f"backbone = {backbone!r} is no classifier of timm {timm.__version__}: {advice}")


def timm_network(backbone: str, n_classes: int, image_size: int | None) -> nn.Module:
    """The network with random weights; raises BadConfiguration where it cannot take pictures of `image_size`."""
    timm, name = _timm(), backbone.removeprefix(PREFIX)
    sized = {"img_size": image_size} if image_size and _has_places(timm, name) else {}
    try:
        return timm.create_model(name, pretrained=False, num_classes=n_classes, **sized)
    except (AssertionError, ValueError, RuntimeError) as error:
        raise BadConfiguration(f"image_size = {image_size} does not suit {backbone}: {error}") from error


def timm_state(backbone: str) -> dict[str, torch.Tensor]:
    """timm's own weights of the network, downloaded or from its cache. Raises BadModel where they cannot be had."""
    timm, name = _timm(), backbone.removeprefix(PREFIX)
    try:
        return dict(timm.create_model(name, pretrained=True).state_dict())
    except Exception as error:
        raise BadModel(
            f"The weights of {backbone} could not be had ({error}). Either connect to the internet once, or set "
            "[training] weights to a file of this backbone, or train from nothing with weights = none and strategy = "
            "scratch."
        ) from error


def timm_normalisation(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel (of 0 to 1) with which timm's weights were trained."""
    timm = _timm()
    facts = timm.get_pretrained_cfg(backbone.removeprefix(PREFIX))
    if facts is None:
        from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

        return IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
    return tuple(facts.mean), tuple(facts.std)


def _has_places(timm: Any, name: str) -> bool:
    """Whether the network is built for one size of picture: only then it asks for one."""
    facts = timm.get_pretrained_cfg(name)
    return bool(facts and facts.fixed_input_size)


def _timm() -> Any:
    try:
        import timm
    except ImportError:
        raise MissingTool(
            "timm is not installed; a backbone named `timm:…` needs it: in the clone,"
            " .venv/bin/pip install -c constraints.txt -e '.[timm]'"
        ) from None
    return timm
