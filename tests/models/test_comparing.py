from dataclasses import replace

import pandas as pd
import pytest

from allsky.statistics.comparison import COMPARISON
from models.comparing import trained_and_judged


@pytest.fixture
def audit(toy):
    split, _ = toy
    return split[split["split"] == "validation"].assign(weight=2.0)


def test_a_network_is_trained_and_judged_in_one_row(toy, audit, quick, tmp_path):
    split, root = toy
    row = trained_and_judged(split, audit, root, quick, checkpoint=tmp_path / "cell.pt")
    table = COMPARISON.to_arrow(pd.DataFrame([row])).to_pandas()
    assert table.loc[0, ["backbone", "strategy", "n_train", "n_audit"]].tolist() == [quick.backbone, "scratch", 24, 12]
    assert 0 <= table["accuracy"].iloc[0] <= 1
    assert table[["images_per_s", "training_s", "parameters"]].gt(0).all(axis=None)
    assert {"f1_aurora", "f1_no_aurora"} <= set(table.columns)
    assert list(tmp_path.iterdir()) == []


def test_pretrained_weights_that_are_not_at_hand_leave_a_reason_and_are_not_downloaded(
    toy, audit, quick, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", lambda *_, **__: pytest.fail("asked the internet"))
    split, root = toy
    row = trained_and_judged(split, audit, root, replace(quick, strategy="finetune", weights="imagenet"))
    assert "ImageNet weights of shufflenet_v2_x0_5" in row["left_out"]
    assert COMPARISON.to_arrow(pd.DataFrame([row]).reindex(columns=COMPARISON.names)).num_rows == 1
