"""What date and time does a line of text show, given the format it was written in?

A format is a strftime pattern (`%Y-%m-%d %H:%M:%S`), read more kindly than `strptime` does: blanks may be
missing or too many, months and weekdays are English whatever the machine's locale, and text around the clock is
passed over. `allsky.clock.recognition` finds the format of a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache

from allsky.clock.zones import ABBREVIATIONS

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAY = r"(?i:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?i:day)?"
# A zone counted from UTC (`UTC+1`; a blank before its sign only where nothing follows: a temperature could), one by its
# name, and what may be another's name. Small letters are read as capitals and the other way round: `uTc`.
_FROM_UTC = r"(?i:UTC?|GMT)(?:[+-]|\s[+-](?=[\d:]+\)?\s*$))\d{1,2}(?::?\d\d)?(?![\d:.])"
KNOWN_ZONE = _FROM_UTC + "|(?i:UTC|GMT)|" + "|".join([*sorted(ABBREVIATIONS, key=len, reverse=True), "LT", "LOCAL"])
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
    "z": r"[+-]\d\d:?\d\d|[+-]\d\d?",
}

# Directives whose values are words, or may be.
WORDS = frozenset("bBaApZz")

# Directives whose values are numbers of two digits.
TWO_DIGITS = frozenset({"%y", "%m", "%d", "%H", "%I", "%M", "%S"})

NUMBERS = TWO_DIGITS | {"%Y", "%j"}

# A pattern that begins with one of these begins with a number that may have one digit only.
_NUMBERS_FIRST = ("%d", "%m", "%y", "%H", "%I")

# Digits that a number's places may have; the others may have any. (Years before 2000 are of clocks that nobody set.)
_FIRST_DIGITS = {"Y": "2", "m": "01", "d": "0123", "j": "0123", "H": "012", "I": "01", "M": "012345", "S": "012345"}
_SECOND_DIGITS = {"Y": "0"}
DIGITS = "0123456789"
# Numbers that a day has.
_OF_A_DAY = frozenset("Yymdj")

# With this many directives a format is so particular that what stands between them need not be read right.
PARTICULAR = 5

# What Tesseract writes for the plain characters of clocks.
_PLAIN = str.maketrans({"—": "-", "–": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "″": '"', "′": "'"})


# What counts to 24 has no AM or PM behind it, however that was read.
NO_HALF_DAY = r"(?!\d?[^\w]{0,3}(?:[AaPp]\.?\s?(?:[MmHhNnIil1]{1,2}[TtVv]?)?|[RFe]M)\.?(?![A-Za-z0-9]))"

# What looks like an hour is none behind another number and a colon, or behind what two digits may have been read as:
# 02:18 of 02:02:18 and of O2Z02:18.
_NO_HOUR_BEFORE = r"(?<!\d:)(?<!\d\s:)(?<![\dOoQDLlIi|SsZzB]{2}:)(?<!\d[A-SU-Za-su-z])(?<![OQDLISZB|]{2})"

# A slashed zero before one digit is read as a mark: 01h06 as @1h06.
_ZERO = re.compile(r"(?<![A-Za-z])[Oo](?=\d)|(?<=\d)[Oo](?![A-Za-z])|(?<![\w.:])[@QØ](?=\d[:hH.-]\d)")


@dataclass(frozen=True)
class ClockText:
    """What one text shows: `day` (or `month_day` where it shows no year) and `clock`, each None where not shown, the
    `zone` word, the span `start` to `end` it takes in the text, its `tidy` form as the format writes it, the
    seconds between two values of the clock's last place (60, 1, 0.1, ...), and the `weekday` (0 is Monday)."""

    day: date | None
    month_day: tuple[int, int] | None
    clock: time | None
    zone: str | None
    start: int
    end: int
    tidy: str
    quantum_s: float
    weekday: int | None = None

    @property
    def moment(self) -> datetime | None:
        """The naive date and time, where both are shown."""
        return datetime.combine(self.day, self.clock) if self.day and self.clock else None

    @property
    def weekday_belies(self) -> bool:
        """Whether the weekday shown is not that of the date: then one of them was misread."""
        return None not in (self.weekday, self.day) and self.weekday != self.day.weekday()  # type: ignore[union-attr]


def plain(text: str) -> str:
    """`text` with typographic dashes and quotes as plain ones and what a 0 among digits was read as (O, @) as 0,
    character by character."""
    return _ZERO.sub("0", text.translate(_PLAIN))


@dataclass(frozen=True)
class ClockFormat:
    """A strftime pattern and how to read it. Raises ValueError for a directive that is not understood."""

    pattern: str

    def __post_init__(self) -> None:
        _regex(self.pattern, False)

    def search(self, text: str, lenient: bool = False) -> ClockText | None:
        """The first place in `text` that shows a possible date or time in this format. `lenient` takes whatever marks
        stand between the numbers for the right ones, where the format is particular enough."""
        return _search(self.pattern, text, lenient and len(self.directives) >= PARTICULAR)

    def written_like(self, text: str, moment: datetime) -> str | None:
        """The clock of `text` as it would show the naive `moment`: the same widths, zone and names, `?` for fractions;
        None where `text` shows none, or names or widths would change."""
        match = _written(self.pattern).search(text)
        if not match:
            return None
        pieces, end = [], match.start()
        for name, old in sorted(match.groupdict().items(), key=lambda item: match.start(item[0])):
            new = _written_field(name, old, moment)
            if new is None:
                return None
            pieces += [text[end : match.start(name)], new]
            end = match.end(name)
        return "".join(pieces) + text[end : match.end()]

    def possible_digits(self, text: str, days: Sequence[date] = ()) -> list[set[str]] | None:
        """The digits that could stand in the place of each digit of `text`, a clock as the format writes it, on one of
        `days` if any are given; None where it shows none."""
        match = _written(self.pattern).fullmatch(text)
        if not match:
            return None
        possible = {}
        for name, value in match.groupdict().items():
            told = {_written_field(name, value, datetime.combine(day, time())) for day in days if name in _OF_A_DAY}
            for place in range(len(value)):
                limits = {0: _FIRST_DIGITS, 1: _SECOND_DIGITS}.get(place, {}) if len(value) > 1 else {}
                some = {one[place] for one in told if one} or set(limits.get(name, DIGITS))
                possible[match.start(name) + place] = some
        return [possible.get(place, set(DIGITS)) for place, char in enumerate(text) if char.isdigit() or char == "?"]

    @property
    def directives(self) -> frozenset[str]:
        return _directives_of(self.pattern)

    @property
    def shows_date(self) -> bool:
        return bool(self.directives & {"m", "b", "B", "j"})

    @property
    def shows_year(self) -> bool:
        return bool(self.directives & {"Y", "y"})

    @property
    def shows_time(self) -> bool:
        return bool(self.directives & {"H", "I"})

    @property
    def shows_seconds(self) -> bool:
        return "S" in self.directives


@lru_cache(maxsize=8192)
def _search(pattern: str, text: str, lenient: bool) -> ClockText | None:
    """A night asks the same of each frame's text several times."""
    for match in _regex(pattern, lenient).finditer(plain(text)):
        found = _clock_text(match, pattern)
        if found:
            return found
    return None


@cache
def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(re.findall(r"%-?.|\s+|.", pattern))


@cache
def _directives_of(pattern: str) -> frozenset[str]:
    return frozenset(token[-1] for token in _tokens(pattern) if _is_directive(token))


def _is_directive(token: str) -> bool:
    return token.startswith("%") and token != "%%"


@cache
def _regex(pattern: str, lenient: bool) -> re.Pattern[str]:
    """A regular expression for a strftime pattern. Raises ValueError for a directive it cannot read."""
    tokens = _tokens(pattern)
    pieces = [_piece(token, pattern, lenient) for token in tokens]
    if lenient and tokens and not _is_directive(tokens[-1]) and not tokens[-1].isspace():
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
    if "%H" in tokens:
        pieces[max(place for place, token in enumerate(tokens) if token in ("%H", "%M", "%S", "%f"))] += NO_HALF_DAY
    expression = "".join(pieces)
    # A number that goes on beyond the clock is another number; minutes that go on have seconds behind them, and what
    # goes on with a colon is a time and no date.
    head = r"(?<!\d)" if pattern.startswith("%") else ""
    # Nor does it begin with a digit that a blank has parted from the number before it, or stuck to a mark that may have
    # been its first digit.
    head += r"(?!(?<=[^\s(\[|:=,])\d(?!\d))" if pattern.startswith(_NUMBERS_FIRST) else ""
    head += r"(?<![A-Za-z])(?!(?<=\d\s)\d\D)" if pattern.startswith(("%d", "%m", "%y")) else ""
    head += r"(?<![A-Za-z])" if pattern.startswith("%Z") else ""
    head += _NO_HOUR_BEFORE if pattern.startswith(("%H", "%I")) else ""
    head += r"(?<!\d\s)" if pattern.startswith(("%b", "%B")) else ""
    tail = r"(?!\d)" if pattern[-2:-1] == "%" else ""
    tail += r"(?!\s?[:'.]\s?\w)" if pattern.endswith("%M") else ""
    tail += r"(?!:\d)" if pattern.endswith(("%d", "%y", "%Y", "%m")) else ""
    return re.compile(head + expression + tail)


@cache
def _written(pattern: str) -> re.Pattern[str]:
    """The pattern with any digits in the place of numbers: a misread clock need show no possible time."""
    expression = ""
    for token in _tokens(pattern):
        if _is_directive(token) and token[-1] not in WORDS:
            width = {"Y": "4", "f": "1,6", "j": "3"}.get(token[-1], "1,2")
            expression += rf"(?P<{token[-1]}>[\d?]{{{width}}})"
        else:
            expression += _piece(token, pattern, False)
    return re.compile(expression)


def _written_field(name: str, old: str, moment: datetime) -> str | None:
    """A field of a clock as it shows `moment`, as wide as `old`; None where it is not."""
    if name in "Zz":
        return old
    if name == "f":
        return "?" * len(old)
    if name in WORDS:
        new = {"b": MONTHS[moment.month - 1], "B": MONTH_NAMES[moment.month - 1]}.get(name)
        new = new or {"p": "PM" if moment.hour >= 12 else "AM"}.get(name, old)
        return old if new[:3].lower() == old.replace(".", "")[:3].lower() else None
    number = str({"Y": moment.year, "y": moment.year % 100, "m": moment.month, "d": moment.day, "H": moment.hour,
                  "I": (moment.hour - 1) % 12 + 1, "M": moment.minute, "S": moment.second,
                  "j": moment.timetuple().tm_yday}[name])  # fmt: skip
    new = number.zfill(len(old))
    return new if len(new) == len(old) else None


def _piece(token: str, pattern: str, lenient: bool) -> str:
    if token == "%%":
        return r"\s*%\s*"
    if _is_directive(token):
        if token[-1] not in _DIRECTIVES:
            raise ValueError(f"{token} in the clock format {pattern!r} is not understood")
        return f"(?P<{token[-1]}>{_DIRECTIVES[token[-1]]})"
    if token.isspace():
        return r"\s*"
    if lenient:
        return r"\s*\S\s*" if token.isalnum() else r"\s*[^0-9A-Za-z]{0,2}\s*"
    return r"\s*" + re.escape(token) + r"\s*"


def _clock_text(match: re.Match[str], pattern: str) -> ClockText | None:
    fields = match.groupdict()
    try:
        day, month_day, clock = _day(fields), _month_day(fields), _time(fields)
    except ValueError:
        return None
    zone = (fields.get("Z") or fields.get("z") or "").upper() or None
    shown = (*match.span(), _tidy(fields, pattern), _quantum(fields), _weekday(fields))
    return ClockText(day, month_day, clock, zone, *shown)


def _tidy(fields: dict[str, str], pattern: str) -> str:
    """The clock as its format writes it, with one blank where the format has some."""
    pieces = ["".join(fields[token[-1]].split()) if _is_directive(token) else token for token in _tokens(pattern)]
    return "".join(" " if piece.isspace() else piece.replace("%%", "%") for piece in pieces)


def _day(fields: dict[str, str]) -> date | None:
    year = int(re.sub(r"\s", "", fields["Y"])) if "Y" in fields else 2000 + int(fields["y"]) if "y" in fields else None
    if year is None:
        return None
    if "j" in fields:
        day = date(year, 1, 1) + timedelta(days=int(fields["j"]) - 1)
        if day.year != year:
            raise ValueError(f"{year} has no day {fields['j']}")
        return day
    return date(year, *(_month_day(fields) or (0, 0)))


def _month_day(fields: dict[str, str]) -> tuple[int, int] | None:
    if "d" not in fields:
        return None
    name = fields.get("b") or fields.get("B") or ""
    month = MONTHS.index(name[:3].title()) + 1 if name else int(fields["m"])
    date(2000, month, int(fields["d"]))
    return month, int(fields["d"])


def _time(fields: dict[str, str]) -> time | None:
    if "H" in fields:
        hour = int(fields["H"])
    elif "I" in fields:
        hour = _hour_of_twelve(int(fields["I"]), fields.get("p"))
    else:
        return None
    microsecond = int(fields.get("f", "0").ljust(6, "0"))
    return time(hour, int(fields.get("M", 0)), int(fields.get("S", 0)), microsecond)


def _weekday(fields: dict[str, str]) -> int | None:
    name = fields.get("a") or fields.get("A")
    return WEEKDAYS.index(name[:3].title()) if name else None


def _hour_of_twelve(hour: int, half: str | None) -> int:
    """12 AM is midnight and 12 PM is noon."""
    if not 1 <= hour <= 12 or half is None:
        raise ValueError(f"{hour} {half} is no hour of a 12-hour clock")
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def _quantum(fields: dict[str, str]) -> float:
    if "f" in fields:
        return 10.0 ** -len(fields["f"])
    return 1.0 if "S" in fields else 60.0
