"""Where did training stand when it was interrupted?"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import socket
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from models.recipe import TrainingRecipe


class Checkpoint:
    """Files with the state of training after its last finished epoch; `path` None keeps nothing.

    The best epoch's weights lie in a file of their own beside it, written once: `<path>.best-<epoch>`. While the last
    epoch is the best they are the weights in the state itself, and there is no such file. Files of another recipe,
    split or PyTorch, or damaged ones, are ignored: training then starts anew.
    """

    def __init__(self, path: Path | None, fingerprint: str):
        self.path = path
        self.fingerprint = fingerprint

    def save(self, state: dict[str, Any]) -> None:
        """Put a Learner's `state` aside, each file replaced at once."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        best = None if state["best_epoch"] == len(state["history"]) else self._best_file(state["best_epoch"])
        if best is not None and not best.exists():
            self._write(best, state["best"])
        self._write(self.path, {name: value for name, value in state.items() if name != "best"})
        for other in self._best_files():
            if other != best:
                other.unlink()

    def load(self) -> dict[str, Any] | None:
        """The state put aside by an equal training, or None. Executes no code from the files."""
        if self.path is None or (state := self._read(self.path)) is None:
            return None
        if state["best_epoch"] == len(state["history"]):
            return state | {"best": state["average"] or state["network"]}
        best = self._read(self._best_file(state["best_epoch"]))
        return None if best is None else state | {"best": best}

    def remove(self) -> None:
        """Forget it, once the model is written."""
        if self.path is not None:
            for path in (self.path, *self._best_files()):
                path.unlink(missing_ok=True)

    def _best_file(self, epoch: int) -> Path:
        assert self.path is not None
        return self.path.with_name(f"{self.path.name}.best-{epoch}")

    def _best_files(self) -> list[Path]:
        assert self.path is not None
        return list(self.path.parent.glob(f"{glob.escape(self.path.name)}.best-*"))

    def _write(self, path: Path, state: Any) -> None:
        # Whoever tidies up asks on this host whether its writer lives, and on another waits.
        partial = path.with_name(f".{path.name}.{socket.gethostname()}~{os.getpid()}")
        try:
            torch.save({"fingerprint": self.fingerprint, "state": state}, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _read(self, path: Path) -> Any:
        try:
            kept = torch.load(path, map_location="cpu", weights_only=True)
        except Exception:
            return None
        return kept["state"] if kept.get("fingerprint") == self.fingerprint else None


def fingerprint(recipe: TrainingRecipe, split: pd.DataFrame) -> str:
    """A hash of everything that decides the weights: recipe, labelled frames, PyTorch's version and threads."""
    frames = split[["frame_id", "label", "split", "weight"]].to_csv(index=False)
    machine = f"{torch.__version__} {torch.get_num_threads()} {torch.cuda.is_available()}"
    text = json.dumps(recipe.as_dict(), sort_keys=True) + frames + machine
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
