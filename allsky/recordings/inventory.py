"""What an archive holds: each video probed, dated to its night, and what is wrong with it named.

The videos table lists every file, and the stills of a folder night by night; a video is usable when it has frames, a
night and the frame size of its night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from allsky.recordings.nights import Stretch
from allsky.recordings.video import probe
from allsky.tables import VIDEOS

# A probe waits for the disk more than it computes (5 ms each), so several go on side by side.
PROBES_AT_ONCE = 8

Dating = Callable[[str], str | None]
Spans = Callable[[str], Sequence[Stretch]]
Rows = list[dict[str, Any]]


def take_inventory(
    folder: Path,
    names: Iterable[str],
    night_from_name: Dating,
    nights_from_frames: Spans,
    known: Mapping[str, Rows] | None = None,
    stills: Rows | None = None,
    nights_before: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """The videos table (`allsky.tables.VIDEOS`) of the files `names` under `folder`, and of folders of stills.

    `night_from_name` tells a video's night from its name; where it cannot (None), `nights_from_frames` is asked, and a
    video that runs over several nights gets a row for each. `known` holds rows of an earlier inventory by name, for
    files that have not changed since: they are not probed again, and their frames not read. `stills` are the rows of
    folders of stills (`allsky.recordings.still_inventory`). `nights_before` are the nights that files had, by name:
    one that its frames dated keeps them while it cannot be read.
    """
    known, nights_before = known or {}, nights_before or {}
    names = sorted(names)
    with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
        probed = list(pool.map(lambda name: known.get(name) or [_probed(folder, name)], names))
    rows = [row for held in probed for row in _dated(held, night_from_name, nights_from_frames, nights_before)]
    rows = sorted([*rows, *(stills or [])], key=lambda row: (row["video"], row["night"] or ""))
    table = pd.DataFrame(rows, columns=VIDEOS.names).astype({"night": object, "problem": object})
    return VIDEOS.to_arrow(_with_odd_sizes_named(table)).to_pandas()


def _probed(folder: Path, name: str) -> dict[str, Any]:
    return {"night": None, "video": name, "first_frame": 0, **asdict(probe(folder / name))}


def _dated(
    held: Rows, night_from_name: Dating, nights_from_frames: Spans, nights_before: Mapping[str, Sequence[str]]
) -> Rows:
    """The rows of one video, of which `held` are those known."""
    row = held[0] | {"first_frame": 0}
    if len(held) > 1:
        row["n_frames"] = sum(part["n_frames"] for part in held)
    if (night := night_from_name(row["video"])) is not None:
        return [row | {"night": night}]
    if all(isinstance(part["night"], str) for part in held):
        return held
    if not has_frames(row):
        return [row | {"night": night} for night in nights_before.get(row["video"], ())] or [row]
    stretches = nights_from_frames(row["video"])
    if not stretches:
        return [row | {"night": None, "problem": undated(row["video"])}]
    return [row | stretch._asdict() for stretch in stretches]


def undated(name: str) -> str:
    """Why a recording has no night, one sentence."""
    kind = "folder" if name.endswith("/") else "name"
    return (
        f"its night cannot be told: there is no date in its {kind}{' name' * (kind == 'folder')} and no readable clock"
        " on its frames; set [archive] night_from_name, or [camera] clock_box and clock_format"
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
