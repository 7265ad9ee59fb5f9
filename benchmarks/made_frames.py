"""Tables of a labelled and predicted archive: real sun and moon over Yellowknife, dice for everything else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from made_skies import SITE

from allsky.conditions import observing_conditions
from allsky.labels.sampling import draw_audit_sheet
from allsky.site import frame_ids
from allsky.tables import LABELS, MONTH_FRAMES

# The nights of the published work, and where an archive of more of them begins.
SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))
LONG_AGO = "1990-01-01"
CLASSES = ("aurora", "no_aurora")
EVERY = 10  # sun and moon are computed for every tenth frame; the ones between share its bins


@dataclass(frozen=True)
class Made:
    """The tables that a report stands on."""

    frames: pd.DataFrame
    predictions: pd.DataFrame
    sheet: pd.DataFrame
    labels: pd.DataFrame


def made_nights(count: int) -> list[str]:
    """The published nights; where more are asked for, that many in a row."""
    published = [str(day.date()) for season in SEASONS for day in pd.date_range(*season)]
    if count <= len(published):
        return published[:count]
    return [str(day.date()) for day in pd.date_range(LONG_AGO, periods=count)]


def make(nights: list[str], n_frames: int, seed: int = 5) -> Made:
    """Frames, what a classifier says of them, the audit sheet and its answers."""
    rng = np.random.default_rng(seed)
    frames = _frames(nights, n_frames)
    aurora = rng.random(len(frames)) < frames["night"].map(_by_night(frames, rng)).to_numpy(dtype=float)
    hard = 0.6 * (frames["lunar_bin"] != "No_Moon") + 0.5 * (frames["solar_bin"] != "Night")
    score = np.where(aurora, 2.2, -2.6) + (1.1 + hard) * rng.normal(size=len(frames))
    p = 1 / (1 + np.exp(-score))
    answers = frames[["frame_id", "night", "utc"]].assign(p_aurora=p, p_no_aurora=1 - p)
    answers["predicted"] = np.where(p >= 0.5, *CLASSES)
    sheet = draw_audit_sheet(frames)
    truth = pd.Series(np.where(aurora, *CLASSES), index=frames["frame_id"])
    labels = sheet.assign(label=truth.loc[sheet["frame_id"]].to_numpy(), labeller="made", time="", note=None)
    return Made(frames, answers, sheet, labels[LABELS.names])


def _frames(nights: list[str], n_frames: int) -> pd.DataFrame:
    """A frame a minute from eight in the evening, local mean solar time, on."""
    minutes = np.arange(n_frames)
    starts = pd.to_datetime(nights, utc=True) + pd.Timedelta("27h")
    utc = pd.Series(np.repeat(starts, n_frames) + pd.to_timedelta(np.tile(minutes, len(nights)), unit="min"))
    table = pd.DataFrame({"utc": utc.dt.as_unit("ms"), "night": np.repeat(nights, n_frames)})
    table["frame_id"] = frame_ids(SITE.name, table["utc"])
    table["video"] = table["night"] + ".mp4"
    table["frame_index"] = np.tile(10 * minutes, len(nights))
    sky = observing_conditions(table.iloc[::EVERY], SITE).drop(columns=["frame_id", "utc"])
    table = pd.concat([table, sky.loc[np.arange(len(table)) // EVERY].reset_index(drop=True)], axis=1)
    table = table.assign(
        image="none.jpg", clock_source="template", clock_residual_s=0.1, clock_flag=None, mean_luma=30.0
    )
    return table[table["sun_altitude_deg"] < -6][MONTH_FRAMES.names].reset_index(drop=True)


def _by_night(frames: pd.DataFrame, rng: np.random.Generator) -> dict[str, float]:
    return {night: 0.8 * rng.beta(0.8, 1.6) for night in frames["night"].unique()}
