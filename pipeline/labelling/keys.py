"""Which key gives which answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from allsky.labels.answers import UNSURE

# Keys that do something else on the page (static/label.js).
TAKEN = frozenset("bcrmsz")


class Answer(NamedTuple):
    """A possible answer, in words, and the keys that give it."""

    label: str
    words: str
    keys: tuple[str, ...]


def answers(classes: Sequence[str]) -> list[Answer]:
    """Every class, then `unsure`: each has its number (up to nine) and the first letter of its name that is free."""
    free = set("abcdefghijklmnopqrstuvwxyz") - TAKEN - {UNSURE[0]}
    found = []
    for number, name in enumerate(classes, start=1):
        letter = next((letter for letter in name.lower() if letter in free), None)
        free -= {letter or ""}
        keys = ([letter] if letter else []) + ([str(number)] if number <= 9 else [])
        found.append(Answer(name, name.replace("_", " "), tuple(keys)))
    return [*found, Answer(UNSURE, UNSURE, (UNSURE[0],))]
