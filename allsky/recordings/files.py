"""What lies in an archive of videos: its files, whether one has changed, and the night a file's name tells."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import datetime, timedelta
from pathlib import Path

from allsky.errors import BadConfiguration
from allsky.site import night_of

VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv"),
        *("asf", "flv", "ts", "mts", "m2ts", "3gp", "ogv", "mjpg", "mjpeg"),
    )
)

SAMPLE_BYTES = 64 * 1024

NAME_DATES = ("utc", "evening", "morning")

# What each directive of strptime that is of use in a file name may match.
_DIRECTIVES = {
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "j": r"\d{1,3}",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}",
    "f": r"\d{1,6}",
    "b": r"[^\W\d_]+",
    "B": r"[^\W\d_]+",
    "a": r"[^\W\d_]+",
    "A": r"[^\W\d_]+",
    "p": r"[AaPp][Mm]",
    "%": "%",
}

# Dates people put into file names when nobody told us how: 20240131, 2024-01-31, 2024_01_31.
_GUESSES = ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d")
_GUESSED_YEARS = range(1970, 2100)


def list_videos(folder: str | Path) -> tuple[list[str], list[str]]:
    """The videos under a folder and, apart, its other files, as sorted relative names with forward slashes.

    Sub-folders are searched; hidden files and folders are passed over. A file is taken for a video by
    its suffix (VIDEO_SUFFIXES, in either case), whether or not it proves to be one.
    """
    videos: list[str] = []
    others: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                relative = Path(place, name).relative_to(folder).as_posix()
                (videos if Path(name).suffix.lower() in VIDEO_SUFFIXES else others).append(relative)
    return sorted(videos), sorted(others)


def content_digest(path: str | Path) -> str:
    """32 hexadecimal digits that change with a file's size or its first, middle or last 64 KiB.

    A sample, so that ten thousand videos are recognised without reading them whole.
    """
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.blake2b(str(size).encode(), digest_size=16)
        for start in (0, size // 2 - SAMPLE_BYTES // 2, size - SAMPLE_BYTES):
            file.seek(max(0, start))
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def night_from_name(
    name: str, longitude_deg: float, pattern: str | None = None, name_date: str = "evening"
) -> str | None:
    """The night, `YYYY-MM-DD`, that a video's name tells; None when it tells none.

    `pattern` is a strptime pattern of the name or a part of it (of the relative path when it holds a
    slash), such as `auroramaxHD_%Y%m%d_720p.mp4`; without one, YYYYMMDD, YYYY-MM-DD and YYYY_MM_DD are
    looked for. `name_date` says what the date is: `evening`, the night's own; `morning`, the day after;
    `utc`, the UTC date on which the night's middle (local mean midnight) falls: the day after the
    evening's west of Greenwich, the evening's own date east of it. A `utc` name that also holds an hour
    is taken as an instant. Raises BadConfiguration for a pattern without a date or an unknown `name_date`.
    """
    if name_date not in NAME_DATES:
        raise BadConfiguration(f"name_date = {name_date}: expected one of {', '.join(NAME_DATES)}")
    date = _date_in(name, pattern) if pattern else _guessed_date(name)
    if date is None:
        return None
    if name_date == "utc" and pattern and ("%H" in pattern or "%I" in pattern):
        return night_of(date, longitude_deg)
    day_after = name_date == "morning" or (name_date == "utc" and longitude_deg <= 0)
    return (date - timedelta(days=int(day_after))).strftime("%Y-%m-%d")


def _date_in(name: str, pattern: str) -> datetime | None:
    expression = _pattern_expression(pattern)
    where = name if "/" in pattern else name.rsplit("/", 1)[-1]
    for match in expression.finditer(where):
        try:
            return datetime.strptime(match.group(), pattern)
        except ValueError:
            continue
    return None


def _guessed_date(name: str) -> datetime | None:
    dates = (_date_in(name, guess) for guess in _GUESSES)
    return next((date for date in dates if date and date.year in _GUESSED_YEARS), None)


def _pattern_expression(pattern: str) -> re.Pattern:
    """What `pattern` can match; a directive at its start or end never begins or stops within a number."""
    pieces = re.split(r"%(.)", pattern)
    literals, directives = pieces[::2], pieces[1::2]
    unknown = [d for d in directives if d not in _DIRECTIVES]
    dated = "j" in directives or ("d" in directives and bool({"m", "b", "B"} & set(directives)))
    if unknown or not dated or not {"Y", "y"} & set(directives):
        raise BadConfiguration(
            f"night_from_name = {pattern}: expected a strptime pattern with a year, a month and a day, "
            + (f"found %{unknown[0]}, which is not understood here" if unknown else "such as night_%Y%m%d.mp4")
        )
    parts = [re.escape(literals[0])]
    for directive, literal in zip(directives, literals[1:], strict=True):
        parts += [_DIRECTIVES[directive], re.escape(literal)]
    start, end = "" if literals[0] else r"(?<!\d)", "" if literals[-1] else r"(?!\d)"
    return re.compile(start + "".join(parts) + end)
