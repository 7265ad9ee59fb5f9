"""What a model says of loose pictures, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from allsky.errors import BadConfiguration


def classify_pictures(
    files: Sequence[Path],
    model: Path,
    tell: Callable[[str], None],
    as_json: bool = False,
    explain: bool = False,
    method: str | None = None,
    maps: Path | None = None,
    disk: str | None = None,
) -> int:
    """Tell what the model in the folder `model` says of each file; how many could not be read."""
    from models.classification import Classifier
    from models.description import METHOD
    from models.model_folder import load_model

    circle = None if disk is None else _circle(disk)
    classifier = Classifier(load_model(model), circle, (method or METHOD) if explain or maps else None, maps)
    unreadable = 0
    for answer in classifier(files):
        tell(json.dumps(answer.as_dict()) if as_json else _line(answer))
        unreadable += answer.unreadable
    return unreadable


def _line(answer: Any) -> str:
    if answer.p is None:
        return f"{answer.file}: {answer.problem}"
    chances = ", ".join(f"{name} {p:.3f}" for name, p in answer.p.items())
    return f"{answer.file}: {answer.predicted or 'not sure enough to say'} ({chances})"


def _circle(text: str) -> tuple[float, float, float]:
    try:
        x, y, radius = (float(part) for part in text.split(","))
    except ValueError:
        raise BadConfiguration(f"--disk {text}: expected three numbers, X,Y,RADIUS in pixels of the picture") from None
    return x, y, radius
