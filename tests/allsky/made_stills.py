"""Folders of stills with known times: made of the frames of simulated nights, or of numbered pictures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import ExifTags, Image

from allsky.recordings.video import read_frames
from allsky.simulator import Simulation, simulate_night


def write_still(
    path: Path, rgb: np.ndarray, taken: datetime | None = None, offset: str = "", subsec: str = "", orientation: int = 0
) -> Path:
    """A JPEG or PNG by its suffix, with EXIF DateTimeOriginal where `taken` is given."""
    image = Image.fromarray(rgb)
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    if taken is not None:
        own = exif.get_ifd(ExifTags.IFD.Exif)
        own[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
        if offset:
            own[ExifTags.Base.OffsetTimeOriginal] = offset
        if subsec:
            own[ExifTags.Base.SubsecTimeOriginal] = subsec
    path.parent.mkdir(parents=True, exist_ok=True)
    quality = {} if path.suffix == ".png" else {"quality": 92}
    image.save(path, exif=exif, **quality)
    return path


def filmed(simulation: Simulation, night: str, folder: Path) -> tuple[list[np.ndarray], pd.DataFrame]:
    """The frames (RGB) of a simulated night's video, and the truth of each."""
    simulate_night(simulation, night, folder, folder)
    frames = [frame.rgb() for video in folder.glob("*.mp4") for frame in read_frames(video)]
    truth = pd.read_parquet(folder / f"night={night}" / "truth.parquet")
    for video in folder.glob("*.mp4"):
        video.unlink()
    return frames, truth


def write_stills(
    folder: Path, frames: Iterable[np.ndarray], times: Iterable[datetime], pattern: str, exif: bool
) -> None:
    """Each frame as a still named by its local time, with EXIF or without."""
    for frame, moment in zip(frames, times, strict=True):
        write_still(folder / moment.strftime(pattern), frame, moment if exif else None)
