"""Was the camera moved or replaced without anybody saying so: does its overlay, or its sky disk, lie elsewhere?

Each night has a look of its own: where its clock stands and in which format, and how well the epoch's disk fits the
map of what was ever bright. Where it fits badly, the night's own disk is looked for. A change is told where the nights
before are alike, those after it are alike, and the two are not: one odd night is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pandas as pd

from allsky.clock.boxes import Box
from allsky.columns import REAL, TEXT, Table, columns
from allsky.disk_search import LEAST_SCORE, find_sky_disk, rim_score
from allsky.errors import NotASky
from allsky.sky_disk import MARK, SkyDisk, disk_picture

# Nights either side that are compared, and the fewest that must be there.
NIGHTS_BESIDE, FEWEST_BESIDE = 3, 2
# A disk lies elsewhere where it is off by this share of its radius; nights are alike within this share.
MOVED, ALIKE = 0.03, 0.015
# The known disk is where it was while it fits a night's map this well.
FITS_WELL = 0.8
# Boxes of one clock overlap by this much, and its letters keep their height within this factor.
SAME_PLACE, SAME_HEIGHT = 0.5, 1.25

FIRST, SIZE, SECTION, OVERLAY, DISK = "first night", "frame size", "section", "overlay", "disk"
IN_FORCE, SUGGESTED = "in force", "suggested"

LOOKS = Table(
    "looks",
    "how the camera looked in one night",
    columns(
        ("night", TEXT, "", "the night"),
        ("recipe", TEXT, "", "recipe of the frames that were looked at"),
        ("center_x", REAL, "pixel", "x of the disk's centre in the video frame by this night alone, or null"),
        ("center_y", REAL, "pixel", "y of the disk's centre"),
        ("radius", REAL, "pixel", "radius of the disk"),
        ("confidence", REAL, "", "0 to 1, how well that disk fits"),
        ("clock", TEXT, "", "places and formats of the burned-in clock, or null"),
    ),
)

EPOCHS = Table(
    "epochs",
    "a camera epoch, or a change of the camera that nobody has confirmed",
    columns(
        ("night", TEXT, "", "its first night"),
        ("status", TEXT, "", "`in force`, or `suggested`: seen in the frames, but no `[camera:DATE]` section says so"),
        ("cause", TEXT, "", "`first night`, `frame size`, `section`, `overlay` or `disk`; several with commas between"),
        ("night_before", TEXT, "", "the last night before it that shows the camera, or null"),
        ("says", TEXT, "", "what changed, in words"),
    ),
)


def look_of_night(bright: np.ndarray, disk: SkyDisk, clock_parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """LOOKS of a night but for `night` and `recipe`, from its map of bright moments (h, w; of the whole frame, smaller
    perhaps), the epoch's disk and the places of its clock (as of `LearnedClock.to_json`)."""
    told = [{name: part[name] for name in ("box", "format", "text_height")} for part in clock_parts]
    own = _own_disk(bright, disk)
    place = (own.center_x, own.center_y, own.radius, own.confidence) if own else (None,) * 4
    names = ("center_x", "center_y", "radius", "confidence")
    return dict(zip(names, place, strict=True)) | {"clock": json.dumps(told) if told else None}


def _own_disk(bright: np.ndarray, disk: SkyDisk) -> SkyDisk | None:
    """The disk that a night shows by itself: the known one where it fits well, else one that is found; or None."""
    score = rim_score(bright, disk)
    if score >= FITS_WELL:
        return replace(disk, confidence=score)
    try:
        found = find_sky_disk([bright])
    except NotASky:
        return None
    if found.confidence < max(LEAST_SCORE, score):
        return None
    scale = disk.width / found.width
    x, y = ((place + 0.5) * scale - 0.5 for place in (found.center_x, found.center_y))
    return SkyDisk(x, y, found.radius * scale, disk.width, disk.height, "found", found.confidence)


# Changes from night to night.


def camera_epochs(looks: pd.DataFrame, epoch_of_night: Mapping[str, str], opened_by: Mapping[str, str]) -> pd.DataFrame:
    """EPOCHS of an archive.

    `looks` (LOOKS) of its nights in order; `epoch_of_night` the epoch each night is in, and `opened_by` what opened
    each of these (FIRST, SIZE or SECTION). A change seen where an epoch begins stands with that epoch; another one is
    suggested.
    """
    seen: dict[str, list[tuple[str, str, str]]] = {}
    for night, *change in [*_overlay_changes(looks), *_disk_changes(looks)]:
        kind, last, words = change
        # Nights between `last` and this one show nothing: an epoch that begins among them is this change.
        night = max((begun for begun in opened_by if last < begun <= night), default=night)
        seen.setdefault(night, []).append((kind, last, words))
    rows = []
    for night in sorted({*opened_by, *seen}):
        changes = seen.get(night, [])
        causes = [opened_by[night]] if night in opened_by else []
        before = changes[0][1] if changes else _last_before(night, epoch_of_night)
        rows.append(
            {
                "night": night,
                "status": IN_FORCE if night in opened_by else SUGGESTED,
                "cause": ", ".join([*causes, *(kind for kind, _, _ in changes)]),
                "night_before": before,
                "says": "; ".join(words for _, _, words in changes) or None,
            }
        )
    return EPOCHS.to_arrow(pd.DataFrame(rows, columns=EPOCHS.names)).to_pandas()


def _last_before(night: str, epoch_of_night: Mapping[str, str]) -> str | None:
    return max((one for one in epoch_of_night if one < night), default=None)


def _overlay_changes(looks: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Night, cause, the night before and words of each change of the overlay."""
    shown = looks.dropna(subset="clock")
    parts = [json.loads(text) for text in shown["clock"]]
    changes = []
    for place, (before, after) in _sides(len(parts)):
        if _all(parts[before], _same_clock) and _all(parts[after], _same_clock):
            one, other = parts[place - 1], parts[place]
            if not _same_clock(one, other):
                words = f"the clock was {_clock_in_words(one)}, and is {_clock_in_words(other)}"
                changes.append((shown["night"].iloc[place], OVERLAY, shown["night"].iloc[place - 1], words))
    return changes


def _disk_changes(looks: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Night, cause, the night before and words of each change of the sky disk."""
    shown = looks.dropna(subset="radius")
    circles = shown[["center_x", "center_y", "radius"]].to_numpy(float)
    changes = []
    for place, (before, after) in _sides(len(circles)):
        one, other = np.median(circles[before], axis=0), np.median(circles[after], axis=0)
        alike = max(_apart(circles[before], one), _apart(circles[after], other)) < ALIKE
        if alike and _apart(other[None], one) > MOVED:
            words = f"the sky disk was {_circle_in_words(one)}, and is {_circle_in_words(other)}"
            changes.append((shown["night"].iloc[place], DISK, shown["night"].iloc[place - 1], words))
    return changes


def _sides(n: int) -> list[tuple[int, tuple[slice, slice]]]:
    """Places with enough nights on either side, and these."""
    return [
        (place, (slice(max(0, place - NIGHTS_BESIDE), place), slice(place, place + NIGHTS_BESIDE)))
        for place in range(FEWEST_BESIDE, n - FEWEST_BESIDE + 1)
    ]


def _all(items: list, alike) -> bool:
    return all(alike(items[0], other) for other in items[1:])


def _apart(circles: np.ndarray, usual: np.ndarray) -> float:
    """How far circles (n, 3: x, y, radius) are off the usual one at most, in shares of its radius."""
    return float(np.abs(circles - usual).max() / usual[2])


def _same_clock(one: list[dict], other: list[dict]) -> bool:
    return len(one) == len(other) and all(_same_part(*pair) for pair in zip(one, other, strict=True))


def _same_part(one: dict, other: dict) -> bool:
    heights = sorted((one["text_height"], other["text_height"]))
    in_place = Box(*one["box"]).overlap(Box(*other["box"])) > SAME_PLACE
    return one["format"] == other["format"] and in_place and heights[1] < SAME_HEIGHT * max(heights[0], 1e-6)


def _clock_in_words(parts: list[dict]) -> str:
    return " and ".join(
        f"{part['format']!r} at x {part['box'][0]}, y {part['box'][1]}, {part['text_height']:.0f} px high"
        for part in parts
    )


def _circle_in_words(circle: np.ndarray) -> str:
    return f"centred on {circle[0]:.0f}, {circle[1]:.0f} with a radius of {circle[2]:.0f}"


# To be looked at.


def look_picture(bright: np.ndarray, look: Mapping[str, Any], disk: SkyDisk) -> np.ndarray:
    """A night's map of bright moments as a picture (h, w, 3): its own disk drawn (`disk`'s where it shows none), its
    clock framed."""
    scale = bright.shape[1] / disk.width
    if pd.notna(look["radius"]):
        disk = replace(disk, center_x=look["center_x"], center_y=look["center_y"], radius=look["radius"])
    small = SkyDisk(
        (disk.center_x + 0.5) * scale - 0.5,
        (disk.center_y + 0.5) * scale - 0.5,
        disk.radius * scale,
        *bright.shape[::-1],
    )
    picture = disk_picture(bright, small)
    for part in json.loads(look["clock"]) if isinstance(look["clock"], str) else []:
        x, y, width, height = (round(value * scale) for value in part["box"])
        cv2.rectangle(picture, (x - 2, y - 2), (x + width + 1, y + height + 1), MARK, 1)
    return picture


def before_and_after(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Two pictures (h, w, 3) side by side, brought to one height."""
    height = min(len(before), len(after))
    pair = [
        cv2.resize(one, (round(one.shape[1] * height / len(one)), height), interpolation=cv2.INTER_AREA)
        for one in (before, after)
    ]
    gap = np.full((height, 8, 3), 255, np.uint8)
    return np.hstack([pair[0], gap, pair[1]])
