"""How are conditions, classes, rates and their intervals said to a reader?

One home for the wording that tables, figures and sentences share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

CONDITION_WORDS = {
    "Night": "Night",
    "Astronomical": "Astronomical twilight",
    "Nautical": "Nautical twilight",
    "Civil": "Civil twilight",
    "Day": "Day",
    "No_Moon": "No moon",
    "Moon_Quarter": "Quarter moon",
    "Moon_Full": "Full moon",
    "All": "All",
}


NO_BREAK = "\N{NO-BREAK SPACE}"


def in_words(name: str) -> str:
    """A bin or class as a person would write it: `Moon_Full` is `Full moon`, `no_aurora` is `no aurora`."""
    return CONDITION_WORDS.get(name, name.replace("_", " "))


def condition_in_words(solar_bin: str, lunar_bin: str) -> str:
    """A cell or a margin: `Nautical twilight, full moon`."""
    if solar_bin == lunar_bin == "All":
        return "All conditions"
    if lunar_bin == "All":
        return f"{in_words(solar_bin)}, any moon"
    if solar_bin == "All":
        return f"{in_words(lunar_bin)}, any sun"
    return f"{in_words(solar_bin)}, {in_words(lunar_bin).lower()}"


def condition_in_a_sentence(solar_bin: str, lunar_bin: str) -> str:
    """A cell after a verb: `at night without moon`, `in nautical twilight under a full moon`."""
    return f"{under_sun(solar_bin)} {under_moon(lunar_bin)}"


def under_sun(solar_bin: str) -> str:
    """`at night`, `in nautical twilight`."""
    return {"Night": "at night", "Day": "by day"}.get(solar_bin, f"in {in_words(solar_bin).lower()}")


def under_moon(lunar_bin: str) -> str:
    """`without moon`, `under a full moon`."""
    return "without moon" if lunar_bin == "No_Moon" else f"under a {in_words(lunar_bin).lower()}"


def is_number(value) -> bool:
    """False for None, NaN and anything else that cannot be shown as a number."""
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def percent(value, nothing: str = "–") -> str:
    """A share in percent with one decimal; `< 0.1 %` where that would round to zero."""
    if not is_number(value):
        return nothing
    number = 100.0 * float(value)
    if 0.0 < number < 0.05:
        return f"< 0.1{NO_BREAK}%"
    return f"{number:.1f}{NO_BREAK}%" if number < 99.95 else f"100{NO_BREAK}%"


def interval(low, high, nothing: str = "") -> str:
    """The ends of an interval in percent, without the sign, `1.2–9.0`; no line breaks within it."""
    if not (is_number(low) and is_number(high)):
        return nothing
    return f"{100 * float(low):.1f}–\N{WORD JOINER}{100 * float(high):.1f}"


def rate_words(row, rate: str) -> str:
    """A rate of a condition table's row with its interval: `5.9 % (0.9–21.1)`."""
    ends = interval(getattr(row, f"{rate}_low"), getattr(row, f"{rate}_high"))
    return percent(getattr(row, rate)) + (f" ({ends})" if ends else "")


def count(number, noun: str, plural: str | None = None) -> str:
    """`1 night`, `2 nights`, `12,345 frames`."""
    return f"{int(number):,} {noun if int(number) == 1 else plural or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
