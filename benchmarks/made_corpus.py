"""Writes the smallest artifacts of every stage, with today's recipes, into the output that the configuration names.

`made_corpus.py inventory` writes the inventory and the disk, `made_corpus.py all` everything but training.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from allsky.fisheye import SkyDisk as Disk
from allsky.tables import MONTH_FRAMES, SHEET, VIDEOS, Table
from tasks import archive, scan
from tasks.artifacts import RECIPE_KEY, Artifact, TableArtifact
from tasks.camera_epochs import CameraEpochs
from tasks.full_corpus_report import FullCorpusReport
from tasks.month_frames import MonthFrames
from tasks.month_keograms import MonthKeograms
from tasks.night_clock import NightClock
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.sheets import AuditSheet, LabelSheet
from tasks.sky_disk import SkyDisk, _as_table
from tasks.video_inventory import VideoInventory

SIZE = (320, 240)


def write_inventory() -> None:
    """Every file of the archive, taken for a good video."""
    task, sources = VideoInventory(), scan.current().sources
    facts = {
        "width": SIZE[0],
        "height": SIZE[1],
        "fps": 25.0,
        "first_frame": 0,
        "n_frames": 1000,
        "codec": "h264",
        "problem": None,
    }
    rows = [{"night": source.name[:10], "video": source.name, "bytes": source.bytes} | facts for source in sources]
    with task.publishing(task.artifacts(), task.ingredients(), task.is_made) as output:
        output["sources"].write(scan.as_table(sources))
        output["videos"].write(pd.DataFrame(rows, columns=VIDEOS.names), waiting=[])
    disk = SkyDisk(epoch=rows[0]["night"])
    with disk.publishing(disk.artifacts(), disk.ingredients(), disk.is_made) as output:
        output["disk"].write(_as_table(Disk(160, 120, 100, *SIZE), []))


def write_nights() -> None:
    """Empty tables and folders of every night and month."""
    inventory = archive.inventory()
    assert inventory is not None
    for month, nights in inventory.nights_of_month.items():
        keograms = MonthKeograms(month=month)
        for night in nights:
            for stage in (NightClock, NightFrames, NightConditions):
                task = stage(night=night)
                _put(task.artifacts(), task.recipe())
            _put(keograms.night_artifacts(night), keograms.night_recipe(night))
        task = MonthFrames(month=month)
        with task.publishing(task.artifacts(), task.ingredients(), task.is_made) as output:
            output.write(MONTH_FRAMES.empty(), nights=task.ingredients()["nights"], problems={}, unusable={})


def _put(artifacts: Mapping[str, Artifact], recipe: str) -> None:
    """Put empty artifacts in place at once: drafts and flushes would take longer than all that is measured."""
    for artifact in artifacts.values():
        if isinstance(artifact, TableArtifact):
            artifact.path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(_empty(artifact.table).replace_schema_metadata({RECIPE_KEY: recipe}), artifact.path)
        else:
            artifact.path.mkdir(parents=True, exist_ok=True)
            (artifact.path / ".recipe.json").write_text(json.dumps({"recipe": recipe}))


@functools.cache
def _empty(table: Table) -> pa.Table:
    return table.to_arrow(table.empty())


def write_corpus() -> None:
    """Empty sheets, and a report that says as much."""
    for sheet in (LabelSheet(), AuditSheet()):
        with sheet.publishing(sheet.artifacts(), sheet.ingredients(), sheet.is_made) as output:
            output.write(SHEET.empty())
    epochs = CameraEpochs()
    _put(epochs.artifacts(), epochs.recipe())
    report = FullCorpusReport()
    with report.publishing(report.artifacts(), report.ingredients(), report.is_made) as output:
        (output.path / "summary.json").write_text('{"lines": [], "problems": 0, "nights": []}')


if __name__ == "__main__":
    write_inventory()
    if sys.argv[1] == "all":
        write_nights()
        write_corpus()
