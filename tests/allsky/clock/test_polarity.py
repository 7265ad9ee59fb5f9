"""White strokes in black outlines are bright on any sky, and black strokes are dark."""

import numpy as np
import pytest

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.part_reading import part_readings
from allsky.clock.polarity import is_bright
from allsky.clock.tesseract import Char, TextLine
from benchmarks.made_clocks import Text, coverage, draw

WORDS, FONT, HEIGHT = "22:15:08", "DejaVuSansMono", 12
ADVANCE = coverage(FONT, HEIGHT, "0" * 20).shape[1] / 20


def judged_bright(sky: float, **looks: int) -> bool:
    frame = np.random.default_rng(3).normal(sky, 2.0, (40, 140))
    draw(frame, Text("", 20, 14, HEIGHT, FONT, **looks), WORDS)
    chars = tuple(Char(char, 20 + ADVANCE * k, 14, ADVANCE - 1, HEIGHT, 0.9) for k, char in enumerate(WORDS))
    readings = part_readings([TextLine(chars)], ClockFormat("%H:%M:%S"))
    luma = np.clip(frame, 0, 255).astype(np.uint8)
    return is_bright([(luma, readings[0])], Box(0, 0, 140, 40))


@pytest.mark.parametrize("sky", [10.0, 60.0, 150.0, 170.0])
def test_white_text_in_black_outlines_is_bright(sky):
    assert judged_bright(sky, grey=255, outline=0)


@pytest.mark.parametrize("sky", [90.0, 150.0, 220.0])
def test_black_text_is_dark(sky):
    assert not judged_bright(sky, grey=0)


def test_black_text_in_white_outlines_is_dark():
    assert not judged_bright(90.0, grey=0, outline=255)
