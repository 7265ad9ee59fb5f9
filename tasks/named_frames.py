"""The kept frames that a sheet, a split or a person's answers speak of: a night is read, and only these are kept."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from allsky.labels.wanted import Wanted
from allsky.tables import FRAMES
from tasks.night_frames import NightFrames


def named_frames(nights: Iterable[str], tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """FRAMES and `night` of the frames of `nights` that `tables` name by place or frame_id."""
    wanted = Wanted(tables)
    found = [FRAMES.empty().assign(night="")]
    for night in sorted(set(nights)):
        found.append(wanted.among(NightFrames(night=night).output()["frames"].read()).assign(night=night))
    return pd.concat(found, ignore_index=True)


def images_of(rows: pd.DataFrame) -> pd.DataFrame:
    """frame_id and image of the frames that `rows` (frame_id, night) name."""
    found = [pd.DataFrame(columns=["frame_id", "image"], dtype=object)]
    for night, named in rows.groupby("night"):
        frames = NightFrames(night=night).output()["frames"].read(["frame_id", "image"])
        found.append(frames[frames["frame_id"].isin(named["frame_id"])])
    return pd.concat(found, ignore_index=True)
