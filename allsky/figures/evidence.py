"""Where does the classifier look, on average, when it is right and when it is wrong?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.figures.canvas import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    INK,
    MUTED,
    POSITIVE,
    SMALL_TEXT,
    TEXT_SIZE,
    bare,
    dress,
    new_figure,
    sentence_figure,
)
from allsky.figures.words import condition_in_words, count

OUTCOME_WORDS = {"tp": "true positive", "fp": "false positive", "fn": "false negative", "tn": "true negative"}
OUTCOME_COLORS = {"tp": POSITIVE, "fp": FALSE_POSITIVE, "fn": FALSE_NEGATIVE, "tn": MUTED}
PLACE_WORDS = {"sky": "outside the sky", "horizon": "horizon", "moon": "moon and glare", "clock": "clock"}


def mean_maps_figure(maps: pd.DataFrame) -> Figure:
    """The mean map of each condition (rows) and outcome (columns); `maps` is MEAN_MAPS.

    All share one scale, from 0 to the largest mean.
    """
    largest = max(float(np.max(each)) for each in maps["map"])
    if not largest > 0:
        return sentence_figure("Every map is empty: no place spoke for the class.")
    conditions = maps[["solar_bin", "lunar_bin"]].drop_duplicates()
    rows = sorted(conditions.itertuples(index=False, name=None), key=_rank)
    figure = new_figure(7.0, 0.4 + 1.6 * len(rows))
    drawn = figure.subplots(len(rows), len(OUTCOME_WORDS), squeeze=False)
    known = {(row.solar_bin, row.lunar_bin, row.outcome): row for row in maps.itertuples()}
    for line, (solar, lunar) in zip(drawn, rows, strict=True):
        words = condition_in_words(solar, lunar).replace(" twilight", "").replace(", ", ",\n")
        line[0].set_ylabel(words, fontsize=SMALL_TEXT, color=INK)
        for ax, outcome in zip(line, OUTCOME_WORDS, strict=True):
            _mean_map(ax, known.get((solar, lunar, outcome)), largest)
    for ax, words in zip(drawn[0], OUTCOME_WORDS.values(), strict=True):
        ax.set_title(words, fontsize=TEXT_SIZE, color=INK)
    return figure


def _rank(condition: tuple[str, str]) -> tuple[int, ...]:
    """All conditions first, then from dark to light."""
    solar, lunar = condition
    if condition == ("All", "All"):
        return (0,)
    return 1, list(SOLAR_BINS).index(solar), list(LUNAR_BINS).index(lunar)


def _mean_map(ax: Axes, row, largest: float) -> None:
    label = ax.get_ylabel()
    bare(ax)
    ax.set(xticks=[], yticks=[], xlim=(-0.5, 0.5), ylim=(0.5, -0.5), aspect="equal")
    ax.set_ylabel(label, fontsize=SMALL_TEXT, color=INK)
    rim = Circle((0, 0), 0.5, facecolor="none", edgecolor=MUTED, linewidth=0.7)
    ax.add_patch(rim)
    if row is None:
        ax.text(0, 0, "none", ha="center", va="center", fontsize=SMALL_TEXT, color=MUTED)
        return
    values = np.asarray(row.map).reshape(row.size, row.size)
    picture = ax.imshow(values, extent=(-0.5, 0.5, 0.5, -0.5), cmap="inferno", vmin=0, vmax=largest)
    picture.set_clip_path(rim)
    ax.set_xlabel(f"{count(row.n_frames, 'frame')}, {count(row.n_nights, 'night')}", fontsize=SMALL_TEXT, color=MUTED)


def shares_figure(shares: pd.DataFrame) -> Figure:
    """Mean share of the maps on each place by outcome, a tick where a map even over the sky would be.

    `shares` has outcome, place, n_frames, share, even. Of the sky what lies outside it is shown.
    """
    places = [name for name in PLACE_WORDS if (shares["place"] == name).any()]
    outcomes = [name for name in OUTCOME_WORDS if (shares["outcome"] == name).any()]
    figure = new_figure(7.0, 0.9 + 0.8 * len(places))
    ax = dress(figure.add_subplot(), title="Share of the map's weight, percent", grid="x")
    for rank, place in enumerate(places):
        for k, outcome in enumerate(outcomes):
            row = shares[(shares["place"] == place) & (shares["outcome"] == outcome)]
            if len(row):
                y = rank + 0.8 * (k - (len(outcomes) - 1) / 2) / len(outcomes)
                _share_bar(ax, y, row.iloc[0], outcome, named=rank == 0)
    ax.set_yticks(range(len(places)), [PLACE_WORDS[place] for place in places])
    ax.invert_yaxis()
    ax.legend(frameon=False, fontsize=SMALL_TEXT, labelcolor=INK)
    return figure


def _share_bar(ax: Axes, y: float, row, outcome: str, named: bool) -> None:
    share, even = row["share"], row["even"]
    if row["place"] == "sky":
        share, even = 1 - share, 1 - even
    ax.barh(y, 100 * share, height=0.17, color=OUTCOME_COLORS[outcome], label=OUTCOME_WORDS[outcome] if named else None)
    ax.plot([100 * even] * 2, [y - 0.09, y + 0.09], color=INK, linewidth=1.4)
