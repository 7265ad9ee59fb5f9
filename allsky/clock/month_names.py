"""Which month is it that Tesseract reads as Jan and as Jun?

Half a year lies between the two, and a small or bold `a` is read as a `u` on frame after frame. Where readings differ
the weekday tells, or the night of the file's name, or the letter's look; where nothing does, the clock is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from allsky.clock.format_regex import MONTHS
from allsky.clock.formats import ClockFormat, ClockText, plain
from allsky.clock.ink import strokes
from allsky.clock.search import Place
from allsky.clock.tesseract import Char, TextLine
from allsky.errors import NoClock

# Months whose names are read for each other.
_ALIKE = (("Jan", "Jun", "Jul"), ("Mar", "May"))
# An `a` is closed above, a `u` open: what ink there is in the middle of its top, as a share of that in the middle of
# its foot. (Of the zoo's ten fonts from 9 to 26 pixels, blurred by up to 0.9 of a pixel, 85 % of a and A have more than
# _CLOSED, 79 % of u and U less than _OPEN; 6 and 7 % lie on the wrong side. It is asked only where readings differ.)
_CLOSED, _OPEN = 0.7, 0.5
# The middle of a letter, and its top and foot, as shares of its width and height.
_MIDDLE, _EDGE = 1 / 3, 0.25


def with_true_month(
    place: Place,
    lines: Sequence[TextLine],
    clock_format: ClockFormat,
    heard: Sequence[str],
    lumas: Sequence[np.ndarray],
    night: str | None,
) -> list[TextLine]:
    """The lines read at a place on frames `lumas`, with the name of another month where theirs was misread; `heard` are
    other readings of the same text. Raises NoClock where readings differ and nothing tells which is right."""
    if "b" not in clock_format.directives:
        return list(lines)
    texts = [*(line.text for line in lines), *heard]
    if clock_format.directives & {"a", "A"}:
        return [with_month_heard(line, clock_format, texts) for line in lines]
    every_shown = [shown for text in texts if (shown := clock_format.search(text))]
    for alike in _ALIKE:
        told = set(alike).intersection(map(_name, every_shown))
        if len(told) > 1:
            true = _of_night(told, night) or _of_look(told, place, lines, clock_format, lumas)
            if true is None:
                raise NoClock(_unsettled(sorted(told), every_shown))
            return [_named(line, clock_format, alike, true) for line in lines]
    return list(lines)


def with_month_heard(line: TextLine, clock_format: ClockFormat, heard: Iterable[str]) -> TextLine:
    """The line with the name of another month, one that looks like the one read, where the weekday belies this and a
    text that was `heard` elsewhere shows the other with the weekday that it has; else as it is."""
    shown = clock_format.search(line.text, lenient=True)
    if shown is None or not shown.weekday_belies:
        return line
    every = [one for one in map(clock_format.search, heard) if one and one.weekday is not None]
    months = {_name(one) for one in every if not one.weekday_belies}
    for alike in _ALIKE:
        for name in (month for month in alike if month in months):
            mended = _named(line, clock_format, alike, name)
            again = clock_format.search(mended.text, lenient=True)
            if again and not again.weekday_belies:
                return mended
    return line


def _name(shown: ClockText) -> str | None:
    month = shown.day.month if shown.day else shown.month_day[0] if shown.month_day else None
    return MONTHS[month - 1] if month else None


def _of_night(told: Iterable[str], night: str | None) -> str | None:
    """The one of the months that a `night` has, where it has but one of them."""
    evening = date.fromisoformat(night) if night else None
    own = {MONTHS[(evening + timedelta(days=more)).month - 1] for more in (0, 1)} & set(told) if evening else set()
    return own.pop() if len(own) == 1 else None


def _of_look(
    told: set[str], place: Place, lines: Sequence[TextLine], clock_format: ClockFormat, lumas: Sequence[np.ndarray]
) -> str | None:
    """January or June, by what the letter between their consonants looks like on most frames."""
    if told != {"Jan", "Jun"}:
        return None
    openings = []
    for line, luma in zip(lines, lumas, strict=True):
        shown = clock_format.search(line.text)
        found = re.search("J[au]n", plain(line.text)[shown.start : shown.end], re.IGNORECASE) if shown else None
        if shown and found:
            ink = strokes(np.ascontiguousarray(place.box.crop(luma)), place.text_height, place.bright)
            openings.append(_top_to_foot(ink, line.chars[shown.start + found.start() + 1]))
    usual = float(np.nanmedian(openings)) if np.isfinite(openings).any() else np.nan
    return "Jan" if usual > _CLOSED else "Jun" if usual < _OPEN else None


def _top_to_foot(ink: np.ndarray, char: Char) -> float:
    """The ink in the middle of a letter's top as a share of that in the middle of its foot; NaN where it has none."""
    rows = slice(max(int(char.y), 0), int(np.ceil(char.y + char.height)) + 1)
    letter = ink[rows, max(round(char.x), 0) : round(char.x + char.width)].astype(float)
    if not letter.size or not letter.any():
        return np.nan
    inked = np.flatnonzero(letter.max(axis=1) > letter.max() / 2)
    letter = letter[inked[0] : inked[-1] + 1]
    edge, width = max(1, round(_EDGE * len(letter))), letter.shape[1]
    middle = letter[:, int(_MIDDLE * width) : max(int(np.ceil((1 - _MIDDLE) * width)), int(_MIDDLE * width) + 1)]
    foot = middle[-edge:].max(axis=0).mean()
    return float(middle[:edge].max(axis=0).mean() / foot) if foot else np.inf


def _named(line: TextLine, clock_format: ClockFormat, alike: Sequence[str], name: str) -> TextLine:
    """The line with the `name` of a month for any of those `alike`."""
    shown = clock_format.search(line.text, lenient=True)
    found = re.search("|".join(alike), plain(line.text)[shown.start : shown.end], re.IGNORECASE) if shown else None
    if shown is None or found is None:
        return line
    chars, first = list(line.chars), shown.start + found.start()
    for place, (letter, read) in enumerate(zip(name, found[0], strict=True)):
        chars[first + place] = replace(chars[first + place], text=letter.upper() if read.isupper() else letter.lower())
    return TextLine(tuple(chars))


def _unsettled(told: Sequence[str], shown: Sequence[ClockText]) -> str:
    examples = [next(one.tidy for one in shown if _name(one) == name) for name in told]
    return (
        f"The clock reads as {' and as '.join(map(repr, examples))}, and neither a weekday nor the file's name tells "
        "which month it is; set [archive] night_from_name to where the names have their date."
    )
