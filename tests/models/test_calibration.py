import numpy as np
import pytest

from models.calibration import calibrated, calibration_error, fit_temperature, weighted_log_loss


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
    errors = [calibration_error(calibrated(logits, t), targets, weights) for t in (1.0, fitted)]
    assert errors[1] < errors[0] / 3


def test_weights_count_frames_as_often_as_they_say():
    logits, targets = drawn(1.0, 50)
    weights = np.random.default_rng(1).integers(1, 4, 50)
    repeated = np.repeat(np.arange(50), weights)
    assert weighted_log_loss(logits, targets, weights) == pytest.approx(
        weighted_log_loss(logits[repeated], targets[repeated], np.ones(len(repeated)))
    )
