"""Which frames a person is asked to label, and with what probability each was drawn.

Poisson sampling with permanent random numbers (Ohlsson 1995, in Business Survey Methods, chapter 9): every frame
has one number in [0, 1), a hash of its video and index, and is drawn when that number lies below its stratum's
probability. A stratum never crosses nights, so a new night adds rows and touches none; a frame drawn twice for
two reasons is the same frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import pandas as pd

from allsky.labels.roles import SHARES, check_roles, roles_of
from allsky.tables import SHEET

# A frame's identity: a corrected clock renames a frame, but leaves it where it lies in its video.
PLACE = ["video", "frame_index"]

# A classifier surely does not see it, rather not, rather, surely.
SCORE_BANDS = (0.0, 0.1, 0.5, 0.9, 1.0)

# Steps of the SplitMix64 generator (Steele, Lea & Flood 2014, OOPSLA, doi:10.1145/2660193.2660195).
GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def permanent_random_number(video, frame_index, key: str = "sheet 0") -> np.ndarray:
    """The permanent random number of each frame, in [0, 1).

    `video` (n names, or one) is hashed (BLAKE2b) into the start of a SplitMix64 sequence, and `frame_index` (n
    whole numbers from 0) is the place in it. Another `key` gives independent numbers.
    """
    frame_index = np.asarray(frame_index, dtype=np.uint64)
    codes, names = pd.factorize(np.broadcast_to(np.asarray(video, dtype=object), frame_index.shape))
    starts = np.array([_hash64(f"{key}\0{name}") for name in names], dtype=np.uint64)
    return (splitmix64(starts[codes], frame_index) >> np.uint64(11)) * 2.0**-53


def splitmix64(start, place) -> np.ndarray:
    """Output number `place` (from 0) of the SplitMix64 generator begun at `start`; both uint64."""
    with np.errstate(over="ignore"):
        state = np.asarray(start, dtype=np.uint64) + (np.asarray(place, dtype=np.uint64) + np.uint64(1)) * GOLDEN_GAMMA
        state = (state ^ (state >> np.uint64(30))) * MIX_1
        state = (state ^ (state >> np.uint64(27))) * MIX_2
    return state ^ (state >> np.uint64(31))


def _hash64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def draw_label_sheet(
    frames: pd.DataFrame,
    per_night: int = 20,
    *,
    seed: int = 0,
    shares: Mapping[str, float] = SHARES,
    solar_bin: str = "Night",
    lunar_bin: str = "No_Moon",
) -> pd.DataFrame:
    """Frames of training and validation nights for a person to label: the table SHEET.

    Only unflagged frames of one condition (dark and moonless by default) are drawn, some from each night: of n such
    frames each has the probability min(`per_night`, n / 2) / n (the published work labelled min(20, half the
    date's frames)). `frames` is MONTH_FRAMES of any number of months.
    """
    wanted = (frames["solar_bin"] == solar_bin) & (frames["lunar_bin"] == lunar_bin)
    eligible = _with_roles(frames[wanted], seed, shares)
    eligible = eligible[eligible["role"] != "audit"]
    n = eligible.groupby("stratum")["frame_id"].transform("size")
    return _drawn(eligible, np.minimum(per_night, n / 2.0) / n, seed)


def draw_audit_sheet(
    frames: pd.DataFrame, per_cell: int = 6, *, seed: int = 0, shares: Mapping[str, float] = SHARES
) -> pd.DataFrame:
    """Frames of audit nights from every condition, for a person to label: the table SHEET.

    Each solar x lunar cell of a night is a stratum; of its n unflagged frames each has the probability
    min(`per_cell`, n) / n, so every frame of an audit night may be drawn.
    """
    eligible = _with_roles(frames, seed, shares)
    eligible = eligible[eligible["role"] == "audit"]
    n = eligible.groupby("stratum")["frame_id"].transform("size")
    return _drawn(eligible, np.minimum(per_cell, n) / n, seed)


def draw_scored_sheet(
    frames: pd.DataFrame,
    scores: pd.Series,
    model: str,
    per_band: int = 2,
    *,
    seed: int = 0,
    shares: Mapping[str, float] = SHARES,
) -> pd.DataFrame:
    """Frames of audit nights drawn by what a model says of them, for a person to label: the table SHEET.

    `frames` is MONTH_FRAMES of any number of months, `scores` the probability of the positive class by frame_id
    (index); frames without one are left out. Each band of scores (`SCORE_BANDS`) of a night is a stratum; of its n
    unflagged frames each has the probability min(`per_band`, n) / n. So the few frames of a dull night that the
    model calls aurora are looked at, and the few it doubts of a bright one. The frames' permanent numbers are those
    of the audit sheet: the probability of a frame to be on either is the greater of the two.
    """
    eligible = _with_roles(frames[frames["frame_id"].isin(scores.dropna().index)], seed, shares)
    eligible = eligible[eligible["role"] == "audit"]
    band = np.digitize(eligible["frame_id"].map(scores).astype(float), SCORE_BANDS[1:-1])
    names = np.array([f"{low:g} to {high:g}" for low, high in pairwise(SCORE_BANDS)], dtype=object)
    eligible = eligible.assign(stratum=eligible["night"] + "/" + model + "/" + names[band])
    n = eligible.groupby("stratum")["frame_id"].transform("size")
    return _drawn(eligible, np.minimum(per_band, n) / n, seed).assign(drawn_for_model=model)


def finished_draws(sheet: pd.DataFrame, answered: pd.DataFrame, present: pd.DataFrame) -> pd.DataFrame:
    """`sheet` (SHEET) without the later draws whose frames a person has not all answered yet.

    A later draw is one for a model, or one with a greater probability than its stratum had at first (`per_cell` was
    raised, say). Until its last frame is answered, those that were on the sheet before have answers and those that
    came with it have none: weighting the first by its greater probability would leave the others unheard. `answered`
    and `present` hold the places (video, frame_index) of the frames with an answer and of all that exist.
    """
    return sheet[~_unfinished(sheet, answered, present)]


def unfinished_draws(sheet: pd.DataFrame, answered: pd.DataFrame, present: pd.DataFrame) -> dict[str, int]:
    """How many frames of unfinished draws wait for an answer, by model, with `` for the audit sheet's own; parameters
    as for `finished_draws`."""
    waiting = sheet[_unfinished(sheet, answered, present) & _waiting(sheet, answered, present)]
    return {str(model): len(rows) for model, rows in waiting.groupby(waiting["drawn_for_model"].fillna(""))}


def _waiting(sheet: pd.DataFrame, answered: pd.DataFrame, present: pd.DataFrame) -> pd.Series:
    rows = _places(sheet)
    return pd.Series(rows.isin(_places(present)) & ~rows.isin(_places(answered)), sheet.index)


def _unfinished(sheet: pd.DataFrame, answered: pd.DataFrame, present: pd.DataFrame) -> pd.Series:
    """The rows of later draws that wait for an answer: a model's as a whole, a stratum's by its probability."""
    scored = sheet["drawn_for_model"].notna()
    first = sheet["inclusion_probability"].where(~scored).groupby(sheet["stratum"]).transform("first")
    later = scored | (sheet["inclusion_probability"] > first)
    draw = sheet["drawn_for_model"].where(scored, sheet["stratum"] + sheet["inclusion_probability"].astype(str))
    return later & _waiting(sheet, answered, present).groupby(draw).transform("any").astype(bool)


def append_sheet(
    old: pd.DataFrame | None, new: pd.DataFrame, *, seed: int = 0, shares: Mapping[str, float] = SHARES
) -> pd.DataFrame:
    """`old` as it was, and below it the rows of `new` that it lacks.

    A row once drawn stays, with its stratum and probability. A frame already there is repeated only where it is drawn
    with a greater probability than before (its night's video was replaced, a bin edge moved, or a model's scores
    asked for it): the probability that it is on the sheet at all is then the greatest of its rows', which
    `inclusion_probability` gives.

    Raises BadConfiguration where a night of `old` has another role now.
    """
    if old is None or old.empty:
        return new[SHEET.names].reset_index(drop=True)
    check_roles(old, seed, shares)
    before = pd.MultiIndex.from_frame(new[PLACE]).map(inclusion_probability(old)).to_numpy(dtype=float)
    added = new[~(before >= new["inclusion_probability"])]
    return pd.concat([old[SHEET.names], added[SHEET.names]], ignore_index=True) if len(added) else old[SHEET.names]


def inclusion_probability(sheet: pd.DataFrame) -> pd.Series:
    """The probability with which each frame of `sheet` is on it, indexed by video and frame_index.

    One number decides every draw of a frame, so the draw with the greatest probability contains the others:
    a frame is on the sheet with the greatest probability of its rows.
    """
    return sheet.groupby(PLACE, sort=False)["inclusion_probability"].max()


def _places(frames: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frames[PLACE])


def _with_roles(frames: pd.DataFrame, seed: int, shares: Mapping[str, float]) -> pd.DataFrame:
    """Unflagged frames in order of time, with the role of their night and the stratum they belong to."""
    usable = frames[frames["clock_flag"].isna()].sort_values(["night", "utc", *PLACE], kind="stable")
    role = usable["night"].map(roles_of(usable["night"], seed, shares))
    stratum = usable["night"] + "/" + usable["solar_bin"] + "/" + usable["lunar_bin"]
    return usable.assign(role=role, stratum=stratum)


def _drawn(eligible: pd.DataFrame, probability: pd.Series, seed: int) -> pd.DataFrame:
    number = permanent_random_number(eligible["video"], eligible["frame_index"], key=f"sheet {seed}")
    drawn = eligible.assign(inclusion_probability=probability.astype(float), drawn_for_model=None)[number < probability]
    return drawn[SHEET.names].reset_index(drop=True)
