"""Which nights does the archive have, which are broken, and which are missing?"""

from __future__ import annotations

import calendar
import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from allsky.ephemeris import subsolar_points
from allsky.figures.canvas import (
    BROKEN,
    INK,
    MUTED,
    POSITIVE,
    RULE,
    SMALL_TEXT,
    TEXT_SIZE,
    bare,
    new_figure,
    sentence_figure,
    shade_of,
)
from allsky.figures.words import count
from allsky.site import Site, night_bounds

PRESENT, PARTLY, BROKEN_NIGHT, MISSING = "present", "present with a problem", "broken", "missing"
DAYS = 31
# The end of civil twilight: with a higher sun no camera of the aurora records.
CIVIL_DUSK_DEG = -6.0
NO_RECORDING = "No recording in the archive."
NEVER_DARK = "No recording in the archive; the night never grows dark (lowest sun {:+.0f}°)."
LOWEST_SUN = re.compile(r" \(lowest sun [^)]*\)")


def night_coverage(
    videos: pd.DataFrame, nights: pd.DataFrame, problems: pd.DataFrame | None = None, site: Site | None = None
) -> pd.DataFrame:
    """What became of each night from the first to the last of the archive, a row per night in order.

    `videos` is the inventory, `nights` the kept frames' counts (`statistics.tally.count_nights`), `problems` (night,
    video, sentence) what went wrong later than the inventory; `site` lets a missing night say whether it would have
    been dark. Columns: night, n_videos, n_frames, n_flagged, status (`present`: has usable frames; `present with a
    problem`; `broken`: recordings but no usable frame; `missing`: no recording), reason (sentences; empty for the
    present).
    """
    reasons = _reasons(videos, problems)
    known = sorted({*videos["night"].dropna(), *nights["night"], *reasons.index})
    if not known:
        columns = ["night", "n_videos", "n_frames", "n_flagged", "status", "reason"]
        return pd.DataFrame(columns=columns)
    every = pd.date_range(known[0], known[-1], freq="D").strftime("%Y-%m-%d")
    counted = nights.set_index("night")
    table = pd.DataFrame(index=pd.Index(every, name="night"))
    table["n_videos"] = videos.groupby("night").size()
    table["n_frames"] = counted["n_frames"] - counted["n_flagged"]
    table["n_flagged"] = counted["n_flagged"]
    table = table.fillna(0).astype(int)
    table["reason"] = reasons.reindex(every).fillna("").to_numpy()
    table["status"] = [_status(night) for night in table.itertuples()]
    silent = table["reason"] == ""
    doubted = silent & (table["status"] == BROKEN_NIGHT)
    table.loc[doubted, "reason"] = [_lost(night) for night in table[doubted].itertuples()]
    absent = silent & (table["status"] == MISSING)
    table.loc[absent, "reason"] = _why_missing(table.index[absent], site)
    return table.reset_index()[["night", "n_videos", "n_frames", "n_flagged", "status", "reason"]]


def _reasons(videos: pd.DataFrame, problems: pd.DataFrame | None) -> pd.Series:
    said = [videos.loc[videos["problem"].notna(), ["night", "problem"]].set_axis(["night", "sentence"], axis=1)]
    if problems is not None and len(problems):
        said.append(problems[["night", "sentence"]])
    sentences = pd.concat(said).dropna().drop_duplicates()
    return sentences.groupby("night")["sentence"].agg(" ".join)


def _status(night) -> str:
    if night.n_frames:
        return PARTLY if night.reason else PRESENT
    return BROKEN_NIGHT if night.n_videos or night.n_flagged or night.reason else MISSING


def _lost(night) -> str:
    """Why a night without a problem of its own has no usable frame."""
    if night.n_flagged:
        return f"The clock of all {night.n_flagged:,} frames is in doubt."
    return "No frame was kept of its videos."


def _why_missing(nights: pd.Index, site: Site | None) -> list[str]:
    if site is None or not len(nights):
        return [NO_RECORDING] * len(nights)
    noons = pd.DatetimeIndex([night_bounds(night, site.longitude_deg)[0] for night in nights])
    # At its lowest the sun stands due north (or south), as far below the horizon as this.
    lowest = np.abs(site.latitude_deg + subsolar_points(noons + pd.Timedelta(hours=12))[0]) - 90.0
    return [NO_RECORDING if low <= CIVIL_DUSK_DEG else NEVER_DARK.format(low) for low in lowest]


def shared_reason(reason: str) -> str:
    """`reason` without what differs from night to night, so that nights that share it can be told together."""
    return LOWEST_SUN.sub("", reason)


def coverage_calendar(coverage: pd.DataFrame) -> Figure:
    """A line per month, a tile per night: shaded by its number of frames, crossed where broken, hollow where missing.

    `coverage` as `night_coverage` returns it. Runs of months without any video shrink to one line that says so.
    """
    if coverage.empty:
        return sentence_figure("No night yet.")
    lines = _lines(coverage)
    figure = new_figure(10.0, 0.95 + 0.29 * len(lines))
    ax = bare(figure.add_subplot())
    most = coverage["n_frames"].max()
    for height, (_, nights) in enumerate(lines):
        if isinstance(nights, str):
            ax.text(0.1, height + 0.5, nights, va="center", fontsize=SMALL_TEXT, color=MUTED)
            continue
        for night in nights.itertuples():
            _night_tile(ax, int(night.night[8:]) - 1, height, night, most)
    ax.set(xlim=(-0.1, DAYS + 0.1), ylim=(len(lines) + 1.5, -0.1))
    ax.set_xticks([day + 0.5 for day in range(DAYS)], [str(day + 1) for day in range(DAYS)])
    ax.set_yticks([height + 0.5 for height in range(len(lines))], [name for name, _ in lines])
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", labelsize=SMALL_TEXT)
    _legend(ax, len(lines) + 0.55, most)
    return figure


def _lines(coverage: pd.DataFrame) -> list[tuple[str, pd.DataFrame | str]]:
    lines: list[tuple[str, pd.DataFrame | str]] = []
    empty: list[str] = []
    for month, nights in coverage.groupby(coverage["night"].str[:7]):
        if (nights["status"] == MISSING).all():
            empty.append(str(month))
            continue
        lines += _gap(empty)
        empty = []
        lines.append((_month_name(str(month)), nights))
    return lines


def _gap(months: list[str]) -> list[tuple[str, str]]:
    if not months:
        return []
    span = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    return [("", f"{count(len(months), 'month')} without a video, {span}")]


def _month_name(month: str) -> str:
    return f"{calendar.month_abbr[int(month[5:])]} {month[:4]}"


def _night_tile(ax: Axes, x: float, y: float, night, most: int) -> None:
    ax.add_patch(_tile(x, y, facecolor="none", edgecolor=RULE, linewidth=0.7))
    if night.status in (PRESENT, PARTLY):
        opacity = 0.15 + shade_of(night.n_frames, most) if most else 0.15
        ax.add_patch(_tile(x, y, facecolor=POSITIVE, alpha=opacity, linewidth=0))
    if night.status == PARTLY:
        ax.plot(x + 0.72, y + 0.3, "o", markersize=3.2, color=BROKEN)
    if night.status == BROKEN_NIGHT:
        ax.plot(x + 0.5, y + 0.5, "x", markersize=6, markeredgewidth=1.8, color=BROKEN)


def _tile(x: float, y: float, **look) -> Rectangle:
    return Rectangle((x + 0.08, y + 0.1), 0.84, 0.8, **look)


def _legend(ax: Axes, y: float, most: int) -> None:
    night = pd.DataFrame({"status": [PRESENT, PARTLY, BROKEN_NIGHT, MISSING], "n_frames": [most, most, 0, 0]})
    words = (f"frames (darkest: {most:,})", "frames, with a problem", "broken: no usable frame", "no recording")
    for x, example, meaning in zip((0, 8, 16, 24), night.itertuples(), words, strict=True):
        _night_tile(ax, x, y, example, most)
        ax.text(x + 1.15, y + 0.5, meaning, va="center", fontsize=TEXT_SIZE - 0.6, color=INK)
