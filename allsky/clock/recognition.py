"""In which formats could this text show a date and a time?

The pieces of a clock (date, time, weekday, zone) are looked for one by one and put together in the order in
which they stand. Where day and month could be swapped, or a year of two digits could be a day, every
possibility comes back: other evidence has to choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from allsky.clock.format_regex import KNOWN_ZONE, MONTHS, STRAY_MARK, WEEKDAY, YEAR, ZONE
from allsky.clock.formats import ClockFormat, ClockText, plain

# The T of ISO 8601, read as something else.
_LOST_T = re.compile(r"((?:19|20)\d\d([-/._])\d\d\2\d\d)[1I7il](\d\d:\d\d)")
# What may stand between a date and a time that belong together; a blank between outlined words is read as a mark.
_GAP = r"[\s,;|T_@-]{0,4}(?:at\s)?"
_MARKED_BLANK = rf"\s?{STRAY_MARK}\s?"

_YEAR_FIRST = [f"%Y{mark}%m{mark}%d" for mark in ("-", "/", ".", "_", ":", " ", "")]
# An underscore, on the line's foot, is easily overlooked: it is a blank then.
_YEAR_FIRST += ["%Y %m_%d", "%Y_%m %d"]
_YEAR_LAST = [
    *(f"%d.%m.%{year}" for year in "Yy"),
    *(f"%{order[0]}{mark}%{order[1]}{mark}%{year}" for mark in "/-_" for year in "Yy" for order in ("dm", "md")),
]
_SHORT_YEAR_FIRST = [f"%y{mark}%m{mark}%d" for mark in "-/."]
_NAMED_MONTH = [
    *(f"%d{mark}%{month}{mark}%{year}" for mark in ("", " ", "-", "/", ".", ". ") for month in "bB" for year in "Yy"),
    # A short year needs its comma: in "12 Apr 20 11" a blank is too many and the 20 is no day.
    *(
        f"%{month}{mark}%d{comma}%{year}"
        for mark in ("", " ", "-", ". ")
        for month in "bB"
        for comma, years in ((" ", "Y"), (", ", "Yy"), ("-", "Yy"), ("", "Y"))
        for year in years
    ),
    *(f"%Y{mark}%{month}{mark}%d" for mark in ("", " ", "-", "/") for month in "bB"),
]
_NO_YEAR = [f"{first}{mark}{second}" for mark in " -" for month in ("%b", "%B")
            for first, second in ((month, "%d"), ("%d", month))]  # fmt: skip
_DAY_OF_YEAR = ["%Y-%j", "%Y/%j"]
_NUMBERS_ONLY = [*_YEAR_FIRST, *_YEAR_LAST, *_SHORT_YEAR_FIRST, *_DAY_OF_YEAR]
_DATES = [*_NUMBERS_ONLY, *_NAMED_MONTH, *_NO_YEAR]
_ANY_MONTH = re.compile("|".join(MONTHS), re.IGNORECASE)
# `4h24m` has so many digits.
_FEWEST_DIGITS = 3

_BODIES = [
    ("%M:%S", ":", (".%f", ",%f", "")),
    ("%M.%S", ".", ("",)),
    ("%M'%S\"", ":", ("",)),
    ("%M'%S", ":", ("",)),
    ("%Mm%S", "h", ("s", "")),
    ("%Mm %S", "h ", ("s",)),
    ("%Mm", "h", ("",)),
    ("%M", "h", ("",)),
    ("%M", ":", ("",)),
]
_TIMES = [
    f"{hour}{mark}{body}{end}{half}"
    for hour, half in (("%I", " %p"), ("%H", ""))
    for body, mark, ends in _BODIES
    for end in ends
]
# Right behind a date only; elsewhere they could be anything.
_COMPACT_TIMES = ["%H%M%S", "%H-%M-%S", "%H_%M_%S", "%H %M %S", "%H%M"]
_ALL_DIGITS = "%Y%m%d%H%M%S"


@dataclass(frozen=True)
class Recognised:
    """A format that fits a stretch of a text, and what the text then shows."""

    format: ClockFormat
    shown: ClockText


def recognise(text: str) -> list[Recognised]:
    """Every format in which `text` shows a full clock; where it shows none, those of a date alone and a time alone.

    Empty where the text shows neither.
    """
    text = _LOST_T.sub(r"\1T\3", plain(text))
    if sum(char.isdigit() for char in text) < _FEWEST_DIGITS:
        return []
    if whole := ClockFormat(_ALL_DIGITS).search(text):
        return _surrounded(text, _ALL_DIGITS, whole)
    # Each pattern is compiled when it is first looked for: 3 ms, some 70 of them for dates with a month's name.
    dates = _longest(_found(_DATES if _ANY_MONTH.search(text) else _NUMBERS_ONLY, text))
    times = _longest(_found(_TIMES, text))
    times = [one for one in times if not _cut_short(text, one.shown)]
    full = [
        whole for day in dates for clock in times or _compact_times(text, day) for whole in _joined(text, day, clock)
    ]
    return full or [*dates, *(one for time in times for one in _surrounded(text, time.format.pattern, time.shown))]


def stands_alone(text: str, found: Recognised) -> bool:
    """Whether what stands beside a clock in `text` has too few digits to be a date or a year that was not made out."""
    beside = text[: found.shown.start] + text[found.shown.end :]
    return sum(char.isdigit() for char in beside) <= 1


def _cut_short(text: str, shown: ClockText) -> bool:
    """Whether an hour of one digit begins a time that goes on behind its seconds: then it is no hour (the T of ISO 8601
    read as 7)."""
    one_digit = not text[shown.start + 1 : shown.start + 2].isdigit()
    return one_digit and bool(re.match(r"\s?:\s?\d", text[shown.end :]))


def _found(forms: Iterable[str], text: str) -> list[Recognised]:
    answers = []
    for pattern in forms:
        shown = ClockFormat(pattern).search(text)
        if shown and _has_blanks(pattern) == _has_blanks(_whole_year(text[shown.start : shown.end])):
            answers.append(Recognised(ClockFormat(pattern), shown))
    return answers


def _has_blanks(text: str) -> bool:
    """Whether digits or words are parted by a blank (one beside a mark or before AM and PM does not count)."""
    return bool(re.search(r"[\w.,]\s+(?![aApP]\.?[mM]\b)[\w%](?!p)", text))


def _whole_year(text: str) -> str:
    """`text` without the blank that a narrow 1 leaves in a year beside a mark (`201 1-02-04`)."""
    return re.sub(rf"(?<![\w]){YEAR}(?=[-/._:])", lambda year: "".join(year[0].split()), text)


def _longest(found: list[Recognised]) -> list[Recognised]:
    """Those that take the most text: none whose stretch lies inside a longer one's."""

    def inside(one: ClockText, other: ClockText) -> bool:
        return other.start <= one.start and one.end <= other.end and other.end - other.start > one.end - one.start

    return [one for one in found if not any(inside(one.shown, other.shown) for other in found)]


def _joined(text: str, day: Recognised, clock: Recognised) -> list[Recognised]:
    """The whole clock of a date and a time that belong together, in either order."""
    first, second = sorted((day, clock), key=lambda part: part.shown.start)
    joint = _joint(text[first.shown.end : second.shown.start])
    if first.shown.end > second.shown.start or joint is None:
        return []
    stretch = (first.shown.start, second.shown.end)
    return _surrounded(text, first.format.pattern + joint + second.format.pattern, stretch)


def _compact_times(text: str, day: Recognised) -> list[Recognised]:
    """A time without colons counts as one only right after a date."""
    start = day.shown.end + len(re.match(_GAP, text[day.shown.end :])[0])  # type: ignore[index]
    for pattern in _COMPACT_TIMES:
        shown = ClockFormat(pattern).search(" " * start + text[start:])
        if shown and shown.start == start and not re.match(r"\w|\W{0,2}:\s?\w", text[shown.end :]):
            return [Recognised(ClockFormat(pattern), shown)]
    return []


def _joint(between: str) -> str | None:
    """The pattern of what stands between date and time: blanks, a mark, a weekday, a zone; None for strangers."""
    if re.fullmatch(_GAP, between):
        return between
    if re.fullmatch(_MARKED_BLANK, between):
        return " "
    word = re.fullmatch(rf"(\s*,?\s*\(?)(?:({WEEKDAY})|({ZONE}))(\)?[,:]?\s*)", between)
    if word:
        return word[1] + ("%a" if word[2] else "%Z") + word[4]
    return between if re.fullmatch(r"\s*[A-Za-z]{2,6}\s?:\s*", between) else None


def _surrounded(text: str, pattern: str, stretch: tuple[int, int] | ClockText) -> list[Recognised]:
    """The clock with the weekday and the zone before it, and the zone and the year behind it, where they are shown."""
    start, end = (stretch.start, stretch.end) if isinstance(stretch, ClockText) else stretch
    pattern = _before(text[:start], "%Z" in pattern) + pattern
    for _ in range(2):
        more, length = _behind(text[end:], pattern)
        pattern, end = pattern + more, end + length
    shown = ClockFormat(pattern).search(text)
    return [Recognised(ClockFormat(pattern), shown)] if shown and shown.clock else []


def _before(text: str, has_zone: bool) -> str:
    """The pattern of a weekday, or of a zone that is surely one, at the end of `text`."""
    if weekday := re.search(rf"{WEEKDAY}([,.]?\s*)$", text):
        return "%a" + weekday[1]
    zone = None if has_zone else re.search(rf"(?<![A-Za-z])(?!Z\b)(?:{KNOWN_ZONE})(\s?[:=-]?\s*)$", text)
    return "%Z" + zone[1] if zone else ""


def _behind(text: str, pattern: str) -> tuple[str, int]:
    """The pattern of a zone, or of a year not yet shown, at the beginning of `text`, and how much of it that takes."""
    if not re.search("%[zZ]", pattern):
        zone = re.match(rf"(\s*\(?)(?:({ZONE})(?![A-Za-z])|([+-]\d\d:?\d\d)(?!\d))(\)?)", text)
        if zone:
            return zone[1] + ("%Z" if zone[2] else "%z") + zone[4], zone.end()
        if zone := re.match(rf"[,.;'\")]\s({KNOWN_ZONE})(?![A-Za-z])", text):
            return " %Z", zone.end()
    form = ClockFormat(pattern)
    year = re.match(r"(\s+)(?:19|20)\d\d(?![\w:.])", text)
    if year and form.shows_date and not form.shows_year:
        return year[1] + "%Y", year.end()
    return "", 0
