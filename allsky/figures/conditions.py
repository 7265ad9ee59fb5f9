"""How often is the classifier wrong, and how often does it say yes, under each sun and moon?

Drawn from the condition table (`allsky.tables.CONDITION_TABLE`): the matrix of solar by lunar bins with its margins,
and the false positive and false negative rates with their intervals.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.figures.canvas import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    INK,
    MUTED,
    PAPER,
    POSITIVE,
    SMALL_TEXT,
    TEXT_SIZE,
    bare,
    dress,
    empty_tile,
    heat_tile,
    new_figure,
    shade_of,
)
from allsky.figures.words import condition_in_words, count, in_words, interval, is_number, percent

RATE_COLORS = {"fpr": FALSE_POSITIVE, "fnr": FALSE_NEGATIVE, "positive_ratio": POSITIVE}
RATE_TITLES = {
    "fpr": "False positive rate",
    "fnr": "False negative rate",
    "positive_ratio": "Share of frames predicted positive",
}
# The raw counts a rate is out of: false positives among labelled negatives, and so on.
RATE_COUNTS = {
    "fpr": ("fp", ("fp", "tn")),
    "fnr": ("fn", ("fn", "tp")),
    "positive_ratio": ("n_positive", ("n_frames",)),
}
# The bins every archive is asked about; civil twilight and day only where frames lie there.
ALWAYS_SHOWN = SOLAR_BINS[:3]
NO_FRAMES = "no frames"
# Of what nothing can be drawn.
UNKNOWN = ("not measured", NO_FRAMES)


def rate_cells(condition_table: pd.DataFrame, rate: str, positive: str | None = None) -> pd.DataFrame:
    """One rate of the condition table, a row per cell and margin in the order of reading.

    `rate` is `fpr`, `fnr` or `positive_ratio`; `positive` chooses the class where the table has several. Columns:
    solar_bin, lunar_bin, rate, low, high (shares; NaN where not measured), n_hits and n (raw counts), n_nights (of
    error rates the audit nights that have frames in the denominator), status (of that rate: `measured`, `few nights`,
    `not measured`; `no frames` where the camera took none).
    """
    table = condition_table if positive is None else condition_table[condition_table["class"] == positive]
    solar = [name for name in SOLAR_BINS if name in ALWAYS_SHOWN or _has_frames(table, name)]
    wanted = pd.MultiIndex.from_product([[*solar, "All"], [*LUNAR_BINS, "All"]], names=["solar_bin", "lunar_bin"])
    rows = table.drop_duplicates(["solar_bin", "lunar_bin"]).set_index(["solar_bin", "lunar_bin"]).reindex(wanted)
    hits, total = RATE_COUNTS[rate]
    of_errors = rate != "positive_ratio"
    cells = pd.DataFrame(
        {
            "rate": rows[rate].astype(float),
            "low": rows[f"{rate}_low"].astype(float),
            "high": rows[f"{rate}_high"].astype(float),
            "n_hits": rows[hits].fillna(0).astype(int),
            "n": rows[list(total)].fillna(0).sum(axis=1).astype(int),
            "n_nights": rows[f"{rate}_nights" if of_errors else "n_nights"].fillna(0).astype(int),
            "status": rows[f"{rate}_status"].fillna("not measured") if of_errors else "measured",
        }
    )
    cells.loc[cells["rate"].isna(), "status"] = "not measured"
    cells.loc[rows["n_frames"].fillna(0) == 0, "status"] = NO_FRAMES
    return cells.reset_index()


def _has_frames(table: pd.DataFrame, solar_bin: str) -> bool:
    return bool((table.loc[table["solar_bin"] == solar_bin, "n_frames"].fillna(0) > 0).any())


def condition_matrix(cells: pd.DataFrame, rate: str) -> Figure:
    """Solar bins down, lunar bins across, the margins set apart: rate, 95 % interval and n in each tile.

    `cells` as `rate_cells` returns them. A tile is hatched where nothing was measured; a star marks few nights.
    """
    solar, lunar = list(dict.fromkeys(cells["solar_bin"])), list(dict.fromkeys(cells["lunar_bin"]))
    figure = new_figure(7.2, 0.9 + 0.72 * len(solar))
    ax = bare(figure.add_subplot(), title=RATE_TITLES[rate])
    strongest = cells["rate"].max()
    for cell in cells.itertuples():
        corner = (_place(lunar, cell.lunar_bin), _place(solar, cell.solar_bin))
        _matrix_tile(ax, corner, cell, rate, strongest)
    ax.set(xlim=(-0.02, len(lunar) + 0.14), ylim=(len(solar) + 0.14, -0.02))
    ax.set_xticks([_place(lunar, name) + 0.5 for name in lunar], [in_words(name) for name in lunar])
    ax.set_yticks([_place(solar, name) + 0.5 for name in solar], [in_words(name) for name in solar])
    ax.xaxis.tick_top()
    weighted = "" if rate == "positive_ratio" else "; rates are weighted, counts are not"
    words = f"95 % intervals beneath the rates{weighted}; * few nights; hatched: not known"
    ax.set_xlabel(words, fontsize=SMALL_TEXT, color=MUTED)
    return figure


def _place(names: list[str], name: str) -> float:
    """Left or upper edge of a bin's tiles; the margins stand a little apart."""
    return names.index(name) + (0.12 if name == "All" else 0.0)


def _matrix_tile(ax: Axes, corner: tuple[float, float], cell, rate: str, strongest: float) -> None:
    x, y = corner
    if cell.status in UNKNOWN:
        empty_tile(ax, x, y, 1, 1)
        look: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "fontsize": SMALL_TEXT,
            "color": MUTED,
            "backgroundcolor": PAPER,
        }
        ax.text(x + 0.5, y + 0.5, cell.status, **look)
        return
    heat_tile(ax, x, y, 1, 1, RATE_COLORS[rate], shade_of(cell.rate, strongest))
    star = "*" if cell.status == "few nights" else ""
    ax.text(x + 0.5, y + 0.33, percent(cell.rate) + star, ha="center", va="center", fontsize=TEXT_SIZE + 2, color=INK)
    # A text per line: in an SVG each is centred by itself, whatever the page's font.
    lines = (interval(cell.low, cell.high), f"{cell.n_hits:,} of {cell.n:,}, {count(cell.n_nights, 'night')}")
    for height, line in zip((0.6, 0.79), lines, strict=True):
        ax.text(x + 0.5, y + height, line, ha="center", va="center", fontsize=SMALL_TEXT - 0.4, color=INK)


def error_rates(cells: pd.DataFrame, rate: str, widest: float | None = None) -> Figure:
    """One error rate, a line per cell and one for all, each with its 95 % interval.

    `cells` as `rate_cells` returns them. An open circle marks few nights; a cell not measured says so. `widest` is the
    greatest share that the axis must hold, so that two figures have one scale; by default that of these cells.
    """
    names = [(row.solar_bin, row.lunar_bin) for row in cells.itertuples()]
    names = [name for name in names if "All" not in name] + [("All", "All")]
    figure = new_figure(5.2, 0.9 + 0.27 * len(names))
    ax = dress(figure.add_subplot(), title=RATE_TITLES[rate], x="percent, with 95 % interval", grid="x")
    told = cells.set_index(["solar_bin", "lunar_bin"]).loc[names]
    widest = widest_share(told) if widest is None else widest
    ax.set_xlim(0, min(100.0, 108.0 * widest) if widest > 0 else 100.0)
    _rate_lines(ax, told, RATE_COLORS[rate])
    ax.set_yticks(range(len(names)), [condition_in_words(*name) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    return figure


def widest_share(cells: pd.DataFrame) -> float:
    """The greatest rate or upper end; 0 where nothing is measured."""
    widest = cells[["rate", "high"]].max().max()
    return float(widest) if is_number(widest) else 0.0


def _rate_lines(ax: Axes, cells: pd.DataFrame, color: str) -> None:
    ax.axhline(len(cells) - 1.5, color=MUTED, linewidth=0.7)
    across = ax.get_yaxis_transform()
    for line, cell in enumerate(cells.itertuples()):
        if cell.status in UNKNOWN:
            ax.text(0.01, line, cell.status, va="center", fontsize=SMALL_TEXT, color=MUTED, transform=across)
            continue
        ax.plot([100 * cell.low, 100 * cell.high], [line, line], color=color, linewidth=2.2, solid_capstyle="round")
        look: dict[str, Any] = {"markersize": 6, "markeredgecolor": color, "clip_on": False, "zorder": 3}
        ax.plot(100 * cell.rate, line, "o", markerfacecolor=PAPER if cell.status == "few nights" else color, **look)
