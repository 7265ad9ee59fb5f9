"""A model as an ONNX file, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path


def export_model(folder: Path, target: Path, frames: Sequence[Path], tell: Callable[[str], None]) -> None:
    """Export the model in `folder` to `target`, checked on `frames`, or on validation frames of its corpus."""
    from models.export import export_onnx, frames_beside
    from models.model_folder import load_model

    check = export_onnx(load_model(folder), target, list(frames) or frames_beside(folder))
    tell(
        f"{target}: answers like PyTorch on {check.frames} frames (largest difference of a probability "
        f"{check.largest_difference:.2g}, equal decisions {check.same_decisions:.0%})"
    )
