import numpy as np
import pytest

from allsky.statistics.reliability import calibration_error
from models.calibration import abstain_below, calibrated, fit_temperature, weighted_log_loss


def drawn(temperature, n=4000):
    """Logits whose true probabilities are their softmax at `temperature`, and classes drawn from these."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (n, 2))
    positive = generator.random(n) < calibrated(logits, temperature)[:, 0]
    return logits, np.where(positive, 0, 1)


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_data_is_found(truth):
    logits, targets = drawn(truth)
    assert fit_temperature(logits, targets, np.ones(len(targets))) == pytest.approx(truth, rel=0.1)


def test_calibration_lowers_loss_and_calibration_error():
    logits, targets = drawn(2.5)
    weights = np.ones(len(targets))
    fitted = fit_temperature(logits, targets, weights)
    assert weighted_log_loss(logits, targets, weights, fitted) < weighted_log_loss(logits, targets, weights)
    said = [calibrated(logits, t) for t in (1.0, fitted)]
    errors = [calibration_error(p.max(axis=1), p.argmax(axis=1) == targets, weights) for p in said]
    assert errors[1] < errors[0] / 3


def test_weights_count_frames_as_often_as_they_say():
    logits, targets = drawn(1.0, 50)
    weights = np.random.default_rng(1).integers(1, 4, 50)
    repeated = np.repeat(np.arange(50), weights)
    assert weighted_log_loss(logits, targets, weights) == pytest.approx(
        weighted_log_loss(logits[repeated], targets[repeated], np.ones(len(repeated)))
    )


def test_a_band_holds_the_least_sure_share_of_the_weight():
    probabilities = np.array([[0.95, 0.05], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    assert abstain_below(probabilities, np.ones(4), 0.0) is None
    assert abstain_below(probabilities, np.ones(4), 0.25) == 0.7
    assert abstain_below(probabilities, np.array([1, 3, 1, 1]), 0.5) == 0.7
    sure = (probabilities.max(axis=1) >= abstain_below(probabilities, np.ones(4), 0.5)).mean()
    assert sure == 0.5


def test_a_picture_that_carries_most_of_the_weight_is_not_abstained_from():
    probabilities = np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1]])
    assert abstain_below(probabilities, np.array([1.0, 1.0, 8.0]), 0.5) == 0.9
    assert abstain_below(probabilities, np.ones(3), 0.99) == 0.9
