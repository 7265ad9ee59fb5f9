"""What did Tesseract read at one place of the overlay, and does it teach what the clock's characters look like?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from allsky.clock.format_regex import STRAY_MARK
from allsky.clock.formats import ClockFormat, ClockText, plain
from allsky.clock.tesseract import Char, TextLine

# Characters Tesseract was less sure of than this teach nothing.
SURE_CHAR = 0.6
# What the vote of a guise counts beside the share of lines it reads.
ANY_GUISE = 0.5
# Characters whose middles are nearer than this share of a digit's width lie over each other.
LEAST_APART = 0.35


@dataclass(frozen=True)
class PartReading:
    """What Tesseract read at one place: the line, and what it shows in the part's format (None if it does not fit);
    boxes of characters in pixels of the crop. `others` are what it read in other guises, `weights` what a vote of
    each is worth, this one's first."""

    line: TextLine
    shown: ClockText | None
    others: tuple[TextLine, ...] = ()
    weights: tuple[float, ...] = (1.0,)

    @property
    def text(self) -> str:
        return self.shown.tidy if self.shown else self.line.text

    @cached_property
    def chars(self) -> tuple[Char, ...]:
        """The clock's own characters, without blanks and the marks that blanks were read as."""
        if self.shown is None:
            return ()
        span = slice(self.shown.start, self.shown.end)
        letters = plain(self.line.text)[span]
        own = [
            replace(char, text=letter)
            for char, letter in zip(self.line.chars[span], letters, strict=True)
            if letter.strip()
        ]
        if len(own) > len(self.shown.tidy.replace(" ", "")):
            own = [char for char in own if not re.match(STRAY_MARK, char.text) or char.text in self.shown.tidy]
        return tuple(own)

    @property
    def centers(self) -> np.ndarray:
        """Where the middles of `chars` are (n)."""
        return np.array([char.center for char in self.chars])

    @property
    def confidence(self) -> float:
        return min((char.confidence for char in self.chars), default=0.0)

    @property
    def teaches(self) -> bool:
        """Whether each character of the clock is there, alone in its box and surely read (one that must stand there by
        the format need not be)."""
        written = self.text.replace(" ", "")
        chars = self.chars
        if not self.shown or len(chars) != len(written):
            return False
        alike = all(char.text == wanted for char, wanted in zip(chars, written, strict=True) if wanted.isdigit())
        return alike and min(char.confidence for char in chars if char.text.isdigit()) >= SURE_CHAR


def well_boxed(chars: Sequence[Char]) -> np.ndarray:
    """Whether each character's box tells its place: is no larger than a digit's (it took in a stray mark), and does not
    lie over the next one's (Tesseract shared out a word that it could not cut into letters)."""
    digits = [char for char in chars if char.text.isdigit()]
    digit_width = np.median([char.width for char in digits])
    tallest = 1.3 * np.median([char.height for char in digits])
    well = np.array([char.width <= 1.4 * digit_width and char.height <= tallest for char in chars])
    over = np.diff([char.center for char in chars]) < LEAST_APART * digit_width
    well[:-1] &= ~over
    well[1:] &= ~over
    return well


def part_readings(
    lines: Sequence[TextLine], clock_format: ClockFormat, others: Sequence[Sequence[TextLine]] = ()
) -> list[PartReading]:
    """What lines of text show in one format; `others` are the same lines in other guises, guise by guise."""
    beside = list(zip(*others, strict=True)) or [()] * len(lines)
    weights = tuple(ANY_GUISE + _share_shown(guise, clock_format) for guise in (lines, *others))
    shown = [clock_format.search(line.text, lenient=True) for line in lines]
    return [
        PartReading(line, None if one and one.weekday_belies else one, more, weights)
        for line, one, more in zip(lines, shown, beside, strict=True)
    ]


def _share_shown(lines: Sequence[TextLine], clock_format: ClockFormat) -> float:
    return sum(clock_format.search(line.text, lenient=True) is not None for line in lines) / max(len(lines), 1)
