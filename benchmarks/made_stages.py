"""The pipeline with stages whose work is empty: what is left is what scheduling and storing cost.

`luigi --module made_stages GOAL` runs it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from pipeline import *  # noqa: F403
from pipeline import FullCorpusReport, MonthKeograms, NightClock, NightConditions, NightFrames, SkyDisk
from tasks.base import Stage


def _nothing(self, output) -> None:
    """Every draft becomes empty when it is sealed."""


def _nothing_of_a_night(self, night, output) -> None:
    """Likewise."""


for stage in (NightClock, NightFrames, NightConditions):
    stage.produce = _nothing  # type: ignore[method-assign]
NightClock.needs = lambda self: []  # type: ignore[method-assign]
MonthKeograms.produce_night = _nothing_of_a_night  # type: ignore[method-assign]


class Held(Stage):
    """A task that whoever starts it holds until it is killed; each notes its process in a file."""

    def is_made(self) -> bool:
        return False

    def work(self) -> None:
        """Note who works, and go on for ever."""
        with Path(os.environ["ALLSKY_SCALE_HOLD"]).open("a") as mark:
            mark.write(f"{os.getpid()}\n")
        time.sleep(600)

    def produce(self, output) -> None:
        """Never reached."""


__all__ = ["FullCorpusReport", "Held", "SkyDisk"]
