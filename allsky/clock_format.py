"""What date and time does a line of text show, and in which format was it written?

A format is a strftime pattern (`%Y-%m-%d %H:%M:%S`), read more kindly than `strptime` does: blanks may
be missing, months and weekdays are English whatever the machine's locale, and text around the clock
is passed over. `recognise` proposes the formats a text could have been written in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_ZONE_WORD = r"UTC|UT|GMT|LT|Z|[A-Z]{2,4}T"

# What each directive may look like. Repeated directives and ones not listed are errors.
_DIRECTIVES = {
    "Y": r"(?:19|20)\d\d",
    "y": r"\d\d",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "j": r"\d{3}",
    "b": "|".join(MONTHS),
    "B": "|".join(MONTH_NAMES),
    "a": _DAYS,
    "A": r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d\d",
    "S": r"\d\d",
    "f": r"\d{1,6}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "Z": _ZONE_WORD,
    "z": r"[+-]\d\d:?\d\d|[+-]\d\d?",
}
WORDS = frozenset("bBaApZz")

# What Tesseract writes for the plain characters of clocks.
_PLAIN = str.maketrans({"—": "-", "–": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "″": '"', "′": "'"})


@dataclass(frozen=True)
class ClockText:
    """What one text shows: `day` and `clock` (either may be missing), the zone word, the span it takes
    in the text, and the seconds between two values of the clock's last place (60, 1, 0.1, ...)."""

    day: date | None
    clock: time | None
    zone: str | None
    start: int
    end: int
    quantum_s: float

    @property
    def moment(self) -> datetime | None:
        """The naive date and time, where both are shown."""
        return datetime.combine(self.day, self.clock) if self.day and self.clock else None


def plain(text: str) -> str:
    """`text` with typographic dashes and quotes as plain ones, character by character."""
    return text.translate(_PLAIN)


@dataclass(frozen=True)
class ClockFormat:
    """A strftime pattern and how to read it."""

    pattern: str

    def search(self, text: str) -> ClockText | None:
        """The first place in `text` that shows a possible date or time in this format."""
        for match in _regex(self.pattern).finditer(plain(text)):
            found = _clock_text(match)
            if found:
                return found
        return None

    def fields(self, text: str) -> list[str] | None:
        """For each character of the text's clock the directive letter it belongs to, '' for separators."""
        match = _regex(self.pattern).search(plain(text))
        if not match:
            return None
        letters = [""] * (match.end() - match.start())
        for name in match.groupdict():
            for place in range(*match.span(name)):
                letters[place - match.start()] = name
        return letters

    @property
    def directives(self) -> frozenset[str]:
        return frozenset(_regex(self.pattern).groupindex)

    @property
    def shows_date(self) -> bool:
        return bool(self.directives & {"m", "b", "B", "j"})

    @property
    def shows_year(self) -> bool:
        return bool(self.directives & {"Y", "y"})

    @property
    def shows_time(self) -> bool:
        return bool(self.directives & {"H", "I"})


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    """A regular expression for a strftime pattern. Raises ValueError for a directive it cannot read."""
    expression = ""
    for token in re.findall(r"%-?.|\s+|.", pattern):
        if token.startswith("%") and token[-1] in _DIRECTIVES:
            expression += f"(?P<{token[-1]}>{_DIRECTIVES[token[-1]]})"
        elif token.startswith("%") and token != "%%":
            raise ValueError(f"{token} in the clock format {pattern!r} is not understood")
        else:
            expression += r"\s*" if token.isspace() else re.escape(token.replace("%%", "%"))
    # A number that goes on beyond the clock is another number; minutes that go on have seconds behind them.
    head = r"(?<!\d)" if pattern.startswith("%") else ""
    tail = r"(?!\d)" if pattern[-2:-1] == "%" else ""
    tail += r"(?!\s?[:'.]\s?\w)" if pattern.endswith("%M") else ""
    return re.compile(head + expression + tail)


def _clock_text(match: re.Match[str]) -> ClockText | None:
    fields = match.groupdict()
    try:
        day, clock = _day(fields), _time(fields)
    except ValueError:
        return None
    zone = fields.get("Z") or fields.get("z")
    return ClockText(day, clock, zone, match.start(), match.end(), _quantum(fields))


def _day(fields: dict[str, str]) -> date | None:
    year = int(fields["Y"]) if "Y" in fields else 2000 + int(fields["y"]) if "y" in fields else None
    if year is None:
        return None
    if "j" in fields:
        return date(year, 1, 1) + timedelta(days=int(fields["j"]) - 1)
    return date(year, _month(fields), int(fields["d"]))


def _month(fields: dict[str, str]) -> int:
    if "m" in fields:
        return int(fields["m"])
    name = fields.get("b") or fields["B"]
    return MONTHS.index(name[:3]) + 1


def _time(fields: dict[str, str]) -> time | None:
    if "H" in fields:
        hour = int(fields["H"])
    elif "I" in fields:
        hour = _hour_of_twelve(int(fields["I"]), fields.get("p"))
    else:
        return None
    microsecond = int(fields.get("f", "0").ljust(6, "0"))
    return time(hour, int(fields.get("M", 0)), int(fields.get("S", 0)), microsecond)


def _hour_of_twelve(hour: int, half: str | None) -> int:
    """12 AM is midnight and 12 PM is noon."""
    if not 1 <= hour <= 12 or half is None:
        raise ValueError(f"{hour} {half} is no hour of a 12-hour clock")
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def _quantum(fields: dict[str, str]) -> float:
    if "f" in fields:
        return 10.0 ** -len(fields["f"])
    return 1.0 if "S" in fields else 60.0


# Finding the format.

_GAP = r"[\s,;|T_@-]{0,3}(?:at\s)?"
_DATE_FORMS = [
    *(f"%Y{mark}%m{mark}%d" for mark in ("-", "/", ".", "_", ":", " ", "")),
    *(f"%{first}{mark}%{second}{mark}%{year}"
      for mark in ("/", ".", "-", "_")
      for year in "Yy" for first, second in ("dm", "md")),
    *(f"%y{mark}%m{mark}%d" for mark in ("-", "/", ".")),
    *(f"%d{mark}%{month}{mark}%{year}" for mark in ("", " ", "-", "/", ".", ". ") for month in "bB" for year in "Yy"),
    *(f"%{month}{mark}%d{comma}%{year}" for mark in ("", " ", "-", ". ") for month in "bB"
      for comma in (" ", ", ", "-", "") for year in "Yy"),
    *(f"%Y{mark}%{month}{mark}%d" for mark in ("", " ", "-", "/") for month in "bB"),
    *(f"%d{mark}%{month}" for mark in (" ", "-") for month in "bB"),
    *(f"%{month}{mark}%d" for mark in (" ", "-") for month in "bB"),
]  # fmt: skip
_TIME_FORMS = [
    *(f"{hour}{body}{fraction}{half}"
      for hour, half in (("%I", " %p"), ("%H", ""))
      for body, fractions in ((":%M:%S", (".%f", ",%f", "")), (".%M.%S", ("",)), (":%M'%S\"", ("",)), (":%M'%S", ("",)),
                              ("h%Mm%Ss", ("",)), ("h%Mm", ("",)), ("h%M", ("",)), (":%M", ("",)))
      for fraction in fractions),
]  # fmt: skip
_COMPACT_TIME_FORMS = ["%H%M%S", "%H%M"]


@dataclass(frozen=True)
class Recognised:
    """A format that fits a stretch of a text, and what the text then shows."""

    format: ClockFormat
    shown: ClockText


def recognise(text: str) -> list[Recognised]:
    """Every format in which `text` shows a full clock, a time alone or a date alone, the fullest first.

    More than one full clock comes back where day and month could be swapped; the caller settles it with
    other evidence. Empty where the text shows none.
    """
    text = plain(text)
    dates, times = _found(_DATE_FORMS, text), _longest(_found(_TIME_FORMS, text))
    full = [whole for day in _longest(dates) for whole in _joined(text, day, times)]
    alone = [_with_surroundings(text, one.format, one.shown.start, one.shown.end) for one in times]
    return full or [*_longest(dates), *(one for one in alone if one)]


def _found(forms: list[str], text: str) -> list[Recognised]:
    answers = []
    for pattern in forms:
        shown = ClockFormat(pattern).search(text)
        if shown and _plausible(pattern, text, shown):
            answers.append(Recognised(ClockFormat(pattern), shown))
    return answers


def _plausible(pattern: str, text: str, shown: ClockText) -> bool:
    """Not a piece of a longer number, and with the blanks the pattern asks for."""
    stretch = text[shown.start : shown.end]
    return (" " in pattern.replace(" %p", "")) == (" " in stretch.replace(" AM", "").replace(" PM", ""))


def _longest(found: list[Recognised]) -> list[Recognised]:
    """Those that take the most text, leaving out any whose stretch lies inside a longer one's."""

    def inside(one: ClockText, other: ClockText) -> bool:
        return other.start <= one.start and one.end <= other.end and other.end - other.start > one.end - one.start

    return [one for one in found if not any(inside(one.shown, other.shown) for other in found)]


def _joined(text: str, day: Recognised, times: list[Recognised]) -> list[Recognised]:
    """The whole clock around a date: date and time in either order, with weekday and zone where shown."""
    answers = []
    for clock in times or _compact_times(text, day):
        first, second = sorted((day, clock), key=lambda part: part.shown.start)
        between = text[first.shown.end : second.shown.start]
        joint = _joint(between)
        if first.shown.end <= second.shown.start and joint is not None:
            pattern = first.format.pattern + joint + second.format.pattern
            answers.append(_with_surroundings(text, ClockFormat(pattern), first.shown.start, second.shown.end))
    return [answer for answer in answers if answer]


def _compact_times(text: str, day: Recognised) -> list[Recognised]:
    """A time without separators counts as one only right after a date."""
    rest = re.match(_GAP, text[day.shown.end :])
    start = day.shown.end + (rest.end() if rest else 0)
    for pattern in _COMPACT_TIME_FORMS:
        shown = ClockFormat(pattern).search(text[start:])
        if shown and shown.start == 0:
            moved = ClockText(None, shown.clock, None, start, start + shown.end, shown.quantum_s)
            return [Recognised(ClockFormat(pattern), moved)]
    return []


def _joint(between: str) -> str | None:
    """The pattern of what stands between date and time: blanks, a mark, a weekday or a zone; else None."""
    if re.fullmatch(_GAP, between):
        return between
    word = re.fullmatch(rf"(\s*,?\s*\(?)({_DAYS}|{_ZONE_WORD})(\)?,?\s*)", between)
    if not word:
        return None
    directive = "%a" if re.fullmatch(_DAYS, word[2]) else "%Z"
    return word[1] + directive + word[3]


def _with_surroundings(text: str, whole: ClockFormat, start: int, end: int) -> Recognised | None:
    """The clock with the weekday before it and the zone behind it, where they are shown."""
    pattern = whole.pattern
    before = re.search(rf"({_DAYS})([,.]?\s*)$", text[:start])
    if before:
        pattern = "%a" + before[2] + pattern
    behind = re.match(rf"(\s*\(?)(?:({_ZONE_WORD})\b|([+-]\d\d:?\d\d)(?!\d))(\)?)", text[end:])
    if behind and "%Z" not in pattern:
        pattern += behind[1] + ("%Z" if behind[2] else "%z") + behind[4]
    shown = ClockFormat(pattern).search(text)
    return Recognised(ClockFormat(pattern), shown) if shown and shown.clock else None
