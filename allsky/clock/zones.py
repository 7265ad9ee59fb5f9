"""Which UTC does a burned-in local time mean?

A zone is an IANA name, `UTC`, or an offset. What the overlay itself says (`MDT`, `+01:00`) wins over
what is configured. Summer time makes some local times happen twice and others never: the functions
here say so and leave the choice to whoever knows the order of the frames.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allsky.errors import BadConfiguration

# Offsets in hours of abbreviations in civil use, as in the IANA time zone database (tzdata, `northamerica`,
# `europe`, `asia`, `australasia`). Abbreviations that mean different offsets in different countries (CST, in China,
# AST, ...) are listed by the meaning usual for camera sites and are overruled by the configured zone's own.
ABBREVIATIONS = {
    "UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "WET": 0,
    "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "SAST": 2, "EEST": 3, "MSK": 3,
    "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
    "JST": 9, "KST": 9, "AWST": 8, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip

# Words that say "the camera's own zone".
LOCAL_WORDS = frozenset({"LT", "LOCAL", "LMT"})

# What UTC and GMT look like to a reader who does not make them out, or the blank before them: UIE, U1.C, GMI, ", UTC".
_LIKE_UTC = re.compile(r"[\s'\".,;:()]{0,3}(?:[Uu][TtIJl1|L7r][.,]?[CcEeGO0(]|[GC6][MHN][TI1|7])\b")

_OFFSET = re.compile(r"(?:UTC?|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$")


def parse_zone(name: str) -> tzinfo:
    """The zone called `name`: `America/Edmonton`, `UTC`, `MST`, `-07:00`, `UTC+1`.

    Raises BadConfiguration for a name that no zone has.
    """
    offset = _OFFSET.match(name.strip())
    if offset:
        return _fixed(offset)
    if name.strip().upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hours = ABBREVIATIONS.get(name.strip().upper())
    if hours is None:
        raise BadConfiguration(
            f"There is no time zone {name!r}; give an IANA name such as America/Edmonton, UTC, or an offset such as "
            "-07:00."
        )
    return timezone(timedelta(hours=hours), name.strip().upper())


def _fixed(offset: re.Match[str]) -> timezone:
    sign, hours, minutes = offset.groups()
    span = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if span > timedelta(hours=14):
        raise BadConfiguration(f"No time zone is {offset.string.strip()!r} away from UTC.")
    return timezone(span if sign == "+" else -span)


def overlay_zone(word: str | None, configured: tzinfo, near: datetime | None = None) -> tzinfo:
    """The zone an overlay's own `word` means, or the configured one where it says nothing.

    An abbreviation that the configured zone itself uses in the year of `near` has that zone's meaning.
    A word that is no zone leaves the configured zone.
    """
    if not word or word.upper() in LOCAL_WORDS:
        return configured
    own = {name.upper(): offset / timedelta(hours=1) for name, offset in own_times(configured, near) if name.isalpha()}
    hours = own.get(word.upper(), ABBREVIATIONS.get(word.upper()))
    if hours is not None:
        return timezone(timedelta(hours=hours), word.upper())
    try:
        offset = _OFFSET.match(word)
        return _fixed(offset) if offset else configured
    except BadConfiguration:
        return configured


def sign_in_doubt(word: str | None, configured: tzinfo, near: datetime | None = None) -> bool:
    """Whether an offset on the overlay is none of the configured zone's in the year of `near`, but its opposite is: a
    plus and a minus of a few pixels are easily taken for each other, in every frame alike."""
    zone = overlay_zone(word, configured, near)
    if zone is configured or not word or not _OFFSET.match(word):
        return False
    shown, own = zone.utcoffset(None), [offset for _, offset in own_times(configured, near)]
    return shown is not None and shown not in own and -shown in own


def looks_like_utc(behind: str) -> str | None:
    """What stands `behind` a clock where that could be UTC or GMT, badly read."""
    word = _LIKE_UTC.match(behind)
    return word[0].strip() if word else None


def own_times(zone: tzinfo, near: datetime | None) -> list[tuple[str, timedelta]]:
    """What the zone calls its winter and its summer time in that year, and how far they are from UTC."""
    moments = [datetime((near or datetime(2000, 1, 1)).year, month, 1, tzinfo=zone) for month in (1, 7)]
    return [(moment.tzname() or "", moment.utcoffset() or timedelta()) for moment in moments]


@lru_cache(maxsize=8192)
def possible_utc(local: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Every UTC at which a clock in `zone` shows the naive time `local`: one, two in the repeated hour of
    autumn (earlier first), none in the missing hour of spring."""
    if isinstance(zone, timezone):
        return (local.replace(tzinfo=zone).astimezone(UTC),)
    answers = []
    for fold in (0, 1):
        utc = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if utc.astimezone(zone).replace(tzinfo=None) == local and utc not in answers:
            answers.append(utc)
    return tuple(sorted(answers))


def utc_not_set_forward(local: datetime, zone: tzinfo) -> datetime:
    """A time that summer time skips, as a clock shows it that was not yet set forward."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
