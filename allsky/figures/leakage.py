"""By how much does validation flatter where nights are mixed, and where they are kept together?"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from allsky.figures.canvas import FALSE_NEGATIVE, FALSE_POSITIVE, INK, MUTED, SMALL_TEXT, dress, new_figure
from allsky.labels.partitions import BY_FRAME, BY_NIGHT
from allsky.statistics.leakage import LeakageGap


def leakage_figure(found: LeakageGap) -> Figure:
    """Validation less audit accuracy of both splits, and the gap between them.

    A dot a partition, bar and number for their mean, a line for the gap's interval over nights.
    """
    mixed, kept = (100 * np.array(found.ahead[split]) for split in (BY_FRAME, BY_NIGHT))
    lines = (
        ("frames of a night mixed", mixed, FALSE_POSITIVE),
        ("nights kept together", kept, FALSE_NEGATIVE),
        ("leakage gap", mixed - kept, INK),
    )
    figure = new_figure(7.0, 1.7)
    ax = dress(figure.add_subplot(), x="validation accuracy less audit accuracy, points", grid="x")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.plot([100 * found.low, 100 * found.high], [2, 2], color=INK, linewidth=1.4)
    for y, (_, points, color) in enumerate(lines):
        ax.scatter(points, np.full(len(points), y), s=18, color=color, alpha=0.6, linewidths=0)
        ax.scatter([points.mean()], [y], marker="|", s=190, color=color, linewidths=1.8)
        mean = ax.annotate(f"{points.mean():.1f}", (points.mean(), y), (0, 9), textcoords="offset points", ha="center")
        mean.set(fontsize=SMALL_TEXT, color=INK)
    ax.set_yticks(range(len(lines)), [name for name, _, _ in lines])
    ax.set_ylim(len(lines) - 0.5, -0.7)
    ax.tick_params(axis="y", length=0)
    return figure
