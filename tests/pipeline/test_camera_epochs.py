"""A camera replaced in the middle of an archive is reported with pictures, and a section of the configuration opens its
epoch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from allsky.camera_epochs import EPOCHS
from allsky.fisheye import Lens
from allsky.simulator import demo_simulation, simulate_night
from allsky.simulator.cameras import SMALL_COLOUR
from allsky.simulator.overlay import TextLine
from benchmarks.made_small_archive import configuration
from tests.pipeline.chain import Chain

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NIGHTS = ("2023-02-01", "2023-02-05", "2023-02-12", "2023-02-17")
REPLACED = NIGHTS[2]
NEW = replace(
    SMALL_COLOUR,
    lens=Lens(168.0, 121.0, 106.0, north_deg=12.0),
    overlay=(TextLine("%d.%m.%Y %H:%M:%S", 130, 4, 13),),
)


# Which nights are looked at again: as the stage is, and once it looks in another way.
LOOKED_AT = """
from tasks.camera_epochs import CameraEpochs

stage, nights = CameraEpochs(), []
stage._look = lambda night: nights.append(night)
stage._looks()
print(len(nights))
CameraEpochs.version += 1
stage._looks()
print(len(nights))
"""


def epochs_of(chain: Chain) -> list[list]:
    return pd.read_parquet(chain.corpus.epochs, partitioning=None)[["night", "status", "cause"]].to_numpy().tolist()


def test_a_replaced_camera_is_reported_and_a_section_opens_its_epoch(tmp_path):
    for night in NIGHTS:
        camera = NEW if night >= REPLACED else SMALL_COLOUR
        simulation = replace(demo_simulation(), nights=(night,), cadence_s=2400, cards=(), faults=(), camera=camera)
        simulate_night(simulation, night, tmp_path / "videos", tmp_path / "truth")
    (tmp_path / "luigi.cfg").write_text(configuration(SMALL_COLOUR.lens, image_size=96, per_cell=3))
    chain = Chain(tmp_path)
    run = chain.run(goal="CameraEpochs")
    assert run.status == 0, run.told
    seen = [["2023-02-01", "in force", "first night"], [REPLACED, "suggested", "overlay, disk"]]
    assert epochs_of(chain) == seen
    assert f"add a section [camera:{REPLACED}]" in run.told
    assert (chain.corpus.epoch_pictures / f"{REPLACED}.jpg").exists()
    assert f"add a section [camera:{REPLACED}]" in chain.asked("status")
    assert list(pd.read_parquet(chain.corpus.root / "epochs").columns) == EPOCHS.names

    with (tmp_path / "luigi.cfg").open("a") as more:
        more.write(f"[camera:{REPLACED}]\ndisk_center = 168, 121\ndisk_radius = 106\n")
    run = chain.run(goal="CameraEpochs")
    assert run.status == 0, run.told
    assert {line.split("night=")[1].rstrip(")") for line in run.did if line.startswith("Night")} == set(NIGHTS[2:])
    assert epochs_of(chain) == [seen[0], [REPLACED, "in force", "section, overlay, disk"]]
    assert "add a section" not in run.told

    looked_at = subprocess.run(
        [sys.executable, "-c", LOOKED_AT], cwd=ROOT, env=chain.environment, capture_output=True, text=True, timeout=120
    )
    assert looked_at.stdout.split() == ["0", str(len(NIGHTS))], looked_at.stderr
