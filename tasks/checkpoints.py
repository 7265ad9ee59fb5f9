"""Where does training put its epochs aside, and what of it is of no use any more?

An epoch of a ResNet-18 is 180 MB. Training removes its own at the end; one that was interrupted and whose recipe has
changed since would lie there for ever.
"""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from allsky.corpus import Corpus
from tasks.base import Stage
from tasks.temporaries import STALE_ELSEWHERE_S, process_start

RECIPE_CHARACTERS = 8

# `<model>.pt`, `<model>.pt.best-3`, and while it is written `.<model>.pt.<host>~<process>`.
_OF_MODEL = re.compile(r"\.?(?P<model>.+?)\.pt(\.best-\d+)?(\.(?P<host>[^~]+)~(?P<process>\d+))?")


def checkpoint_of(corpus: Corpus, model: str) -> Path:
    """The file in which the training of `model` puts its last epoch aside; its folder is made."""
    folder = corpus.root / ".training"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{model}.pt"


def cell_checkpoint(cell: Stage, kind: str) -> Path:
    """The same for a cell of a comparison: under its recipe, so that no other pictures' epochs are gone on with."""
    name = f"{kind}_{cell.output().path.stem}-{cell.recipe()[:RECIPE_CHARACTERS]}"
    sweep_checkpoints(cell.corpus, name)
    return checkpoint_of(cell.corpus, name)


def sweep_checkpoints(corpus: Corpus, model: str) -> list[Path]:
    """Remove what models that are finished, other recipes of `model`, and killed processes left; the files removed."""
    stale = [path for path in (corpus.root / ".training").glob("*.pt*") if _is_stale(corpus, path, model)]
    for path in stale:
        path.unlink(missing_ok=True)
    return stale


def _is_stale(corpus: Corpus, path: Path, model: str) -> bool:
    match = _OF_MODEL.fullmatch(path.name)
    if match is None:
        return False
    if match["process"]:
        if match["host"] != socket.gethostname():
            return _age_s(path) > STALE_ELSEWHERE_S
        return process_start(int(match["process"])) is None
    name = match["model"]
    superseded = name != model and name.rpartition("-")[0] == model.rpartition("-")[0]
    return superseded or (corpus.model_folder(name) / "model.json").exists()


def _age_s(path: Path) -> float:
    """Seconds since a file was changed; 0 where it has just got its name or gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
