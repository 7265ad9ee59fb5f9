"""Do the report's 95 % intervals contain the truth as often as they say, and do the usual ones?

Corpora are made up at table level: which conditions a night has comes from the real sun and moon over Yellowknife
(the 331 nights of the published corpus), how often the classifier errs differs from night to night (beta-binomial, a
correlation between a night's frames of 0.1 or 0.3), and frames are drawn for labelling as the audit sheet draws
them. The rival counts frames as if they were independent (Wilson's interval from statsmodels), as published tables
do: it is fair because it is what most would compute from the same labels, with the better of the usual two formulas.

    python benchmarks/coverage.py [corpora per setting, 2000]
"""

from __future__ import annotations

import json
import sys
import time
from itertools import product

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from allsky.conditions import LUNAR_BINS, SOLAR_BINS, observing_conditions
from allsky.intervals import proportion_over_nights
from allsky.site import Site, night_bounds
from allsky.statistics import corrected_share

YELLOWKNIFE = Site("yellowknife", 62.4333, -114.3500)
SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))
CELLS = list(product(SOLAR_BINS[:3], LUNAR_BINS))

PER_CELL = 6
AUDIT_SHARE = 0.35 / 0.50  # of the nights the model did not learn from
CORRELATIONS = (0.1, 0.3)
AUDIT_NIGHTS = (10, 40, 200)
RATES = (0.02, 0.05, 0.10, 0.20)
AURORA = 0.3
# Each cell keeps its rates, so that every one of the four is tried in full and in sparse cells.
FPR, FNR = np.resize(RATES, len(CELLS)), np.resize(RATES[::-1], len(CELLS))

# The intervals promise their level only from here on (allsky.statistics marks the rest); below is printed, not judged.
ENOUGH_NIGHTS, ENOUGH_ERRORS = 40, 5


def night_cells() -> np.ndarray:
    """Frames (one a minute) of each of 331 nights in each of the nine dark cells: shape (331, 9)."""
    nights = [str(day.date()) for first, last in SEASONS for day in pd.date_range(first, last)]
    offsets = pd.timedelta_range("4h", "20h", freq="10min")
    utc = [night_bounds(night, YELLOWKNIFE.longitude_deg)[0] + offsets for night in nights]
    frames = pd.DataFrame({"frame_id": np.repeat(nights, len(offsets)), "utc": np.concatenate(utc)})
    sky = observing_conditions(frames, YELLOWKNIFE)
    sky = sky[sky["sun_altitude_deg"] < -11.5]
    counts = 10 * pd.crosstab(sky["frame_id"], [sky["solar_bin"], sky["lunar_bin"]])
    return counts.reindex(columns=pd.MultiIndex.from_tuples(CELLS), fill_value=0).to_numpy()


def by_night(generator, rate, correlation: float, shape) -> np.ndarray:
    """Each night's own rate: beta distributed around `rate`, so that its frames correlate."""
    spread = 1.0 / correlation - 1.0
    return generator.beta(np.broadcast_to(rate, shape) * spread, (1.0 - np.broadcast_to(rate, shape)) * spread)


def corpus(generator, frames: np.ndarray, correlation: float, fpr, fnr) -> dict[str, np.ndarray]:
    """Frames by outcome, all and drawn ones, in each night and cell (shape nights, 9, outcomes tp fp tn fn)."""
    shape = frames.shape
    aurora = by_night(generator, AURORA, correlation, shape)
    wrong_yes, wrong_no = by_night(generator, fpr, correlation, shape), by_night(generator, fnr, correlation, shape)
    chances = np.stack(
        [aurora * (1 - wrong_no), (1 - aurora) * wrong_yes, (1 - aurora) * (1 - wrong_yes), aurora * wrong_no], axis=-1
    )
    every = generator.multinomial(frames, chances / chances.sum(axis=-1, keepdims=True))
    probability = np.minimum(PER_CELL, frames) / np.maximum(frames, 1)
    return {"every": every, "drawn": generator.binomial(every, probability[..., None]), "probability": probability}


def weights(made: dict[str, np.ndarray], cell: int) -> np.ndarray:
    probability = made["probability"][:, cell]
    return np.divide(1.0, probability, out=np.zeros_like(probability), where=probability > 0)


def judged(made: dict[str, np.ndarray], cell: int, wrong: int, right: int, truth: float) -> dict:
    """One cell's rate wrong / (wrong + right): whether each interval contains the truth, and what it stands on."""
    drawn = made["drawn"][:, cell, :]
    weight = weights(made, cell)
    errors, n = drawn[:, wrong], drawn[:, wrong] + drawn[:, right]
    if n.sum() == 0 or np.count_nonzero(n) < 2:
        return {}
    ours = proportion_over_nights(errors * weight, n * weight, int(n.sum()))
    low, high = proportion_confint(errors.sum(), n.sum(), method="wilson")
    return {
        "nights": ours.n_nights,
        "expected_errors": truth * n.sum(),
        "covered": ours.low <= truth <= ours.high,
        "naive": low <= truth <= high,
        "width": ours.high - ours.low,
    }


def corrected(generator, made: dict[str, np.ndarray], cell: int) -> dict:
    """The same for the corrected share of frames with aurora, audit nights being a random part of the nights."""
    audit = generator.random(len(made["every"])) < AUDIT_SHARE
    drawn = made["drawn"][:, cell, :] * (weights(made, cell) * audit)[:, None]
    every = made["every"][:, cell, :]
    nights = pd.DataFrame(drawn, columns=["w_tp", "w_fp", "w_tn", "w_fn"]).assign(
        w_unsure=0.0, n_frames=every.sum(axis=1), n_positive=every[:, :2].sum(axis=1)
    )
    rate = corrected_share(nights[nights["n_frames"] > 0])
    return {"nights": rate.n_nights, "covered": rate.low <= AURORA <= rate.high} if rate.high == rate.high else {}


def run(n_corpora: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every rate of every cell of every corpus, and the corrected shares of every fifth corpus."""
    sky = night_cells()
    rates, shares = [], []
    for correlation, n_nights in product(CORRELATIONS, AUDIT_NIGHTS):
        generator = np.random.default_rng([int(100 * correlation), n_nights])
        setting = {"correlation": correlation, "audit_nights": n_nights}
        for number in range(n_corpora):
            made = corpus(generator, sky[generator.choice(len(sky), n_nights, replace=False)], correlation, FPR, FNR)
            rates += [{**setting, **row} for row in all_rates(made)]
            if number % 5 == 0:
                shares += [{**setting, **row} for row in all_shares(generator, made)]
    return pd.DataFrame(rates), pd.DataFrame(shares)


def all_rates(made: dict[str, np.ndarray]) -> list[dict]:
    rows = []
    for cell, name in enumerate(CELLS):
        for kind, wrong, right, truth in (("fpr", 1, 2, FPR[cell]), ("fnr", 3, 0, FNR[cell])):
            seen = judged(made, cell, wrong, right, truth)
            if seen:
                rows.append({"cell": " x ".join(name), "kind": kind, "rate": truth, **seen})
    return rows


def all_shares(generator, made: dict[str, np.ndarray]) -> list[dict]:
    return [row for row in (corrected(generator, made, cell) for cell in range(len(CELLS))) if row]


def main(n_corpora: int) -> None:
    started = time.perf_counter()
    rates, shares = run(n_corpora)
    groups = rates.groupby(["correlation", "audit_nights", "cell", "kind", "rate"], sort=False)
    table = groups[["nights", "expected_errors", "covered", "naive", "width"]].mean()
    table["judged"] = (table["nights"] >= ENOUGH_NIGHTS) & (table["expected_errors"] >= ENOUGH_ERRORS)
    print(table.round(3).to_string())
    print("\nCorrected shares, by the number of audit nights of the cell:")
    shares["judged"] = shares["nights"] >= ENOUGH_NIGHTS
    print(shares.groupby(["correlation", "audit_nights", "judged"])["covered"].agg(["mean", "size"]).round(3))
    good = table[table["judged"]]
    figures = {
        "corpora": n_corpora * len(CORRELATIONS) * len(AUDIT_NIGHTS),
        "pooled": round(float(good["covered"].mean()), 4),
        "worst_cell": round(float(good["covered"].min()), 4),
        "naive_pooled": round(float(good["naive"].mean()), 4),
        "corrected_pooled": round(float(shares.loc[shares["judged"], "covered"].mean()), 4),
        "judged_cells": len(good),
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
