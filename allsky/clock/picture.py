"""What time does a single picture show, and is that sure enough to be said?

A picture alone has no night that settles doubts. So Tesseract reads each place that may show the clock many times,
in different guises, and what it reads must be one and the same; equal digits must look equal, different ones
different, and a weekday must be that of its date. Whatever fails is told as a reason, and no time with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

import cv2
import numpy as np

from allsky.clock.boxes import Box
from allsky.clock.digit_looks import looks_belie
from allsky.clock.format_regex import MONTHS
from allsky.clock.formats import ClockFormat
from allsky.clock.guises import read_crops
from allsky.clock.missed_digits import cut_short
from allsky.clock.part_reading import PartReading
from allsky.clock.recognition import Recognised, stands_alone
from allsky.clock.search import Place, clocks_in, find_clock, widened
from allsky.clock.tesseract import TextLine
from allsky.clock.text_rows import FAINT_CONTRAST, LEAST_CONTRAST
from allsky.clock.zones import looks_like_utc

# Letters are taken for so much higher and lower than they are, for Tesseract to see them at several sizes.
HEIGHT_FACTORS = (0.8, 1.0, 1.25)
AGREEING_GUISES = ("ink", "grey", "level")
# A clock is looked for in these: what only another guise shows has no night to bear it out.
STYLES_LOOKED_AT = (*AGREEING_GUISES, "even")
# Guises that must agree, and their share of the confidence of all that show a clock.
FEWEST_VOTES, AGREEING_SHARE = 3, 0.75
# Confidence of its least sure digit that Tesseract must have in some guise.
LEAST_CONFIDENCE = 0.5
# Grey levels between the colours of a pixel from which on a picture is worth looking at colour by colour.
COLOURFUL = 60

# Zones of countries that write the month before the day.
NORTH_AMERICAN = frozenset({"EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "AKST", "AKDT", "HST"})

# What one text shows: its possible days (or months and days without a year), and its time to the second.
_Shown = tuple[frozenset, time | None]


@dataclass(frozen=True)
class PictureClock:
    """What a picture shows.

    `moments` (naive, to the second) that its clock could mean, likeliest first (two where day and month could be
    swapped); none where it shows no whole date or abstains, `reason` saying why. `time_only` is the time of a clock
    without a whole date. `boxes` of the clock in pixels, `formats` that of each in which it is read (none where it is
    too hard to read), `text` as read, `zone` as written, `confidence` 0 to 1.
    """

    moments: tuple[datetime, ...] = ()
    time_only: time | None = None
    zone: str | None = None
    boxes: tuple[Box, ...] = ()
    formats: tuple[ClockFormat, ...] = ()
    text: str = ""
    confidence: float = 0.0
    reason: str | None = None


def read_picture_clock(
    rgb: np.ndarray,
    hint: date | None = None,
    within: Sequence[Box] = (),
    given: Sequence[ClockFormat] = (),
) -> PictureClock:
    """The clock on a picture (H, W, 3) of full range; `hint` is a date that its file's name tells, `within` limits the
    search, the formats `given`, if any, are the only ones looked for.

    Raises MissingTool without Tesseract.
    """
    best = PictureClock(reason="no date and no time was found on the picture")
    for plane, contrast in _views(rgb):
        places, _ = find_clock([plane], within, given, contrast, STYLES_LOOKED_AT)
        if not places:
            continue
        answer = _read_places(widened(places, plane), plane, hint, given)
        if answer.moments:
            return answer
        best = max(best, answer, key=lambda one: (one.time_only is not None, bool(one.boxes), one.confidence))
    return best


def _views(rgb: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Grey pictures (H, W) to look for text on, and the least contrast of it: luma, then colours, then how colourful it
    is (coloured text over a dark and a pale part of the picture stands out in no other), then faint text."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    yield luma, LEAST_CONTRAST
    brightest, darkest = rgb.max(axis=2), rgb.min(axis=2)
    if float((brightest - darkest).max()) >= COLOURFUL:
        yield brightest, LEAST_CONTRAST
        yield darkest, LEAST_CONTRAST
        yield brightest - darkest, LEAST_CONTRAST
    yield luma, FAINT_CONTRAST


# Reading a place in many guises.


@dataclass(frozen=True)
class _Verdict:
    """What most guises of a place show: the readings that agree, and their share of the confidence that all have who
    show a clock."""

    shown: _Shown
    agreeing: list[tuple[TextLine, Sequence[Recognised]]]
    share: float
    crop: np.ndarray
    place: Place


def _read_places(
    places: Sequence[Place], plane: np.ndarray, hint: date | None, given: Sequence[ClockFormat]
) -> PictureClock:
    verdicts = [verdict for place in places if (verdict := _verdict(place, plane, given))]
    full = [verdict for verdict in verdicts if verdict.shown[0] and verdict.shown[1] is not None]
    parts = full[:1] or verdicts
    if not parts:
        return PictureClock(boxes=tuple(place.box for place in places), reason="the clock is too hard to read")
    days = {day for verdict in parts for day in verdict.shown[0]}
    clocks = [verdict.shown[1] for verdict in parts if verdict.shown[1] is not None]
    doubt = next((reason for verdict in parts if (reason := _doubt(verdict))), None)
    text = " ".join(verdict.agreeing[0][0].text for verdict in parts)
    boxes = tuple(verdict.place.box for verdict in parts)
    formats = tuple(_format(verdict, text, hint) for verdict in parts)
    known = PictureClock(zone=_zone(parts), boxes=boxes, formats=formats, text=text, confidence=_confidence(parts))
    if doubt or not clocks:
        return replace(known, reason=doubt or "a date, but no time was found")
    whole = _likeliest_first(parts, hint)
    if not whole and any(_hour_may_be_cut(verdict) for verdict in parts):
        return replace(known, reason=f"the hour in {text!r} may be cut: numbers beside it were not made out")
    if not whole:
        return replace(known, time_only=clocks[0], reason=_no_date(days))
    unread = None if known.zone else _unread_zone(parts)
    return replace(known, moments=tuple(datetime.combine(day, clocks[0]) for day in whole), reason=unread)


def _verdict(place: Place, plane: np.ndarray, given: Sequence[ClockFormat]) -> _Verdict | None:
    crop = place.box.crop(plane)
    lines = [line for style in AGREEING_GUISES for line in _in_style(crop, place, style)]
    read = [(line, found) for line in lines if (found := clocks_in(line.text, given))]
    fullest = max((_fullness(found) for _, found in read), default=0)
    read = [one for one in read if _fullness(one[1]) == fullest]
    if not read:
        return None
    camps: dict[_Shown, list] = {}
    for one in sorted(read, key=lambda one: -_least_confidence(*one)):
        camps.setdefault(_shown(one[1]), []).append(one)
    ranked = sorted(camps, key=lambda shown: -len(camps[shown]))
    # What does not look like what it was read as is no rival.
    rivals = [shown for shown in ranked[1:] if not _belied(crop, camps[shown], place)]
    votes = {shown: sum(_least_confidence(*one) for one in camps[shown]) for shown in [ranked[0], *rivals]}
    share = votes[ranked[0]] / max(sum(votes.values()), 1e-6)
    return _Verdict(ranked[0], camps[ranked[0]], share, crop, place)


def _belied(crop: np.ndarray, readings: Sequence[tuple[TextLine, Sequence[Recognised]]], place: Place) -> bool:
    return looks_belie(crop, [PartReading(line, found[0].shown) for line, found in readings], place)


def _in_style(crop: np.ndarray, place: Place, style: str) -> list[TextLine]:
    heights = [place.text_height * factor for factor in HEIGHT_FACTORS]
    return read_crops([crop] * len(heights), heights, [place.bright] * len(heights), style)


def _fullness(found: Sequence[Recognised]) -> int:
    return 2 if any(one.shown.moment for one in found) else 1


def _shown(found: Sequence[Recognised]) -> _Shown:
    """The days and the time, cut down to the second, of what was recognised in a text."""
    days = frozenset(day for one in found if (day := one.shown.day or one.shown.month_day))
    clocks = [one.shown.clock.replace(microsecond=0) for one in found if one.shown.clock]
    return days, clocks[0] if clocks else None


def _least_confidence(line: TextLine, found: Sequence[Recognised]) -> float:
    chars = PartReading(line, found[0].shown).chars
    return min((char.confidence for char in chars if char.text.isdigit()), default=0.0)


# Judging it.


def _doubt(verdict: _Verdict) -> str | None:
    """Why what was read at a place is not to be believed; None where nothing speaks against it."""
    line, found = verdict.agreeing[0]
    if len(verdict.agreeing) < FEWEST_VOTES or verdict.share < AGREEING_SHARE:
        return f"the clock is hard to read: {line.text!r} is one of several readings"
    if _least_confidence(line, found) < LEAST_CONFIDENCE:
        return f"the clock is hard to read: some digit of {line.text!r} is unclear"
    weekday = found[0].shown.weekday
    days = [day for day in verdict.shown[0] if isinstance(day, date)]
    if weekday is not None and days and weekday not in {day.weekday() for day in days}:
        return f"the weekday of {line.text!r} is not that of its date"
    readings = [PartReading(line, found[0].shown) for line, found in verdict.agreeing]
    place = verdict.place
    if all(cut_short(verdict.crop, one, place.text_height, place.bright) for one in readings):
        return f"something that could not be read stands beside {line.text!r}, or in a gap of it"
    if _belied(verdict.crop, verdict.agreeing, verdict.place):
        return f"the digits of {line.text!r} do not look like what they were read as"
    return None


def _hour_may_be_cut(verdict: _Verdict) -> bool:
    """Whether a time begins with a single digit beside numbers that nobody made out."""
    return any(
        not one.text[found[0].shown.start : found[0].shown.start + 2].isdigit() and not stands_alone(one.text, found[0])
        for one, found in verdict.agreeing
    )


def _format(verdict: _Verdict, text: str, hint: date | None) -> ClockFormat:
    """The format in which a place is read, where day and month could be swapped the likelier for the whole `text`."""
    return likeliest_order([one.format for one in verdict.agreeing[0][1]], text, hint)[0]


def _zone(parts: Sequence[_Verdict]) -> str | None:
    words = Counter(one.shown.zone for verdict in parts for _, found in verdict.agreeing for one in found[:1])
    named = [word for word, count in words.most_common() if word and count >= FEWEST_VOTES]
    return named[0] if named else None


def _unread_zone(parts: Sequence[_Verdict]) -> str | None:
    """That a word behind the clock may be a zone's, where several readings have one."""
    behind = [line.text[found[0].shown.end :] for verdict in parts for line, found in verdict.agreeing]
    words = [word for text in behind if (word := looks_like_utc(text))]
    return f"{words[0]!r} behind the clock may be UTC, badly read" if len(words) >= FEWEST_VOTES else None


def _confidence(parts: Sequence[_Verdict]) -> float:
    return round(min(verdict.share * _least_confidence(*verdict.agreeing[0]) for verdict in parts), 3)


def _no_date(days: set) -> str:
    shown = next(iter(days), None)
    if shown is None:
        return "no date is shown, or none that could be made out"
    return f"the clock shows no year, only {MONTHS[shown[0] - 1]} {shown[1]}"


def _likeliest_first(parts: Sequence[_Verdict], hint: date | None) -> list[date]:
    """The days that the dates could mean, likeliest first."""
    forms = {one.format: one.shown.day for verdict in parts for one in verdict.agreeing[0][1] if one.shown.day}
    text = " ".join(verdict.agreeing[0][0].text for verdict in parts)
    return list(dict.fromkeys(forms[form] for form in likeliest_order(list(forms), text, hint)))


def likeliest_order(formats: Sequence[ClockFormat], text: str, hint: date | None) -> list[ClockFormat]:
    """Formats that differ in the order of day and month, likeliest first for `text`: with a date near that of the
    file's name (`hint`); else as most of the world writes it, the day before the month, unless the clock counts to
    twelve or names a zone of North America."""
    american = any("%I" in each.pattern for each in formats) or bool(NORTH_AMERICAN & set(re.findall("[A-Z]+", text)))

    def unlikelihood(form: ClockFormat) -> tuple[bool, bool]:
        shown = form.search(text)
        far = bool(hint and shown and shown.day and abs((shown.day - hint).days) > 1)
        month_first = form.pattern.find("%m") < form.pattern.find("%d")
        return far, month_first is not american

    return sorted(formats, key=unlikelihood)
