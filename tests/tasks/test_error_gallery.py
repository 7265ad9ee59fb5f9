"""Which errors does the report show? The surest of those that have a map."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from allsky.corpus import Corpus
from tasks import error_gallery


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setattr(error_gallery, "_neighbours", lambda *_: ())
    settings = SimpleNamespace(labels=SimpleNamespace(positive="aurora"), explanation=SimpleNamespace(worst=2))
    return SimpleNamespace(settings=settings, corpus=Corpus(tmp_path), model=lambda: "m")


def test_an_error_without_a_map_takes_no_place_from_one_that_has_one(report):
    wrong = pd.DataFrame(
        {
            "frame_id": ["surest", "sure", "shown", "too", "right"],
            "label": ["no_aurora"] * 4 + ["aurora"],
            "predicted": "aurora",
            "p_aurora": [0.99, 0.98, 0.9, 0.8, 0.97],
            "night": "2023-01-01",
            "solar_bin": "Night",
            "lunar_bin": "No_Moon",
            "image": "x.jpg",
        }
    )
    maps = report.corpus.gradcam_folder("m")
    maps.mkdir(parents=True)
    for name in ("shown", "too", "right"):
        (maps / f"{name}.jpg").touch()
    assert [item.frame_id for item in error_gallery.error_gallery(report, wrong)] == ["shown", "too"]
    assert list(error_gallery.error_gallery(report, wrong.head(0))) == []
