"""What does a clock in this strftime pattern look like in a line of text, as a regular expression?

Kindly: blanks may be missing or too many, and in `lenient` reading any marks may stand between the numbers of a
particular format. But no number is cut out of a longer one, no time out of a longer one, and no half of a day taken for
a whole.
"""

from __future__ import annotations

import re
from functools import cache

from allsky.clock.zones import ABBREVIATIONS

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAY = r"(?i:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?i:day)?"
# A zone counted from UTC (`UTC+1`; a blank before its sign only where nothing follows: a temperature could), one by its
# name, and what may be another's name. Small letters are read as capitals and the other way round: `uTc`, `ut`.
_FROM_UTC = r"(?i:UTC?|GMT)(?:[+-]|\s[+-](?=[\d:]+\)?\s*$))\d{1,2}(?::?\d\d)?(?![\d:.])"
KNOWN_ZONE = _FROM_UTC + "|(?i:UTC?|GMT)|" + "|".join([*sorted(ABBREVIATIONS, key=len, reverse=True), "LT", "LOCAL"])
ZONE = KNOWN_ZONE + r"|[A-Z]{2,4}T"

YEAR = r"(?:19|20)\s?\d\s?\d"
# What a blank between outlined words looks like.
STRAY_MARK = "['\"°]"

# What each directive may look like.
_DIRECTIVES = {
    "Y": YEAR,
    "y": r"\d\d",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "j": r"\d{3}",
    "b": r"(?i:" + "|".join(MONTHS) + r")t?",
    "B": r"(?i:" + "|".join(MONTH_NAMES) + ")",
    "a": WEEKDAY,
    "A": WEEKDAY,
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d\d",
    "S": r"\d\d",
    "f": r"\d{1,6}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "Z": ZONE,
    "z": r"[+-]\d\d:?\d\d|[+-](?:\d\d|[1-9])(?!\d)",
}

# Directives whose values are words, or may be.
WORDS = frozenset("bBaApZz")

# Directives whose values are numbers of two digits.
TWO_DIGITS = frozenset({"%y", "%m", "%d", "%H", "%I", "%M", "%S"})

NUMBERS = TWO_DIGITS | {"%Y", "%j"}

# A pattern that begins with one of these begins with a number that may have one digit only.
_NUMBERS_FIRST = ("%d", "%m", "%y", "%H", "%I")

# What counts to 24 has no AM or PM behind it, however that was read: PF, Pivi.
_M = r"[A-SU-Zkr]|[MmHhNnIil1]{1,2}[TtVv]?|[MmNnIil1|VvWwYy¥]{1,3}"
NO_HALF_DAY = rf"(?!\d?[^\w]{{0,3}}(?:[AaPp]\.?\s?(?:{_M})?|[RFe]M)\.?(?![A-Za-z0-9]))"

# What looks like an hour is none behind another number and a colon, or behind what two digits may have been read as:
# 02:18 of 02:02:18 and of O2Z02:18.
_NO_HOUR_BEFORE = r"(?<!\d:)(?<!\d\s:)(?<![\dOoQDLlIi|SsZzB]{2}:)(?<!\d[A-SU-Za-su-z])(?<![OQDLISZB|]{2})"


@cache
def tokens_of(pattern: str) -> tuple[str, ...]:
    return tuple(re.findall(r"%-?.|\s+|.", pattern))


@cache
def directives_of(pattern: str) -> frozenset[str]:
    return frozenset(token[-1] for token in tokens_of(pattern) if is_directive(token))


def is_directive(token: str) -> bool:
    return token.startswith("%") and token != "%%"


@cache
def regex_of(pattern: str, lenient: bool) -> re.Pattern[str]:
    """A regular expression for a strftime pattern. Raises ValueError for a directive it cannot read."""
    tokens = tokens_of(pattern)
    pieces = [_piece(token, pattern, lenient) for token in tokens]
    if lenient and tokens and not is_directive(tokens[-1]) and not tokens[-1].isspace():
        # What stands behind the clock's last mark is no part of it.
        pieces[-1] = r"\s*[^0-9A-Za-z\s]" if not tokens[-1].isalnum() else pieces[-1]
    for place in range(len(tokens) - 1):
        # Numbers without a mark between them have all their digits.
        if all(token in TWO_DIGITS for token in tokens[place : place + 2]):
            pieces[place : place + 2] = [f"(?P<{token[-1]}>\\d\\d)" for token in tokens[place : place + 2]]
    for place in range(1, len(tokens) - 1):
        # A blank may be lost between a day and an hour, but only between two whole numbers.
        if tokens[place].isspace() and {tokens[place - 1], tokens[place + 1]} <= NUMBERS:
            pieces[place] = rf"(?:\s+|(?<=\d\d)(?:\s?{STRAY_MARK}\s?)?(?=\d\d(?:\D|$)))"
    for place in range(len(tokens) - 1):
        # A blank before a zone is read as a mark, or with one.
        if tokens[place].isspace() and tokens[place + 1] == "%Z":
            pieces[place] = r"[\s,.;'\")]{0,3}"
    if "%H" in tokens:
        pieces[max(place for place, token in enumerate(tokens) if token in ("%H", "%M", "%S", "%f"))] += NO_HALF_DAY
    expression = "".join(pieces)
    # A number that goes on beyond the clock is another number; minutes that go on have seconds behind them, and what
    # goes on with a colon is a time and no date.
    head = r"(?<!\d)" if pattern.startswith("%") else ""
    # Nor does it begin with a digit that a blank has parted from the number before it, or stuck to a mark that may have
    # been its first digit.
    head += r"(?!(?<=[^\s(\[|:=,])\d(?!\d))" if pattern.startswith(_NUMBERS_FIRST) else ""
    head += r"(?<![A-Za-z])(?!(?<=[\d\]|]\s)\d\D)" if pattern.startswith(("%d", "%m", "%y")) else ""
    head += r"(?<![A-Za-z])" if pattern.startswith("%Z") else ""
    head += _NO_HOUR_BEFORE if pattern.startswith(("%H", "%I")) else ""
    head += r"(?<!\d\s)" if pattern.startswith(("%b", "%B")) else ""
    tail = r"(?!\d)" if pattern[-2:-1] == "%" else ""
    tail += r"(?!\s?[:'.]\s?\w|[^\s\d+(-]\d\d(?!\d))" if pattern.endswith("%M") else ""
    tail += r"(?!:\d)" if pattern.endswith(("%d", "%y", "%Y", "%m")) else ""
    return re.compile(head + expression + tail)


@cache
def written_regex(pattern: str) -> re.Pattern[str]:
    """The pattern with any digits in the place of numbers: a misread clock need show no possible time."""
    expression = ""
    for token in tokens_of(pattern):
        if is_directive(token) and token[-1] not in WORDS:
            width = {"Y": "4", "f": "1,6", "j": "3"}.get(token[-1], "1,2")
            expression += rf"(?P<{token[-1]}>[\d?]{{{width}}})"
        else:
            expression += _piece(token, pattern, False)
    return re.compile(expression)


def _piece(token: str, pattern: str, lenient: bool) -> str:
    if token == "%%":
        return r"\s*%\s*"
    if is_directive(token):
        if token[-1] not in _DIRECTIVES:
            raise ValueError(f"{token} in the clock format {pattern!r} is not understood")
        return f"(?P<{token[-1]}>{_DIRECTIVES[token[-1]]})"
    if token.isspace():
        return r"\s*"
    if lenient:
        return r"\s*\S\s*" if token.isalnum() else r"\s*[^0-9A-Za-z]{0,2}\s*"
    return r"\s*" + re.escape(token) + r"\s*"
