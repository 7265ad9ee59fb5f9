"""When did the classifier see what it looks for: at which hours, in which months, in which nights?

Every figure is a share n_positive / n_frames of recorded frames, never an odds; hours without frames stay blank.
"""

from __future__ import annotations

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
    heat_tile,
    new_figure,
    shade_of,
)
from allsky.figures.words import percent
from allsky.site import DEGREES_PER_HOUR

HOURS = 24


def occurrence_by_hour(predicted: pd.DataFrame, positive: str) -> pd.DataFrame:
    """Month of nights by hour of UTC: month, hour_utc, n_frames, n_nights, n_positive, positive_ratio.

    `predicted` as `statistics.tally.count_predicted` returns it; only hours with frames have a row.
    """
    return _with_share(_positives(predicted, positive), ["month", "hour_utc"])


def occurrence_by_night(predicted: pd.DataFrame, positive: str) -> pd.DataFrame:
    """A row per night with predictions: night, n_frames, n_positive, positive_ratio; `predicted` as by hour."""
    return _with_share(_positives(predicted, positive), ["night"]).drop(columns="n_nights")


def _positives(predicted: pd.DataFrame, positive: str) -> pd.DataFrame:
    yes = predicted["n_frames"].where(predicted["predicted"] == positive, 0)
    return predicted.assign(month=predicted["night"].str[:7], n_positive=yes)


def _with_share(counted: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    groups = counted.assign(nights=counted["night"]).groupby(by)
    table = groups.agg(n_frames=("n_frames", "sum"), n_nights=("nights", "nunique"), n_positive=("n_positive", "sum"))
    table = table.astype(int)
    return table.assign(positive_ratio=table["n_positive"] / table["n_frames"]).reset_index()


def hours_of_night(longitude_deg: float) -> list[int]:
    """The 24 UTC hours in the order a night runs through them, from local mean solar noon on."""
    first = round(12 - longitude_deg / DEGREES_PER_HOUR) % HOURS
    return [(first + step) % HOURS for step in range(HOURS)]


def hour_month_figure(by_hour: pd.DataFrame, longitude_deg: float) -> Figure:
    """Hours of UTC across (a night's order, from dusk to dawn), months down, the share in each tile.

    `by_hour` as `occurrence_by_hour` returns it. The upper axis is local mean solar time (UTC + longitude / 15 h).
    """
    hours = _hours_used(by_hour, longitude_deg)
    months = sorted(by_hour["month"].unique())
    figure = new_figure(10.0, 1.25 + 0.32 * len(months))
    ax = bare(figure.add_subplot())
    strongest = by_hour["positive_ratio"].max()
    for tile in by_hour.itertuples():
        x, y = hours.index(tile.hour_utc), months.index(tile.month)
        heat_tile(ax, x, y, 1, 1, POSITIVE, shade_of(tile.positive_ratio, strongest))
        words = f"{100 * tile.positive_ratio:.0f}"
        ax.text(x + 0.5, y + 0.5, words, ha="center", va="center", fontsize=TEXT_SIZE, color=INK)
    ax.set(xlim=(0, len(hours)), ylim=(len(months), 0))
    ax.set_yticks(np.arange(len(months)) + 0.5, months)
    _label_hours(ax, hours, longitude_deg)
    return figure


def _hours_used(by_hour: pd.DataFrame, longitude_deg: float) -> list[int]:
    order = hours_of_night(longitude_deg)
    used = [place for place, hour in enumerate(order) if hour in set(by_hour["hour_utc"])]
    return order[min(used) : max(used) + 1]


def _label_hours(ax: Axes, hours: list[int], longitude_deg: float) -> None:
    edges = np.arange(len(hours) + 1)
    names = [f"{hour:02d}" for hour in [*hours, (hours[-1] + 1) % HOURS]]
    ax.set_xticks(edges, names)
    ax.set_xlabel("hour, UTC (percent of the hour's frames)", fontsize=TEXT_SIZE, color=MUTED)
    ax.tick_params(axis="x", length=3)
    local = ax.secondary_xaxis("top")
    offset = longitude_deg / DEGREES_PER_HOUR
    clock = [(hour + offset) % HOURS for hour in [*hours, hours[-1] + 1]]
    local.set_xticks(edges, [f"{int(time):02d}:{round(60 * (time % 1)) % 60:02d}" for time in clock])
    local.tick_params(length=0, labelsize=SMALL_TEXT, labelcolor=MUTED)
    local.spines["top"].set_visible(False)
    local.set_xlabel("local mean solar time", fontsize=SMALL_TEXT, color=MUTED)


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
