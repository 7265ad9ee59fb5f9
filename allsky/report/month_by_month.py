"""What does a report keep of millions of frames? Counts of all, and those that matter one by one.

Frames are gone through a month at a time and no more than that is held. One by one matter the frames that were drawn
for a person or answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from allsky.labels.wanted import Wanted
from allsky.statistics.tally import Tally
from allsky.tables import MONTH_FRAMES

# A month's frames, and what is predicted of them; None without a model.
Month = tuple[pd.DataFrame, pd.DataFrame | None]


@dataclass(frozen=True)
class ReportFrames:
    """Kept: `tally` and `hours` (HOURS) of all, `frames` (MONTH_FRAMES) and `predictions` of the wanted ones."""

    tally: Tally
    frames: pd.DataFrame
    predictions: pd.DataFrame | None
    hours: pd.DataFrame | None


def go_through(
    months: Iterable[Month], wanted: Wanted, count_hours: Callable[[pd.DataFrame], pd.DataFrame] | None = None
) -> ReportFrames:
    """Take each month as it comes and let it go. Either every month has predictions or none.

    `count_hours`, where hours are wanted, makes HOURS of predictions (`statistics.hours.night_hours`).
    """
    tallies, frames, predictions, hours = [], [], [], []
    for of_month, said in months:
        tallies.append(Tally.of(of_month, said))
        frames.append(wanted.among(of_month))
        if said is not None:
            hours += [count_hours(said)] if count_hours else []
            predictions.append(said[said["frame_id"].isin(frames[-1]["frame_id"])])
    return ReportFrames(
        Tally.joined(tallies),
        pd.concat(frames, ignore_index=True) if frames else MONTH_FRAMES.empty(),
        pd.concat(predictions, ignore_index=True) if predictions else None,
        pd.concat(hours, ignore_index=True) if hours else None,
    )
