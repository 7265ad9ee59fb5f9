"""When did the classifier see what it looks for: at which hours, in which months, in which nights?

Every figure is a share n_positive / n_frames of recorded frames, never an odds; hours without frames stay blank. The
numbers are those of `allsky.statistics.hours`.
"""

from __future__ import annotations

import calendar
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from allsky.figures.canvas import (
    INK,
    MUTED,
    POSITIVE,
    RULE,
    SMALL_TEXT,
    TEXT_SIZE,
    bare,
    dress,
    heat_tile,
    new_figure,
    shade_of,
)
from allsky.figures.words import percent
from allsky.site import DEGREES_PER_HOUR

HOURS = 24
# More months than this, and the months of all years are put together: a page of a line per month says nothing any more.
MOST_MONTHS = 24
CLOCK_WORDS = {"UTC": "hour, UTC", "MLT": "hour, magnetic local time"}


def hours_of_night(longitude_deg: float) -> list[int]:
    """The 24 UTC hours in the order a night runs through them, from local mean solar noon on."""
    first = round(12 - longitude_deg / DEGREES_PER_HOUR) % HOURS
    return [(first + step) % HOURS for step in range(HOURS)]


def hour_month_figure(by_hour: pd.DataFrame, longitude_deg: float) -> Figure:
    """Hours of UTC across (a night's order, from dusk to dawn), months down: the share, then frames and nights.

    `by_hour` as `allsky.statistics.hours.occurrence_by_hour` returns it. The upper axis is local mean solar time (UTC
    + longitude / 15 h). Of an archive of years the same months are put together.
    """
    hours, told = _hours_used(by_hour["hour_utc"], longitude_deg), _few_lines(by_hour)
    months = list(dict.fromkeys(told["month"]))
    figure = new_figure(10.0, 1.25 + 0.42 * len(months))
    ax = bare(figure.add_subplot())
    strongest = told["positive_ratio"].max()
    for tile in told.itertuples():
        x, y = hours.index(tile.hour_utc), months.index(tile.month)
        heat_tile(ax, x, y, 1, 1, POSITIVE, shade_of(tile.positive_ratio, strongest))
        _tile_words(ax, x + 0.5, y, tile)
    ax.set(xlim=(0, len(hours)), ylim=(len(months), 0))
    ax.set_yticks(np.arange(len(months)) + 0.5, months)
    _label_hours(ax, hours, longitude_deg)
    return figure


def _tile_words(ax: Axes, x: float, y: float, tile) -> None:
    look: dict[str, Any] = {"ha": "center", "va": "center", "color": INK}
    ax.text(x, y + 0.35, f"{100 * tile.positive_ratio:.0f}", fontsize=TEXT_SIZE, **look)
    ax.text(x, y + 0.75, f"{_short(tile.n_frames)} / {tile.n_nights:,}", fontsize=SMALL_TEXT - 1.6, **look)


def _short(number: int) -> str:
    """`940`, `1.2k`, `36k`."""
    return f"{number}" if number < 1000 else f"{number / 1000:.{1 if number < 9950 else 0}f}k"


def _few_lines(by_hour: pd.DataFrame) -> pd.DataFrame:
    """`by_hour` itself; of more than `MOST_MONTHS` months, the sums over the years by name of the month."""
    if by_hour["month"].nunique() <= MOST_MONTHS:
        return by_hour.sort_values(["month", "hour_utc"])
    by_name = by_hour.assign(month=by_hour["month"].str[5:]).groupby(["month", "hour_utc"], as_index=False)
    summed = by_name[["n_frames", "n_nights", "n_positive"]].sum()
    names = summed["month"].map(lambda month: calendar.month_abbr[int(month)])
    return summed.assign(month=names, positive_ratio=summed["n_positive"] / summed["n_frames"])


def _hours_used(hours: pd.Series, longitude_deg: float) -> list[int]:
    """The hours of the day from the first to the last of those given, in a night's order."""
    order = hours_of_night(longitude_deg)
    used = [place for place, hour in enumerate(order) if hour in set(hours)]
    return order[min(used) : max(used) + 1]


def _label_hours(ax: Axes, hours: list[int], longitude_deg: float) -> None:
    edges = np.arange(len(hours) + 1)
    names = [f"{hour:02d}" for hour in [*hours, (hours[-1] + 1) % HOURS]]
    ax.set_xticks(edges, names)
    ax.set_xlabel("hour, UTC (percent of the hour's frames; frames / nights beneath)", fontsize=TEXT_SIZE, color=MUTED)
    ax.tick_params(axis="x", length=3)
    local = ax.secondary_xaxis("top")
    offset = longitude_deg / DEGREES_PER_HOUR
    clock = [(hour + offset) % HOURS for hour in [*hours, hours[-1] + 1]]
    local.set_xticks(edges, [f"{int(time):02d}:{round(60 * (time % 1)) % 60:02d}" for time in clock])
    local.tick_params(length=0, labelsize=SMALL_TEXT, labelcolor=MUTED)
    local.spines["top"].set_visible(False)
    local.set_xlabel("local mean solar time", fontsize=SMALL_TEXT, color=MUTED)


def clock_hours_figure(by_clock: pd.DataFrame, longitude_deg: float) -> Figure:
    """The share by hour of UTC and by hour of magnetic local time, each over its frames and nights.

    `by_clock` as `allsky.statistics.hours.occurrence_by_clock` returns it: bars are 95 % intervals over nights, open
    squares the share among clear frames where there is an answer about clouds. Magnetic midnight stands in the middle.
    """
    clocks = list(dict.fromkeys(by_clock["clock"]))
    figure = new_figure(10.0, 3.6)
    panels = figure.subplots(2, len(clocks), height_ratios=[3, 1], sharex="col", sharey="row", squeeze=False)
    for (upper, lower), clock in zip(panels.T, clocks, strict=True):
        rows = by_clock[by_clock["clock"] == clock]
        order = _hours_used(rows["hour"], longitude_deg if clock == "UTC" else 0.0)
        places = rows["hour"].map(order.index).to_numpy() + 0.5
        _shares(dress(upper, grid="y"), places, rows)
        _observed(dress(lower, x=CLOCK_WORDS[clock]), places, rows)
        ticks = range(0, len(order) + 1, 1 if len(order) <= 14 else 2)
        lower.set_xticks(list(ticks), [f"{(order[0] + tick) % HOURS:02d}" for tick in ticks])
        lower.set_xlim(0, len(order))
    ends = by_clock[["positive_ratio", "positive_ratio_high", "clear_ratio", "clear_ratio_high"]].to_numpy(float)
    panels[0, 0].set_ylim(0, 106 * max(np.nanmax(ends), 0.01))
    panels[0, 0].set_ylabel("percent of frames", fontsize=TEXT_SIZE, color=MUTED)
    panels[1, 0].set_ylabel("frames", fontsize=TEXT_SIZE, color=MUTED)
    return figure


def _shares(ax: Axes, places: np.ndarray, rows: pd.DataFrame) -> None:
    share, low, high = (
        100 * rows[name].to_numpy(float) for name in ("positive_ratio", "positive_ratio_low", "positive_ratio_high")
    )
    ax.vlines(places, low, high, color=MUTED, linewidth=1.4)
    ax.plot(places, share, "o", color=POSITIVE, markersize=5, label="of recorded frames")
    if rows["clear_ratio"].notna().any():
        clear, low, high = (100 * rows[f"clear_ratio{end}"].to_numpy(float) for end in ("", "_low", "_high"))
        places = places + 0.18
        ax.vlines(places, low, high, color=RULE, linewidth=1.4)
        ax.plot(places, clear, "s", markerfacecolor="none", color=MUTED, markersize=5, label="of clear frames")
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 0.99), "ncols": 2, "borderaxespad": 0.0}
        ax.legend(frameon=False, fontsize=SMALL_TEXT, labelcolor=INK, **place)


def _observed(ax: Axes, places: np.ndarray, rows: pd.DataFrame) -> None:
    frames = rows["n_frames"].to_numpy(float)
    ax.bar(places, frames, width=0.8, color=RULE)
    ax.set_ylim(0, 1.45 * frames.max())
    for place, height, nights in zip(places, frames, rows["n_nights"], strict=True):
        look: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": SMALL_TEXT - 1.2, "color": INK}
        ax.text(place, height, f"{nights:,}", **look)


def night_occurrence_figure(by_night: pd.DataFrame) -> Figure:
    """A bar per night in order of date, its height the share of that night's frames predicted positive.

    Nights stand side by side and months are ruled off, so that an archive with long gaps stays readable.
    """
    figure = new_figure(10.0, 2.4)
    ax = bare(figure.add_subplot())
    places = np.arange(len(by_night))
    ax.bar(places, 100 * by_night["positive_ratio"], width=0.8, color=POSITIVE)
    ax.axhline(0, color=MUTED, linewidth=0.7)
    ax.set(xlim=(-0.7, max(len(by_night), 8) - 0.3), ylim=(0, None))
    ax.set_ylabel("percent of the night's frames", fontsize=TEXT_SIZE, color=MUTED)
    ax.grid(axis="y", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    _label_months(ax, by_night["night"].str[:7].tolist())
    _name_highest(ax, by_night)
    return figure


def _label_months(ax: Axes, months: list[str]) -> None:
    starts = [place for place, month in enumerate(months) if place == 0 or month != months[place - 1]]
    for start in starts[1:]:
        ax.axvline(start - 0.5, color=RULE, linewidth=0.8)
    room = max(len(months), 8) / 13
    shown: list[int] = []
    for start in starts:
        if not shown or start - shown[-1] >= room:
            shown.append(start)
    ax.set_xticks([start - 0.4 for start in shown], [months[start] for start in shown], ha="left")


def _name_highest(ax: Axes, by_night: pd.DataFrame) -> None:
    if by_night.empty or by_night["positive_ratio"].max() == 0:
        return
    place = int(by_night["positive_ratio"].to_numpy().argmax())
    night = by_night.iloc[place]
    words = f"{night['night']}: {percent(night['positive_ratio'])}"
    side = "left" if place < len(by_night) / 2 else "right"
    top = (place, 100 * night["positive_ratio"])
    look: dict[str, Any] = {"ha": side, "fontsize": SMALL_TEXT, "color": INK}
    ax.annotate(words, top, (0, 3), textcoords="offset points", **look)
