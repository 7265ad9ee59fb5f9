"""What tells when a still was taken: the clock burned into it, its file's name, or its EXIF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

OVERLAY, NAME, EXIF = "overlay", "name", "exif"

# The zone of the camera's clock on a date, YYYY-MM-DD.
ZoneOf = Callable[[str], tzinfo]


@dataclass(frozen=True)
class StillDating:
    """How stills are dated: by `how` (OVERLAY, NAME or EXIF), the `pattern` of their names, the zone of the camera's
    clock on a date, and the camera's longitude."""

    how: str
    zone_of: ZoneOf
    longitude_deg: float
    pattern: str | None = None
