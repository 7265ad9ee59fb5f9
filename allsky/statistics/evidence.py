"""Where does the model look, in numbers: on the sky, along the horizon, at the moon, at the clock?

A heat map's weight is divided among places, and each share stands beside the one that a map spread evenly over the sky
would have there: only more than that is attention. Means over frames weigh each by the inverse of the probability with
which it was drawn, as the error rates do: frames drawn by score are mostly those of which the model is in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa

from allsky.pictures import inscribed_disk
from allsky.segmentation import THRESHOLD, covered_fraction, map_to_mask
from allsky.square_view import SquareView
from allsky.tables import REAL, SHORT, TEXT, Column, Table

# The ring of sky this near to the horizon [degrees]: trees, lamps, the glow of towns.
HORIZON_DEG = 10.0

# The moon and its glare: this far from its centre [degrees]; at 10 degrees lens glare of a full moon is still seen.
GLARE_DEG = 10.0

# Maps are compared at this size in cells: as fine as any map of features they come from.
MEAN_SIZE = 48

PLACES = ("sky", "horizon", "moon", "clock")
OUTCOMES = ("tp", "fp", "fn", "tn")
_SHARE = {
    "sky": "share of the map's weight that falls inside the sky disk; null of a blank map, as all shares",
    "horizon": f"share within {HORIZON_DEG:g} degrees of the horizon",
    "moon": f"share within {GLARE_DEG:g} degrees of the moon; null while it is below the horizon",
    "clock": "share on the burned-in clock's box, as far as that lies in the square; null without a clock",
}

EVIDENCE = Table(
    "evidence",
    "a frame whose map was taken",
    (
        Column("frame_id", TEXT, "", "the frame"),
        Column("night", TEXT, "", "its night"),
        Column("solar_bin", TEXT, "", "solar condition"),
        Column("lunar_bin", TEXT, "", "lunar condition"),
        Column("outcome", TEXT, "", "`tp`, `fp`, `fn` or `tn`; null where no answer is settled"),
        Column("inclusion_probability", REAL, "", "probability with which it was drawn; null where `outcome` is"),
        *(Column(f"{place}_share", REAL, "", _SHARE[place]) for place in PLACES),
        *(
            Column(f"{place}_even", REAL, "", f"the same of a map spread evenly over the sky ({place})")
            for place in PLACES[1:]
        ),
        Column("moon_found_by", TEXT, "", "`geometry`, `brightness` or `below the horizon`"),
        Column("covered_fraction", REAL, "", f"share of the sky's solid angle where the map is {THRESHOLD:g} or more"),
        Column("lens", TEXT, "", "lens of that solid angle, `assumed equidistant` where none was given"),
    ),
)

MEAN_MAPS = Table(
    "mean_maps",
    "a condition and outcome",
    (
        Column("solar_bin", TEXT, "", "solar condition, or `All`"),
        Column("lunar_bin", TEXT, "", "lunar condition, or `All`"),
        Column("outcome", TEXT, "", "`tp`, `fp`, `fn` or `tn`"),
        Column("n_frames", SHORT, "", "maps averaged"),
        Column("n_nights", SHORT, "", "nights they are of"),
        Column("size", SHORT, "", "cells a side"),
        Column("map", pa.list_(pa.float32()), "", "weighted mean of the maps, each over its own maximum, row by row"),
    ),
)


def map_evidence(
    heat: np.ndarray, square: np.ndarray, view: SquareView, moon_altitude_deg: float, moon_azimuth_deg: float
) -> dict[str, object]:
    """The columns of EVIDENCE that a map and its picture tell.

    `heat` (n, n) of 0 to 1, `square` uint8 (size, size, 3) of the same sky.
    """
    size = len(heat)
    small = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
    sky, solid_angle = inscribed_disk(size), view.solid_angle(size)
    moon, found_by = view.moon(small, moon_altitude_deg, moon_azimuth_deg)
    places = {
        "horizon": sky & (view.zenith_deg(size) >= 90.0 - HORIZON_DEG),
        "moon": None if moon is None else sky & _near(moon, view, size),
        "clock": view.clock_mask(size) if view.clock else None,
    }
    weight = np.nan_to_num(heat.astype(float))
    told: dict[str, object] = {"sky_share": _share(weight, sky)}
    for name, place in places.items():
        told |= {f"{name}_share": _share(weight, place), f"{name}_even": _share(sky.astype(float), place)}
    covered = covered_fraction(map_to_mask(weight, sky), solid_angle)
    return told | {"moon_found_by": found_by, "covered_fraction": covered, "lens": view.lens_in_words}


def mean_maps(frames: pd.DataFrame, read: Callable[[str], np.ndarray]) -> pd.DataFrame:
    """MEAN_MAPS of the frames (EVIDENCE) that have an outcome; `read` gives the map of a frame_id, one at a time.

    Each counts by the inverse of its inclusion probability.
    """
    sums: dict[tuple[str, str, str], np.ndarray] = {}
    judged = frames[frames["outcome"].notna()]
    for row in judged.itertuples():
        heat = cv2.resize(read(row.frame_id).astype(np.float32), (MEAN_SIZE, MEAN_SIZE), interpolation=cv2.INTER_AREA)
        for solar, lunar in (("All", "All"), (row.solar_bin, row.lunar_bin)):
            key = (solar, lunar, row.outcome)
            sums[key] = sums.get(key, np.zeros_like(heat)) + heat / np.float32(row.inclusion_probability)
    rows = [_mean_row(key, total, judged) for key, total in sums.items()]
    return MEAN_MAPS.to_arrow(pd.DataFrame(rows, columns=MEAN_MAPS.names)).to_pandas()


def share_table(evidence: pd.DataFrame) -> pd.DataFrame:
    """Weighted mean shares by outcome: outcome, place, n_frames, share, even (columns).

    Each frame counts by the inverse of its inclusion probability; frames without the place are left out.
    """
    return pd.DataFrame(_share_rows(evidence), columns=["outcome", "place", "n_frames", "share", "even"])


def _share_rows(evidence: pd.DataFrame) -> Iterator[tuple]:
    for outcome in OUTCOMES:
        rows = evidence[evidence["outcome"] == outcome]
        for place in PLACES:
            there = rows[rows[f"{place}_share"].notna()]
            if len(there):
                weight = 1.0 / there["inclusion_probability"]
                even = 1.0 if place == "sky" else np.average(there[f"{place}_even"], weights=weight)
                yield outcome, place, len(there), np.average(there[f"{place}_share"], weights=weight), even


def _mean_row(key: tuple[str, str, str], total: np.ndarray, judged: pd.DataFrame) -> tuple:
    solar, lunar, outcome = key
    of = judged["outcome"] == outcome
    if solar != "All":
        of &= (judged["solar_bin"] == solar) & (judged["lunar_bin"] == lunar)
    rows = judged[of]
    mean = total / (1.0 / rows["inclusion_probability"]).sum()
    return solar, lunar, outcome, len(rows), rows["night"].nunique(), MEAN_SIZE, mean.astype(np.float32).ravel()


def _share(weight: np.ndarray, place: np.ndarray | None) -> float:
    """The share of the weight that lies in a place; NaN of no weight, or no place."""
    total = float(weight.sum())
    return float(weight[place].sum()) / total if place is not None and total > 0 else float("nan")


def _near(moon: tuple[float, float], view: SquareView, size: int) -> np.ndarray:
    """Within GLARE_DEG of the moon, measured along the sky's radius, where a pixel of most lenses sees alike."""
    y, x = np.ogrid[:size, :size]
    return np.hypot(x - moon[0], y - moon[1]) <= GLARE_DEG / view.edge_deg * size / 2
