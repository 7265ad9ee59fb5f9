"""A report over a range of nights tells of those nights alone."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from allsky.camera_epochs import EPOCHS
from tasks import report_data

BEGINNINGS = ["2023-01-20", "2023-02-12", "2023-03-01"]


@pytest.mark.parametrize(
    ("ranged", "nights", "told"),
    [
        (False, ["2023-01-20", "2023-03-05"], BEGINNINGS),
        (True, ["2023-02-12", "2023-02-28"], ["2023-02-12"]),
        (True, ["2023-02-01", "2023-03-05"], BEGINNINGS[1:]),
        (True, ["2023-02-13", "2023-02-28"], []),
        (True, [], []),
    ],
)
def test_a_report_tells_of_cameras_that_begin_within_its_range(monkeypatch, ranged, nights, told):
    epochs = pd.DataFrame({"night": BEGINNINGS}).reindex(columns=EPOCHS.names)
    monkeypatch.setattr(report_data, "stored_epochs", lambda: epochs)
    report = SimpleNamespace(ranged=ranged, nights=lambda: nights)
    assert report_data.epochs_told(report)["night"].tolist() == told
