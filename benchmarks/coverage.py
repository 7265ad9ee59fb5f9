"""Do the report's 95 % intervals contain the truth as often as they say, and do the usual ones?

Corpora are made up at table level (`made_corpora.py`): nights drawn one by one from the 331 of the published corpus,
and those 331 as they followed one another, their scores correlated from night to night by 0, 0.3 and 0.5. Conditions,
their margins and everything together are judged by the code that the report runs. The rivals count frames as if they
were independent, as published tables do: Wilson's interval from statsmodels, and the same at the share and the
effective number (Kish) of weighted frames. They are fair because they are what most would compute from the same
labels, with the better of the usual two formulas; the second has no other fault than that. Derived figures (F1, both
corrected shares) stand beside the percentile bootstrap of nights, both of fewer corpora.

    python benchmarks/coverage.py [corpora per setting, 2000]

The same question of whole corpora, frame by frame, through the report's own tables: `whole_corpora.py`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from made_corpora import CELLS, ROWS, MadeCorpus, corpus, night_cells, truths
from night_bootstrap import NightBootstrap
from statsmodels.stats.proportion import proportion_confint

from allsky.statistics.contrasts import STATED, difference_limits
from allsky.statistics.correction import corrected_share, f1_interval, rogan_gladen
from allsky.statistics.intervals import Rate, pooled_proportion, proportion_over_nights

CORRELATIONS = (0.1, 0.3)
AUDIT_NIGHTS = (10, 40, 200)
PERSISTENCE = (0.0, 0.3, 0.5)
# Of nights that follow one another these take no part in training, and of these so many are audit nights.
OUTSIDE_SHARE, AUDIT_SHARE = 0.50, 0.35 / 0.50
# What is derived takes longest: it is judged in every fourth corpus, and the night bootstrap of it in every fortieth.
DERIVED_OF, RESAMPLED_OF = 4, 40
# As objects: pandas looks names of its own type up so slowly that it shows here.
TOTALS = pd.Index(["w_tp", "w_fp", "w_tn", "w_fn", "w_unsure", "n_frames", "n_positive"], dtype=object)
JUDGED = pd.Index(["tp", "fp", "tn", "fn", "w_tp", "w_fp", "w_tn", "w_fn"], dtype=object)

# Judged from here on; below is printed. The report marks rates on fewer than 30 nights.
ENOUGH_NIGHTS, ENOUGH_ERRORS = 40, 5
# A row that hardly any corpus gives an interval for says nothing of how often that holds.
GIVEN_OF = 0.1
# Outcomes by their place in `made_corpora.OUTCOMES`; a rate is the first of its two over both.
KINDS = {"fpr": (1, 2), "fnr": (3, 0)}
SAID_YES = [0, 1, 4]


@dataclass(frozen=True)
class Setting:
    """What corpora are made of: independent nights, or (`persistence`) the published ones one after the other."""

    correlation: float
    n_nights: int
    persistence: float | None = None

    def make(self, generator, sky: np.ndarray) -> tuple[MadeCorpus, np.ndarray, np.ndarray]:
        """A corpus, its nights outside training, and its audit nights among them."""
        if self.persistence is None:
            made = corpus(generator, sky[generator.integers(0, len(sky), self.n_nights)], self.correlation)
            outside = np.ones(self.n_nights, dtype=bool)
        else:
            made = corpus(generator, sky, self.correlation, self.persistence)
            outside = generator.random(len(sky)) < OUTSIDE_SHARE
        return made, outside, outside & (generator.random(len(outside)) < AUDIT_SHARE)

    @property
    def named(self) -> dict:
        lasting = "drawn" if self.persistence is None else f"{self.persistence:g}"
        return {"correlation": self.correlation, "n": self.n_nights, "persistence": lasting}


def settings(n_nights: int) -> list[Setting]:
    """Independent nights by the audit nights there are, then all of them in a row."""
    drawn = [Setting(*one) for one in product(CORRELATIONS, AUDIT_NIGHTS)]
    return drawn + [Setting(icc, n_nights, lasting) for icc, lasting in product(CORRELATIONS, PERSISTENCE)]


def measured(made: MadeCorpus, cells: list[int], wrong: int, right: int) -> Rate:
    """The report's rate wrong / (wrong + right) of one row of the table."""
    drawn, weight = made.drawn[:, cells], made.weight[:, cells]
    n = drawn[..., wrong] + drawn[..., right]
    return pooled_proportion(drawn[..., wrong] * weight, n * weight, n * weight**2, n, made.nights)


def error_rates(made: MadeCorpus, truth) -> Iterator[dict]:
    """Both error rates of every row, by the report and by the rivals, from audit nights."""
    for (kind, (wrong, right)), (row, cells) in product(KINDS.items(), ROWS.items()):
        ours, true = measured(made, cells, wrong, right), truth[row][kind]
        if np.isnan(ours.low):
            continue
        errors, n = made.drawn[:, cells][..., wrong], made.drawn[:, cells][..., [wrong, right]].sum(axis=-1)
        weight = made.weight[:, cells]
        kish = (n * weight).sum() ** 2 / (n * weight**2).sum()
        rivals = {"naive": (errors.sum(), n.sum()), "kish": (ours.value * kish, kish)}
        ends = {name: proportion_confint(*counts, method="wilson") for name, counts in rivals.items()}
        yield {
            "kind": kind,
            "row": row,
            "truth": true,
            "nights": ours.n_nights,
            "expected": float(n.sum() * true),
            **_held(true, (ours.low, ours.high)),
            **{name: low <= true <= high for name, (low, high) in ends.items()},
        }


def occurrence(made: MadeCorpus, truth) -> Iterator[dict]:
    """The share of frames predicted positive in every row, over all nights; beside it as if nights were independent."""
    for row, cells in ROWS.items():
        frames, true = made.every[:, cells].sum(axis=(1, 2)), truth[row]["positive_ratio"]
        said = made.every[:, cells][..., SAID_YES].sum(axis=(1, 2))
        ours = proportion_over_nights(said, frames, frames.sum(), nights=made.nights)
        if np.isnan(ours.low):
            continue
        apart = proportion_over_nights(said, frames, frames.sum())
        naive = proportion_confint(said.sum(), frames.sum(), method="wilson")
        yield {
            "kind": "positive_ratio",
            "row": row,
            "truth": true,
            "nights": ours.n_nights,
            **_held(true, (ours.low, ours.high)),
            "naive": naive[0] <= true <= naive[1],
            "nights apart": apart.low <= true <= apart.high,
            "width over apart": (ours.high - ours.low) / (apart.high - apart.low),
        }


def corrected(made: MadeCorpus, audit: np.ndarray, truth, resample: NightBootstrap | None) -> Iterator[dict]:
    """Both corrected shares of every row, on the nights outside training, of which some are audit nights."""
    answered, dates = made.drawn * made.weight[..., None] * audit[:, None, None], pd.Index(made.nights)
    for row, cells in ROWS.items():
        drawn, every = answered[:, cells].sum(axis=1), made.every[:, cells].sum(axis=1)
        frames, true = every.sum(axis=1), truth[row]["corrected"]
        totals = np.column_stack([drawn[:, :4], drawn[:, 4:].sum(axis=1), frames, every[:, SAID_YES].sum(axis=1)])
        nights = pd.DataFrame(totals[frames > 0], columns=TOTALS, index=dates[frames > 0])
        estimates = {"corrected_ratio": corrected_share(nights, 5), "rogan_gladen": rogan_gladen(nights)}
        estimates["as if independent"] = as_if_independent(made.drawn[audit][:, cells].sum(axis=(0, 1)), nights)
        for kind, rate in estimates.items():
            if rate.high == rate.high:
                held = _held(true, (rate.low, rate.high))
                rival = {} if resample is None else resample.holds(kind, nights, true)
                yield {"kind": kind, "row": row, "truth": true, "nights": rate.n_nights, **held, **rival}


def f1(made: MadeCorpus, truth, resample: NightBootstrap | None) -> Iterator[dict]:
    """F1 of every row from audit nights."""
    dates = pd.Index(made.nights)
    for row, cells in ROWS.items():
        drawn = made.drawn[:, cells, :4]
        counts, weighted = drawn.sum(axis=1), (drawn * made.weight[:, cells, None]).sum(axis=1)
        nights = pd.DataFrame(np.column_stack([counts, weighted]), columns=JUDGED, index=dates)
        n_nights, true = int((counts[:, [0, 3]].sum(axis=1) > 0).sum()), truth[row]["f1"]
        ends = f1_interval(nights, n_nights)
        if ends[1] == ends[1]:
            rival = {} if resample is None else resample.holds("f1", nights, true)
            yield {"kind": "f1", "row": row, "truth": true, "nights": n_nights, **_held(true, ends), **rival}


def as_if_independent(drawn: np.ndarray, nights: pd.DataFrame) -> Rate:
    """The usual prediction-powered interval (Angelopoulos et al. 2023), frames taken as independent and alike."""
    answered = ["w_tp", "w_fp", "w_tn", "w_fn", "w_unsure"]
    n_audit = int((nights[answered].sum(axis=1) > 0).sum())
    n, frames = int(drawn.sum()), int(nights["n_frames"].sum())
    if n < 2:
        return Rate(n_nights=n_audit)
    predicted, rectifier = nights["n_positive"].sum() / frames, (drawn[3] - drawn[1]) / n
    variance = predicted * (1 - predicted) / frames + ((drawn[3] + drawn[1]) / n - rectifier**2) / n
    share, half = predicted + rectifier, 1.959964 * np.sqrt(variance)
    return Rate(share, share - half, share + half, n_audit)


def differences(made: MadeCorpus, truth) -> Iterator[dict]:
    """The contrasts stated beforehand: whether the interval of the difference contains the true one."""
    for kind, *condition in STATED:
        places = CELLS.index(tuple(condition)), CELLS.index(("Night", "No_Moon"))
        one, other = (measured(made, [place], *KINDS[kind]) for place in places)
        if min(one.n_nights, other.n_nights) >= 5:
            here, there = (truth[" x ".join(CELLS[place])][kind] for place in places)
            stands_on = {"truth": here - there, "nights": min(one.n_nights, other.n_nights)}
            held = _held(here - there, difference_limits(one, other))
            yield {"kind": f"difference of {kind}", "row": " x ".join(condition), **stands_on, **held}


def _held(true: float, ends: tuple[float, float]) -> dict:
    return {"covered": ends[0] <= true <= ends[1], "width": ends[1] - ends[0]}


def run(n_corpora: int) -> pd.DataFrame:
    """Every interval of every row of every corpus: what it is of, and whether it contains the truth."""
    sky = night_cells()
    made_of = settings(len(sky))
    with ProcessPoolExecutor() as pool:
        return pd.concat(pool.map(partial(judged, n_corpora, sky), range(len(made_of)), made_of), ignore_index=True)


def judged(n_corpora: int, sky: np.ndarray, number: int, setting: Setting) -> pd.DataFrame:
    """The same of one setting, the `number`th."""
    truth, generator = truths(sky.sum(axis=0)), np.random.default_rng(number)
    found: list[dict] = []
    for turn in range(n_corpora):
        made, outside, audit = setting.make(generator, sky)
        judges = made if setting.persistence is None else made.of(audit)
        found += [*error_rates(judges, truth), *differences(judges, truth), *occurrence(made, truth)]
        if turn % DERIVED_OF == 0:
            rival = NightBootstrap(np.random.default_rng([number, turn])) if turn % RESAMPLED_OF == 0 else None
            found += [*corrected(made.of(outside), audit[outside], truth, rival), *f1(judges, truth, rival)]
    return pd.DataFrame(found).assign(**setting.named)


def summary(seen: pd.DataFrame) -> pd.DataFrame:
    """How often the intervals of each row of each setting contain the truth, and whether that is judged."""
    groups = seen.groupby(["correlation", "n", "persistence", "kind", "row"], sort=False)
    table, given = groups.mean(numeric_only=False), groups.size()
    errors = table["expected"].fillna(ENOUGH_ERRORS) >= ENOUGH_ERRORS
    often = given >= GIVEN_OF * given.groupby("kind").transform("max")
    return table.assign(judged=errors & often & (table["nights"] >= ENOUGH_NIGHTS)).reset_index()


def pooled(table: pd.DataFrame) -> pd.DataFrame:
    """The judged rows of each kind of interval together."""
    rates = table["kind"].replace(dict.fromkeys(KINDS, "error rates"))
    good = table[table["judged"]].assign(kind=rates)
    groups = good.groupby(["kind", "persistence"], sort=False)
    told = groups[["covered", "naive", "kish", "nights apart", "resampled", "width over apart"]].mean()
    return told.assign(worst=groups["covered"].min(), rows=groups.size())


def main(n_corpora: int) -> None:
    started = time.perf_counter()
    table = summary(run(n_corpora))
    print(table.round(3).to_string(index=False))
    print("\nRows on 40 nights or more, of error rates with 5 expected errors or more:")
    print(pooled(table).round(4).to_string())
    print(json.dumps(figures(n_corpora, table) | {"seconds": round(time.perf_counter() - started, 1)}))


def figures(n_corpora: int, table: pd.DataFrame) -> dict:
    """The last line."""
    good = table[table["judged"]]
    alone, lasting = good[good["persistence"] == "drawn"], good[good["persistence"] != "drawn"]

    def of(rows: pd.DataFrame, *kinds: str, column: str = "covered", least: bool = False) -> float:
        values = rows.loc[rows["kind"].isin(kinds), column].astype(float)
        return round(float(values.min() if least else values.mean()), 4)

    errors = alone[alone["kind"].isin(KINDS)]
    found = {
        "corpora": n_corpora * len(settings(0)),
        "pooled": of(alone, *KINDS),
        "worst_cell": of(alone, *KINDS, least=True),
        "naive_pooled": of(alone, *KINDS, column="naive"),
        "kish_pooled": of(alone, *KINDS, column="kish"),
        "margins_pooled": of(errors[errors["row"].str.contains("All")], *KINDS),
        "judged_cells": len(errors),
    }
    for rows, where in ((alone, ""), (lasting, "lasting_")):
        for kind, name in (("positive_ratio", "occurrence"), ("corrected_ratio", "corrected")):
            found |= {f"{where}{name}_pooled": of(rows, kind), f"{where}{name}_worst": of(rows, kind, least=True)}
        for kind in ("f1", "rogan_gladen"):
            found |= {f"{where}{kind}_pooled": of(rows, kind), f"{where}{kind}_worst": of(rows, kind, least=True)}
            found[f"{where}{kind}_resampled"] = of(rows, kind, column="resampled")
        found[f"{where}corrected_naive_pooled"] = of(rows, "as if independent")
    return found | {"lasting_pooled": of(lasting, *KINDS), "lasting_worst": of(lasting, *KINDS, least=True)}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
