"""How does a model leave this project: as an ONNX file that answers like the model itself?

The file holds the whole way from a picture to calibrated probabilities: bytes in, normalisation, network, temperature,
softmax. What it must be given and how it decides stand in its metadata. It is checked against PyTorch on real frames.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from allsky.corpus import Corpus
from allsky.errors import BadModel, MissingTool
from allsky.pictures import read_pictures
from models.dataset import scaled
from models.description import VALIDATION, ModelDescription
from models.model_folder import Model
from models.normalisation import normalised

INPUT, OUTPUT = "pictures", "probabilities"

# Two ways of computing the same float32 numbers: as far as a probability may differ.
TOLERANCE = 1e-3

# Frames that a file is checked on where nobody names any.
CHECKED = 32


@dataclass(frozen=True)
class Check:
    """What became of the check: frames, largest difference of a probability, share of equal decisions."""

    frames: int
    largest_difference: float
    same_decisions: float


class _WholeWay(nn.Module):
    """From pictures, uint8 (n, size, size, 3), to probabilities float32 (n, classes)."""

    def __init__(self, model: Model):
        super().__init__()
        self.network, self.description = model.network, model.description

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        images = scaled(pictures.permute(0, 3, 1, 2), pictures.device)
        logits = self.network(normalised(images, self.description))
        return (logits / self.description.temperature).softmax(dim=1)


def export_onnx(model: Model, target: Path, frames: Sequence[Path]) -> Check:
    """Write `model` as the ONNX file `target`, once it has answered like PyTorch for `frames`.

    Raises MissingTool where ONNX is not installed, BadModel where there is no frame to check with, or the answers
    differ: nothing is written then.
    """
    onnx = _onnx()
    if not frames:
        raise BadModel("no frame to check the exported model with: name some with --check FILE")
    partial = target.with_name(f".{target.name}.partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(model, partial)
        check = compare(model, partial, frames)
        _require(check, target)
        _describe(onnx, partial, model.description, check)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return check


def compare(model: Model, exported: Path, frames: Sequence[Path]) -> Check:
    """How the exported file's answers differ from PyTorch's on pictures."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    whole, size = _WholeWay(model).eval(), model.description.image_size
    ours, theirs = [], []
    for batch in read_pictures(frames, size, 8):
        with torch.inference_mode():
            ours.append(whole(torch.from_numpy(batch)).numpy())
        theirs.append(session.run([OUTPUT], {INPUT: batch})[0])
    mine, other = np.concatenate(ours), np.concatenate(theirs)
    same = model.description.decide(mine) == model.description.decide(other)
    return Check(len(mine), float(np.abs(mine - other).max()), float(same.mean()))


def frames_beside(folder: Path) -> list[Path]:
    """Validation frames of the model in `folder` that lie in its corpus; none where it lies elsewhere."""
    import pandas as pd

    table = folder / VALIDATION
    if not table.is_file():
        return []
    rows = pd.read_parquet(table, columns=["frame_id", "night"])
    corpus = Corpus(folder.resolve().parent.parent)
    paths = [corpus.image_folder(row.night) / f"{row.frame_id}.jpg" for row in rows.itertuples()]
    present = [path for path in paths if path.is_file()]
    return present[:: max(1, len(present) // CHECKED)][:CHECKED]


def _onnx() -> Any:
    try:
        import onnx
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingTool(
            f"{error.name} is not installed; ONNX export needs it: in the clone,"
            " .venv/bin/pip install -c constraints.txt -e '.[onnx]'"
        ) from None
    return onnx


def _write(model: Model, target: Path) -> None:
    size = model.description.image_size
    # Two pictures: of one, the exporter would take the number for a constant.
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own deprecations
        torch.onnx.export(
            _WholeWay(model).eval(),
            (example,),
            str(target),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={"pictures": {0: torch.export.Dim("n")}},
            external_data=False,
            verbose=False,
        )


def _require(check: Check, target: Path) -> None:
    if not check.largest_difference <= TOLERANCE:
        raise BadModel(
            f"{target} was not written: on {check.frames} frames the exported model's probabilities differ from "
            f"PyTorch's by up to {check.largest_difference:.4f}, expected {TOLERANCE:g} at most"
        )


def _describe(onnx: Any, path: Path, description: ModelDescription, check: Check) -> None:
    """Put what a user of the file must know into its metadata."""
    exported = onnx.load(str(path))
    facts = {
        "classes": json.dumps(list(description.classes)),
        "positive": description.positive,
        "rule": description.rule,
        "threshold": json.dumps(description.threshold),
        "abstain_below": json.dumps(description.abstain_below),
        "backbone": description.backbone,
        "input": f"uint8 (n, {description.image_size}, {description.image_size}, 3), RGB; the sky disk's square, black "
        "outside the disk",
        "output": "calibrated probabilities of the classes",
        "checked": f"{check.frames} frames, largest difference {check.largest_difference:.2g}",
    }
    onnx.helper.set_model_props(exported, facts)
    onnx.save(exported, str(path))
