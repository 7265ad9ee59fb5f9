"""Networks compared on a small archive: every cell an artifact of its own, judged on audit nights."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"backbones": "squeezenet1_1", "strategies": "scratch", "seeds": "2", "image_size": "32", "epochs": "1"}


def compare(chain):
    return chain.run(goal="ModelComparison")


def audited_weight(chain):
    """How many frames the answered audit frames stand for."""
    program = "from tasks.model_comparison import audit_frames; print(audit_frames()['weight'].sum())"
    command = [sys.executable, "-c", program]
    return float(subprocess.check_output(command, cwd=ROOT, env=chain.environment, text=True))


def turn_an_audit_answer(chain):
    labels = pd.read_csv(chain.folder / "labels.csv")
    audited = parquet.ParquetFile(chain.corpus.audit_sheet).read(["frame_id"]).to_pandas()["frame_id"]
    row = labels.index[labels["frame_id"].isin(audited) & (labels["label"] == "aurora")][0]
    labels.loc[row, "label"] = "no_aurora"
    labels.to_csv(chain.folder / "labels.csv", index=False)


def test_another_network_trains_only_itself_and_a_changed_label_all(chain):
    for key, value in SMALL.items():
        chain.configure("comparison", key, value)
    first = compare(chain)
    assert first.status == 0, first.told
    cells = [name for name in first.did if name.startswith("ComparisonCell")]
    assert len(cells) == 2
    result = chain.folder / "output" / "comparison" / "result"
    table = parquet.ParquetFile(result / "comparison.parquet").read().to_pandas()
    assert table["backbone"].tolist() == ["squeezenet1_1", "squeezenet1_1", "green-pixel rule"]
    assert table["seed"].tolist()[:2] == [0, 1]
    assert table["balanced_accuracy"].between(0, 1).all()
    assert "This is a small comparison" in (result / "comparison.md").read_text()

    chain.configure("comparison", "backbones", "squeezenet1_1, shufflenet_v2_x0_5")
    grown = compare(chain)
    assert grown.status == 0, grown.told
    assert all("shufflenet" in name for name in grown.did if name.startswith("ComparisonCell"))
    assert grown.stages == {"ComparisonCell", "ModelComparison"}
    assert compare(chain).stages == set()

    # The frames that a larger draw adds have no answers yet: what they stood for still counts, by those that have.
    before = audited_weight(chain)
    chain.configure("labels", "per_cell", "6")
    turn_an_audit_answer(chain)
    changed = compare(chain)
    assert sum(name.startswith("ComparisonCell") for name in changed.did) == 4, changed.told
    assert "AuditSheet" in changed.stages
    assert audited_weight(chain) == pytest.approx(before, rel=0.1)


def test_an_unknown_strategy_is_refused(chain):
    chain.configure("comparison", "strategies", "scratch, finetuned")
    run = compare(chain)
    assert run.status != 0
    assert "finetuned" in run.told


def test_a_finished_report_says_where_the_model_looked(finished_chain):
    output = finished_chain[0].folder / "output"
    [report] = (output / "report").glob("model=squeezenet*")
    evidence = parquet.ParquetFile(report / "evidence.parquet").read().to_pandas()
    # So small a network, after one epoch, has blank maps too; these have no shares.
    assert evidence["sky_share"].dropna().between(0, 1.0001).all()
    assert evidence["covered_fraction"].between(0, 1).all()
    # The camera's lens is not in the configuration of this archive.
    assert evidence["lens"].unique().tolist() == ["assumed equidistant"]
    assert set(evidence["moon_found_by"]) <= {"brightness", "below the horizon"}
    [maps] = (output / "gradcam").glob("model=squeezenet*")
    geometry = json.loads((maps / "geometry.json").read_text())
    assert set(geometry["frames"]) == set(evidence["frame_id"])
    assert np.load(maps / f"{evidence['frame_id'].iloc[0]}.npy").dtype == np.float16
