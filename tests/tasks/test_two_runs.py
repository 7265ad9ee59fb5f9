"""A nightly update that finds a new video while a backfill runs: the run that looked last knows best."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]

CONFIGURATION = """
[archive]
videos = videos
name_date = evening
settle_s = 0
[site]
name = here
latitude = 62
longitude = -114
"""


def begin(folder: Path, program: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        env=os.environ | {"LUIGI_CONFIG_PATH": str(folder / "luigi.cfg")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


BACKFILL = """
    from tasks import archive, scan
    from tasks.video_inventory import VideoInventory
    scan.current()
    print("looked", flush=True)
    input()
    task = VideoInventory()
    print(task.complete(), len(archive.inventory().table))
"""

NIGHTLY = """
    from tasks.video_inventory import VideoInventory
    task = VideoInventory()
    list(task.run())
    print(task.complete())
"""


def test_a_run_that_began_earlier_takes_over_what_a_later_one_found(tmp_path):
    (tmp_path / "luigi.cfg").write_text(CONFIGURATION)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "20230120.mp4").write_text("no video")
    backfill = begin(tmp_path, BACKFILL)
    assert backfill.stdout.readline() == "looked\n"
    (tmp_path / "videos" / "20230121.mp4").write_text("no video either")
    told, _ = begin(tmp_path, NIGHTLY).communicate(timeout=60)
    assert told == "True\n"
    told, _ = backfill.communicate("\n", timeout=60)
    assert told == "True 2\n"


def test_the_next_run_looks_for_itself(tmp_path):
    (tmp_path / "luigi.cfg").write_text(CONFIGURATION)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "20230120.mp4").write_text("no video")
    begin(tmp_path, NIGHTLY).communicate(timeout=60)
    (tmp_path / "videos" / "20230121.mp4").write_text("no video either")
    told, _ = begin(tmp_path, BACKFILL).communicate("\n", timeout=60)
    assert told == "looked\nFalse 1\n"


UNDER_A_WRONG_CLOCK = """
    import time
    now = time.time
    time.time = lambda: now() + 400 * 86_400
"""


def test_a_run_under_a_clock_in_the_future_does_not_keep_later_ones_from_looking(tmp_path):
    (tmp_path / "luigi.cfg").write_text(CONFIGURATION)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "20230120.mp4").write_text("no video")
    told, _ = begin(tmp_path, UNDER_A_WRONG_CLOCK + NIGHTLY).communicate(timeout=60)
    assert told == "True\n"
    (tmp_path / "videos" / "20230121.mp4").write_text("no video either")
    told, _ = begin(tmp_path, NIGHTLY).communicate(timeout=60)
    assert told == "True\n"
    assert len(pd.read_parquet(tmp_path / "output" / "inventory" / "videos.parquet")) == 2
