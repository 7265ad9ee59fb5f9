"""By how much does a split that mixes nights flatter a network?

The leakage gap: how far validation stands above audit nights when frames of one night both teach and validate, less
how far it does when nights are kept together. Nights are what the labels were drawn from, so the interval is over
nights, of which neighbours may be alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from allsky.labels.partitions import BY_FRAME, BY_NIGHT
from allsky.statistics.consecutive import jackknife_influence, variance_over_consecutive_nights
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

# Validation and audit of either split; the gap is the first two's difference less the last two's.
_TERMS = ((BY_FRAME, "validation"), (BY_FRAME, "audit"), (BY_NIGHT, "validation"), (BY_NIGHT, "audit"))
_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True)
class LeakageGap:
    """The gap, its interval over nights, and what it is made of; all as shares of 1.

    `accuracy` holds the mean over partitions and seeds by split and part, `ahead` by split how far validation stands
    above audit nights in each partition (the mean over its seeds), `near` the share of validation frames with
    one that taught within ten minutes by split, `spread` the standard deviation of the partitions'
    gaps (each the mean over its seeds).
    """

    gap: float
    low: float
    high: float
    accuracy: dict[tuple[str, str], float]
    ahead: dict[str, list[float]]
    near: dict[str, float]
    spread: float
    n_partitions: int
    n_seeds: int
    n_nights: int


def leakage_gap(rows: pd.DataFrame, level: float = LEVEL) -> LeakageGap:
    """The leakage gap over every partition and seed of `rows` (LEAKAGE).

    Its variance is the jackknife's, which leaves a night's frames out of every partition at once, neighbours being
    alike (`variance_over_consecutive_nights`), its interval Student's with that variance's degrees of freedom. The
    networks stay as they are; what other nights would have taught them shows in `spread`. Where a part of a partition
    stands on one night nothing is known of the gap but that it lies between -2 and 2.
    """
    counts, cells, nights = _counts(rows)
    variance, freedom = variance_over_consecutive_nights(jackknife_influence(counts, _mean_gap), nights)
    half = special.stdtrit(freedom, (1 + level) / 2) * math.sqrt(variance)
    accuracy = _accuracy(counts.sum(axis=0))
    gap = float(_mean_gap(counts.sum(axis=0)))
    by_partition = pd.DataFrame(accuracy).groupby(np.array(cells)[:, 0]).mean()
    validated = rows[rows["part"] == "validation"].groupby("split")[["n_near", "n_frames"]].sum()
    return LeakageGap(
        gap=gap,
        low=max(-2.0, gap - half),
        high=min(2.0, gap + half),
        accuracy=dict(zip(_TERMS, accuracy.mean(0).tolist(), strict=True)),
        ahead={
            BY_FRAME: (by_partition[0] - by_partition[1]).tolist(),
            BY_NIGHT: (by_partition[2] - by_partition[3]).tolist(),
        },
        near=(validated["n_near"] / validated["n_frames"]).to_dict(),
        spread=float((by_partition @ _SIGNS).std()),
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


def _accuracy(counts: np.ndarray) -> np.ndarray:
    """The share answered rightly of each cell and term, from counts (..., cells, terms, right and all)."""
    with np.errstate(invalid="ignore"):
        return counts[..., 0] / counts[..., 1]


def _mean_gap(counts: np.ndarray) -> np.ndarray:
    return (_accuracy(counts) @ _SIGNS).mean(axis=-1)


def _counts(rows: pd.DataFrame) -> tuple[np.ndarray, list[tuple[int, int]], list[str]]:
    """Right answers and all, (nights, cells, terms, 2), with the cells (partition, seed) and the nights."""
    nights = sorted(rows["night"].unique())
    cells = sorted(set(zip(rows["partition"], rows["seed"], strict=True)))
    counts = np.zeros((len(nights), len(cells), len(_TERMS), 2))
    places = {name: number for number, name in enumerate(nights)}
    for row in rows.itertuples():
        at = places[row.night], cells.index((row.partition, row.seed)), _TERMS.index((row.split, row.part))
        counts[at] += row.n_right, row.n_frames
    return counts, cells, nights
