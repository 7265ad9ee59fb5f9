"""A network computed by ONNX Runtime: in float32, with layers joined and convolutions in loops of its own.

No compiler is needed, and making it ready takes two seconds.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable

import torch
from torch import nn

INPUT = "images"
# Pixels of the pictures that are computed at once: of more the activations leave the processor's cache (EfficientNet-B1
# takes 15 to 18 ms for a picture of 240 pixels by itself, 17 to 21 ms for each of 16).
PIXELS_AT_ONCE = 240 * 240


def onnx_forward(network: nn.Module, image_size: int, threads: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """What `network` answers to float32 images (n, 3, image_size, image_size), any number of them.

    Each call computes on `threads` threads, and several calls may be made at once. Raises whatever keeps the network
    from being translated.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(_translated(network, image_size), options, ["CPUExecutionProvider"])
    at_once = max(1, PIXELS_AT_ONCE // image_size**2)

    def forward(images: torch.Tensor) -> torch.Tensor:
        pieces = images.cpu().contiguous().split(at_once)
        return torch.cat([torch.from_numpy(session.run(None, {INPUT: piece.numpy()})[0]) for piece in pieces])

    return forward


def _translated(network: nn.Module, image_size: int) -> bytes:
    # Two pictures, for of one the number would be taken for a constant.
    example = torch.zeros((2, 3, image_size, image_size))
    written = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its deprecation: the exporter that follows takes ten times as long
        torch.onnx.export(
            copy.deepcopy(network).eval(),
            (example,),
            written,
            input_names=[INPUT],
            dynamic_axes={INPUT: {0: "n"}},
            dynamo=False,
        )
    return written.getvalue()
