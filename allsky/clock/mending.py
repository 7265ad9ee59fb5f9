"""What did Tesseract mean by a line that shows almost a clock?

Outlined and narrow text is misread in ways of its own: a blank between outlined words is a closed shape and read as a
mark, a narrow 1 leaves a blank in its number, a slashed 0 is an @. A line is mended only where it then shows a whole
clock, or is nothing but hours and minutes between the letters of their units; that the same digit looks the same
everywhere has to bear it out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from allsky.clock.tesseract import Char, TextLine

# A blank between the two digits of a number behind a mark (`2024-09-1 4T00:1 5`).
_GAP = re.compile(r"(?<=[-/.:;_T]\d)\s(?=\d(?!\d))")
# The blanks that narrow digits leave in a clock without any.
_ALL_DIGITS = re.compile(r"(?<!\d)(?:19|20)\d(?:\s?\d){11}(?!\d)")
# A colon whose points run into each other, or into the outlines beside them (`20:12H29`, `20#12:29`).
_COLON = re.compile(
    r"(?<=\d)[;,](?=\s?\d\d(?!\d))"
    r"|(?<=\d:\d\d)(?<!:\d\d:\d\d)[^\s\d.+(-](?=\d\d(?!\d))"
    r"|(?<=\d\d)[^\s\w.-](?=\d\d:\d\d(?!\d))"
)
# What stands for the M of AM and PM behind a time.
_HALF_DAY = re.compile(r"(?<=:\d\d)\s?[AaPp](?P<M>[HhNnWw])(?![A-Za-z0-9])")
# A date whose numbers are parted by low lines, some of which were not seen or taken for points.
_LOW_LINES = re.compile(r"(?<![\w.])(?:19|20)\d\d([\s._]{1,2})\d\d([\s._]{1,2})\d\d(?!\d)")
# A mark between words where clocks have a blank, with the blanks beside it.
_MARK = re.compile(r"(?<=\w)(?:\s[^\w\s:/.+-]|[^\w\s:/.+-]\s?)(?=\w)")
# Letters and marks that digits are read as (some of them for others, too: those teach nothing), and numbers that are
# made of both.
_LOOKS = dict(zip("OoQDØ@IilL|]!ZzSsB", "000000111111122558", strict=True))
_FOR_OTHERS = "ZzSsB"
_LIKE_DIGITS = "[0-9" + re.escape("".join(_LOOKS)) + "]"
_NUMBER = re.compile(rf"(?<![A-Za-z0-9]){_LIKE_DIGITS}{{2,8}}(?![A-Za-z0-9])")
# Hours and minutes with the letters of their units beside them, all that a line shows (`ooh24m`, `Olh3 1m`).
_UNITS = re.compile(rf"\W*(?P<h>{_LIKE_DIGITS}\s?{_LIKE_DIGITS})\s?h\s?(?P<m>{_LIKE_DIGITS}\s?{_LIKE_DIGITS})\s?m\W*")
_HOUR_AND_MINUTE = re.compile(r"(?:[01]\d|2[0-3])h[0-5]\dm")
# A clock has so many digits; what has fewer, and no such letters, is not looked at twice.
FEWEST_DIGITS = 6


def legible(line: TextLine, shows_clock: Callable[[str], bool]) -> TextLine:
    """The line as it is if it `shows_clock`, or cannot be made to; else mended so that it does. One of hours and
    minutes alone (`OlhOlm`) is mended to show these."""
    if units := _UNITS.fullmatch(line.text):
        mended = _with_units(line, units)
        return mended if _HOUR_AND_MINUTE.search(mended.text) else line
    if sum(char.isdigit() for char in line.text) < FEWEST_DIGITS or shows_clock(line.text):
        return line
    whole = _without_gaps(line)
    likelier = (whole, _with_half_day(whole), _with_low_lines(whole), _with_blanks(whole))
    for mended in (*likelier, _with_digits(whole), _with_digits(_with_blanks(whole))):
        if mended is not line and shows_clock(mended.text):
            return mended
    return line


def _with_units(line: TextLine, units: re.Match[str]) -> TextLine:
    numbers = [place for name in ("h", "m") for place in range(*units.span(name))]
    digits = {place: _LOOKS[line.text[place]] for place in numbers if line.text[place] in _LOOKS}
    blanks = {place for place in range(units.start("h"), units.end("m") + 1) if line.text[place].isspace()}
    return _dropped(_replaced(line, digits), blanks)


def _without_gaps(line: TextLine) -> TextLine:
    gaps = {found.start() for found in _GAP.finditer(line.text)}
    for found in _ALL_DIGITS.finditer(line.text):
        gaps |= {place for place in range(*found.span()) if line.text[place].isspace()}
    whole = _dropped(line, gaps)
    return _replaced(whole, {found.start(): ":" for found in _COLON.finditer(whole.text)})


def _with_half_day(line: TextLine) -> TextLine:
    return _replaced(line, {found.start("M"): "M" for found in _HALF_DAY.finditer(line.text)})


def _with_low_lines(line: TextLine) -> TextLine:
    spans = [found.span(number) for found in _LOW_LINES.finditer(line.text) for number in (1, 2)]
    lines = _replaced(line, {start: "_" for start, _ in spans})
    return _dropped(lines, {place for start, end in spans for place in range(start + 1, end)})


def _with_blanks(line: TextLine) -> TextLine:
    marks = [found.span() for found in _MARK.finditer(line.text)]
    blanks = _replaced(line, {start: " " for start, _ in marks})
    return _dropped(blanks, {place for start, end in marks for place in range(start + 1, end)})


def _with_digits(line: TextLine) -> TextLine:
    letters = {
        place: _LOOKS[line.text[place]]
        for found in _NUMBER.finditer(line.text)
        for place in range(*found.span())
        if line.text[place] in _LOOKS
    }
    return _replaced(line, letters)


def _replaced(line: TextLine, texts: dict[int, str]) -> TextLine:
    """The line with other characters at some places."""
    chars = list(line.chars)
    for place, text in texts.items():
        confidence = 0.0 if chars[place].text in _FOR_OTHERS else chars[place].confidence
        chars[place] = replace(chars[place], text=text, confidence=confidence)
    return TextLine(tuple(chars)) if texts else line


def _dropped(line: TextLine, places: set[int]) -> TextLine:
    kept: list[Char] = [char for place, char in enumerate(line.chars) if place not in places]
    return TextLine(tuple(kept)) if places else line
