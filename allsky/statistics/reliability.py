"""Do the probabilities mean what they say, under every sky, and what would it gain to abstain from unsure frames?

All from labelled frames of audit nights, weighted by the inverse of their inclusion probability; nights are the unit of
every interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import special

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.statistics.consecutive import covariance_over_consecutive_nights
from allsky.statistics.intervals import NIGHTS_TO_MEASURE, proportion_over_nights
from allsky.tables import REAL, SHORT, TEXT, Column, Table

# Bins of equal width of the likeliest class's probability (Guo et al. 2017, arXiv:1706.04599, eq. 3: 15; with the few
# hundred frames of an audit ten are better filled).
BINS = 10
DRAWS = 1000
SCALES = np.linspace(0, 3, 151)


# Confidences below which one could abstain; from nought on every frame is answered.
LEVELS = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)

_CONDITION = (
    Column("solar_bin", TEXT, "", "solar condition, or `All`"),
    Column("lunar_bin", TEXT, "", "lunar condition, or `All`"),
)
_COUNTS = (
    Column("n_frames", SHORT, "", "labelled audit frames"),
    Column("n_nights", SHORT, "", "audit nights they are of"),
)

CALIBRATION = Table(
    "calibration",
    "a condition with labelled frames of five audit nights or more",
    (
        *_CONDITION,
        *_COUNTS,
        Column("accuracy", REAL, "", "share for which the likeliest class is the label"),
        Column("confidence", REAL, "", "mean probability of the likeliest class"),
        Column("calibration_error", REAL, "", "expected calibration error, ten bins of equal width"),
        Column("calibration_error_low", REAL, "", "lower end of its 95 % interval over nights"),
        Column("calibration_error_high", REAL, "", "upper end"),
    ),
)

RELIABILITY = Table(
    "reliability",
    "a condition and bin of probability that has frames",
    (
        *_CONDITION,
        Column("low", REAL, "", "lower edge of the bin of the positive class's probability"),
        Column("high", REAL, "", "upper edge"),
        *_COUNTS,
        Column("mean_probability", REAL, "", "mean probability of the positive class"),
        Column("positive_share", REAL, "", "share labelled positive"),
        Column("share_low", REAL, "", "lower end of its 95 % interval over nights; null from one night"),
        Column("share_high", REAL, "", "upper end"),
    ),
)

ABSTAINING = Table(
    "abstaining",
    "a confidence below which the model would abstain",
    (
        Column("level", REAL, "", "probability of the class decided for"),
        Column("kept", REAL, "", "share of frames that it would still answer for"),
        Column("kept_low", REAL, "", "lower end of its 95 % interval over nights"),
        Column("kept_high", REAL, "", "upper end"),
        Column("accuracy", REAL, "", "share of these that it gets right"),
        Column("accuracy_low", REAL, "", "lower end of its 95 % interval over nights"),
        Column("accuracy_high", REAL, "", "upper end"),
    ),
)


def calibration_error(confidence: np.ndarray, right: np.ndarray, weight: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error (Guo et al. 2017, eq. 3): mean distance of confidence and accuracy over the bins."""
    which = _bins(confidence, bins)
    gaps = np.bincount(which, weight * (right - confidence), bins)
    return float(np.abs(gaps).sum() / weight.sum())


def calibration_table(audited: pd.DataFrame, classes: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """CALIBRATION of audit frames (night, solar_bin, lunar_bin, label, inclusion_probability, p_<class>)."""
    rows = [(solar, lunar, *_calibration(part, classes, seed)) for solar, lunar, part in _conditions(audited)]
    return CALIBRATION.to_arrow(pd.DataFrame(rows, columns=CALIBRATION.names)).to_pandas()


def reliability_table(audited: pd.DataFrame, positive: str) -> pd.DataFrame:
    """RELIABILITY of audit frames, of the positive class."""
    rows = [
        (solar, lunar, *values) for solar, lunar, part in _conditions(audited) for values in _bin_rows(part, positive)
    ]
    return RELIABILITY.to_arrow(pd.DataFrame(rows, columns=RELIABILITY.names)).to_pandas()


def abstaining_table(
    audited: pd.DataFrame, classes: Sequence[str], levels: Sequence[float] = LEVELS, chosen: float | None = None
) -> pd.DataFrame:
    """ABSTAINING of audit frames (also `predicted`, the class by the model's own rule) for several levels and the
    model's own (`chosen`)."""
    decided = np.array([list(classes).index(name) for name in audited["predicted"]], int)
    confidence, right, weight = _judged(audited, classes, decided)
    nights = audited["night"].to_numpy()
    rows = []
    for level in sorted({*levels, *([chosen] if chosen is not None else [])}):
        kept = confidence >= level
        share = (1.0,) * 3 if kept.all() else _over_nights(nights, weight * kept, weight, len(kept))
        accuracy = _over_nights(nights, weight * kept * right, weight * kept, int(kept.sum()))
        rows.append((level, *share, *accuracy))
    return ABSTAINING.to_arrow(pd.DataFrame(rows, columns=ABSTAINING.names)).to_pandas()


def _conditions(audited: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """All frames, then each condition from dark to light, where there are nights enough."""
    parts = [("All", "All", audited)]
    for solar in SOLAR_BINS:
        for lunar in LUNAR_BINS:
            here = (audited["solar_bin"] == solar) & (audited["lunar_bin"] == lunar)
            parts.append((solar, lunar, audited[here]))
    yield from (part for part in parts if part[2]["night"].nunique() >= NIGHTS_TO_MEASURE)


def _judged(
    frames: pd.DataFrame, classes: Sequence[str], decided: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability of the class decided for (its place among `classes`; the likeliest where not given), whether it is
    the label, and the sampling weight of each frame."""
    probabilities = frames[[f"p_{name}" for name in classes]].to_numpy(float)
    place = probabilities.argmax(axis=1) if decided is None else decided
    right = np.asarray(classes, object)[place] == frames["label"].to_numpy(object)
    weight = 1.0 / frames["inclusion_probability"].to_numpy(float)
    return probabilities[np.arange(len(place)), place], right.astype(float), weight


def _calibration(frames: pd.DataFrame, classes: Sequence[str], seed: int) -> tuple:
    confidence, right, weight = _judged(frames, classes)
    night, dates = pd.factorize(frames["night"])
    error = calibration_error(confidence, right, weight)
    place = night * BINS + _bins(confidence, BINS)
    gaps = np.bincount(place, weight * (right - confidence), len(dates) * BINS).reshape(-1, BINS)
    low, high = _interval(gaps, np.bincount(night, weight), dates, seed)
    means = (np.average(right, weights=weight), np.average(confidence, weights=weight))
    return len(frames), len(dates), *means, error, low, high


def _interval(gaps: np.ndarray, weight: np.ndarray, nights, seed: int) -> tuple[float, float]:
    """95 % over nights: the calibration errors with which what was seen is no surprise.

    `gaps` are each night's weighted sums of right minus confidence in each bin, `weight` the nights'. An absolute gap
    grows by whatever noise there is, so an error of nought is never seen, and intervals about the one seen lie too
    high. The gaps of the bins are therefore scaled up and down, noise is added as nights have it, neighbours being
    alike (normal, `covariance_over_consecutive_nights`, with the t of its degrees of freedom), and the scales are kept
    at which the error seen is neither in the upper nor in the lower 2.5 %.
    """
    seen = gaps.sum(axis=0) / weight.sum()
    influences = (gaps - seen * weight[:, None]) / weight.sum()
    covariance, freedom = covariance_over_consecutive_nights(influences, nights)
    wider = special.stdtrit(freedom, 0.975) / special.ndtri(0.975)
    noise = np.random.default_rng(seed).multivariate_normal(np.zeros(BINS), wider**2 * covariance, DRAWS)
    errors = np.abs(SCALES[:, None, None] * seen + noise).sum(axis=2)
    error = np.abs(seen).sum()
    likely = ((errors >= error).mean(axis=1) >= 0.025) & ((errors <= error).mean(axis=1) >= 0.025)
    kept = SCALES[likely] if likely.any() else np.array([1.0])
    return float(kept.min() * error), float(max(1.0, kept.max()) * error)


def _bin_rows(frames: pd.DataFrame, positive: str) -> Iterator[tuple]:
    probability = frames[f"p_{positive}"].to_numpy(float)
    hit = (frames["label"] == positive).to_numpy(float)
    weight = 1.0 / frames["inclusion_probability"].to_numpy(float)
    nights, which = frames["night"].to_numpy(), _bins(probability, BINS)
    for place in np.unique(which):
        of = which == place
        share, low, high = _over_nights(nights[of], (weight * hit)[of], weight[of], int(of.sum()))
        mean = np.average(probability[of], weights=weight[of])
        counts = int(of.sum()), len(np.unique(nights[of]))
        yield place / BINS, (place + 1) / BINS, *counts, mean, share, low, high


def _over_nights(nights: np.ndarray, numerator: np.ndarray, denominator: np.ndarray, n: int) -> tuple:
    """A proportion and its interval, nights as clusters, of which neighbours may be alike."""
    night, dates = pd.factorize(nights)
    rate = proportion_over_nights(np.bincount(night, numerator), np.bincount(night, denominator), n, nights=dates)
    return rate.value, rate.low, rate.high


def _bins(probability: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
