"""Every error on purpose reaches the process that waits for it, whatever its class is made from."""

from __future__ import annotations

import ast
import importlib
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from allsky.errors import AllskyError
from allsky.tables import SPLIT
from tasks.artifacts import DamagedArtifact, TableArtifact

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for floor in ("allsky", "models", "tasks", "pipeline") for path in sorted((ROOT / floor).rglob("*.py"))]
NODES = [(path, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def kinds_of_error() -> dict[str, Path]:
    """Every class of error on purpose, and the file in which it stands."""
    found: dict[str, Path] = {"AllskyError": ROOT / "allsky" / "errors.py"}
    while further := {
        node.name: path
        for path, node in NODES
        if isinstance(node, ast.ClassDef)
        and node.name not in found
        and found.keys() & {ast.unparse(b) for b in node.bases}
    }:
        found |= further
    return found


KINDS = kinds_of_error()
# How the code makes each: its name, the number of arguments, and the names of those that have one.
MADE = {
    (node.func.id, len(node.args), tuple(str(keyword.arg) for keyword in node.keywords))
    for _, node in NODES
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS
}


def kind_named(name: str) -> type[AllskyError]:
    module = ".".join(KINDS[name].relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return getattr(importlib.import_module(module), name)


# What else than words some are made of.
OF_FACTS = {"NightsNotDone": ({("NightFrames", "1993-03-13"): "why"}, 31, True)}


@pytest.mark.parametrize(("name", "count", "keywords"), sorted(MADE))
def test_an_error_as_the_code_makes_it_survives_the_way_to_another_process(name, count, keywords):
    words = [f"{number} of 1993-03-13" for number in range(count)]
    error = kind_named(name)(*OF_FACTS.get(name, words)[:count], **dict.fromkeys(keywords, "why"))
    error.add_note("seen in a worker")
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert (str(arrived), arrived.args, arrived.__dict__) == (str(error), error.args, error.__dict__)


def test_every_kind_of_error_is_among_these():
    assert {name for name, _, _ in MADE} | {"AllskyError"} >= KINDS.keys()
    assert ("DamagedArtifact", 2, ()) in MADE


def read_split(folder: Path) -> None:
    TableArtifact(folder / "split.parquet", SPLIT).read()


def test_who_waits_for_a_process_hears_which_artifact_is_missing(tmp_path):
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        waited = pool.submit(read_split, tmp_path)
        with pytest.raises(DamagedArtifact, match=r"split\.parquet is missing or damaged"):
            waited.result(timeout=60)
