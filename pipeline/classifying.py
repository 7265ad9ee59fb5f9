"""What a model says of loose pictures, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from allsky.errors import BadConfiguration
from allsky.recordings.files import STILL_SUFFIXES
from models.description import MAP_ENDING


def classify_pictures(
    files: Sequence[Path],
    model: Path,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    as_json: bool = False,
    explain: bool = False,
    method: str | None = None,
    maps: Path | None = None,
    disk: str | None = None,
) -> int:
    """Tell what a model says of each file, or of a folder's pictures; how many could not be read, and of folders how
    many hold none. A `method` draws maps, as `explain` does.

    Advice goes to `warn`; there is none beside JSON, which a program reads.
    """
    from models.classification import Classifier
    from models.description import METHOD
    from models.model_folder import load_model

    circle = None if disk is None else _circle(disk)
    classifier = Classifier(load_model(model), circle, (method or METHOD) if explain or maps or method else None, maps)
    pictures, empty = _pictures(files)
    for folder in empty:
        problem = f"{folder} holds no pictures: expected files that end in {', '.join(sorted(STILL_SUFFIXES))}"
        if as_json:
            tell(json.dumps({"file": str(folder), "p": None, "problem": problem}))
        else:
            warn(problem)
    unreadable, without_sky = len(empty), 0
    for answer in classifier(pictures):
        tell(json.dumps(answer.as_dict()) if as_json else _line(answer))
        unreadable += answer.unreadable
        without_sky += answer.p is None and not answer.unreadable
    if without_sky and disk is None and not as_json:
        warn(f"{without_sky} without an answer; if one is a night sky, say where in it: --disk X,Y,RADIUS")
    return unreadable


def _pictures(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files, and of each folder its pictures in order of name; and the folders without any."""
    pictures: list[Path] = []
    empty = []
    for path in files:
        if not path.is_dir():
            pictures.append(path)
            continue
        stills = sorted(file for file in path.iterdir() if file.suffix.lower() in STILL_SUFFIXES)
        stills = [still for still in stills if not still.name.endswith(MAP_ENDING)]
        pictures += stills
        if not stills:
            empty.append(path)
    return pictures, empty


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
