"""Which nights are meant: `all`, nights, ranges of nights, and the latest ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from allsky.errors import BadConfiguration
from allsky.site import is_date

ALL = "all"
MISSING = "missing"
_LATEST = re.compile(r"last:([1-9]\d*)")


def selected(text: str, nights: Sequence[str]) -> list[str]:
    """Those of `nights` (in order) that `text` names.

    `text` is `all`, or parts joined by commas: a night (2023-01-31), a range FIRST_LAST of which either
    side may be left open (2023-01-01_2023-01-31, 2023-01-01_), or `last:N`, the latest N nights.
    Raises BadConfiguration for anything else.
    """
    if text == ALL:
        return list(nights)
    chosen: set[str] = set()
    for part in text.split(","):
        chosen |= _part(part.strip(), nights)
    return [night for night in nights if night in chosen]


def names(text: str, night: str) -> bool:
    """Whether `text` is a part of the archive that holds `night`, as far as can be told without its other nights."""
    try:
        return is_date(night) and _LATEST.search(text) is None and bool(selected(text, [night]))
    except BadConfiguration:
        return False


def check_range(first: str | None, last: str | None) -> None:
    """Raises BadConfiguration where the nights from `first` to `last`, either of which may be left open, are none."""
    for option, night in (("--first-night", first), ("--last-night", last)):
        if night and not is_date(night):
            raise BadConfiguration(f"{option} {night}: expected a date like 2023-01-31")
    if first and last and first > last:
        raise BadConfiguration(f"--first-night {first} lies after --last-night {last}")


def _part(part: str, nights: Sequence[str]) -> set[str]:
    if latest := _LATEST.fullmatch(part):
        return set(nights[-int(latest[1]) :])
    first, is_range, last = part.partition("_")
    if not is_range:
        last = first
    for night in (first, last):
        if (night or not is_range) and not is_date(night):
            raise BadConfiguration(
                f"'{part}' names no nights: expected a date like 2023-01-31, a range like 2023-01-01_2023-01-31,"
                " last:7, or several of these joined by commas"
            )
    return {night for night in nights if first <= night <= (last or "9999")}


def described(chosen: Sequence[str], nights: Sequence[str]) -> str:
    """The shortest text that `selected` reads as `chosen`, some of `nights`; both in order."""
    if list(chosen) == list(nights):
        return ALL
    place = {night: number for number, night in enumerate(nights)}
    runs: list[list[str]] = []
    for night in chosen:
        if runs and place[night] == place[runs[-1][-1]] + 1:
            runs[-1].append(night)
        else:
            runs.append([night])
    return ",".join(run[0] if len(run) == 1 else f"{run[0]}_{run[-1]}" for run in runs)
