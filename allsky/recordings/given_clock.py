"""A night's clock where no overlay is read: the stills' names or EXIF have told the time of every frame.

It stands in the place of a learned clock: it knows the boxes of burned-in text, which the kept pictures shall not
show, and has the READINGS of all frames from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from allsky.clock.boxes import Box
from allsky.clock.given import GivenBox, given_boxes
from allsky.clock.learning import Keyframe
from allsky.clock.search import find_clock
from allsky.tables import READINGS


@dataclass(frozen=True)
class GivenClock:
    """`boxes` of text to black out; `readings` (READINGS by recording and frame) of every frame of the night."""

    boxes: tuple[Box, ...]
    night: str | None
    longitude_deg: float
    readings: pd.DataFrame = field(repr=False)


def given_readings(recording: str, stills: pd.DataFrame, source: str) -> pd.DataFrame:
    """READINGS of a folder's stills in order, of which `shown` (text), `overlay_time`, `utc` and `clock_flag` are
    known; `source` is `name` or `exif`."""
    readings = pd.DataFrame(
        {
            "video": recording,
            "frame_index": np.arange(len(stills)),
            "ocr_text": stills["shown"].to_numpy(),
            "overlay_time": stills["overlay_time"].to_numpy(),
            "utc": stills["utc"].to_numpy(),
            "source": source,
            "confidence": 1.0,
            "residual_s": np.nan,
            "clock_flag": stills["clock_flag"].to_numpy(),
        }
    )
    readings["utc"] = pd.to_datetime(readings["utc"], utc=True)
    return READINGS.to_arrow(readings).to_pandas()


def text_boxes(keyframes: Sequence[Keyframe], given: Sequence[GivenBox]) -> tuple[Box, ...]:
    """Where a clock is burned in although nobody reads it: the boxes given, else what looks like one, else nothing.

    Raises MissingTool without Tesseract, NoClock where a box given lies outside the frames.
    """
    if given:
        return given_boxes(given, keyframes[0].luma.shape, keyframes[0].video)
    places, _ = find_clock([keyframe.luma for keyframe in keyframes])
    return tuple(place.box for place in places)
