"""What all cells of a grid of trainings stand on is worked out once, however many cells there are."""

from __future__ import annotations

import pytest

from tasks import leakage_gap, model_comparison
from tasks.answers import answers_digest
from tasks.label_split import LabelSplit
from tasks.leakage_gap import LeakageGap
from tasks.model_comparison import ModelComparison


@pytest.mark.parametrize(
    ("module", "grid", "stands_on"),
    [
        (leakage_gap, LeakageGap, ("labels", "shares", "nights")),
        (model_comparison, ModelComparison, ("split", "audit")),
    ],
)
def test_the_labels_are_gone_through_once_for_a_whole_grid(empty_archive, monkeypatch, module, grid, stands_on):
    asked = []
    monkeypatch.setattr(LabelSplit, "recipe", lambda self: "split")
    monkeypatch.setattr(module, "answers_digest", lambda roles: asked.append(roles) or answers_digest(roles))
    ingredients = grid().ingredients()
    assert len(ingredients["cells"]) > 10
    assert set(stands_on) <= set(ingredients)
    assert len(asked) == 1
    # A later question is answered anew.
    assert grid().ingredients() == ingredients
    assert len(asked) == 2
