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

from allsky.clock.format_regex import (
    MONTH_NAMES,
    MONTHS,
    WEEKDAYS,
    WORDS,
    directives_of,
    is_directive,
    regex_of,
    tokens_of,
    written_regex,
)

# Digits that a number's places may have; the others may have any. (Years before 2000 are of clocks that nobody set.)
_FIRST_DIGITS = {"Y": "2", "m": "01", "d": "0123", "j": "0123", "H": "012", "I": "01", "M": "012345", "S": "012345"}
_SECOND_DIGITS = {"Y": "0"}
# Nobody has filmed the years to come; those of two digits may be of the last century.
_OF_LAST_CENTURY = "789"
DIGITS = "0123456789"
# Numbers that a day has.
_OF_A_DAY = frozenset("Yymdj")

# With this many directives a format is so particular that what stands between them need not be read right.
PARTICULAR = 5

# What Tesseract writes for the plain characters of clocks.
_PLAIN = str.maketrans({"—": "-", "–": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "″": '"', "′": "'"})


# A slashed zero before one digit is read as a mark: 01h06 as @1h06.
_ZERO = re.compile(r"(?<![A-Za-z])[Oo](?=\d)|(?<=\d)[Oo](?![A-Za-z])|(?<![\w.:])[@QØ](?=\d[\s:hH.-]\d)")


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


@cache
def _why_unreadable(pattern: str) -> str | None:
    """What keeps a clock from being read in a pattern of directives that are all understood."""
    written = [token for token in tokens_of(pattern) if is_directive(token)]
    if twice := [token for token in written if written.count(token) > 1]:
        return f"has {twice[0]} twice"
    if "%d" in written and not {"%m", "%b", "%B"} & set(written):
        return "has a day and no month (%m, %b or %B)"
    if "%I" in written and "%p" not in written:
        return "has hours to twelve (%I) and no %p; hours to 24 are %H"
    return None


@dataclass(frozen=True)
class ClockFormat:
    """A strftime pattern and how to read it. Raises ValueError for one that no clock could be read in."""

    pattern: str

    def __post_init__(self) -> None:
        if why := _why_unreadable(self.pattern):
            raise ValueError(f"the clock format {self.pattern!r} {why}")
        regex_of(self.pattern, False)

    def search(self, text: str, lenient: bool = False) -> ClockText | None:
        """The first place in `text` that shows a possible date or time in this format. `lenient` takes whatever marks
        stand between the numbers for the right ones, where the format is particular enough."""
        return _search(self.pattern, text, lenient and len(self.directives) >= PARTICULAR)

    def written_like(self, text: str, moment: datetime) -> str | None:
        """The clock of `text` as it would show the naive `moment`: the same widths, zone and names, `?` for fractions;
        None where `text` shows none, or names or widths would change."""
        match = written_regex(self.pattern).search(text)
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
        match = written_regex(self.pattern).fullmatch(text)
        if not match:
            return None
        possible = {}
        for name, value in match.groupdict().items():
            told = {_written_field(name, value, datetime.combine(day, time())) for day in days if name in _OF_A_DAY}
            for place in range(len(value)):
                some = {one[place] for one in told if one} or _digits_at(place, name, len(value))
                possible[match.start(name) + place] = some
        return [possible.get(place, set(DIGITS)) for place, char in enumerate(text) if char.isdigit() or char == "?"]

    def fields_of(self, text: str) -> str:
        """For each digit of `text`, a clock as the format writes it, the directive that it belongs to (`H`, `f`); empty
        where `text` shows none."""
        match = written_regex(self.pattern).fullmatch(text)
        named = {place: name for name in match.groupdict() for place in range(*match.span(name))} if match else {}
        return "".join(named.get(place, "?") for place, char in enumerate(text) if char.isdigit()) if match else ""

    @property
    def directives(self) -> frozenset[str]:
        return directives_of(self.pattern)

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
    def shows_zone(self) -> bool:
        return bool(self.directives & {"Z", "z"})

    @property
    def shows_seconds(self) -> bool:
        return "S" in self.directives


@lru_cache(maxsize=8192)
def _search(pattern: str, text: str, lenient: bool) -> ClockText | None:
    """A night asks the same of each frame's text several times."""
    for match in regex_of(pattern, lenient).finditer(plain(text)):
        found = _clock_text(match, pattern)
        if found:
            return found
    return None


def _digits_at(place: int, name: str, width: int) -> set[str]:
    """The digits that can stand at a place of a field of so many digits, on any day that has been."""
    if width < 2:
        return set(DIGITS)
    decades = set(DIGITS[: (date.today().year + 1) // 10 % 10 + 1])
    if place == 0:
        return decades | set(_OF_LAST_CENTURY) if name == "y" else set(_FIRST_DIGITS.get(name, DIGITS))
    if place == 1:
        return set(_SECOND_DIGITS.get(name, DIGITS))
    return decades if name == "Y" and place == 2 else set(DIGITS)


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


def _clock_text(match: re.Match[str], pattern: str) -> ClockText | None:
    fields = match.groupdict()
    if pattern.startswith("%Y") and _half_padded(fields):
        return None
    try:
        day, month_day, clock = _day(fields), _month_day(fields), _time(fields)
    except ValueError:
        return None
    zone = (fields.get("Z") or fields.get("z") or "").upper() or None
    shown = (*match.span(), _tidy(fields, pattern), _quantum(fields), _weekday(fields))
    return ClockText(day, month_day, clock, zone, *shown)


def _half_padded(fields: dict[str, str]) -> bool:
    """Whether of month and day, both numbers, one is written with a zero before it and the other with one digit: behind
    a year nobody writes 09-2."""
    numbers = [fields[name] for name in "md" if name in fields]
    return len({len(one) for one in numbers}) > 1 and any(one.startswith("0") for one in numbers)


def _tidy(fields: dict[str, str], pattern: str) -> str:
    """The clock as its format writes it, with one blank where the format has some."""
    pieces = ["".join(fields[token[-1]].split()) if is_directive(token) else token for token in tokens_of(pattern)]
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
