"""Which nights does an archive of decades have, and in which months was it seen? A tile, or a bar, per month.

A tile per night would be a picture of many pages, and a bar per night narrower than a pixel.
"""

from __future__ import annotations

import calendar
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from allsky.figures.canvas import (
    BROKEN,
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
from allsky.figures.coverage import BROKEN_NIGHT, PARTLY, PRESENT

# From so many nights on these figures stand for those of single nights.
MANY_NIGHTS = 1500
MONTHS = 12


def coverage_by_year(coverage: pd.DataFrame) -> Figure:
    """A line per year, a tile per month: how many of its nights have frames, dotted where some night is broken.

    `coverage` as `night_coverage` returns it.
    """
    months = _month_by_month(coverage)
    years = sorted({month[:4] for month in months.index})
    figure = new_figure(10.0, 0.8 + 0.29 * len(years))
    ax = bare(figure.add_subplot())
    for row in months.itertuples():
        x, y = int(row.Index[5:]) - 1, years.index(row.Index[:4])
        heat_tile(ax, x, y, 1, 1, POSITIVE, shade_of(row.seen, calendar.monthrange(int(row.Index[:4]), x + 1)[1]))
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL_TEXT, "color": INK}
        ax.text(x + 0.5, y + 0.5, f"{row.seen:.0f}" if row.seen else "–", **look)
        if row.amiss:
            ax.plot(x + 0.88, y + 0.28, "o", markersize=3.2, color=BROKEN)
    ax.set(xlim=(-0.05, MONTHS + 0.05), ylim=(len(years), -0.05))
    ax.set_xticks(np.arange(MONTHS) + 0.5, list(calendar.month_abbr)[1:])
    ax.set_yticks(np.arange(len(years)) + 0.5, years)
    ax.xaxis.tick_top()
    ax.set_xlabel("nights with frames; a dot: some nights broken or with a problem", fontsize=TEXT_SIZE, color=MUTED)
    return figure


def _month_by_month(coverage: pd.DataFrame) -> pd.DataFrame:
    """By month: `seen`, nights with frames, and `amiss`, whether any is broken or has a problem."""
    status = coverage["status"]
    told = coverage.assign(seen=status.isin([PRESENT, PARTLY]), amiss=status.isin([PARTLY, BROKEN_NIGHT]))
    return told.groupby(coverage["night"].str[:7]).agg({"seen": "sum", "amiss": "any"})


def month_occurrence_figure(by_night: pd.DataFrame) -> Figure:
    """A bar per month, its height the share of its frames predicted positive; months without frames stay empty.

    `by_night` as `allsky.statistics.hours.occurrence_by_night` returns it.
    """
    months = by_night.groupby(by_night["night"].str[:7])[["n_positive", "n_frames"]].sum().astype(float)
    number = np.array([MONTHS * int(month[:4]) + int(month[5:]) - 1 for month in months.index])
    figure = new_figure(10.0, 2.4)
    ax: Axes = dress(figure.add_subplot(), y="percent of the month's frames", grid="y")
    ax.bar(number + 0.5, 100 * (months["n_positive"] / months["n_frames"]), width=0.85, color=POSITIVE)
    years = np.arange(number.min() // MONTHS, number.max() // MONTHS + 2)
    shown = years[:: max(1, round(len(years) / 14))]
    ax.set_xticks(MONTHS * shown, [str(year) for year in shown])
    for year in years:
        ax.axvline(MONTHS * year, color=RULE, linewidth=0.6, zorder=0)
    ax.set(xlim=(number.min() - 0.5, number.max() + 1.5), ylim=(0, None))
    return figure
