"""Which frames do a sheet or a person's answers speak of? Found among the frames of any night, one night at a time."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from allsky.labels.sampling import PLACE


class Wanted:
    """Frames that tables name by place (video, frame_index) or by frame_id, to be found among any others."""

    def __init__(self, tables: Iterable[pd.DataFrame]):
        named = pd.concat([table[["frame_id", *PLACE]].astype(object) for table in tables], ignore_index=True)
        self._places = _places(named.dropna(subset=PLACE)).unique()
        self._names = pd.Index(named["frame_id"].dropna().unique(), dtype=object)

    def among(self, frames: pd.DataFrame) -> pd.DataFrame:
        """Those of `frames` that are wanted, as they are there."""
        at_place = self._places.get_indexer(_places(frames)) >= 0
        by_name = self._names.get_indexer(frames["frame_id"].astype(object)) >= 0
        return frames[at_place | by_name]


def _places(frames: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frames[PLACE].astype({"video": object, "frame_index": "int64"}))
