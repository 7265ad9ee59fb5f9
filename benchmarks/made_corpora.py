"""Corpora of known truth, made at table level: how many frames of each outcome a night has under each sky.

Which conditions a night has comes from the real sun and moon over Yellowknife on the 331 nights of the published
corpus. How often there is aurora, and how often the classifier errs, differs from night to night (beta-binomial); bad
nights tend to be bad in all their conditions, and nights that follow one another may be alike. Some frames lie in the
band of contrast in which the labeller cannot always tell: there every fourth is answered `unsure`, the others are
positive or negative alike often, and the classifier errs more. Frames are drawn for labelling as the audit sheet
draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from scipy import special

from allsky.conditions import LUNAR_BINS, SOLAR_BINS, observing_conditions
from allsky.site import Site, night_bounds

YELLOWKNIFE = Site("yellowknife", 62.4333, -114.3500)
SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))
NIGHTS = np.concatenate([pd.date_range(*season).to_numpy() for season in SEASONS]).astype("datetime64[D]")
CELLS = list(product(SOLAR_BINS[:3], LUNAR_BINS))
# Every row of the condition table and the cells in it: the cells themselves, then the margins, then everything.
ROWS = {
    f"{solar} x {lunar}": [i for i, (a, b) in enumerate(CELLS) if solar in (a, "All") and lunar in (b, "All")]
    for solar, lunar in product((*SOLAR_BINS[:3], "All"), (*LUNAR_BINS, "All"))
}

PER_CELL = 6
RATES = (0.02, 0.05, 0.10, 0.20)
AURORA = 0.3
# How far one night's conditions err alike: the correlation of the normal scores of their rates.
ALIKE = 0.5
# Each cell keeps its rates, so that every one of the four is tried in full and in sparse cells.
FPR, FNR = np.resize(RATES, len(CELLS)), np.resize(RATES[::-1], len(CELLS))

# The share of frames in the band of contrast, of these those answered `unsure`, and the classifier's errors there.
BAND, UNSURE_THERE = 0.08, 0.25
FPR_THERE, FNR_THERE = np.minimum(3 * FPR, 0.5), np.minimum(3 * FNR, 0.5)

OUTCOMES = ("tp", "fp", "tn", "fn", "unsure, said yes", "unsure, said no")


@dataclass(frozen=True)
class MadeCorpus:
    """Frames by outcome, all and drawn ones, in each night and cell: shape (nights, 9, outcomes); and their weight."""

    nights: np.ndarray
    every: np.ndarray
    drawn: np.ndarray
    weight: np.ndarray

    def of(self, chosen: np.ndarray) -> MadeCorpus:
        """Only the chosen nights."""
        return replace(self, **{name: values[chosen] for name, values in vars(self).items()})


def night_cells() -> np.ndarray:
    """Frames (one a minute) of each of 331 nights in each of the nine dark cells: shape (331, 9)."""
    nights, offsets = NIGHTS.astype(str), pd.timedelta_range("4h", "20h", freq="10min")
    utc = [night_bounds(night, YELLOWKNIFE.longitude_deg)[0] + offsets for night in nights]
    frames = pd.DataFrame({"frame_id": np.repeat(nights, len(offsets)), "utc": np.concatenate(utc)})
    sky = observing_conditions(frames, YELLOWKNIFE)
    sky = sky[sky["sun_altitude_deg"] < -11.5]
    counts = 10 * pd.crosstab(sky["frame_id"], [sky["solar_bin"], sky["lunar_bin"]])
    return counts.reindex(columns=pd.MultiIndex.from_tuples(CELLS), fill_value=0).to_numpy()


def scores(generator, n_nights: int, persistence: float = 0.0) -> np.ndarray:
    """Normal scores of each night in each cell; with a `persistence` those of the 331 nights, on their dates.

    It is the correlation of a night with the next, falling off by the same factor with every night between them.
    """
    score = np.sqrt(ALIKE) * generator.standard_normal((n_nights, 1))
    score = score + np.sqrt(1.0 - ALIKE) * generator.standard_normal((n_nights, len(CELLS)))
    return _lasting(persistence) @ score if persistence else score


@cache
def _lasting(persistence: float) -> np.ndarray:
    """What makes independent scores of the 331 nights last from night to night."""
    apart = np.abs(NIGHTS[:, None] - NIGHTS).astype(int)
    return np.linalg.cholesky(persistence**apart)


def by_night(score: np.ndarray, rates, correlation: float) -> np.ndarray:
    """Each night's own rate in each cell: beta distributed around the cell's, so that its frames correlate."""
    rates = np.broadcast_to(rates, len(CELLS))
    return np.column_stack([np.interp(score[:, i], *_quantiles(rates[i], correlation)) for i in range(len(CELLS))])


@cache
def _quantiles(rate: float, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores, and the rates of nights that lie there."""
    spread, score = 1.0 / correlation - 1.0, np.linspace(-6.0, 6.0, 6001)
    return score, special.betaincinv(rate * spread, (1.0 - rate) * spread, special.ndtr(score))


def outside_band(rate: np.ndarray, there: np.ndarray, share: float) -> np.ndarray:
    """The rate outside the band that makes `rate` of all frames answered, `share` of which have that truth there."""
    answered = BAND * 0.5 * (1.0 - UNSURE_THERE)
    return rate + answered * (rate - there) / (share * (1.0 - BAND))


def night_chances(generator, n_nights: int, correlation: float, persistence: float = 0.0) -> np.ndarray:
    """The chance of each outcome in each night and cell."""
    aurora, band, yes, no = (scores(generator, n_nights, persistence) for _ in range(4))
    wrong = [(score, rate) for score, rates in zip((yes, no), _error_rates(), strict=True) for rate in rates]
    drawn = [(aurora, AURORA), (band, BAND), *wrong]
    return _chances(*(by_night(score, rate, correlation) for score, rate in drawn))


def _error_rates() -> tuple[tuple, tuple]:
    """False positives, then false negatives: outside the band, and in it."""
    fpr = outside_band(FPR, FPR_THERE, 1.0 - AURORA), FPR_THERE
    return fpr, (outside_band(FNR, FNR_THERE, AURORA), FNR_THERE)


def _chances(aurora, band, fpr, fpr_there, fnr, fnr_there) -> np.ndarray:
    """The chance of each outcome, along the last axis."""
    unsure, sure = band * UNSURE_THERE, band * (1.0 - UNSURE_THERE) / 2.0
    yes, no = (1.0 - band) * aurora, (1.0 - band) * (1.0 - aurora)
    said_yes = (1.0 - fnr_there + fpr_there) / 2.0
    outcomes = [yes * (1 - fnr) + sure * (1 - fnr_there), no * fpr + sure * fpr_there]
    outcomes += [no * (1 - fpr) + sure * (1 - fpr_there), yes * fnr + sure * fnr_there]
    return np.stack([*outcomes, unsure * said_yes, unsure * (1.0 - said_yes)], axis=-1)


def corpus(generator, frames: np.ndarray, correlation: float, persistence: float = 0.0) -> MadeCorpus:
    """A corpus of nights with so many `frames` (nights, 9), one after the other as far as `persistence` asks."""
    every = generator.multinomial(frames, night_chances(generator, len(frames), correlation, persistence))
    probability = np.minimum(PER_CELL, frames) / np.maximum(frames, 1)
    weight = np.divide(1.0, probability, out=np.zeros_like(probability), where=probability > 0)
    nights = NIGHTS if len(frames) == len(NIGHTS) else NIGHTS[0] + np.arange(len(frames))
    return MadeCorpus(nights, every, generator.binomial(every, probability[..., None]), weight)


def truths(frames: np.ndarray) -> dict[str, dict[str, float]]:
    """Every figure of every row of the condition table, over nights like these; `frames` by cell.

    `corrected` counts the frames that a labeller would call positive, and one called unsure by the classifier's answer.
    """
    (fpr, there), (fnr, missed_there) = _error_rates()
    expected = frames[:, None] * _chances(AURORA, BAND, fpr, there, fnr, missed_there)
    found = {}
    for row, cells in ROWS.items():
        tp, fp, tn, fn, unsure_yes, _ = expected[cells].sum(axis=0)
        n = frames[cells].sum()
        found[row] = {
            "positive_ratio": (tp + fp + unsure_yes) / n,
            "fpr": fp / (fp + tn),
            "fnr": fn / (fn + tp),
            "precision": tp / (tp + fp),
            "recall": tp / (tp + fn),
            "f1": 2 * tp / (2 * tp + fp + fn),
            "corrected": (tp + fn + unsure_yes) / n,
            "rogan_gladen": (tp + fn + unsure_yes) / n,
        }
    return found
