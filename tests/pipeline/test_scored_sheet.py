"""With a model, audit frames are also drawn by what it says of them, and count once they are answered."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from allsky.labels.sampling import PLACE
from allsky.simulator import simulated_answers
from allsky.tables import LABELS

pytestmark = pytest.mark.slow


def drawn(chain) -> pd.DataFrame:
    (path,) = chain.corpus.scored_sheets
    return pq.ParquetFile(path).read().to_pandas()


def answer_all(chain) -> None:
    """The simulated labeller answers every sheet, those drawn for models too."""
    sheets = pd.concat([pq.ParquetFile(path).read().to_pandas() for path in chain.corpus.sheets]).drop_duplicates(PLACE)
    answers = simulated_answers(pd.read_parquet(chain.folder / "truth"), sheets, seed=1)
    answers[LABELS.names].to_csv(chain.folder / "labels.csv", index=False)


def standing(chain) -> dict[str, dict[str, str]]:
    """What `allsky status` says of the stages that are of no night."""
    return json.loads(chain.asked("status", "--json"))["corpus"]


def audited(chain) -> int:
    (path,) = chain.corpus.root.glob("report/model=*/condition_table.parquet")
    table = pq.ParquetFile(path).read().to_pandas()
    whole = table[(table["solar_bin"] == "All") & (table["lunar_bin"] == "All")].iloc[0]
    return int(whole["n_labelled"] + whole["n_unsure"])


def test_frames_drawn_by_score_wait_for_answers_then_count_and_nothing_is_trained_again(chain):
    before = audited(chain)
    assert "ScoredSheet" not in standing(chain)
    chain.configure("labels", "per_score_band", "4")
    assert standing(chain)["ScoredSheet"]["state"] == "missing"
    run = chain.run()
    assert (run.status, run.stages) == (0, {"ScoredSheet", "GradCamGallery", "FullCorpusReport"}), run.told
    assert standing(chain)["ScoredSheet"]["state"] == "done"
    rows = drawn(chain)
    # Each has its map: the worst errors lie among frames drawn by score.
    [maps] = (chain.folder / "output" / "gradcam").iterdir()
    assert set(rows["frame_id"]) <= {path.stem for path in maps.glob("*.jpg")}
    assert set(rows["role"]) == {"audit"} and rows["drawn_for_model"].nunique() == 1
    assert "wait for an answer" in run.told
    assert audited(chain) == before
    answer_all(chain)
    run = chain.run()
    assert (run.status, run.stages) == (0, {"FullCorpusReport"}), run.told
    assert "wait for an answer" not in run.told
    assert audited(chain) > before
    assert chain.run().stages == set()
