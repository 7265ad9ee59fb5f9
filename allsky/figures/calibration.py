"""Do the probabilities mean what they say on audit nights, and what would it gain to abstain?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from allsky.figures.canvas import INK, MUTED, POSITIVE, RULE, SMALL_TEXT, TEXT_SIZE, dress, new_figure
from allsky.figures.words import condition_in_words, count

_ACROSS = 3


def audit_reliability_figure(bins: pd.DataFrame, calibration: pd.DataFrame) -> Figure:
    """A reliability diagram for all audit frames and for each condition that was measured.

    `bins` is RELIABILITY, `calibration` CALIBRATION; bars are intervals over nights, the size of a point its frames.
    """
    down = math.ceil(len(calibration) / _ACROSS)
    figure = new_figure(7.2, 0.3 + 2.8 * down)
    axes = figure.subplots(down, _ACROSS, squeeze=False).ravel()
    for ax, row in zip(axes, calibration.itertuples(), strict=False):
        here = bins[(bins["solar_bin"] == row.solar_bin) & (bins["lunar_bin"] == row.lunar_bin)]
        _diagram(ax, here, row)
    for ax in axes[len(calibration) :]:
        ax.set_visible(False)
    for ax in axes[::_ACROSS]:
        ax.set_ylabel("share labelled positive", fontsize=TEXT_SIZE, color=MUTED)
    return figure


def _diagram(ax: Axes, bins: pd.DataFrame, row) -> None:
    title = condition_in_words(row.solar_bin, row.lunar_bin).replace(", ", ",\n")
    error = f"{row.calibration_error:.3f} ({row.calibration_error_low:.3f} to {row.calibration_error_high:.3f})"
    told = f"error {error}\n{count(row.n_frames, 'frame')}, {count(row.n_nights, 'night')}"
    dress(ax, title=title, x=f"probability\n{told}", grid="both")
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=":")
    ax.vlines(bins["mean_probability"], bins["share_low"], bins["share_high"], color=RULE, linewidth=2.2)
    sizes = 8 + 60 * bins["n_frames"] / max(1, bins["n_frames"].max())
    ax.scatter(bins["mean_probability"], bins["positive_share"], s=sizes, color=POSITIVE, zorder=3, linewidths=0)
    ax.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))


def abstaining_figure(table: pd.DataFrame, chosen: float | None = None) -> Figure:
    """Accuracy on the frames still answered against their share, at each level; the model's own level stands out."""
    figure = new_figure(4.8, 3.2)
    ax = dress(figure.add_subplot(), x="share of frames answered, percent", y="accuracy on these, percent", grid="both")
    told = table[table["accuracy"].notna()]
    kept, accuracy = 100 * told["kept"], 100 * told["accuracy"]
    ends = np.array([accuracy - 100 * told["accuracy_low"], 100 * told["accuracy_high"] - accuracy])
    ax.errorbar(kept, accuracy, yerr=np.nan_to_num(np.maximum(ends, 0)), fmt="o-", color=POSITIVE, ecolor=RULE, ms=4)
    for level, x, y in zip(told["level"], kept, accuracy, strict=True):
        own = chosen is not None and math.isclose(level, chosen)
        words = f"{level:.3g}, the model's" if own else f"{level:.3g}" if level else "all"
        ax.annotate(words, (x, y), (4, 4), textcoords="offset points", fontsize=SMALL_TEXT, color=INK if own else MUTED)
    return figure
