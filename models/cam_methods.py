"""By which methods can a network's answer be traced to places in the picture?

The classes of the grad-cam library by the names that their papers use, and two that it offers in another form: they
answer here like the others, with a map of one class for each picture.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytorch_grad_cam
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.feature_factorization.deep_feature_factorization import dff
from torch import nn

# Concepts that a picture's features are taken apart into: the library's own default.
CONCEPTS = 5


class FullGrad(BaseCAM):
    """Gradients of the input and of every bias, by what they are multiplied with (Srinivas & Fleuret 2019, eq. 8).

    As in the authors' code each layer's map is rescaled by its largest value; the library rescales each channel, and
    keeps all of them at the picture's size, gigabytes for a batch. Of a transformer only the layers with maps count.
    """

    def __init__(self, model: nn.Module, target_layers: list[nn.Module], reshape_transform: Callable | None = None):
        layers = [module for module in model.modules() if _has_bias(module)]
        super().__init__(model, layers, None, compute_input_gradient=True)
        self.biases = [_bias(layer) for layer in layers]

    def compute_cam_per_layer(self, input_tensor: torch.Tensor, targets: Any, eigen_smooth: bool) -> list[np.ndarray]:
        size = self.get_target_width_height(input_tensor)
        assert input_tensor.grad is not None
        parts = [input_tensor.grad * input_tensor.detach()]
        gradients = self.activations_and_grads.gradients
        parts += [bias.to(g)[None, :, None, None] * g for bias, g in zip(self.biases, gradients, strict=True)]
        return [_rescaled(part.abs().cpu().numpy(), size)[:, None] for part in parts]


class DeepFeatureFactorization(BaseCAM):
    """Concepts that the picture's features are made of, each as far as it speaks for the class (Collins et al. 2018).

    The factors are non-negative; a concept speaks for the class by Grad-CAM's weights of the channels that it is in.
    """

    def get_cam_image(
        self,
        input_tensor: torch.Tensor,
        target_layer: nn.Module,
        targets: Any,
        activations: np.ndarray,
        grads: np.ndarray,
        eigen_smooth: bool = False,
    ) -> np.ndarray:
        weights = grads.mean(axis=(2, 3))
        return np.stack([_concept_map(one, weight) for one, weight in zip(activations, weights, strict=True)])


METHODS: dict[str, type[BaseCAM]] = {
    "GradCAM": pytorch_grad_cam.GradCAM,
    "HiResCAM": pytorch_grad_cam.HiResCAM,
    "GradCAMElementWise": pytorch_grad_cam.GradCAMElementWise,
    "GradCAM++": pytorch_grad_cam.GradCAMPlusPlus,
    "XGradCAM": pytorch_grad_cam.XGradCAM,
    "EigenCAM": pytorch_grad_cam.EigenCAM,
    "EigenGradCAM": pytorch_grad_cam.EigenGradCAM,
    "LayerCAM": pytorch_grad_cam.LayerCAM,
    "AblationCAM": pytorch_grad_cam.AblationCAM,
    "ScoreCAM": pytorch_grad_cam.ScoreCAM,
    "KPCA-CAM": pytorch_grad_cam.KPCA_CAM,
    "FullGrad": FullGrad,
    "DeepFeatureFactorization": DeepFeatureFactorization,
}


def _has_bias(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.BatchNorm2d) and module.bias is not None


def _bias(layer: Any) -> torch.Tensor:
    """What a layer adds whatever it is given; batch normalisation takes its running mean away besides."""
    bias = layer.bias.detach()
    if isinstance(layer, nn.BatchNorm2d):
        assert layer.running_mean is not None and layer.running_var is not None
        bias = bias - layer.running_mean * layer.weight.detach() / torch.sqrt(layer.running_var + layer.eps)
    return bias


def _rescaled(part: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps (n, channels, h, w) from 0 to 1, added up over the channels, at the picture's size: (n, height, width)."""
    low, high = part.min(axis=(1, 2, 3), keepdims=True), part.max(axis=(1, 2, 3), keepdims=True)
    summed = ((part - low) / np.maximum(high - low, 1e-12)).sum(axis=1)
    return np.stack([cv2.resize(one.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) for one in summed])


def _concept_map(features: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Where a picture's features (channels, h, w) hold concepts that speak for the class: (h, w)."""
    offset = features.reshape(len(features), -1).min(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the factors have not settled to the last digit
        concepts, places = dff(features[None].astype(np.float64), min(CONCEPTS, features[0].size))
    speaks = weight @ (concepts - offset[:, None])
    return np.tensordot(np.maximum(speaks, 0), places[0], axes=1)
