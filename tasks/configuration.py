"""How `luigi.cfg` becomes settings: one file, no interpolation, every key known.

A section is a frozen dataclass whose fields are made with `option`; the field's metadata holds how
the text is read and what the key means, so that the documentation is generated from the same place.
"""

from __future__ import annotations

import configparser
import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from allsky.errors import BadConfiguration

Reader = Callable[[str], Any]
Section = TypeVar("Section")

# Of more known words than these the first are named.
MOST_LISTED = 40


def option(default: Any, read: Reader, meaning: str) -> Any:
    """A key of a section: its default, how its text is read, and what it means."""
    return dataclasses.field(default=default, metadata={"read": read, "meaning": meaning})


# How a value's text is read. Each raises ValueError saying what was expected.


def text(value: str) -> str:
    return value.strip()


def real(value: str) -> float:
    return float(value)


def whole(value: str) -> int:
    return int(value)


def positive_real(value: str) -> float:
    number = float(value)
    if not number > 0:
        raise ValueError("expected a number above zero")
    return number


def positive_whole(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("expected a whole number of at least 1")
    return number


def share(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError("expected a share between 0 and 1")
    return number


def words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.replace("\n", ",").split(",") if word.strip())


def numbers(count: int) -> Reader:
    """Reads `count` numbers separated by commas."""

    def read(value: str) -> tuple[float, ...]:
        parts = tuple(float(part) for part in value.split(","))
        if len(parts) != count:
            raise ValueError(f"expected {count} numbers separated by commas")
        return parts

    return read


def either(*readers: Reader, **fixed: Any) -> Reader:
    """Reads one of the `fixed` words (`auto=None`), or whatever the first fitting reader makes of it."""

    def read(value: str) -> Any:
        if value.strip() in fixed:
            return fixed[value.strip()]
        for reader in readers[:-1]:
            try:
                return reader(value)
            except ValueError:
                continue
        return readers[-1](value)

    return read


def one_of(*choices: str) -> Reader:
    def read(value: str) -> str:
        if value.strip() not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}{_meant(value.strip(), choices)}")
        return value.strip()

    return read


# How the file is read.


def parse(path: Path) -> dict[str, dict[str, str]]:
    """Sections and keys of one file as text, nothing merged and nothing interpolated."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=("#", ";"), strict=True, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path} cannot be read as a configuration: {error}") from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def read_section(kind: type[Section], name: str, given: Mapping[str, str], path: Path) -> Section:
    """The section `name` as an instance of `kind`; unknown keys and unreadable values are errors."""
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values = {}
    for key, value in given.items():
        if key not in known:
            raise BadConfiguration(f"{path}: [{name}] has no key '{key}'{nearest(key, known)}")
        values[key] = _read_value(known[key], name, value, path)
    return kind(**values)


def _read_value(field: dataclasses.Field, section: str, value: str, path: Path) -> Any:
    try:
        return field.metadata["read"](value)
    except ValueError as error:
        reason = str(error)
        if reason.startswith(("could not convert", "invalid literal")):
            reason = "expected a number"
        raise BadConfiguration(f"{path}: [{section}] {field.name} = {value}: {reason}") from None


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to `word`."""
    known = sorted(known)
    listed = ", ".join(known[:MOST_LISTED]) + (", ..." if len(known) > MOST_LISTED else "")
    return _meant(word, known) or f"; known are: {listed}"


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""
