"""What lies in an archive: its videos and stills, whether one has changed, and the night or instant a name tells."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from allsky.errors import BadConfiguration
from allsky.site import night_of

VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv"),
        *("asf", "flv", "ts", "mts", "m2ts", "3gp", "ogv", "mjpg", "mjpeg"),
    )
)

STILL_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png"})

SAMPLE_BYTES = 64 * 1024
# A still is a few hundred kilobytes, and its length alone tells nearly any two apart.
STILL_SAMPLE_BYTES = 4 * 1024

NAME_DATES = ("utc", "evening", "morning")

# What each directive of strptime that is of use in a file name may match, and the widths of those that touch another.
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
    "z": r"(?:Z|[+-]\d{2}:?\d{2})",
    "%": "%",
}
_WIDTHS = {**dict.fromkeys("mdHIMS", r"\d{2}"), "j": r"\d{3}"}
_NUMERIC = frozenset("Yyf") | _WIDTHS.keys()

_NUMBERS = re.compile(r"(\d+)")

# Instants in the names of stills, likewise.
_GUESSED_INSTANTS = tuple(
    f"{date}{between}{time}"
    for date in ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d")
    for between in ("", "_", "-", "T", " ")
    for time in ("%H%M%S", "%H-%M-%S", "%H_%M_%S", "%H.%M.%S", "%H:%M:%S")
)
# Telephones write milliseconds behind such a time: PXL_20240131_203045123.jpg.
_MILLISECONDS = r"(\d{8}_\d{6})\d{3}(?!\d)"

# Dates people put into file names when nobody told us how: 20240131, 2024-01-31, 2024_01_31.
_GUESSES = ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d")
_GUESSED_YEARS = range(1970, 2100)


class StillFile(NamedTuple):
    """A still as the file system has it: its name within its folder, size, and time of change."""

    name: str
    bytes: int
    mtime_ns: int


@dataclass
class Listing:
    """What lies under a folder, as names relative to it with forward slashes, sorted: `videos`; `stills` by folder
    (with a slash at its end, `./` for the folder itself) in the order in which people count; all `others`; and, with
    their odd bytes as \\x.., videos, stills and folders of `odd_names`, which are no UTF-8 and fit into no table."""

    videos: list[str] = field(default_factory=list)
    stills: dict[str, list[StillFile]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    odd_names: list[str] = field(default_factory=list)

    @property
    def n_stills(self) -> int:
        return sum(map(len, self.stills.values()))


def list_archive(root: str | Path) -> Listing:
    """The videos, stills and other files under a folder.

    Sub-folders are searched; hidden files and folders are passed over. A file is taken for a video or a still by its
    suffix (VIDEO_SUFFIXES, STILL_SUFFIXES, in either case), whether or not it proves to be one.
    """
    found = Listing()
    for place, folders, files in os.walk(root):
        relative = Path(place).relative_to(root).as_posix()
        inside = "" if relative == "." else f"{relative}/"
        shown = [name for name in files if not name.startswith(".")]
        inner = [name for name in folders if not name.startswith(".")]
        pictures = [name for name in shown if _suffix(name) in VIDEO_SUFFIXES | STILL_SUFFIXES]
        found.odd_names += [_in_ascii(inside + name) for name in [*inner, *pictures] if _is_odd(name)]
        folders[:], shown = ([name for name in names if not _is_odd(name)] for names in (inner, shown))
        stills = [name for name in shown if _suffix(name) in STILL_SUFFIXES]
        if stills:
            found.stills[inside or "./"] = _still_files(place, stills)
        for name in shown:
            if _suffix(name) not in STILL_SUFFIXES:
                (found.videos if _suffix(name) in VIDEO_SUFFIXES else found.others).append(inside + name)
    by_folder = dict(sorted(found.stills.items()))
    return Listing(sorted(found.videos), by_folder, sorted(found.others), sorted(found.odd_names))


def list_stills(root: str | Path, folder: str) -> list[StillFile]:
    """The stills of one folder, in the order in which people count."""
    names = [name for name in os.listdir(Path(root, folder)) if not (name.startswith(".") or _is_odd(name))]
    return _still_files(str(Path(root, folder)), [name for name in names if _suffix(name) in STILL_SUFFIXES])


def _is_odd(name: str) -> bool:
    """Whether the bytes of a name are no UTF-8; Python shows these as lone surrogates."""
    return any("\ud800" <= character <= "\udfff" for character in name)


def _in_ascii(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _still_files(place: str, names: list[str]) -> list[StillFile]:
    return [_still_file(place, name) for name in sorted(names, key=counting_order)]


def _still_file(place: str, name: str) -> StillFile:
    try:
        stat = os.stat(os.path.join(place, name))
    except OSError:  # a dangling link: whoever opens it says so
        return StillFile(name, 0, 0)
    return StillFile(name, stat.st_size, stat.st_mtime_ns)


def counting_order(name: str) -> tuple[list, str]:
    """Sorts `img_2` before `img_10`, and equal numbers by their text."""
    return [int(part) if part.isdecimal() else part for part in _NUMBERS.split(name)], name


def still_digest(path: str | Path) -> str:
    """16 hexadecimal digits that change with a still's size, its first or its last 4 KiB."""
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.blake2b(str(size).encode(), digest_size=8)
        for start in (0, size - STILL_SAMPLE_BYTES):
            file.seek(max(0, start))
            digest.update(file.read(STILL_SAMPLE_BYTES))
    return digest.hexdigest()


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
    if name_date == "utc" and pattern and _tells_an_hour(pattern):
        return night_of(date, longitude_deg)
    day_after = name_date == "morning" or (name_date == "utc" and longitude_deg <= 0)
    return (date - timedelta(days=int(day_after))).strftime("%Y-%m-%d")


def instant_from_name(name: str, pattern: str | None = None) -> datetime | None:
    """The date and time of day that a still's name tells, naive or (with %z) aware; None when it tells none.

    `pattern` is a strptime pattern of the name or a part of it (of the relative path when it holds a slash), such as
    `sky_%Y%m%d_%H%M%S.jpg`; without one, dates as in `night_from_name` with a time behind them are looked for. Raises
    BadConfiguration for a pattern without a date or a time of day.
    """
    if pattern:
        if not _tells_an_hour(pattern):
            raise BadConfiguration(
                f"stills_name = {pattern}: expected a strptime pattern with a time of day, such as %Y%m%d_%H%M%S.jpg"
            )
        return _date_in(name, pattern, "stills_name")
    name = re.sub(_MILLISECONDS, r"\1", name)
    for guess in _GUESSED_INSTANTS:
        for ending in ("Z", ""):
            instant = _date_in(name, guess + ending, fixed=True)
            if instant and instant.year in _GUESSED_YEARS:
                return instant.replace(tzinfo=UTC) if ending else instant
    return None


def _tells_an_hour(pattern: str) -> bool:
    return "%H" in pattern or ("%I" in pattern and "%p" in pattern)


def _date_in(name: str, pattern: str, setting: str = "night_from_name", fixed: bool = False) -> datetime | None:
    expression = _pattern_expression(pattern, setting, fixed)
    where = name if "/" in pattern else name.rsplit("/", 1)[-1]
    for match in expression.finditer(where):
        try:
            return datetime.strptime(match.group(), pattern)
        except ValueError:
            continue
    return None


def _guessed_date(name: str) -> datetime | None:
    dates = (_date_in(name, guess, fixed=True) for guess in _GUESSES)
    return next((date for date in dates if date and date.year in _GUESSED_YEARS), None)


@lru_cache(maxsize=256)
def _pattern_expression(pattern: str, setting: str, fixed: bool = False) -> re.Pattern:
    """What `pattern` can match; a directive at its start or end never begins or stops within a number.

    Numbers that touch another one have their full width, or 203045 would pass for 5 April 2030; with `fixed` all have.
    """
    pieces = re.split(r"%(.)", pattern)
    literals, directives = pieces[::2], pieces[1::2]
    unknown = [d for d in directives if d not in _DIRECTIVES]
    dated = "j" in directives or ("d" in directives and bool({"m", "b", "B"} & set(directives)))
    if unknown or not dated or not {"Y", "y"} & set(directives):
        raise BadConfiguration(
            f"{setting} = {pattern}: expected a strptime pattern with a year, a month and a day, "
            + (f"found %{unknown[0]}, which is not understood here" if unknown else "such as night_%Y%m%d.mp4")
        )
    parts = [re.escape(literals[0])]
    for number, directive in enumerate(directives):
        behind = literals[number + 1]
        neighbours = [] if number == 0 or literals[number] else [directives[number - 1]]
        neighbours += [] if behind else directives[number + 1 : number + 2]
        whole = fixed or any(one in _NUMERIC for one in neighbours)
        wide = _WIDTHS.get(directive) if whole else None
        parts += [wide or _DIRECTIVES[directive], re.escape(behind)]
    start, end = "" if literals[0] else r"(?<!\d)", "" if literals[-1] else r"(?!\d)"
    return re.compile(start + "".join(parts) + end)
