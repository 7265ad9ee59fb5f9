"""Where the model looked, in numbers: from the stored maps, the frames they are of, and what these turned out to be."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.pictures import read_picture
from allsky.sky_disk import SkyDisk as Disk
from allsky.square_view import SquareView
from allsky.statistics.evidence import EVIDENCE, MEAN_MAPS, map_evidence, mean_maps
from tasks.reported import Reported
from tasks.sky_disk import disk_of
from tasks.square_views import square_view


def evidence_of(report: Reported, frames: pd.DataFrame, audited: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """EVIDENCE of every frame with a map, and MEAN_MAPS of those whose answer is settled (`audited`)."""
    folder = report.corpus.gradcam_folder(report.model())
    drawn = frames[frames["frame_id"].isin({path.stem for path in folder.glob("*.npy")})]
    view = functools.cache(functools.partial(_view, report))
    rows = [_row(report.corpus.root, folder, frame, view(frame.night)) for frame in drawn.itertuples()]
    outcomes = outcomes_of(audited, report.settings.labels.positive)
    columns = [name for name in EVIDENCE.names if name not in ("outcome", "inclusion_probability")]
    table = pd.DataFrame(rows, columns=columns).merge(outcomes, on="frame_id", how="left")
    table = EVIDENCE.to_arrow(table[EVIDENCE.names]).to_pandas()
    if table["outcome"].isna().all():
        return table, MEAN_MAPS.empty()
    return table, mean_maps(table, lambda frame_id: np.load(folder / f"{frame_id}.npy"))


def outcomes_of(audited: pd.DataFrame, positive: str) -> pd.DataFrame:
    """frame_id, outcome (`tp`, `fp`, `fn`, `tn`) and inclusion_probability of audited frames."""
    yes, is_positive = audited["predicted"] == positive, audited["label"] == positive
    outcome = np.select([yes & is_positive, yes, is_positive], ["tp", "fp", "fn"], "tn")
    told = audited[["frame_id", "inclusion_probability"]].assign(outcome=outcome)
    return told.drop_duplicates("frame_id")


def _view(report: Reported, night: str) -> SquareView:
    disk = disk_of(report.inventory.epoch_of_night[night])
    return square_view(report.corpus, night, disk if isinstance(disk, Disk) else None)


def _row(root: Path, folder: Path, frame, view: SquareView) -> dict[str, object]:
    heat = np.load(folder / f"{frame.frame_id}.npy")
    square = read_picture(root / frame.image, len(heat))
    told = map_evidence(heat, square, view, frame.moon_altitude_deg, frame.moon_azimuth_deg)
    place = {"solar_bin": frame.solar_bin, "lunar_bin": frame.lunar_bin}
    return {"frame_id": frame.frame_id, "night": frame.night, **place, **told}
