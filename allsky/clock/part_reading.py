"""What did Tesseract read at one place of the overlay, and does it teach what the clock's characters look like?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allsky.clock.format_regex import STRAY_MARK
from allsky.clock.formats import ClockFormat, ClockText, plain
from allsky.clock.ink import strokes
from allsky.clock.tesseract import Char, TextLine

# Characters Tesseract was less sure of than this teach nothing.
SURE_CHAR = 0.6
# What the vote of a guise counts beside the share of lines it reads.
ANY_GUISE = 0.5
# A digit that was missed stands within this many digits' widths of the first or last one read, in strokes of this share
# of the others' contrast; it may have been read as a mark of this share of a digit's width.
BEFORE, STROKE_SHARE, WIDE_MARK = 1.5, 0.5, 0.6
# Over the bright disk strokes are missed for being faint: of this share of the others' contrast, and so many grey
# levels. So many columns of them are no noise.
FAINT_SHARE, FAINTEST, FAINT_COLUMNS = 0.25, 40.0, 2
# A blank of so many digits' widths has room for a number, whose faint strokes are in columns of so many digits' widths.
WIDE_BLANK, WIDE_BLANK_INK = 1.8, 0.8
# A digit as wide as so many has another one in its box.
TWO_IN_ONE = 1.6
# A gap of so many digits' widths has room for a digit besides a blank.
BLANK_AND_DIGIT = 1.2
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

    @property
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


def cut_short(
    crop: np.ndarray,
    reading: PartReading,
    text_height: float,
    bright: bool,
    short_year: bool = False,
    to_the_second: bool = False,
) -> bool:
    """Whether strokes that nobody read stand right beside the clock, where it begins or ends with a number of one digit
    (the other of two digits was missed), or fill a wide blank in it (an hour was); with a `short_year`
    at both ends: its two digits may have been the last or the first of four. With `to_the_second` it does not matter
    how many digits a fraction has."""
    chars = reading.chars
    if len(chars) < 2 or reading.shown is None:
        return False
    digits = [char for char in chars if char.text.isdigit()]
    width = float(np.median([char.width for char in digits]))
    if any(_is_single(*pair) and pair[0].width > TWO_IN_ONE * width for pair in (chars[:2], chars[:-3:-1])):
        return True
    places = list(_unread_places(reading, chars, width, short_year, to_the_second))
    if not places:
        return False
    ink = strokes(np.ascontiguousarray(crop), text_height, bright)
    full = np.median([_columns_of(ink, char)[_span(char)].max(initial=0.0) for char in digits])
    for beside, left, right, least, share, faintest in places:
        columns = _columns_of(ink, beside)
        for char in (*reading.line.chars[: reading.shown.start], *reading.line.chars[reading.shown.end :]):
            # A mark as wide as a digit may be one.
            if char.text.isalnum() or (char.text.strip() and char.width < WIDE_MARK * width):
                columns[max(int(char.x) - 1, 0) : int(np.ceil(char.x + char.width)) + 1] = 0.0
        inked = columns[max(round(left), 0) : max(round(right), 0)] > max(share * full, faintest)
        if inked.sum() >= least:
            return True
    return False


def _unread_places(
    reading: PartReading, chars: Sequence[Char], width: float, at_both_ends: bool, to_the_second: bool
) -> Iterator[tuple[Char, float, float, float, float, float]]:
    """Where a character that was missed may stand: one beside it, from and to which column, in how many of them its
    strokes would be, with which share of the others' contrast and by how many grey levels."""
    first, last = chars[0], chars[-1]
    ways = ((1, STROKE_SHARE, 0.0), (FAINT_COLUMNS, FAINT_SHARE, FAINTEST))
    if at_both_ends or _is_single(first, chars[1]):
        yield from ((first, first.x - BEFORE * width, first.x - 1, *way) for way in ways)
    fraction = reading.shown is not None and reading.shown.quantum_s < 1
    if at_both_ends or (_is_single(last, chars[-2]) and not (fraction and to_the_second)):
        right = last.x + last.width
        yield from ((last, right + 1, right + BEFORE * width, *way) for way in ways)
    for before, char, behind in zip(chars, chars[1:], chars[2:]):
        if _is_single(char, before) and _is_single(char, behind):
            yield from _gaps(before, char, width)
            yield from _gaps(char, behind, width)
    if _is_single(first, chars[1]):
        yield from _gaps(first, chars[1], width)
    if _is_single(last, chars[-2]):
        yield from _gaps(chars[-2], last, width)
    shown = reading.line.chars[reading.shown.start : reading.shown.end] if reading.shown else ()
    for char in shown:
        if not char.text.strip() and char.width > WIDE_BLANK * width:
            yield first, char.x + 1, char.x + char.width - 1, WIDE_BLANK_INK * width, FAINT_SHARE, 0.0


def _gaps(one: Char, other: Char, width: float) -> Iterator[tuple[Char, float, float, float, float, float]]:
    """The gap between two characters where it has room for a blank and a digit that was missed (of `11 Aug` one 1)."""
    left, right = one.x + one.width, other.x
    if right - left > BLANK_AND_DIGIT * width:
        digit = one if one.text.isdigit() else other
        yield digit, left + 1, right - 1, 1, STROKE_SHARE, 0.0


def _is_single(char: Char, beside: Char) -> bool:
    return char.text.isdigit() and not beside.text.isdigit()


def _span(char: Char) -> slice:
    return slice(int(char.x), int(np.ceil(char.x + char.width)))


def _columns_of(ink: np.ndarray, char: Char) -> np.ndarray:
    """The strongest stroke of each column in a character's rows."""
    return ink[max(int(char.y), 0) : int(np.ceil(char.y + char.height))].max(axis=0, initial=0).astype(float)


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
