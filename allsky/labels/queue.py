"""Which frames does this labeller see, in which order, and which of them does a second person answer too?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from allsky.labels.answers import ADJUDICATED
from allsky.labels.sampling import PLACE, permanent_random_number

# At least this share of an audit night's frames is answered by two people.
DOUBLE_SHARE = 0.1


def double_labelled(sheet: pd.DataFrame, seed: int = 0, share: float = DOUBLE_SHARE) -> pd.Series:
    """Which frames of `sheet` (SHEET, a row per frame) every labeller answers: one in ten of each audit night.

    Of a night's n drawn frames those with the ceil(`share` n) smallest permanent random numbers of their own key, so
    that the choice stays as nights are added, shows in no order or place, and has nothing to do with any answer.
    """
    number = permanent_random_number(sheet["video"], sheet["frame_index"], key=f"double {seed}")
    audit = (sheet["role"] == "audit").to_numpy()
    nights = sheet["night"].where(audit)
    rank = pd.Series(number, sheet.index).groupby(nights).rank(method="first")
    wanted = np.ceil(share * sheet["night"].map(nights.value_counts()).astype(float))
    return pd.Series(audit, sheet.index) & (rank <= wanted)


def stable_order(frames: pd.DataFrame, labeller: str, seed: int = 0) -> pd.DataFrame:
    """`frames` shuffled, always the same way for a labeller and differently for another.

    Neighbours in the queue are then not neighbours in the sky, and two people at work at once seldom meet.
    """
    number = permanent_random_number(frames["video"], frames["frame_index"], key=f"order {seed} {labeller}")
    return frames.iloc[np.lexsort([frames["frame_index"], frames["video"], number])].reset_index(drop=True)


def asked_of(sheet: pd.DataFrame, labels: pd.DataFrame, labeller: str, seed: int = 0) -> pd.DataFrame:
    """The frames of `sheet` that are this labeller's to answer, answered ones included, in order.

    `sheet` is SHEET, `labels` LABELS as matched. A frame is theirs unless another person has answered it; those
    drawn for two people are everybody's. Whether a frame is one of these is in no column: labelling is blind.
    """
    frames = sheet.drop_duplicates(PLACE, ignore_index=True)
    of_others = set(labels.loc[~labels["labeller"].isin([labeller, ADJUDICATED]), "frame_id"])
    own = set(labels.loc[labels["labeller"] == labeller, "frame_id"])
    taken = frames["frame_id"].isin(of_others) & ~frames["frame_id"].isin(own)
    return stable_order(frames[~taken | double_labelled(frames, seed)], labeller, seed)


def ten_minutes_away(utc: pd.Series, position: int, minutes: Collection[float] = (-10.0, 10.0)) -> list[int | None]:
    """Positions in `utc` (sorted, of one night) of the frames nearest to so many minutes from that at `position`.

    None where there is no frame within half of that distance of it: before the first frame, after the last, in a gap.
    """
    here = utc.iloc[position]
    found: list[int | None] = []
    for offset in minutes:
        away = (utc - (here + pd.Timedelta(minutes=offset))).abs()
        nearest = int(np.argmin(away.to_numpy()))
        within = away.iloc[nearest] <= pd.Timedelta(minutes=abs(offset) / 2)
        found.append(nearest if within and nearest != position else None)
    return found
