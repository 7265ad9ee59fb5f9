"""Where characters stand, by the boxes that were drawn around them."""

import numpy as np
import pytest

from allsky.clock.text_layout import place_centers

WIDTHS = {**dict.fromkeys("0123456789", 10.0), ":": 4.0, "/": 5.0}


def middles(text: str, **narrow: float) -> np.ndarray:
    """The middles of the characters of `text`, each as wide as WIDTHS or `narrow` says."""
    widths = np.array([narrow.get(f"_{char}", WIDTHS[char]) for char in text])
    return np.cumsum(widths) - widths / 2


def test_digits_of_one_width_stand_where_all_boxes_together_put_them():
    texts = [f"{hour:02}:{minute:02}" for hour, minute in zip(range(12), range(3, 60, 5), strict=True)]
    true = middles(texts[0])
    measured = np.tile(true, (12, 1)) + np.random.default_rng(1).normal(0, 0.3, (12, 5))
    measured[1, 3], measured[2, 0] = np.nan, true[0] + 6.0
    assert place_centers(texts, measured) == pytest.approx(true, abs=0.5)


def test_digits_of_a_date_that_never_changes_stand_where_their_boxes_are():
    text = "2012/09/11"
    true = middles(text, _1=5.0)
    assert place_centers([text] * 6, np.tile(true, (6, 1))) == pytest.approx(true, abs=0.1)
    assert not np.allclose(place_centers([text, "2012/09/12"] * 3, np.tile(true, (6, 1))), true, atol=0.5)


def test_digits_whose_boxes_a_width_of_none_of_them_would_explain_stand_where_their_boxes_are():
    """The date of zoo clip 61612, whose boxes digits of four pixels explain, each far off the middle of its cell."""
    text = "2011/04/08"
    true = middles(text, _1=7.0)
    measured = np.tile(true, (12, 1))
    measured[:, 3] = np.nan
    assert place_centers([text] * 12, measured) == pytest.approx(true, abs=1.0)


def test_digits_beyond_the_last_box_of_a_date_that_never_changes_stand_where_they_go_on():
    """The date of zoo clip 68371, whose last digit was put where the one before it stands."""
    text = "2012/11/04"
    true = middles(text, _1=7.0)
    measured = np.tile(true, (8, 1))
    measured[:, [0, 9]] = np.nan
    assert place_centers([text] * 8, measured) == pytest.approx(true, abs=2.0)
