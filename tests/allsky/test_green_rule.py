import numpy as np
import pytest

from allsky.green_rule import CANDIDATES, balanced_accuracy, green_shares, tune_green_rule
from allsky.pictures import inscribed_disk


def sky(colour, share, size=64):
    """A grey disk of which the uppermost `share` has `colour`."""
    picture = np.full((size, size, 3), 40, np.uint8)
    rows = np.cumsum(inscribed_disk(size).sum(1)) / inscribed_disk(size).sum()
    picture[rows <= share] = colour
    return picture * inscribed_disk(size)[..., None].astype(np.uint8)


def test_the_share_of_green_sky_is_measured():
    shares = dict(zip(CANDIDATES, green_shares(sky((40, 120, 40), 0.25)), strict=True))
    assert shares["excess", 64.0] == pytest.approx(0.25, abs=0.03)
    assert shares["saturation", 0.6] == pytest.approx(0.25, abs=0.03)
    assert shares["chroma", 0.35] == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("colour", [(40, 40, 40), (200, 60, 60), (60, 60, 200), (200, 200, 200)])
def test_grey_red_and_blue_are_not_green(colour):
    assert green_shares(sky(colour, 0.5)).max() == 0


def test_tuning_finds_the_rule_that_separates():
    pictures = [sky((40, 120, 40), share) for share in (0.2, 0.3, 0.5, 0.05, 0.1, 0.0)]
    shares = np.array([green_shares(picture) for picture in pictures])
    positive = np.array([True, True, True, False, False, False])
    rule = tune_green_rule(shares, positive)
    assert (rule.decides(shares) == positive).all()
    assert 0.1 < rule.share < 0.2


def test_tuning_reaches_the_best_balanced_accuracy_of_all_rules():
    generator = np.random.default_rng(0)
    positive = generator.random(60) < 0.4
    shares = generator.random((60, len(CANDIDATES))) * (0.5 + 0.5 * positive[:, None])
    weight = generator.uniform(1, 3, 60)
    tuned = balanced_accuracy(positive, tune_green_rule(shares, positive, weight).decides(shares), weight)
    tried = [balanced_accuracy(positive, column >= cut, weight) for column in shares.T for cut in column]
    assert tuned == pytest.approx(max(tried))


def test_a_rule_cannot_be_tuned_on_one_answer_alone():
    with pytest.raises(ValueError, match="only one kind"):
        tune_green_rule(np.zeros((3, len(CANDIDATES))), np.array([True, True, True]))


def test_of_cuts_that_separate_equally_well_the_one_with_the_widest_gap_is_taken():
    """One candidate separates 0.30 from 0.28, all others 0.30 from 0.02: the cut lies midway in the wider gap."""
    positive = np.array([True, True, False, False])
    shares = np.tile(np.array([[0.5], [0.3], [0.02], [0.01]]), (1, len(CANDIDATES)))
    shares[2:, 0] = (0.28, 0.27)
    rule = tune_green_rule(shares, positive)
    assert (rule.measure, rule.level) != CANDIDATES[0]
    assert rule.share == pytest.approx(0.16)


def test_a_frame_that_stands_for_many_decides_more():
    shares = np.tile(np.array([[0.5], [0.2], [0.3], [0.1]]), (1, len(CANDIDATES)))
    positive = np.array([True, True, False, False])
    assert tune_green_rule(shares, positive, np.array([1, 9, 1, 1])).share < 0.2
    assert tune_green_rule(shares, positive, np.array([9, 1, 9, 1])).share > 0.3
