"""Where did training stand when it was interrupted?"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from models.recipe import TrainingRecipe


class Checkpoint:
    """One file with the state of training after its last finished epoch; `path` None keeps nothing.

    A file of another recipe, split or PyTorch, or a damaged one, is ignored: training then starts anew.
    """

    def __init__(self, path: Path | None, fingerprint: str):
        self.path = path
        self.fingerprint = fingerprint

    def save(self, state: dict[str, Any]) -> None:
        """Put `state` (tensors, numbers, text, and lists and dicts of these) aside, replacing the file at once."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            torch.save({"fingerprint": self.fingerprint, "state": state}, partial)
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self) -> dict[str, Any] | None:
        """The state put aside by an equal training, or None. Executes no code from the file."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            kept = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception:
            return None
        return kept["state"] if kept.get("fingerprint") == self.fingerprint else None

    def remove(self) -> None:
        """Forget it, once the model is written."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def fingerprint(recipe: TrainingRecipe, split: pd.DataFrame) -> str:
    """A hash of everything that decides the weights: recipe, labelled frames, PyTorch's version and threads."""
    frames = split[["frame_id", "label", "split", "weight"]].to_csv(index=False)
    machine = f"{torch.__version__} {torch.get_num_threads()} {torch.cuda.is_available()}"
    text = json.dumps(recipe.as_dict(), sort_keys=True) + frames + machine
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
