"""Which of the formats that fit a clock is the right one?

Most texts fit one format only. Where day and month could be swapped, or a year of two digits could be a day, the
night decides: the file's date, a date that rolls over, the months no calendar has. What is still open is
asked for, never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise

from allsky.clock.formats import ClockFormat
from allsky.clock.recognition import recognise

# A fuller format wins over one that fits more texts if it fits this share of them.
OFTEN_ENOUGH = 0.4
# A date with a time is believed where this many texts show it.
FEW_FULL = 2
# Some texts of a night may be misread; the others tell.
MOSTLY = 0.6
# A day seen in no more of them than this was misread.
MISREAD_ALONE = 0.15
# So many texts, and this share of them, that show a day of the night are no chance.
FEWEST_OF_NIGHT, LEAST_OF_NIGHT = 3, 0.25


def commonest_formats(formats: Sequence[ClockFormat], texts: Sequence[str]) -> list[ClockFormat]:
    """Of `formats` the fullest that fit nearly as many texts as any (a garbled text still fits a poorer format); more
    than one where they read the same characters as other dates."""
    formats = list(dict.fromkeys(formats))
    counts = {each: sum(each.search(text) is not None for text in texts) for each in formats}
    common = [each for each in formats if counts[each] >= OFTEN_ENOUGH * max(counts.values())]
    if not any(_full(each) for each in common):
        # A date beside a time does not come about by misreading: where it is seen at all, it is there.
        common += [each for each in formats if _full(each) and counts[each] >= FEW_FULL]
    # Nor does a year of four digits: without its first ones the rest reads as a day, month and short year.
    common += [each for each in formats if "Y" in each.directives and counts[each] >= FEW_FULL and each not in common]
    best = max(common, key=lambda each: (len(each.directives), "Y" in each.directives, counts[each]))
    return [each for each in common if _marks(each) == _marks(best)]


def _full(clock_format: ClockFormat) -> bool:
    return clock_format.shows_date and clock_format.shows_time


def _marks(clock_format: ClockFormat) -> str:
    """The pattern with day, month and short year as one and the same."""
    pattern = clock_format.pattern
    for directive in ("%d", "%m", "%y"):
        pattern = pattern.replace(directive, "%?")
    return pattern


def possible_formats(formats: Sequence[ClockFormat], texts: Sequence[str], night: str | None) -> list[ClockFormat]:
    """Of formats that differ in the order of day, month and year those that this night allows.

    `texts` are the keyframes' in order of time, `night` the date of the evening where the file's name tells it. No
    format is left where days, months and years of two digits fit that date in no order: they were misread.
    """
    if len(formats) < 2 and not (night and formats and _short_numbers(formats[0])):
        return list(formats)
    shown = {each: _days(each, texts) for each in formats}
    most = max(len(days) for days in shown.values())
    left = [each for each in formats if len(shown[each]) >= MOSTLY * most]
    if not most:
        return left
    if night:
        evening = date.fromisoformat(night)
        near = [each for each in left if _mostly(shown[each], evening)]
        if not near and any(_short_numbers(each) for each in left):
            return []
        # A clock that was set back over midnight shows the day before again, which in the other order is a month away.
        left = _kept(near, lambda each: all(_is_near(day, evening) for day in _usual(shown[each]))) or left
    # Days that come and go are a digit misread, and tell no order.
    if any(_goes_on(shown[each]) for each in left):
        left = _kept(left, lambda each: _mostly(shown[each], sorted(shown[each])[len(shown[each]) // 2]))
        left = _nearest_together(left, shown)
    return left if len({_usual(shown[each]) for each in left}) > 1 else left[:1]


def told_by_night(formats: Sequence[ClockFormat], texts: Sequence[str], night: str) -> list[ClockFormat]:
    """Of `formats` the one in which several texts show a day of this night, where no text does in another order of day,
    month and year; none where there is no such format. It need not fit most texts."""
    evening = date.fromisoformat(night)
    of_night = {
        each: sum(_is_near(_in_year(day, evening, each), evening) for day in _days(each, texts))
        for each in dict.fromkeys(formats)
    }
    near = [each for each in of_night if of_night[each]]
    if not near or max(of_night.values()) < max(FEWEST_OF_NIGHT, LEAST_OF_NIGHT * len(texts)):
        return []
    best = max(near, key=lambda each: (of_night[each], len(each.directives)))
    return [best] if all(_order(each) == _order(best) for each in near) else []


def mostly_of_night(clock_format: ClockFormat, texts: Sequence[str], night: str) -> bool:
    """Whether most of the texts show a day of this night in a format."""
    evening = date.fromisoformat(night)
    return sum(_is_near(day, evening) for day in _days(clock_format, texts)) >= MOSTLY * len(texts)


def _in_year(day: date, evening: date, clock_format: ClockFormat) -> date:
    """A day in the year of an evening, where a year of four digits is shown: misread it tells no order."""
    try:
        return day.replace(year=evening.year) if "Y" in clock_format.directives else day
    except ValueError:
        return day


def with_seconds(clock_format: ClockFormat, texts: Sequence[str]) -> ClockFormat:
    """The format, or where it shows minutes and several of the texts seconds behind them, theirs: seconds do not come
    about by misreading, and a clock of which they were missed would be wrong by them."""
    if clock_format.shows_seconds or not clock_format.shows_time:
        return clock_format
    found = [one.format for text in texts for one in recognise(text)]
    fuller = [each for each in found if each.shows_seconds and each.directives > clock_format.directives]
    return Counter(fuller).most_common(1)[0][0] if len(fuller) >= FEW_FULL else clock_format


def _order(clock_format: ClockFormat) -> list[str]:
    """Day, month and year in the order in which a format has them."""
    return re.findall("%[dmyYbB]", clock_format.pattern)


def _days(clock_format: ClockFormat, texts: Sequence[str]) -> list[date]:
    """The days that the texts show in a format."""
    return [found.day for text in texts if (found := clock_format.search(text)) and found.day]


def _nearest_together(formats: list[ClockFormat], shown: dict[ClockFormat, list[date]]) -> list[ClockFormat]:
    """The formats whose days lie together: a date that rolls over goes on to the next day in one order, and a month
    ahead in the other."""
    usual = {each: _usual(shown[each]) or shown[each] for each in formats}
    days = {each: [day for day in shown[each] if day in usual[each]] for each in formats}
    apart = {each: sum((day - min(days[each])).days > 2 for day in days[each]) for each in formats}
    return [each for each in formats if apart[each] <= min(apart.values()) + 1]


def _goes_on(days: Sequence[date]) -> bool:
    """Whether the days, but those that stand alone, go on from one to the next and never back."""
    usual = _usual(days)
    return all((after - before).days in (0, 1) for before, after in pairwise(day for day in days if day in usual))


def _usual(days: Sequence[date]) -> frozenset[date]:
    """The days but those that stand alone: they were misread."""
    return frozenset(day for day in days if days.count(day) > MISREAD_ALONE * len(days))


def _short_numbers(clock_format: ClockFormat) -> bool:
    """Whether a misread digit could make a day of a year: two digits each, and no name of a month."""
    return {"d", "m", "y"} <= clock_format.directives


def _kept(formats: list[ClockFormat], test: Callable[[ClockFormat], bool]) -> list[ClockFormat]:
    """Those that pass, or all where none does: then the evidence is about something else."""
    return [each for each in formats if test(each)] or formats


def _mostly(days: Sequence[date], evening: date) -> bool:
    """Whether nearly all of the days are that of an evening or next to it."""
    return sum(_is_near(day, evening) for day in days) >= MOSTLY * len(days)


def _is_near(day: date, evening: date) -> bool:
    return -1 <= (day - evening).days <= 2
