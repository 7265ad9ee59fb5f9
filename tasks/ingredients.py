"""What an artifact is made of: a hash of it, an outline to keep beside the artifact, and what has changed since."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# An ingredient longer than this is kept as its hash alone: that it changed can be told, not how.
KEPT_CHARACTERS = 300
SHOWN_CHARACTERS = 40

# Made once: a long archive has a hundred thousand ingredients.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode

_HASH = re.compile(r"[0-9a-f]{32}")


def canonical(content: Any) -> str:
    """Text of anything JSON can hold; equal content, equal text."""
    return _encode(content)


def digest(content: Any) -> str:
    """A hash of anything JSON can hold; equal content, equal hash."""
    return hashlib.blake2b(canonical(content).encode(), digest_size=16).hexdigest()


def outline(ingredients: Mapping[str, Any]) -> dict[str, Any]:
    """The ingredients as they are recorded: short ones as they are, long ones as their hash."""
    kept = {}
    for name, content in ingredients.items():
        told = canonical(content)
        kept[name] = json.loads(told) if len(told) <= KEPT_CHARACTERS else digest(content)
    return kept


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Which ingredients changed between two outlines, and from what to what where that is short."""
    told: list[str] = []
    for name in [*now, *(name for name in before if name not in now)]:
        told += _change(name, before.get(name), now.get(name))
    return told


def _change(name: str, before: Any, now: Any) -> Iterator[str]:
    if before == now:
        return
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in [*now, *(key for key in before if key not in now)]:
            yield from _change(f"{name} {key}", before.get(key), now.get(key))
        return
    shown = [_shown(value) for value in (before, now)]
    plain = None not in shown and name != "files"
    yield f"{name}: {shown[0]} -> {shown[1]}" if plain else name


def _shown(value: Any) -> str | None:
    """A value as a person may read it; None for hashes and for what is long."""
    told = value if isinstance(value, str) else json.dumps(value)
    return None if len(told) > SHOWN_CHARACTERS or _HASH.search(told) else told
