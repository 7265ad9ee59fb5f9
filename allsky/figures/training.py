"""How did the classifier learn, what does it confuse, and do its probabilities mean what they say?

All from the model's own history and validation tables: figures used for selection, never for publication.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from allsky.figures.canvas import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
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
from allsky.figures.words import in_words, percent

TRAINING_COLOR, VALIDATION_COLOR = FALSE_NEGATIVE, FALSE_POSITIVE


def kept_epoch(history: pd.DataFrame) -> int | None:
    """The epoch marked `kept`, without such a column that of the lowest validation loss; None where there is none."""
    loss = history["validation_loss"].astype(float)
    if "kept" in history and history["kept"].any():
        return int(history.loc[history["kept"], "epoch"].iloc[0])
    return int(history.loc[loss.idxmin(), "epoch"]) if loss.notna().any() else None


def learning_curves(history: pd.DataFrame) -> Figure:
    """Loss and accuracy by epoch, training against validation, the kept epoch and the stages marked.

    `history` has epoch, stage, train_loss, validation_loss, train_accuracy, validation_accuracy (shares), perhaps kept.
    """
    figure = new_figure(10.0, 2.9)
    loss, accuracy = figure.subplots(1, 2)
    dress(loss, title="Loss", x="epoch", grid="y")
    dress(accuracy, title="Accuracy, percent", x="epoch", grid="y")
    _curves(loss, history, "loss", 1.0)
    _curves(accuracy, history, "accuracy", 100.0)
    # Room above the curves for the kept epoch's name.
    loss.set_ylim(0, 1.12 * loss.get_ylim()[1])
    _mark_epochs(loss, history, named=True)
    _mark_epochs(accuracy, history, named=False)
    accuracy.legend(frameon=False, fontsize=TEXT_SIZE, labelcolor=INK, loc="lower right")
    return figure


def _curves(ax: Axes, history: pd.DataFrame, quantity: str, scale: float) -> None:
    looks = (("train", "training", TRAINING_COLOR, "o-"), ("validation", "validation", VALIDATION_COLOR, "s--"))
    for column, name, color, line in looks:
        values = scale * history[f"{column}_{quantity}"].to_numpy(dtype=float)
        ax.plot(history["epoch"], values, line, color=color, label=name, markersize=3.5, linewidth=1.6)


def _mark_epochs(ax: Axes, history: pd.DataFrame, named: bool) -> None:
    """Rules at the kept epoch and between the stages, named where there is room."""
    epochs, stages = history["epoch"].to_numpy(), history["stage"].astype(str).tolist()
    along = ax.get_xaxis_transform()
    kept = kept_epoch(history)
    if kept is not None:
        ax.axvline(kept, color=POSITIVE, linewidth=1.2, linestyle=":")
    if kept is not None and named:
        side = "right" if kept > epochs.mean() else "left"
        ax.text(
            kept,
            0.99,
            f"\N{NO-BREAK SPACE}kept: epoch {kept}\N{NO-BREAK SPACE}",
            ha=side,
            va="top",
            color=INK,
            fontsize=SMALL_TEXT,
            transform=along,
        )
    starts = [place for place in range(len(stages)) if place == 0 or stages[place] != stages[place - 1]]
    for place in starts:
        if place:
            ax.axvline(epochs[place] - 0.5, color=MUTED, linewidth=0.8)
        if named:
            ax.text(epochs[place] - 0.4, 0.03, stages[place], fontsize=SMALL_TEXT, color=MUTED, transform=along)
    ax.set_xlim(epochs.min() - 0.5, epochs.max() + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def confusion_counts(answers: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Frames by label (rows) and prediction (columns), both in the order of `classes`."""
    table = pd.crosstab(answers["label"], answers["predicted"])
    return table.reindex(index=list(classes), columns=list(classes), fill_value=0).rename_axis(None, axis=1)


def confusion_figure(counts: pd.DataFrame) -> Figure:
    """The confusion matrix: counts, with the share of each label's frames beneath and in the shade."""
    classes = list(counts.index)
    size = 1.7 + 0.75 * len(classes)
    figure = new_figure(4.8, max(3.2, size))
    ax = bare(figure.add_subplot(), title="Confusion")
    shares = counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    for y, label in enumerate(classes):
        for x, predicted in enumerate(classes):
            share = shares.loc[label, predicted]
            color = POSITIVE if x == y else FALSE_POSITIVE
            heat_tile(ax, x, y, 1, 1, color, 0.0 if np.isnan(share) else shade_of(share, 1.0))
            number = f"{counts.loc[label, predicted]:,}"
            ax.text(x + 0.5, y + 0.42, number, ha="center", va="center", fontsize=TEXT_SIZE + 2, color=INK)
            ax.text(x + 0.5, y + 0.6, percent(share), ha="center", va="center", fontsize=SMALL_TEXT, color=INK)
    middle = np.arange(len(classes)) + 0.5
    ax.set(xlim=(0, len(classes)), ylim=(len(classes), 0))
    ax.set_xticks(middle, [in_words(name) for name in classes])
    ax.set_yticks(middle, [in_words(name) for name in classes], rotation=90, va="center")
    ax.set_xlabel("predicted", fontsize=TEXT_SIZE, color=MUTED)
    ax.set_ylabel("labelled", fontsize=TEXT_SIZE, color=MUTED)
    return figure


def reliability(answers: pd.DataFrame, positive: str, n_bins: int = 10) -> pd.DataFrame:
    """Predicted probability against observed share, in bins of equal width.

    `answers` has `label`, `p_<positive>` and perhaps `weight` (of sampling; both means are weighted by it). Columns:
    low, high (edges), n_frames, mean_probability, positive_share.
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    probability = answers[f"p_{positive}"].to_numpy(dtype=float)
    place = np.clip(np.digitize(probability, edges) - 1, 0, n_bins - 1)
    weight = answers["weight"].to_numpy(dtype=float) if "weight" in answers else np.ones(len(answers))
    hit = (answers["label"] == positive).to_numpy()
    total = np.bincount(place, weight, n_bins)
    means = [np.divide(np.bincount(place, weight * values, n_bins), total, out=np.full(n_bins, np.nan), where=total > 0)
             for values in (probability, hit)]  # fmt: skip
    columns = {"low": edges[:-1], "high": edges[1:], "n_frames": np.bincount(place, minlength=n_bins)}
    return pd.DataFrame({**columns, "mean_probability": means[0], "positive_share": means[1]})


def reliability_figure(bins: pd.DataFrame) -> Figure:
    """Observed share against predicted probability, the number of frames of each bin beneath."""
    figure = new_figure(4.8, 3.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    dress(upper, title="Reliability", y="share labelled positive", grid="both")
    dress(lower, x="predicted probability", y="frames")
    upper.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=":")
    filled = bins[bins["n_frames"] > 0]
    upper.plot(filled["mean_probability"], filled["positive_share"], "o-", color=POSITIVE, markersize=5, linewidth=1.5)
    upper.set(xlim=(0, 1), ylim=(-0.02, 1.02))
    width = bins["high"] - bins["low"]
    lower.bar(bins["low"], bins["n_frames"], width=width, align="edge", color=MUTED, edgecolor=RULE)
    return figure
