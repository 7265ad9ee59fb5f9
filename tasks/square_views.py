"""How a night's kept squares look at the sky, as far as the configuration, the disk and the clock tell."""

from __future__ import annotations

import json
from typing import Any

from allsky.sky_disk import SkyDisk
from allsky.square_view import SquareView, clock_in_square
from tasks import settings


def lens_of(night: str) -> dict[str, Any]:
    """Lens, rim and orientation of the camera of `night`: the fields of SquareView but for the clock."""
    here, camera = settings.current(), settings.current().camera(night)
    if here.simulated and camera.lens is None:
        from tasks.simulation import simulation

        optics = simulation().camera.lens
        north = {"north_deg": optics.north_deg, "east": optics.east}
        return {"lens": optics.projection, "edge_deg": optics.radius_zenith_angle_deg, **north}
    known = camera.north_deg if camera.orientation == "given" else None
    north = {"north_deg": known, "east": camera.east}
    return {"lens": camera.lens, "edge_deg": camera.radius_zenith_angle_deg, **north}


def square_view(corpus, night: str, disk: SkyDisk | None) -> SquareView:
    """The view of a night's squares; without a disk, or a clock that was read, the clock's place is left out."""
    boxes = _clock_boxes(corpus.overlay_folder(night) / "clock.json")
    clock = clock_in_square(_around(boxes), disk) if boxes and disk is not None else None
    return SquareView(**lens_of(night), clock=clock, zenith=_zenith(night, disk))


def _zenith(night: str, disk: SkyDisk | None) -> tuple[float, float]:
    """The zenith in shares of the square's side; its middle unless the configuration says otherwise."""
    given = settings.current().camera(night).zenith
    if given is None or disk is None:
        return (0.5, 0.5)
    left, top, *_ = clock_in_square((*given, 0.0, 0.0), disk)
    return left, top


def _clock_boxes(path) -> list[tuple[float, float, float, float]]:
    """Boxes (x, y, width, height) of the parts of a night's clock; none where there is no clock."""
    try:
        return [tuple(part["box"]) for part in json.loads(path.read_text())["parts"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _around(boxes: list[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top
