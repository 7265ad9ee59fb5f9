"""By how much does a split that mixes nights flatter a network?

The leakage gap: how far validation stands above audit nights when frames of one night both teach and validate, less
how far it does when nights are kept together. Nights are what the labels were drawn from, so the interval is a
bootstrap over nights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from allsky.labels.partitions import BY_FRAME, BY_NIGHT
from allsky.statistics.intervals import LEVEL
from allsky.tables import SHORT, TEXT, Column, Table

LEAKAGE = Table(
    "leakage",
    "a night's frames in one part of one split, and how many of them a network answered rightly",
    (
        Column("partition", SHORT, "", "which partition of the nights"),
        Column("seed", SHORT, "", "seed of the training"),
        Column("split", TEXT, "", "`night`: nights kept together; `frame`: frames of a night teach and validate"),
        Column("part", TEXT, "", "`validation` or `audit`"),
        Column("night", TEXT, "", "night"),
        Column("n_frames", SHORT, "", "frames of it in that part"),
        Column("n_right", SHORT, "", "of them answered rightly"),
        Column("n_train", SHORT, "", "frames that taught the network"),
        Column("n_near", SHORT, "", "of n_frames, those with a frame that taught within ten minutes"),
    ),
)

# Nights are drawn anew this many times.
DRAWS = 2000

# Validation and audit of either split; the gap is the first two's difference less the last two's.
_TERMS = ((BY_FRAME, "validation"), (BY_FRAME, "audit"), (BY_NIGHT, "validation"), (BY_NIGHT, "audit"))
_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True)
class LeakageGap:
    """The gap, its interval over nights, and what it is made of; all as shares of 1.

    `accuracy` holds the mean over partitions and seeds by split and part, `near` the share of validation frames with
    one that taught within ten minutes by split, `spread` the standard deviation of the partitions'
    gaps (each the mean over its seeds).
    """

    gap: float
    low: float
    high: float
    accuracy: dict[tuple[str, str], float]
    near: dict[str, float]
    spread: float
    n_partitions: int
    n_seeds: int
    n_nights: int


def leakage_gap(rows: pd.DataFrame, draws: int = DRAWS, level: float = LEVEL, seed: int = 0) -> LeakageGap:
    """The leakage gap over every partition and seed of `rows` (LEAKAGE).

    The bootstrap draws the archive's nights with replacement, the same draw for every partition, and counts each
    night's frames as often as it was drawn; the networks stay as they are. What other nights would have taught them
    shows in `spread`. A partition of which a draw holds no night of some part does not count in that draw, and a draw
    without any that counts is left out.
    """
    right, total, cells, nights = _counts(rows)
    accuracy = right.sum(2) / total.sum(2)
    times = np.random.default_rng(seed).multinomial(len(nights), np.full(len(nights), 1 / len(nights)), draws)
    with np.errstate(invalid="ignore"):
        drawn = np.einsum("dn,ctn->dct", times, right) / np.einsum("dn,ctn->dct", times, total)
    gaps = drawn @ _SIGNS
    told = np.isfinite(gaps)
    some = told.any(axis=1)
    gaps = np.where(told, gaps, 0.0)[some].sum(axis=1) / told[some].sum(axis=1)
    low, high = np.quantile(gaps, [(1 - level) / 2, (1 + level) / 2])
    by_partition = pd.Series(accuracy @ _SIGNS).groupby([partition for partition, _ in cells]).mean()
    validated = rows[rows["part"] == "validation"].groupby("split")[["n_near", "n_frames"]].sum()
    return LeakageGap(
        gap=float((accuracy @ _SIGNS).mean()),
        low=float(low),
        high=float(high),
        accuracy=dict(zip(_TERMS, accuracy.mean(0).tolist(), strict=True)),
        near=(validated["n_near"] / validated["n_frames"]).to_dict(),
        spread=float(by_partition.std()),
        n_partitions=len(by_partition),
        n_seeds=len(cells) // len(by_partition),
        n_nights=len(nights),
    )


def leakage_in_words(found: LeakageGap, caption: str) -> str:
    """The gap for people: a sentence, and the table it comes from."""
    sentence = (
        f"A split that mixes the frames of a night flatters validation by {100 * found.gap:.1f} points (95 % interval "
        f"over {found.n_nights} nights {100 * found.low:.1f} to {100 * found.high:.1f}; {found.n_partitions} "
        f"partitions x {found.n_seeds} seeds, standard deviation of a partition {100 * found.spread:.1f})."
    )
    lines = ["| split | validation accuracy | audit accuracy | difference | validation frames within ten minutes |"]
    lines.append(f"|{'---|' * 5}")
    for split, name in ((BY_FRAME, "frame by frame"), (BY_NIGHT, "by nights")):
        validation, audit = (100 * found.accuracy[split, part] for part in ("validation", "audit"))
        near = 100 * found.near[split]
        lines.append(f"| {name} | {validation:.1f} % | {audit:.1f} % | {validation - audit:.1f} | {near:.0f} % |")
    return "\n".join(["# The leakage gap", "", sentence, "", *lines, "", caption, ""])


def _counts(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]], list[str]]:
    """Right answers and frames, each (cells, terms, nights), with the cells (partition, seed) and the nights."""
    nights = sorted(rows["night"].unique())
    cells = sorted(set(zip(rows["partition"], rows["seed"], strict=True)))
    shape = (len(cells), len(_TERMS), len(nights))
    right, total = np.zeros(shape), np.zeros(shape)
    places = {name: number for number, name in enumerate(nights)}
    for row in rows.itertuples():
        at = cells.index((row.partition, row.seed)), _TERMS.index((row.split, row.part)), places[row.night]
        right[at] += row.n_right
        total[at] += row.n_frames
    return right, total, cells, nights
