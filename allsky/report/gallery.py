"""Which frames did it get wrong, and how did their sky look: its hour, sun and moon, where north and east lie?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.figures.words import condition_in_words, is_number
from allsky.report.data import ReportData
from allsky.report.inlining import NEIGHBOUR_PIXELS, data_uri
from allsky.square_view import SquareView

OUTCOMES = {"fp": "False positive", "fn": "False negative"}
# Where a letter stands: just inside the rim of the sky.
LETTER_ALTITUDE_DEG = 9.0


def gallery(data: ReportData) -> list[dict[str, Any]]:
    """The errors by condition, from darkest to brightest: pictures as data URIs, each with when, sun and moon."""
    frames = data.frames.drop_duplicates("frame_id").set_index("frame_id")
    conditions = [(solar, lunar) for solar in SOLAR_BINS for lunar in LUNAR_BINS]
    shown = {kind: {(i.solar_bin, i.lunar_bin) for i in data.gallery if i.outcome == kind} for kind in OUTCOMES}
    without = {kind: _conditions_without(data, kind) for kind in OUTCOMES}
    of = {name: [item for item in data.gallery if (item.solar_bin, item.lunar_bin) == name] for name in conditions}
    return [
        {
            "name": condition_in_words(*name),
            "errors": [_error(item, frames, data.configuration) for item in items],
            "none": [words for kind, words in OUTCOMES.items() if name in without[kind] - shown[kind]],
        }
        for name, items in of.items()
        if items
    ]


def _conditions_without(data: ReportData, kind: str) -> set[tuple[str, str]]:
    """The conditions whose labelled frames show no error of that kind, by the condition table."""
    rows = data.class_rows
    return set(rows.loc[rows[kind] == 0, ["solar_bin", "lunar_bin"]].itertuples(index=False, name=None))


def _error(item, frames: pd.DataFrame, configuration: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    sky = frames.loc[item.frame_id] if item.frame_id in frames.index else None
    return {
        "frame_id": item.frame_id,
        "rate": f"{item.outcome}r",
        "kind": OUTCOMES[item.outcome],
        "probability": f"{item.probability:.2f}" if is_number(item.probability) else "–",
        "when": "" if sky is None else f"{sky['utc']:%Y-%m-%d %H:%M:%S} UTC",
        "sky": "" if sky is None else _sky_words(sky),
        "image": data_uri(item.image),
        "overlay": data_uri(item.overlay),
        "directions": [] if sky is None else directions(configuration, sky["night"]),
        "neighbours": [_neighbour(one) for one in item.neighbours],
    }


def _neighbour(one) -> dict[str, Any]:
    probability = f", p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{one.probability:.2f}" if is_number(one.probability) else ""
    when = f"{abs(one.minutes):.0f} min {'earlier' if one.minutes < 0 else 'later'}"
    return {"image": data_uri(one.image, NEIGHBOUR_PIXELS), "words": f"{when}{probability}"}


def _sky_words(sky: pd.Series) -> str:
    lit = 100 * sky["moon_illuminated_fraction"]
    return f"sun {sky['sun_altitude_deg']:+.1f}°, moon {sky['moon_altitude_deg']:+.1f}° ({lit:.0f} % lit)"


def directions(configuration: Mapping[str, Mapping[str, Any]], night: str) -> list[dict[str, Any]]:
    """N and E, and how far from the left and from the top of a kept picture they stand [percent]; none where unknown.

    By the section `[camera]` in force on `night`, as of the configuration in `ReportData`.
    """
    since = max((name for name in configuration if name.startswith("camera") and name[7:] <= night), default="")
    camera = configuration.get(since, {})
    north = camera.get("north_deg")
    if not is_number(north) or camera.get("orientation", "given") != "given":
        return []
    view = SquareView(north_deg=north, east=camera.get("east", "left"))
    places = {letter: view.place(LETTER_ALTITUDE_DEG, azimuth, 100) for letter, azimuth in (("N", 0.0), ("E", 90.0))}
    return [{"letter": letter, "left": round(at[0]), "top": round(at[1])} for letter, at in places.items() if at]


def directions_in_words(data: ReportData) -> str:
    """What the letters on the pictures mean, or why there are none."""
    if any(directions(data.configuration, night) for night in data.tally.usable_nights):
        return "N and E mark geographic north and east, by [camera] north_deg and east."
    return "Where north and east lie is not known: [camera] north_deg would say it."
