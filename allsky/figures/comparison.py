"""How do networks compare on audit nights, seed by seed, and beside the green-pixel rule?"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from allsky.figures.canvas import FALSE_NEGATIVE, FALSE_POSITIVE, INK, MUTED, POSITIVE, SMALL_TEXT, dress, new_figure
from allsky.statistics.comparison import GREEN_RULE, summary

_COLORS = {"scratch": MUTED, "finetune": POSITIVE, "two_stage": FALSE_NEGATIVE, "frozen": FALSE_POSITIVE}


def comparison_figure(rows: pd.DataFrame) -> Figure:
    """Balanced accuracy of each backbone (a line each): a dot per seed, a bar at the mean, the rule across all.

    `rows` is COMPARISON; strategies have a colour each.
    """
    table = summary(rows)
    networks = table[table["backbone"] != GREEN_RULE]
    names = list(dict.fromkeys(networks["backbone"]))
    strategies = list(dict.fromkeys(networks["strategy"]))
    figure = new_figure(7.0, 1.1 + 0.5 * max(1, len(names)))
    ax = dress(figure.add_subplot(), x="balanced accuracy on audit nights, percent", grid="x")
    for k, strategy in enumerate(strategies):
        of = rows[(rows["strategy"] == strategy) & rows["left_out"].isna()]
        y = of["backbone"].map(names.index) + 0.6 * (k - (len(strategies) - 1) / 2) / max(1, len(strategies))
        color = _COLORS.get(strategy, INK)
        ax.scatter(100 * of["balanced_accuracy"], y, s=16, color=color, label=strategy.replace("_", " "))
        means = (100 * of["balanced_accuracy"]).groupby(y).mean()
        ax.scatter(means, means.index, marker="|", s=160, color=color)
    rule = table[table["backbone"] == GREEN_RULE]
    if len(rule):
        ax.axvline(100 * rule["balanced_accuracy"].iloc[0], color=INK, linewidth=1, linestyle=":", label=GREEN_RULE)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.legend(frameon=False, fontsize=SMALL_TEXT, labelcolor=INK, loc="best")
    return figure
