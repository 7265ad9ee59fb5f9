"""Do the intervals of kappa and of the calibration error contain the truth, on nights that are alike and that are not?

Two people label made-up nights, of which some are hard; a model says probabilities whose log odds are off by as much as
the night has it. What a night is like may last: its normal score is correlated with that of the night before. Beside
the report's intervals stand the usual ones: of kappa statsmodels' (Fleiss, Cohen and Everitt 1969), frames taken as
independent, and of the calibration error the percentile bootstrap of nights. They are fair because they are what most
would compute from the same answers, by a maintained library and with the night as the unit.

    python benchmarks/alike_nights.py [corpora per setting, 600]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special
from statsmodels.stats.inter_rater import cohens_kappa as usual_kappa

from allsky.statistics.agreement import cohens_kappa
from allsky.statistics.reliability import calibration_error, calibration_table

FIRST = np.datetime64("2022-12-01")
CLASSES = ("aurora", "no_aurora")
AURORA = (1.2, 2.8)
# How often the second person errs, and by how much the log odds are the model's own.
WRONG, SLOPES = (0.03, 0.1, 0.2), (1.0, 0.5)
SPREAD, BIAS, RESAMPLES = 0.2, 0.7, 200


class Setting(NamedTuple):
    """So many nights of so many frames; how like the night before; the share of nights in a row that is looked at."""

    nights: int
    frames: int
    lasting: float
    share: float


SETTINGS = (
    Setting(10, 10, 0.0, 1.0),
    Setting(40, 10, 0.0, 1.0),
    Setting(40, 10, 0.5, 1.0),
    Setting(116, 4, 0.5, 0.35),
    Setting(116, 4, 0.5, 1.0),
)


class Nights:
    """The nights that are looked at, and shares of each."""

    def __init__(self, generator: np.random.Generator, setting: Setting):
        self.generator, self.lasting = generator, setting.lasting
        self.all = round(setting.nights / setting.share)
        self.looked_at = np.sort(generator.choice(self.all, setting.nights, replace=False))
        self.dates = FIRST + self.looked_at

    def scores(self) -> np.ndarray:
        score = self.generator.standard_normal(self.all)
        for night in range(1, self.all) if self.lasting else ():
            score[night] = self.lasting * score[night - 1] + np.sqrt(1 - self.lasting**2) * score[night]
        return score[self.looked_at]

    def shares(self, a: float, b: float) -> np.ndarray:
        return special.betaincinv(a, b, special.ndtr(self.scores()))


def two_people(nights: Nights, frames: int, wrong: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each says of every frame (1 is aurora), and the frames' nights."""
    aurora = np.repeat(nights.shares(*AURORA), frames)
    hard = np.repeat(nights.shares(wrong / SPREAD, (1 - wrong) / SPREAD), frames)
    first = nights.generator.random(len(aurora)) < aurora
    return (
        first.astype(int),
        (first ^ (nights.generator.random(len(aurora)) < hard)).astype(int),
        nights.dates.repeat(frames),
    )


def kappas(truth: float, nights: Nights, setting: Setting, wrong: float) -> dict:
    first, second, dates = two_people(nights, setting.frames, wrong)
    ours = cohens_kappa(first, second, dates)
    theirs = usual_kappa(np.histogram2d(first, second, (2, 2))[0])
    return _held(truth, (ours.low, ours.high), (theirs.kappa_low, theirs.kappa_upp))


def answers(nights: Nights, frames: int, slope: float) -> pd.DataFrame:
    """Audit frames with what a model says of them."""
    said = nights.generator.normal(0, 2, (len(nights.dates), frames)) + 0.8 * nights.scores()[:, None]
    chance = special.expit(slope * said + BIAS * nights.scores()[:, None])
    label = np.where(nights.generator.random(said.shape) < chance, *CLASSES).ravel()
    frame = pd.DataFrame({"night": nights.dates.repeat(frames).astype(str), "p_aurora": special.expit(said).ravel()})
    sky = {"solar_bin": "Day", "lunar_bin": "No_Moon", "inclusion_probability": 0.5}
    return frame.assign(p_no_aurora=1 - frame["p_aurora"], label=label, **sky)


def calibrations(truth: float, nights: Nights, setting: Setting, slope: float) -> dict:
    frame = answers(nights, 5 * setting.frames, slope)
    ours = calibration_table(frame, CLASSES).iloc[0]
    confidence, right = (values.reshape(len(nights.dates), -1) for values in _judged(frame))
    drawn = nights.generator.integers(0, len(right), (RESAMPLES, len(right)))
    errors = [_error(confidence[chosen].ravel(), right[chosen].ravel()) for chosen in drawn]
    return _held(truth, (ours.calibration_error_low, ours.calibration_error_high), np.quantile(errors, (0.025, 0.975)))


def _judged(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The probability of the likelier class, and whether it is the label."""
    said = frame["p_aurora"].to_numpy()
    right = (said >= 0.5) == (frame["label"] == CLASSES[0]).to_numpy()
    return np.maximum(said, 1 - said), right.astype(float)


def _error(confidence: np.ndarray, right: np.ndarray) -> float:
    return calibration_error(confidence, right, np.ones(len(right)))


def _held(truth: float, ours, theirs) -> dict:
    return {"ours": ours[0] <= truth <= ours[1], "usual": theirs[0] <= truth <= theirs[1]}


def truths() -> Iterator[tuple[str, float, float]]:
    """What is tried: the kind of figure, what it is made with, and its value over 40,000 nights."""
    many = Setting(40_000, 25, 0.0, 1.0)
    for wrong in WRONG:
        first, second, _ = two_people(Nights(np.random.default_rng(0), many), many.frames, wrong)
        yield "kappa", wrong, float(usual_kappa(np.histogram2d(first, second, (2, 2))[0]).kappa)
    for slope in SLOPES:
        yield (
            "calibration error",
            slope,
            _error(*_judged(answers(Nights(np.random.default_rng(0), many), many.frames, slope))),
        )


def tried(n_corpora: int, case: tuple[Setting, tuple[str, float, float]]) -> dict:
    """How often either interval of one case contains the truth."""
    setting, (kind, made_with, truth) = case
    judge = kappas if kind == "kappa" else calibrations
    seeds = [np.random.default_rng([turn, SETTINGS.index(setting)]) for turn in range(n_corpora)]
    held = pd.DataFrame([judge(truth, Nights(seed, setting), setting, made_with) for seed in seeds]).mean()
    return {"kind": kind, **setting._asdict(), "truth": truth, **held}


def main(n_corpora: int) -> None:
    started = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        table = pd.DataFrame(list(pool.map(partial(tried, n_corpora), product(SETTINGS, truths()))))
    print(table.round(3).to_string(index=False))
    figures: dict[str, float] = {}
    for kind, rows in table.groupby("kind"):
        name = kind.replace(" ", "_")
        figures |= {f"{name}_pooled": rows["ours"].mean(), f"{name}_worst": rows["ours"].min()}
        figures |= {f"{name}_usual_pooled": rows["usual"].mean()}
    told = {name: round(float(value), 4) for name, value in figures.items()}
    told["corpora"] = n_corpora * len(table)
    print(json.dumps(told | {"seconds": round(time.perf_counter() - started, 1)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
