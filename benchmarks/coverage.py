"""Do the report's 95 % intervals contain the truth as often as they say, and do the usual ones?

Corpora are made up at table level: which conditions a night has comes from the real sun and moon over Yellowknife
(nights drawn from the 331 of the published corpus), how often the classifier errs differs from night to night
(beta-binomial, a correlation between a night's frames of 0.1 or 0.3; bad nights tend to be bad in all their
conditions), and frames are drawn for labelling as the audit sheet draws them. Conditions, their margins and everything
together are judged by the code that the report runs. The rival counts frames as if they were independent (Wilson's
interval from statsmodels), as published tables do: it is fair because it is what most would compute from the same
labels, with the better of the usual two formulas; where frames were drawn with equal probability it has no other fault.

    python benchmarks/coverage.py [corpora per setting, 2000]

The same question of whole corpora, frame by frame, through the report's own tables: `whole_corpora.py`.
"""

from __future__ import annotations

import json
import sys
import time
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from scipy import special
from statsmodels.stats.proportion import proportion_confint

from allsky.conditions import LUNAR_BINS, SOLAR_BINS, observing_conditions
from allsky.site import Site, night_bounds
from allsky.statistics.contrasts import STATED, difference_limits
from allsky.statistics.correction import corrected_share, rogan_gladen
from allsky.statistics.intervals import Rate, pooled_proportion

YELLOWKNIFE = Site("yellowknife", 62.4333, -114.3500)
SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))
CELLS = list(product(SOLAR_BINS[:3], LUNAR_BINS))
# Every row of the condition table and the cells in it: the cells themselves, then the margins, then everything.
ROWS = {
    f"{solar} x {lunar}": [i for i, (a, b) in enumerate(CELLS) if solar in (a, "All") and lunar in (b, "All")]
    for solar, lunar in product((*SOLAR_BINS[:3], "All"), (*LUNAR_BINS, "All"))
}

PER_CELL = 6
AUDIT_SHARE = 0.35 / 0.50  # of the nights outside training
CORRELATIONS = (0.1, 0.3)
AUDIT_NIGHTS = (10, 40, 200)
RATES = (0.02, 0.05, 0.10, 0.20)
AURORA = 0.3
# How far one night's conditions err alike: the correlation of the normal scores of their rates.
ALIKE = 0.5
# Each cell keeps its rates, so that every one of the four is tried in full and in sparse cells.
FPR, FNR = np.resize(RATES, len(CELLS)), np.resize(RATES[::-1], len(CELLS))

# Judged from here on; below is printed. The report marks rates on fewer than 30 nights.
ENOUGH_NIGHTS, ENOUGH_ERRORS = 40, 5
# Outcomes in the order tp, fp, tn, fn; a rate is the first of its two over both.
KINDS = {"fpr": (1, 2, FPR), "fnr": (3, 0, FNR)}


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


def by_night(generator, rates, correlation: float, shape) -> np.ndarray:
    """Each night's own rate in each cell: beta distributed around the cell's, so that its frames correlate."""
    score = np.sqrt(ALIKE) * generator.standard_normal((shape[0], 1))
    score = score + np.sqrt(1.0 - ALIKE) * generator.standard_normal(shape)
    rates = np.broadcast_to(rates, shape[1])
    return np.column_stack([np.interp(score[:, i], *quantiles(rates[i], correlation)) for i in range(shape[1])])


@cache
def quantiles(rate: float, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores, and the rates of nights that lie there."""
    spread, score = 1.0 / correlation - 1.0, np.linspace(-6.0, 6.0, 6001)
    return score, special.betaincinv(rate * spread, (1.0 - rate) * spread, special.ndtr(score))


def corpus(generator, frames: np.ndarray, correlation: float) -> dict[str, np.ndarray]:
    """Frames by outcome, all and drawn ones, in each night and cell (shape nights, 9, outcomes tp fp tn fn)."""
    aurora, wrong_yes, wrong_no = (by_night(generator, rate, correlation, frames.shape) for rate in (AURORA, FPR, FNR))
    chances = np.stack(
        [aurora * (1 - wrong_no), (1 - aurora) * wrong_yes, (1 - aurora) * (1 - wrong_yes), aurora * wrong_no], axis=-1
    )
    every = generator.multinomial(frames, chances / chances.sum(axis=-1, keepdims=True))
    probability = np.minimum(PER_CELL, frames) / np.maximum(frames, 1)
    weight = np.divide(1.0, probability, out=np.zeros_like(probability), where=probability > 0)
    return {"every": every, "drawn": generator.binomial(every, probability[..., None]), "weight": weight[..., None]}


def measured(made: dict[str, np.ndarray], cells: list[int], wrong: int, right: int) -> Rate:
    """The report's rate wrong / (wrong + right) of one row of the table."""
    drawn, weight = made["drawn"][:, cells], made["weight"][:, cells, 0]
    n = drawn[..., wrong] + drawn[..., right]
    return pooled_proportion(drawn[..., wrong] * weight, n * weight, n * weight**2, n)


def judged(made, cells: list[int], wrong: int, right: int, truth: float, rates: np.ndarray) -> dict:
    """One row's rate: whether each interval contains the truth, and what it stands on."""
    ours, drawn = measured(made, cells, wrong, right), made["drawn"][:, cells].sum(axis=0)
    if np.isnan(ours.low):
        return {}
    n = drawn[:, wrong] + drawn[:, right]
    low, high = proportion_confint(drawn[:, wrong].sum(), n.sum(), method="wilson")
    return {
        "nights": ours.n_nights,
        "expected_errors": float(n @ rates[cells]),
        "covered": ours.low <= truth <= ours.high,
        "naive": low <= truth <= high,
        "width": ours.high - ours.low,
    }


def true_rates(sky: np.ndarray) -> dict[tuple[str, str], float]:
    """The rate of each row over nights like these: its cells', by how many frames each has."""
    frames = sky.sum(axis=0)
    return {
        (kind, row): float(np.average(rates[cells], weights=frames[cells]))
        for kind, (_, _, rates) in KINDS.items()
        for row, cells in ROWS.items()
    }


def all_rates(made: dict[str, np.ndarray], truth) -> list[dict]:
    rows = []
    for (kind, (wrong, right, rates)), (row, cells) in product(KINDS.items(), ROWS.items()):
        seen = judged(made, cells, wrong, right, truth[kind, row], rates)
        if seen:
            rows.append({"cell": row, "kind": kind, "rate": truth[kind, row], **seen})
    return rows


def all_shares(generator, made: dict[str, np.ndarray]) -> list[dict]:
    """Both corrected shares of every row, audit nights being a random part of the nights outside training."""
    audit = generator.random(len(made["every"])) < AUDIT_SHARE
    rows = []
    for row, cells in ROWS.items():
        drawn = (made["drawn"] * made["weight"])[:, cells].sum(axis=1) * audit[:, None]
        every = made["every"][:, cells].sum(axis=1)
        nights = pd.DataFrame(drawn, columns=["w_tp", "w_fp", "w_tn", "w_fn"]).assign(
            w_unsure=0.0, n_frames=every.sum(axis=1), n_positive=every[:, :2].sum(axis=1)
        )
        nights = nights[nights["n_frames"] > 0]
        estimates = {"difference": corrected_share(nights, 5), "Rogan-Gladen": rogan_gladen(nights)}
        estimates["as if independent"] = as_if_independent(made["drawn"][audit][:, cells].sum(axis=(0, 1)), nights)
        for name, rate in estimates.items():
            if rate.high == rate.high:
                seen = {"nights": rate.n_nights, "covered": rate.low <= AURORA <= rate.high}
                rows.append({"estimator": name, "cell": row, **seen, "width": rate.high - rate.low})
    return rows


def as_if_independent(drawn: np.ndarray, nights: pd.DataFrame) -> Rate:
    """The usual prediction-powered interval (Angelopoulos et al. 2023), frames taken as independent and alike."""
    n_audit = int((nights[["w_tp", "w_fp", "w_tn", "w_fn"]].sum(axis=1) > 0).sum())
    n, frames = int(drawn.sum()), int(nights["n_frames"].sum())
    if n < 2:
        return Rate(n_nights=n_audit)
    predicted, rectifier = nights["n_positive"].sum() / frames, (drawn[3] - drawn[1]) / n
    variance = predicted * (1 - predicted) / frames + ((drawn[3] + drawn[1]) / n - rectifier**2) / n
    share, half = predicted + rectifier, 1.959964 * np.sqrt(variance)
    return Rate(share, share - half, share + half, n_audit)


def all_differences(made: dict[str, np.ndarray]) -> list[dict]:
    """The contrasts stated beforehand: whether the interval of the difference contains the true one."""
    rows = []
    for kind, solar, lunar in STATED:
        wrong, right, rates = KINDS[kind]
        places = CELLS.index((solar, lunar)), CELLS.index(("Night", "No_Moon"))
        one, other = (measured(made, [place], wrong, right) for place in places)
        if min(one.n_nights, other.n_nights) >= 5:
            low, high = difference_limits(one, other)
            held = low <= rates[places[0]] - rates[places[1]] <= high
            rows.append({"contrast": f"{kind} {solar} x {lunar}", "covered": held, "width": high - low})
    return rows


def run(n_corpora: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Every rate of every row of every corpus, their differences, and the corrected shares of every tenth corpus."""
    sky = night_cells()
    truth = true_rates(sky)
    rates, shares, differences = [], [], []
    for correlation, n_nights in product(CORRELATIONS, AUDIT_NIGHTS):
        generator = np.random.default_rng([int(100 * correlation), n_nights])
        setting = {"correlation": correlation, "audit_nights": n_nights}
        for number in range(n_corpora):
            made = corpus(generator, sky[generator.integers(0, len(sky), n_nights)], correlation)
            rates += [{**setting, **row} for row in all_rates(made, truth)]
            differences += [{**setting, **row} for row in all_differences(made)]
            if number % 10 == 0:
                shares += [{**setting, **row} for row in all_shares(generator, made)]
    return pd.DataFrame(rates), pd.DataFrame(shares), pd.DataFrame(differences)


def main(n_corpora: int) -> None:
    started = time.perf_counter()
    rates, shares, differences = run(n_corpora)
    setting = ["correlation", "audit_nights"]
    table = rates.groupby([*setting, "cell", "kind", "rate"], sort=False).mean()
    table["judged"] = (table["nights"] >= ENOUGH_NIGHTS) & (table["expected_errors"] >= ENOUGH_ERRORS)
    print(table.round(3).to_string())
    print("\nCorrected shares, by the mean number of audit nights of the row:")
    corrected = shares.groupby([*setting, "estimator", "cell"], sort=False).mean()
    corrected["judged"] = corrected["nights"] >= ENOUGH_NIGHTS
    print(corrected.round(3).to_string())
    print("\nDifferences stated beforehand:")
    print(differences.groupby([*setting, "contrast"])[["covered", "width"]].mean().round(3).to_string())
    print(json.dumps(_figures(n_corpora, table, corrected) | {"seconds": round(time.perf_counter() - started, 1)}))


def _figures(n_corpora: int, table: pd.DataFrame, corrected: pd.DataFrame) -> dict:
    good = table[table["judged"]]
    margins = good[good.index.get_level_values("cell").str.contains("All")]
    shares = corrected[corrected["judged"]].groupby("estimator")["covered"]
    return {
        "corpora": n_corpora * len(CORRELATIONS) * len(AUDIT_NIGHTS),
        "pooled": round(float(good["covered"].mean()), 4),
        "worst_cell": round(float(good["covered"].min()), 4),
        "naive_pooled": round(float(good["naive"].mean()), 4),
        "corrected_pooled": round(float(shares.mean().get("difference", np.nan)), 4),
        "corrected_worst": round(float(shares.min().get("difference", np.nan)), 4),
        "rogan_gladen_pooled": round(float(shares.mean().get("Rogan-Gladen", np.nan)), 4),
        "corrected_naive_pooled": round(float(shares.mean().get("as if independent", np.nan)), 4),
        "margins_pooled": round(float(margins["covered"].mean()), 4),
        "judged_cells": len(good),
        "judged_margins": len(margins),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
