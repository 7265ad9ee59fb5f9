"""A night's keogram: from the strip that the decode pass drew on its way against reading every picture again.

The obvious way opens each kept JPEG with `cv2.imread`, takes its middle column, and puts it at its minute into a
picture of the night, gaps left black. It is fair because that is how keograms are made from folders of pictures
everywhere. Tuned: a thread a core (OpenCV lets go of Python while it decodes). Both sides then draw the same
night figure, with sun, moon and bins beneath, which costs most of ours; `ratio_picture` is without it.

    python benchmarks/keograms.py [--quick] [--frames 600]
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from made_skies import NIGHT, SITE, write_skies
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell

from allsky import figures
from allsky.conditions import observing_conditions
from allsky.keograms import keogram
from allsky.pictures import read_picture
from allsky.site import frame_ids, night_bounds

GAP = slice(200, 240)  # minutes in which the camera was off


@dataclass(frozen=True)
class Night:
    """Kept pictures, when they were taken, the strip of their middle columns, and the conditions."""

    paths: list[Path]
    utc: pd.Series
    strip: Path
    sky: pd.DataFrame


def make_night(folder: Path, n_frames: int) -> Night:
    """A frame a minute, every picture on disk under its own name; the strip as the decode pass would have left it."""
    minutes = np.delete(np.arange(n_frames + (GAP.stop - GAP.start)), GAP)[:n_frames]
    start = pd.Timestamp(NIGHT, tz="UTC") + pd.Timedelta("26h")
    utc = pd.Series(start + pd.to_timedelta(minutes, unit="min")).dt.as_unit("ms")
    paths = write_skies(folder, n_frames)
    strip = np.stack([read_picture(path)[:, 360] for path in paths], axis=1)
    cv2.imwrite(str(folder / "strip.png"), cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
    frames = pd.DataFrame({"frame_id": frame_ids(SITE.name, utc), "utc": utc})
    return Night(paths, utc, folder / "strip.png", observing_conditions(frames, SITE))


Drawn = tuple[np.ndarray, pd.Timestamp, pd.Timestamp]


def from_strip(night: Night) -> Drawn:
    return keogram(read_picture(night.strip), night.utc, *night_bounds(NIGHT, SITE.longitude_deg))


def from_pictures(night: Night) -> Drawn:
    return on_time_axis([column_of(path) for path in night.paths], night.utc)


def from_pictures_on_every_core(night: Night) -> Drawn:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return on_time_axis(list(pool.map(column_of, night.paths)), night.utc)


def column_of(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture[:, 360, ::-1]


def on_time_axis(columns: list[np.ndarray], utc: pd.Series) -> Drawn:
    """A column a minute, from the first frame to the last."""
    first, last = utc.iloc[0], utc.iloc[-1]
    picture = np.zeros((720, round((last - first).total_seconds() / 60) + 1, 3), np.uint8)
    for column, moment in zip(columns, utc):
        picture[:, round((moment - first).total_seconds() / 60)] = column
    return picture, first, last + pd.Timedelta("1min")


def with_figure(picture_of: Callable[[Night], Drawn], night: Night) -> bytes:
    return figures.png(figures.night_figure(NIGHT, *picture_of(night), night.sky))


def check(night: Night) -> None:
    """Stop unless both keograms show the same sky at every frame's time, and nothing in the gap."""
    (mine, start, end), (other, _, _) = from_strip(night), from_pictures(night)
    share = ((night.utc - start) / (end - start)).to_numpy(float)
    at = np.clip((share * mine.shape[1]).astype(int), 0, mine.shape[1] - 1)
    minutes = ((night.utc - night.utc.iloc[0]).dt.total_seconds() // 60).astype(int)
    # Where our columns are wider than a minute, one shows its neighbour's frame.
    same = np.abs(mine[:, at, :3].astype(int) - other[:, minutes].astype(int)).mean(axis=(0, 2)) < 1.0
    require(bool(same.mean() > 0.9), f"both show the same columns ({same.mean():.0%} do)")


def main() -> None:
    asked = options(__doc__, frames=600)
    n_frames = 60 if asked.quick else asked.frames
    with tempfile.TemporaryDirectory() as root:
        night = make_night(Path(root), n_frames)
        ways = {OURS: from_strip, OBVIOUS: from_pictures, TUNED: from_pictures_on_every_core}
        whole = {name: partial(with_figure, way, night) for name, way in ways.items()}
        parts = {f"picture {name}": partial(way, night) for name, way in ways.items()}
        turns = take_turns({**whole, **parts}, asked.rounds)
        check(night)
    ratio_picture = turns.ratio(f"picture {OBVIOUS}", f"picture {OURS}")
    tell(turns, {**compared(turns), "ratio_picture": ratio_picture, "n_frames": n_frames})


if __name__ == "__main__":
    main()
