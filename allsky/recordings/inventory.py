"""What an archive holds: each video probed, dated to its night, and what is wrong with it named.

The videos table lists every file; a video is usable when it has frames, a night and the frame size
of its night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from allsky.recordings.video import probe
from allsky.tables import VIDEOS

# A probe waits for the disk more than it computes (5 ms each), so several go on side by side.
PROBES_AT_ONCE = 8

Dating = Callable[[str], str | None]


def take_inventory(
    folder: Path,
    names: Iterable[str],
    night_from_name: Dating,
    night_from_frames: Dating,
    known: Mapping[str, Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """The videos table (`allsky.tables.VIDEOS`) of the files `names` under `folder`.

    `night_from_name` tells a video's night from its name; where it cannot (None),
    `night_from_frames` is asked. `known` holds rows of an earlier inventory by name, for files that
    have not changed since: they are not probed again.
    """
    known = known or {}
    names = sorted(names)
    with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
        rows = list(pool.map(lambda name: dict(known.get(name) or _probed(folder, name)), names))
    for row in rows:
        _date(row, night_from_name, night_from_frames)
    table = pd.DataFrame(rows, columns=VIDEOS.names).astype({"night": object, "problem": object})
    return VIDEOS.to_arrow(_with_odd_sizes_named(table)).to_pandas()


def _probed(folder: Path, name: str) -> dict[str, Any]:
    return {"night": None, "video": name, **asdict(probe(folder / name))}


def _date(row: dict[str, Any], night_from_name: Dating, night_from_frames: Dating) -> None:
    row["night"] = night_from_name(row["video"])
    if row["night"] is None and has_frames(row):
        row["night"] = night_from_frames(row["video"])
        if row["night"] is None:
            row["problem"] = (
                "its night cannot be told: there is no date in its name and no readable clock on its frames;"
                " set [archive] night_from_name, or [camera] clock_box and clock_format"
            )


def has_frames(row: Mapping[str, Any]) -> bool:
    return bool(pd.notna(row["n_frames"]) and row["n_frames"] > 0)


def usable(videos: pd.DataFrame) -> pd.DataFrame:
    """The rows of the videos table whose frames can be used: they have frames, a night, and its size."""
    dated = videos[videos["night"].notna() & (videos["n_frames"].fillna(0) > 0)]
    sizes = dated.groupby("night")[["width", "height"]].transform("first")
    return dated[(dated["width"] == sizes["width"]) & (dated["height"] == sizes["height"])]


def _with_odd_sizes_named(videos: pd.DataFrame) -> pd.DataFrame:
    """A night has one frame size, its first video's; a video of another size says so."""
    dated = videos["night"].notna() & (videos["n_frames"].fillna(0) > 0)
    odd = dated & ~videos.index.isin(usable(videos).index)
    for index in videos.index[odd]:
        videos.loc[index, "problem"] = (
            f"its frames are {videos.loc[index, 'width']:.0f}x{videos.loc[index, 'height']:.0f}, not the size of"
            f" the first video of its night ({videos.loc[index, 'night']}); it is left out"
        )
    return videos
