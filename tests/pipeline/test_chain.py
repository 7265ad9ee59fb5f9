"""The whole chain on a small simulated archive: what comes out, and what a run says."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from allsky import open_corpus
from allsky.labels.roles import roles_of
from allsky.tables import CONDITION_TABLE, CONDITIONS, FRAMES, MONTH_FRAMES, PREDICTIONS, READINGS, SHEET, VIDEOS

pytestmark = pytest.mark.slow


def test_a_first_run_ends_where_a_person_has_to_label(unlabelled_chain):
    chain, run = unlabelled_chain
    assert run.status == 4, run.told
    assert "frames wait in" in run.told
    assert str(chain.corpus.sheet) in run.told
    assert (chain.corpus.report_folder("none") / "report.html").exists()
    assert not (chain.folder / "output" / "predictions").exists()


def test_a_labelled_archive_ends_in_a_report(finished_chain):
    chain, run = finished_chain
    assert run.status == 0, run.told
    [report] = chain.folder.glob("output/report/model=squeezenet1_1-*")
    table = pd.read_parquet(report / "condition_table.parquet")
    assert list(table.columns) == CONDITION_TABLE.names
    assert (report / "report.html").stat().st_size > 10_000
    assert "audit accuracy of" in run.told


def test_every_kept_frame_is_dated_exactly(finished_chain):
    chain, _ = finished_chain
    truth = pd.read_parquet(chain.folder / "truth")
    frames = pd.read_parquet(chain.folder / "output" / "months")
    both = frames.merge(truth, on=["video", "frame_index"], suffixes=("", "_true"), validate="one_to_one")
    assert len(both) == len(frames) == len(truth)
    assert (both["utc"] == both["utc_true"]).all()
    assert both["clock_flag"].isna().all()


def test_every_keogram_has_its_numbers_beside_it(finished_chain):
    chain, _ = finished_chain
    frames = pd.read_parquet(chain.folder / "output" / "months").groupby("night", observed=True).size()
    for picture in chain.folder.glob("output/keograms/model=squeezenet1_1-*/night=*/keogram.png"):
        numbers = pd.read_csv(picture.with_suffix(".csv"), parse_dates=["utc"])
        assert len(numbers) == frames.pop(picture.parent.name.removeprefix("night="))
        assert numbers[["luma_1", "solar_bin", "p_aurora", "predicted"]].notna().all().all()
    assert frames.empty


def test_every_condition_that_audit_nights_have_is_on_the_audit_sheet(finished_chain):
    chain, _ = finished_chain
    frames = pd.read_parquet(chain.folder / "output" / "months").astype({"night": str})
    sheet = pd.read_parquet(chain.corpus.audit_sheet)
    audit = frames[frames["night"].map(roles_of(frames["night"])) == "audit"]
    drawn = audit[audit["frame_id"].isin(sheet["frame_id"])]
    cells = ["solar_bin", "lunar_bin"]
    assert len(audit.groupby(cells)) >= 5
    assert set(audit.groupby(cells).groups) == set(drawn.groupby(cells).groups)
    assert (sheet["inclusion_probability"] > 0).all()


def test_every_file_of_the_output_folder_stands_on_the_page_of_artifacts(finished_chain):
    chain, _ = finished_chain
    output = chain.folder / "output"
    told = {path for pattern in told_artifacts() for path in output.glob(pattern)}
    files = [path for path in output.rglob("*") if path.is_file() and not path.name.startswith(".")]
    own = {".training", ".running"}
    assert len(files) > 100
    assert [str(path) for path in files if path not in told and own.isdisjoint(path.relative_to(output).parts)] == []


def told_artifacts() -> list[str]:
    """The paths in the first column of the table, as patterns; what is named after another lies beside it."""
    page = Path(__file__).parents[2].joinpath("docs", "artifacts.md").read_text(encoding="utf-8")
    patterns = []
    for cell in re.findall(r"^\| (`[^|]+`) \| ", page, flags=re.M):
        first, *others = re.findall(r"`([^`]+)`", cell)
        named = [first, *(f"{first.rpartition('/')[0]}/{other}" for other in others)]
        patterns += [re.sub(r"…|<\w+>|YYYY-MM-DD|YYYY-MM", "*", path) for path in named]
    return [f"{pattern}**/*" if pattern.endswith("/") else pattern for pattern in patterns]


def test_every_root_reads_as_one_table(finished_chain):
    chain, _ = finished_chain
    output = chain.folder / "output"
    roots = {
        "inventory": VIDEOS,
        "clock": READINGS,
        "readings": READINGS,
        "frames": FRAMES,
        "conditions": CONDITIONS,
        "months": MONTH_FRAMES,
        "predictions": PREDICTIONS,
        "labels/sheet.parquet": SHEET,
        "labels/audit.parquet": SHEET,
    }
    for root, table in roots.items():
        read = pd.read_parquet(output / root)
        assert set(table.names) <= set(read.columns), root
        assert len(read) > 0, root


def test_open_corpus_joins_frames_conditions_and_predictions(finished_chain):
    chain, _ = finished_chain
    corpus = open_corpus(chain.folder / "output")
    assert len(corpus) == len(pd.read_parquet(chain.folder / "output" / "months"))
    assert corpus["p_aurora"].between(0, 1).all()
    assert set(corpus["camera"]) == {"yellowknife"}


def test_a_finished_chain_has_nothing_to_do(finished_chain):
    chain, _ = finished_chain
    again = chain.run()
    assert (again.status, again.did) == (0, [])


def test_no_night_has_two_roles(finished_chain):
    chain, _ = finished_chain
    split = pd.read_parquet(chain.corpus.split)
    audit = pd.read_parquet(chain.corpus.audit_sheet)
    parts = [set(split.loc[split["split"] == part, "night"]) for part in ("train", "validation")] + [
        set(audit["night"])
    ]
    assert all(parts)
    assert len(set.union(*parts)) == sum(len(part) for part in parts)


def test_a_range_changes_nothing_outside_itself(chain):
    before = {path: path.stat().st_mtime_ns for path in (chain.folder / "output").rglob("*.parquet")}
    nights = sorted(pd.read_parquet(chain.folder / "output" / "months")["night"].unique())
    run = chain.run("--first-night", nights[1], "--last-night", nights[2])
    assert run.status == 0, run.told
    assert run.stages == {"FullCorpusReport"}
    [report] = chain.folder.glob(f"output/report/model=*/nights={nights[1]}_{nights[2]}")
    table = pd.read_parquet(report / "condition_table.parquet")
    assert table.loc[(table["solar_bin"] == "All") & (table["lunar_bin"] == "All"), "n_nights"].iloc[0] == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
