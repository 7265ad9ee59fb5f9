"""Which nights teach, which choose and which judge.

A keyed hash of a night's date makes it a training, validation or audit night, once and for ever and before any
label exists. Weather and aurora last for hours, so frames of one night resemble each other: no night may have
two roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from types import MappingProxyType

import pandas as pd

from allsky.errors import BadConfiguration

ROLES = ("training", "validation", "audit")
SHARES: Mapping[str, float] = MappingProxyType({"training": 0.50, "validation": 0.15, "audit": 0.35})


def night_role(night: str, seed: int = 0, shares: Mapping[str, float] = SHARES) -> str:
    """`training`, `validation` or `audit`: the role of a night (`YYYY-MM-DD`).

    It depends on the date, the seed and the shares (three numbers that add up to 1) and on nothing else, so a
    night that joins the archive later changes no other night's role.
    """
    digest = blake2b(night.encode(), digest_size=8, key=f"night role {seed}".encode()).digest()
    drawn = int.from_bytes(digest, "big") / 2.0**64
    reached = 0.0
    for role in ROLES[:-1]:
        reached += shares[role]
        if drawn < reached:
            return role
    return ROLES[-1]


def roles_of(nights: Iterable[str], seed: int = 0, shares: Mapping[str, float] = SHARES) -> dict[str, str]:
    """The role of each different night."""
    return {night: night_role(night, seed, shares) for night in sorted(set(nights))}


def check_roles(sheet: pd.DataFrame, seed: int = 0, shares: Mapping[str, float] = SHARES) -> None:
    """Raises BadConfiguration where a night of `sheet` (`night`, `role`) was drawn in another role than it has now.

    That happens when the seed or the shares were edited after frames had been drawn; a night that taught a
    model could then judge it.
    """
    drawn = sheet[["night", "role"]].drop_duplicates()
    now = drawn["night"].map(roles_of(drawn["night"], seed, shares))
    moved = drawn[drawn["role"] != now]
    if len(moved):
        night, role = moved.iloc[0]
        raise BadConfiguration(
            f"{len(moved)} nights changed their role, the first of them {night} (drawn for {role}, now "
            f"{night_role(night, seed, shares)}): seed or shares in [labels] were edited after frames had been drawn. "
            "Restore them, or begin another output folder."
        )
