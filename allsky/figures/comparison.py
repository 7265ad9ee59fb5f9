"""How do networks compare on audit nights, seed by seed, and beside the green-pixel rule?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from allsky.figures.canvas import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    INK,
    MUTED,
    POSITIVE,
    RULE,
    SMALL_TEXT,
    dress,
    new_figure,
)
from allsky.statistics.comparison import GREEN_RULE, summary

_COLORS = {"scratch": MUTED, "frozen": FALSE_POSITIVE, "two_stage": FALSE_NEGATIVE, "finetune": POSITIVE}
_LINE_IN = 0.23


def comparison_figure(rows: pd.DataFrame) -> Figure:
    """Balanced accuracy of each backbone and way of training, a line each: a dot a seed, bar and number for the mean.

    The green-pixel rule runs across all; what was left out has a line that says so. `rows` is COMPARISON; the backbone
    that did best comes first.
    """
    lines = list(_lines(rows))
    figure = new_figure(7.0, 0.8 + _LINE_IN * len(lines))
    ax = dress(figure.add_subplot(), x="balanced accuracy on audit nights, percent", grid="x")
    ax.set_yticks(range(len(lines)), [strategy.replace("_", " ") if strategy else name for name, strategy in lines])
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.08)
    for y, ((backbone, strategy), label) in enumerate(zip(lines, ax.get_yticklabels(), strict=True)):
        if strategy is None:
            label.set_fontweight("bold")
            ax.axhline(y - 0.5, color=RULE, linewidth=0.6)
        else:
            of = rows[(rows["backbone"] == backbone) & (rows["strategy"] == strategy)]
            _draw_line(ax, y, 100 * of.loc[of["left_out"].isna(), "balanced_accuracy"], strategy)
    for percent in 100 * rows.loc[rows["backbone"] == GREEN_RULE, "balanced_accuracy"]:
        ax.axvline(percent, color=INK, linewidth=1, linestyle=":")
        told = ax.annotate(
            f"{GREEN_RULE} {percent:.1f}", (percent, 1), (0, 3), ax.get_xaxis_transform(), "offset points"
        )
        told.set(fontsize=SMALL_TEXT, color=INK, ha="center")
    return figure


def _lines(rows: pd.DataFrame) -> Iterator[tuple[str, str | None]]:
    """A heading (no strategy) for each backbone, best first, and its strategies."""
    known = list(_COLORS)
    asked = rows[rows["backbone"] != GREEN_RULE]
    best = [name for name in summary(rows)["backbone"] if name != GREEN_RULE]
    for backbone in dict.fromkeys([*best, *asked["backbone"]]):
        yield backbone, None
        strategies = asked.loc[asked["backbone"] == backbone, "strategy"].unique()
        yield from ((backbone, one) for one in sorted(strategies, key=[*known, *strategies].index))


def _draw_line(ax: Axes, y: int, percents: pd.Series, strategy: str) -> None:
    if percents.empty:
        ax.text(0.01, y, "left out", transform=ax.get_yaxis_transform(), fontsize=SMALL_TEXT, color=MUTED, va="center")
        return
    color, mean = _COLORS.get(strategy, INK), percents.mean()
    ax.scatter(percents, [y] * len(percents), s=18, color=color, alpha=0.75, linewidths=0)
    ax.scatter([mean], [y], marker="|", s=150, color=color)
    told = ax.annotate(f"{mean:.1f}", (percents.max(), y), (7, 0), textcoords="offset points", va="center")
    told.set(fontsize=SMALL_TEXT, color=INK)
