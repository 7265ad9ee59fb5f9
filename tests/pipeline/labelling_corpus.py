"""A small output folder as a first run leaves it: frames with pictures, their conditions, the sheets, no answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

from allsky.corpus import Corpus
from allsky.labels.roles import night_role
from allsky.labels.sampling import draw_audit_sheet, draw_label_sheet
from allsky.tables import MONTH_FRAMES, SHEET
from tests.allsky.synthetic_corpus import month_frames, night_names

CONFIGURATION = """
[archive]
videos = videos
output = output
[site]
name = made-up
latitude = 62.4333
longitude = -114.35
[labels]
file = labels.csv
per_night = 6
per_cell = 2
"""
# A minute's frames of a night: dark and moonless, then the moon rises, then dawn.
SKY = [("Night", "No_Moon")] * 24 + [("Night", "Moon_Full")] * 8 + [("Nautical", "Moon_Full")] * 8


@dataclass(frozen=True)
class LabellingCorpus:
    """The folder of a camera: luigi.cfg, output/, and labels.csv once somebody has answered."""

    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "luigi.cfg"

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.folder / "output")

    @property
    def labels(self) -> Path:
        return self.folder / "labels.csv"

    @property
    def frames(self) -> pd.DataFrame:
        return pd.read_parquet(self.corpus.root / "months")[MONTH_FRAMES.names]

    @property
    def sheet(self) -> pd.DataFrame:
        return pd.concat([pd.read_parquet(self.corpus.sheet), pd.read_parquet(self.corpus.audit_sheet)])


def make_corpus(folder: Path, n_nights: int = 12, size: int = 24, look=None) -> LabellingCorpus:
    """Nights from 2023-01-01 on; `look(row)` draws a frame (uint8 RGB), a grey square of its own shade by default."""
    made = LabellingCorpus(folder)
    frames = month_frames(dict.fromkeys(night_names(n_nights), SKY))
    frames["video"] = "videos/" + frames["video"]
    frames["image"] = "images/night=" + frames["night"] + "/" + frames["frame_id"] + ".jpg"
    frames["clock_flag"] = frames["clock_flag"].astype(object)
    for row in frames.itertuples():
        path = made.corpus.root / row.image
        path.parent.mkdir(parents=True, exist_ok=True)
        shade = np.full((size, size, 3), 30 + row.Index % 180, np.uint8) if look is None else look(row)
        Image.fromarray(shade).save(path)
    for month, of_month in frames.groupby(frames["night"].str[:7]):
        _write(of_month, MONTH_FRAMES, made.corpus.month(month))
    _write(draw_label_sheet(frames, 6), SHEET, made.corpus.sheet)
    _write(draw_audit_sheet(frames, 2), SHEET, made.corpus.audit_sheet)
    made.configuration.write_text(CONFIGURATION)
    return made


def _write(frame: pd.DataFrame, table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.to_arrow(frame), path)


def audit_nights(made: LabellingCorpus) -> list[str]:
    return [night for night in sorted(made.frames["night"].unique()) if night_role(night) == "audit"]
