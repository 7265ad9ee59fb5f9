"""How sure is the network really? (Temperature scaling: Guo et al. 2017, arXiv:1706.04599.)"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

# With few validation frames all classified rightly the best temperature would be 0; beyond these
# limits a fit says more about the small sample than about the network.
COLDEST, HOTTEST = 0.25, 10.0


def calibrated(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, classes) from logits (n, classes)."""
    return softmax(np.asarray(logits, float) / temperature, axis=1)


def weighted_log_loss(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the true classes (nats), weighted."""
    likelihood = log_softmax(np.asarray(logits, float) / temperature, axis=1)[np.arange(len(targets)), targets]
    return float(-np.average(likelihood, weights=weights))


def fit_temperature(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> float:
    """The temperature with the lowest weighted log loss on validation frames."""
    fit = minimize_scalar(
        lambda log_t: weighted_log_loss(logits, targets, weights, float(np.exp(log_t))),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
    )
    return float(np.exp(fit.x))


def abstain_below(probabilities: np.ndarray, weights: np.ndarray, share: float) -> float | None:
    """The probability of the likeliest class below which `share` of the weight lies; None where that is 0."""
    if share <= 0:
        return None
    confidence = probabilities.max(axis=1)
    order = np.argsort(confidence)
    below = np.cumsum(weights[order]) - weights[order]
    # The surest frame may carry more weight than is to be kept.
    place = min(int(np.searchsorted(below / weights.sum(), share)), len(order) - 1)
    return float(confidence[order][place])
