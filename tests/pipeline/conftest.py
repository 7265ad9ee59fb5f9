"""A small archive taken through the whole chain once; each test works on a copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.made_small_archive import nights_of_each_role, simulate_small
from tests.made_once import made_once
from tests.pipeline.chain import Chain, Run

# Two months; three nights to train, two to validate, three to audit, by the keyed hash of their dates.
WANTED = {"training": 3, "validation": 2, "audit": 3}


@pytest.fixture(scope="session")
def unlabelled_chain(tmp_path_factory) -> tuple[Chain, Run]:
    """The archive after a first run, which ends where a person has to label."""
    return made_once(tmp_path_factory, "unlabelled", run_unlabelled)


def run_unlabelled(folder: Path) -> tuple[Chain, Run]:
    nights = nights_of_each_role(WANTED, "2023-01-20", "2023-03-20")
    more = "[explanation]\nmethod = GradCAM\n"
    simulate_small(folder, nights, cadence_s=720, image_size=96, per_cell=3, more=more)
    chain = Chain(folder)
    return chain, chain.run()


@pytest.fixture(scope="session")
def finished_chain(unlabelled_chain, tmp_path_factory) -> tuple[Chain, Run]:
    """The archive labelled, and taken to its report."""

    def run_labelled(folder: Path) -> tuple[Chain, Run]:
        chain = unlabelled_chain[0].copy(folder / "chain")
        chain.answer()
        return chain, chain.run()

    return made_once(tmp_path_factory, "finished", run_labelled)


@pytest.fixture
def chain(finished_chain, tmp_path) -> Chain:
    """A copy of the finished archive, to change."""
    return finished_chain[0].copy(tmp_path / "chain")
