"""Text between whose outlines the sky looks like strokes is freed of it."""

import numpy as np
import pytest

from allsky.clock.overlay import GUISES, read_crops
from benchmarks.made_clocks import Text, draw

WORDS = "20141102 01:00:47"


def outlined(height: int, sky: float) -> np.ndarray:
    frame = np.random.default_rng(3).normal(sky, 2.0, (height + 16, 260))
    draw(frame, Text("", 30, 7, height, "DejaVuSansMono", outline=0), WORDS)
    return np.clip(frame, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sky", [110.0, 160.0])
def test_outlined_text_is_drawn_without_its_sky(sky):
    page = GUISES["outlined"].draw(outlined(12, sky), 12, True)
    assert page[:5].min() == page[-3:].min() == page[:, :25].min() == 255
    assert 0.03 < (page < 128).mean() < 0.15


def test_outlined_text_is_read_without_its_sky():
    assert read_crops([outlined(12, 118.0)], [12], [True], "outlined")[0].text == WORDS
