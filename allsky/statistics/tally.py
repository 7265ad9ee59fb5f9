"""What must a report remember of all frames? Their counts by night, never the frames themselves.

A corpus of decades has millions of frames, which no report should hold at once. It goes through them month by month,
and since a night lies within one month, the counts of months simply follow one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from allsky.tables import MONTH_FRAMES

# By what predicted frames are counted.
PREDICTED_BY = ["night", "solar_bin", "lunar_bin", "predicted"]


@dataclass(frozen=True)
class Tally:
    """The counts of a corpus's frames.

    - `nights`: a row per night with frames, columns as of `count_nights`.
    - `flags`: night, clock_flag, n_frames: why frames were set aside.
    - `predicted`: predicted frames, columns as of `count_predicted`; None without a model.
    """

    nights: pd.DataFrame
    flags: pd.DataFrame
    predicted: pd.DataFrame | None = None

    @classmethod
    def of(cls, frames: pd.DataFrame, predictions: pd.DataFrame | None = None) -> Tally:
        """Of MONTH_FRAMES of whole nights, and of their PREDICTIONS with `predicted` as the report counts it."""
        predicted = None if predictions is None else count_predicted(predictions, frames)
        return cls(count_nights(frames), count_flags(frames), predicted)

    @classmethod
    def none(cls) -> Tally:
        """Of no frames."""
        return cls.of(MONTH_FRAMES.empty())

    @classmethod
    def joined(cls, tallies: Iterable[Tally]) -> Tally:
        """Of different nights, one after the other."""
        parts = list(tallies) or [cls.none()]
        predicted = [part.predicted for part in parts if part.predicted is not None]
        return cls(
            pd.concat([part.nights for part in parts], ignore_index=True),
            pd.concat([part.flags for part in parts], ignore_index=True),
            pd.concat(predicted, ignore_index=True) if predicted else None,
        )

    @property
    def n_frames(self) -> int:
        return int(self.nights["n_frames"].sum())

    @property
    def n_usable(self) -> int:
        """Frames whose time is not in doubt."""
        return self.n_frames - int(self.nights["n_flagged"].sum())

    @property
    def usable_nights(self) -> list[str]:
        """Nights with such a frame, in order."""
        usable = self.nights["n_frames"] > self.nights["n_flagged"]
        return sorted(self.nights.loc[usable, "night"])

    @property
    def n_predicted(self) -> int:
        return 0 if self.predicted is None else int(self.predicted["n_frames"].sum())

    def n_positive(self, positive: str) -> int:
        """Frames predicted as that class."""
        if self.predicted is None:
            return 0
        return int(self.predicted.loc[self.predicted["predicted"] == positive, "n_frames"].sum())


def count_nights(frames: pd.DataFrame) -> pd.DataFrame:
    """A row per night of MONTH_FRAMES, in order.

    Columns: night, n_frames, n_flagged (time in doubt), n_day (sun up), n_interpolated (dated by their neighbours),
    first and last (UTC), residual_median_s and residual_max_s (absolute, of unflagged frames, null where none has
    one), worst_residual_s (of all).
    """
    residual = frames["clock_residual_s"].abs()
    flagged = frames["clock_flag"].notna()
    marked = pd.DataFrame(
        {
            "night": frames["night"],
            "utc": frames["utc"],
            "flagged": flagged,
            "day": frames["solar_bin"] == "Day",
            "interpolated": frames["clock_source"] == "interpolated",
            "residual": residual.where(~flagged),
            "any_residual": residual,
        }
    )
    by_night = marked.groupby("night").agg(
        n_frames=("flagged", "size"),
        n_flagged=("flagged", "sum"),
        n_day=("day", "sum"),
        n_interpolated=("interpolated", "sum"),
        first=("utc", "min"),
        last=("utc", "max"),
        residual_median_s=("residual", "median"),
        residual_max_s=("residual", "max"),
        worst_residual_s=("any_residual", "max"),
    )
    counts = [name for name in by_night if name.startswith("n_")]
    return by_night.astype(dict.fromkeys(counts, "int64")).reset_index()


def count_flags(frames: pd.DataFrame) -> pd.DataFrame:
    """night, clock_flag, n_frames of the frames that were set aside."""
    doubtful = frames[frames["clock_flag"].notna()]
    return doubtful.groupby(["night", "clock_flag"]).size().rename("n_frames").reset_index()


def count_predicted(predictions: pd.DataFrame, frames: pd.DataFrame, by: Sequence[str] = PREDICTED_BY) -> pd.DataFrame:
    """Predicted frames by night, solar_bin, lunar_bin and predicted class: `n_frames`.

    `predictions` is PREDICTIONS with `predicted` as it is to be counted, `frames` MONTH_FRAMES of at least these; `by`
    may name fewer columns to count by.
    """
    table = predictions.merge(frames[["frame_id", "solar_bin", "lunar_bin"]], on="frame_id")
    return table.groupby(list(by)).size().rename("n_frames").reset_index()
