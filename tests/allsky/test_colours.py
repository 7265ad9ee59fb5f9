"""The colours that mean something are told apart whatever colours a reader sees."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

import allsky.report
from allsky.figures.canvas import BROKEN, FALSE_NEGATIVE, FALSE_POSITIVE, POSITIVE

STYLE = Path(allsky.report.__file__).parent / "templates" / "report.css"
MEANING = ("false-positive", "false-negative", "positive", "broken")
# Linear RGB as seen without one kind of cone: Machado, Oliveira and Fernandes 2009, table 1, severity 1.0
# (https://doi.org/10.1109/TVCG.2009.113).
WITHOUT = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# CIELAB units; 2.3 is just noticeable (Mahy, Van Eycken and Oosterlinck 1994).
APART = 15.0


def palettes() -> dict[str, list[str]]:
    style = STYLE.read_text(encoding="utf-8")
    light, dark = zip(*(re.findall(rf"--{name}: (#\w{{6}})", style) for name in MEANING), strict=True)
    return {"light": list(light), "dark": list(dark), "PNG": [FALSE_POSITIVE, FALSE_NEGATIVE, POSITIVE, BROKEN]}


def linear(colour: str) -> np.ndarray:
    """sRGB to linear light (IEC 61966-2-1)."""
    share = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def seen(colour: str, without: str) -> np.ndarray:
    """Lightness, a and b of `colour` as somebody sees it."""
    light = np.clip(WITHOUT[without] @ linear(colour), 0, 1)
    return cv2.cvtColor(light.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LRGB2LAB)[0, 0]


@pytest.mark.parametrize("without", WITHOUT)
@pytest.mark.parametrize("where", ["light", "dark", "PNG"])
def test_no_two_meanings_look_alike(where, without):
    for one, other in combinations(palettes()[where], 2):
        assert np.linalg.norm(seen(one, without) - seen(other, without)) > APART, (one, other)


def test_red_and_green_of_one_lightness_do_look_alike_without_red_cones():
    # So that the test above could fail: the pair that maps are warned of.
    assert np.linalg.norm(seen("#a05000", "protanopia") - seen("#5c6000", "protanopia")) < APART
