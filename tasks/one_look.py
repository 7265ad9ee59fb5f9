"""What is seen of the output folder while a question is answered that has ten thousand parts.

Whether a report is up to date depends on the recipe of every night, and each of these on when the inventory, a disk or
the labels were last replaced. Within `one_look()` such a thing is looked at once, which also makes the answer one of a
single moment. A look is for questions only: nothing is made while it lasts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

Seen = TypeVar("Seen")


class _Look:
    seen: dict[Hashable, Any] | None = None


@contextlib.contextmanager
def one_look() -> Iterator[None]:
    """Begin a look, or be part of the one that lasts."""
    if _Look.seen is not None:
        yield
        return
    _Look.seen = {}
    try:
        yield
    finally:
        _Look.seen = None


def looked(at: Hashable, ask: Callable[[], Seen]) -> Seen:
    """What `ask` answers, or has answered before within the look that lasts; `at` tells what is looked at."""
    if _Look.seen is None:
        return ask()
    if at not in _Look.seen:
        _Look.seen[at] = ask()
    return _Look.seen[at]
