"""What has a pass over a recording's frames read so far: readings, cards between the frames, what is in doubt?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from allsky.clock.learned import LearnedClock
from allsky.clock.reading_log import Reading, ReadingLog
from allsky.clock.timeline import Timeline


class FramesRead:
    """The readings of frames as a `clock` gives them, in the order in which they pass.

    Frames that the glyphs could not read go to Tesseract together when the pass is over: those that are `wanted`, and
    `most_reread` others. `cards` are the (recording, frame_index) that show no clock and no sky.
    """

    def __init__(self, clock: LearnedClock, most_reread: int) -> None:
        self.clock, self.most_reread = clock, most_reread
        self.cards: set[tuple[str, int]] = set()
        self._log = ReadingLog()
        self._doubtful: dict[int, Reading] = {}

    def __len__(self) -> int:
        return len(self._log)

    def set_aside_card(self, recording: str, frame_index: int, luma: np.ndarray, reading: Reading) -> bool:
        """Note a frame that is a card and gets no row; whether it is one."""
        # Where the clock is in its place, however doubtful, there is no card.
        card = reading.overlay_time is None and not reading.crops and self.clock.is_card(luma)
        if card:
            self.cards.add((recording, frame_index))
        return card

    def add(self, recording: str, frame_index: int, reading: Reading, wanted: bool = False) -> None:
        """Take in the next frame's reading."""
        in_doubt = reading.overlay_time is None and bool(reading.crops)
        if in_doubt and (wanted or len(self._doubtful) < self.most_reread):
            self._doubtful[len(self._log)] = reading
        self._log.add(recording, frame_index, reading)

    def frames(self) -> Iterator[tuple[str, int]]:
        """Recording and frame index of each row."""
        return self._log.frames()

    def forget(self, recording: str) -> None:
        """Drop the rows of a recording."""
        kept = self._log.forget(recording)
        self._doubtful = {new: self._doubtful[old] for new, old in enumerate(kept) if old in self._doubtful}

    def date_all(self) -> tuple[pd.DataFrame, dict[str, Timeline]]:
        """What `LearnedClock.date` gives for all rows, what is in doubt read again by Tesseract. No row is kept."""
        again = zip(self._doubtful, self.clock.reread([reading.crops for reading in self._doubtful.values()]))
        self._log.correct({row: reading for row, reading in again if reading.overlay_time is not None})
        table, evidence = self._log.table(), self._log.evidence()
        self._log, self._doubtful = ReadingLog(), {}
        return self.clock.date(table, self.cards, evidence)
