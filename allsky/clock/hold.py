"""Does the whole text move to and fro, because something behind it takes more or less room?

A text that a program sets to the right edge, or to the middle, moves as the digits of a frame counter or a temperature
behind its clock change, where digits differ in width. Neither end of the clock stays where it is then; but some of its
characters never change. Crops are moved so that these stand where they did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from allsky.clock.glyphs import of_commonest_layout
from allsky.clock.part_reading import PartReading
from allsky.clock.tesseract import Char

# A text moves whose both ends do, by so many pixels: boxes are right to one or two.
MOVES_PX = 2.5
# Characters that never change are enough from so many on, in a row, of so many texts.
FEWEST_CHARS, FEWEST_TEXTS = 3, 3
# The least likeness with which they are found.
FOUND = 0.5


@dataclass(frozen=True, eq=False)
class Hold:
    """What never changes: its picture `patch` (h, w), and the column `x` at which it stands in a text that is in its
    place."""

    patch: np.ndarray
    x: int

    def shifts(self, inks: np.ndarray) -> np.ndarray:
        """By how many columns (n) the text of each crop (n, h, w) stands to the right of its place; 0 where what never
        changes is not found."""
        answers = []
        for ink in inks:
            likeness = cv2.matchTemplate(ink.astype(np.float32), self.patch.astype(np.float32), cv2.TM_CCOEFF_NORMED)
            best = int(likeness.max(axis=0).argmax())
            answers.append(best - self.x if likeness[:, best].max() >= FOUND else 0)
        return np.array(answers, int)

    def placed(self, inks: np.ndarray) -> np.ndarray:
        """Crops (n, h, w) with their text in its place."""
        return moved_left(inks, self.shifts(inks))


def moved_left(inks: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Crops (n, h, w), each moved to the left by so many columns (n); its edge goes on."""
    columns = np.arange(inks.shape[2])
    taken = np.clip(columns + shifts[:, None], 0, inks.shape[2] - 1)
    return np.take_along_axis(inks, taken[:, None], axis=2)


def unchanged(readings: Sequence[PartReading]) -> slice | None:
    """Which characters (but blanks) of the commonest layout never change, where the text moves to and fro; None where
    one of its ends stays, or too little is the same on all."""
    own = _of_common_layout(readings)
    ends = [(reading.chars[0], reading.chars[-1]) for reading in own]
    if len(own) < FEWEST_TEXTS or any(_spread(chars) <= MOVES_PX for chars in zip(*ends, strict=True)):
        return None
    texts = [reading.text.replace(" ", "") for reading in own]
    same = np.array([len(set(column)) == 1 for column in zip(*texts, strict=True)])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(int), [0]])))
    runs = [slice(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
    longest = max(runs, key=lambda run: run.stop - run.start, default=slice(0, 0))
    return longest if longest.stop - longest.start >= FEWEST_CHARS else None


def _spread(chars: Sequence[Char]) -> float:
    """How far characters at one end of the texts stand from each other, equal ones from equal ones: a `1` has more room
    around it in its cell than a `0`."""
    middles: dict[str, list[float]] = defaultdict(list)
    for char in chars:
        middles[char.text].append(char.center)
    return max(max(own) - min(own) for own in middles.values())


def offsets(readings: Sequence[PartReading], same: slice) -> np.ndarray:
    """By how many pixels (n) each reading's text stands to the right of the usual, by what never changes in it."""
    places = [reading.centers[same] for reading in readings]
    count = same.stop - same.start
    usual = np.median([place for place in places if len(place) == count], axis=0)
    return np.array([np.median(place - usual) if len(place) == count else 0.0 for place in places])


def learn_hold(inks: np.ndarray, readings: Sequence[PartReading], same: slice | None, away: float) -> Hold | None:
    """The hold of a text of which the characters `same` never change, from crops (n, h, w) on which the boxes of the
    `readings` stand so many pixels farther right (`away`); None where there are no such characters."""
    if same is None:
        return None
    by_layout = _of_common_layout(readings)
    spans = [(reading.chars[same][0].x + away, reading.chars[same][-1]) for reading in by_layout]
    starts = [start for start, _ in spans]
    first = int(np.argsort(starts)[len(starts) // 2])
    start, last = spans[first]
    left, right = max(int(start) - 1, 0), int(np.ceil(last.x + last.width + away)) + 1
    number = next(place for place, reading in enumerate(readings) if reading is by_layout[first])
    patch = inks[number][:, left:right]
    if patch.shape[1] < FEWEST_CHARS or not np.ptp(patch):
        return None
    hold = Hold(patch, left)
    placed = hold.placed(inks)[:, :, left:right]
    return Hold(placed.mean(axis=0).round().astype(np.uint8), left)


def _of_common_layout(readings: Sequence[PartReading]) -> list[PartReading]:
    return [readings[number] for number in of_commonest_layout([reading.text for reading in readings])]
