"""Which UTC has each frame of a night, and which readings are not to be believed?

Local times become UTC with the zone the overlay names, else the configured one; the repeated hour of
autumn is told apart by the order of the frames. Each video's times then go through its `Timeline`; a frame
whose own reading leaves it is flagged, one without a reading is dated by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

import numpy as np
import pandas as pd

from allsky.clock_zones import overlay_zone, possible_utc
from allsky.tables import READINGS
from allsky.timeline import Timeline, fit_timeline, usual_step

HOUR_S = 3600.0
# A frame outside the believed readings is dated by extrapolation no farther than this many frames.
FARTHEST_EXTRAPOLATION = 3
# A reading is in doubt where it leaves the timeline by more than half a frame step, or a second where that is more.
SMALLEST_TOLERANCE_S = 1.0


def date_readings(
    readings: pd.DataFrame, zone_words: Sequence[str | None], zone: tzinfo, quantum_s: float
) -> tuple[pd.DataFrame, dict[str, Timeline]]:
    """READINGS of a night, its videos dated one by one, and the timeline of each.

    `readings` has video, frame_index, ocr_text, overlay_time (naive), source and confidence; `zone_words` the zone each
    overlay names. The order of rows is kept.
    """
    table = readings.reset_index(drop=True)
    own, missing = _own_utc(table, zone_words, zone)
    columns = {name: np.full(len(table), np.nan) for name in ("seconds", "residual_s")}
    flags = np.full(len(table), None, object)
    dated = np.zeros(len(table), bool)
    timelines = {}
    for video, rows in table.groupby("video", sort=False).indices.items():
        rows = rows[np.argsort(table["frame_index"].to_numpy()[rows], kind="stable")]
        timelines[str(video)], seconds, residual, interpolated, flag = _date_video(
            table["frame_index"].to_numpy()[rows], own[rows], table["confidence"].to_numpy(float)[rows], quantum_s
        )
        columns["seconds"][rows], columns["residual_s"][rows] = seconds, residual
        flags[rows], dated[rows] = flag, interpolated
    flags[missing] = f"the overlay shows a local time that summer time skips in {zone}"
    answer = table.assign(
        utc=pd.to_datetime(columns["seconds"], unit="s", utc=True).astype("datetime64[ms, UTC]"),
        source=np.where(dated, "interpolated", table["source"]),
        residual_s=columns["residual_s"],
        clock_flag=pd.Series(flags, dtype=object),
    )
    return answer[READINGS.names], timelines


def _own_utc(table: pd.DataFrame, zone_words: Sequence[str | None], zone: tzinfo) -> tuple[np.ndarray, np.ndarray]:
    """Each frame's own reading in UTC seconds (NaN without one), and where it is a time that never was."""
    first, second = np.full(len(table), np.nan), np.full(len(table), np.nan)
    for place, (moment, word) in enumerate(zip(table["overlay_time"], zone_words, strict=True)):
        if pd.isna(moment):
            continue
        local = pd.Timestamp(moment).to_pydatetime()
        options = possible_utc(local, overlay_zone(word, zone, local))
        if options:
            first[place], second[place] = options[0].timestamp(), options[-1].timestamp()
    shown = table["overlay_time"].notna().to_numpy()
    missing = shown & np.isnan(first)
    _spring(table, missing, zone, first, second)
    for rows in table.groupby("video", sort=False).indices.values():
        rows = rows[np.argsort(table["frame_index"].to_numpy()[rows], kind="stable")]
        first[rows] = _resolve_repeated(table["frame_index"].to_numpy()[rows], first[rows], second[rows])
    return first, missing


def _spring(table: pd.DataFrame, missing: np.ndarray, zone: tzinfo, first: np.ndarray, second: np.ndarray) -> None:
    """A time that summer time skips was shown by a clock not yet set forward."""
    for place in np.flatnonzero(missing):
        local = pd.Timestamp(table["overlay_time"].iloc[place]).to_pydatetime()
        first[place] = second[place] = _not_set_forward(local, zone)


def _not_set_forward(local: datetime, zone: tzinfo) -> float:
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).timestamp()


def _resolve_repeated(index: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of the two UTC a repeated local hour could be, the one that continues the frames around it."""
    twofold = second > first
    if not twofold.any():
        return first
    sure = np.flatnonzero(~twofold & ~np.isnan(first))
    if len(sure) == 0:
        return _resolve_alone(first, second)
    step = usual_step(index[sure], first[sure]) if len(sure) > 1 else 0.0
    answer = first.copy()
    for place in np.flatnonzero(twofold):
        near = sure[np.abs(sure - place).argmin()]
        expected = first[near] + step * (index[place] - index[near])
        if abs(second[place] - expected) < abs(first[place] - expected):
            answer[place] = second[place]
    return answer


def _resolve_alone(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A video wholly inside the repeated hours: the clock's own step back by most of an hour parts the two."""
    shown = np.flatnonzero(~np.isnan(first))
    back = np.flatnonzero(np.diff(first[shown]) < -HOUR_S / 2)
    answer = first.copy()
    if len(back):
        later = shown[back[0] + 1 :]
        answer[later] = second[later]
    return answer


def _date_video(index: np.ndarray, own: np.ndarray, confidence: np.ndarray, quantum_s: float):
    """Timeline, seconds, residual, whether interpolated, and flag of each frame of one video."""
    read = ~np.isnan(own)
    timeline = fit_timeline(index[read], own[read], confidence[read], quantum_s)
    fitted, inside = timeline.at(index)
    believed = np.isin(index, timeline.index) & read
    residual = own - fitted
    residual[np.flatnonzero(read)[np.isin(index[read], timeline.index)]] = timeline.departures()
    tolerance = max(0.5 * abs(np.nan_to_num(timeline.step_s)), SMALLEST_TOLERANCE_S, quantum_s)
    flags = np.full(len(index), None, object)
    for place in np.flatnonzero(read & ~believed):
        flags[place] = _disagreement(residual[place])
    near = _near_believed(index, timeline)
    for place in np.flatnonzero(~read & ~inside & ~near):
        flags[place] = "the clock is not readable here and no readable frames stand on both sides"
    for place in np.flatnonzero(believed & (np.abs(residual) > tolerance)):
        flags[place] = _disagreement(residual[place])
    seconds = np.where(believed, own, fitted)
    return timeline, seconds, residual, ~read, flags


def _near_believed(index: np.ndarray, timeline: Timeline) -> np.ndarray:
    if len(timeline.index) < 2:
        return np.zeros(len(index), bool)
    return np.abs(index[:, None] - timeline.index[[0, -1]][None, :]).min(axis=1) <= FARTHEST_EXTRAPOLATION


def _disagreement(residual_s: float) -> str:
    return f"the reading leaves the night's clock by {residual_s:+.0f} s"
