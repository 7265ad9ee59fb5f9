"""Which sky condition a frame was taken in: how deep the night, how bright the moon.

A condition is a solar bin (by the sun's altitude) and a lunar bin (by the moon's altitude and its angle from
the sun). Every edge is a setting; the defaults are those of the published aurora-gradcam work, except that
civil twilight ends where the sun's upper limb, refracted, rises.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from allsky.ephemeris import sun_and_moon
from allsky.errors import BadConfiguration
from allsky.site import Site
from allsky.tables import CONDITIONS

# From darkest to brightest, as tables and figures list them.
SOLAR_BINS = ("Night", "Astronomical", "Nautical", "Civil", "Day")
LUNAR_BINS = ("No_Moon", "Moon_Quarter", "Moon_Full")


@dataclass(frozen=True)
class ConditionBins:
    """Edges of the bins, all in degrees.

    The sun's altitude h: `Night` h <= `night_below_deg`, then `Astronomical`, `Nautical` and `Civil` up to and
    including theirs, `Day` above. The published edges are -18, -12 and -6; -0.833 is the altitude of the sun's
    centre at sunrise (34' of refraction and 16' of semidiameter, U.S. Naval
    Observatory, https://aa.usno.navy.mil/faq/RST_defs).

    The moon, with e = 180 - |180 - phase| (0 new, 180 full): `Moon_Full` where e >= `full_elongation_deg` and
    altitude > `full_altitude_deg`; `Moon_Quarter` where `quarter_elongation_deg` <= e < `full_elongation_deg` and
    altitude > `quarter_altitude_deg`; `No_Moon` otherwise. A thin crescent, and a moon below its altitude limit,
    thus count as No_Moon.

    Raises BadConfiguration where the edges are out of order.
    """

    night_below_deg: float = -18.0
    astronomical_below_deg: float = -12.0
    nautical_below_deg: float = -6.0
    civil_below_deg: float = -0.833
    full_elongation_deg: float = 150.0
    full_altitude_deg: float = 5.0
    quarter_elongation_deg: float = 45.0
    quarter_altitude_deg: float = 10.0

    @property
    def solar_edges(self) -> tuple[float, float, float, float]:
        return (self.night_below_deg, self.astronomical_below_deg, self.nautical_below_deg, self.civil_below_deg)

    def __post_init__(self):
        edges = (-90.0, *self.solar_edges, 90.0)
        if not all(low < high for low, high in pairwise(edges)):
            raise BadConfiguration(
                "The solar bins' edges must rise from -90 to 90 degrees, night < astronomical < nautical < civil; "
                f"found {', '.join(f'{edge:g}' for edge in self.solar_edges)}."
            )
        if not 0.0 <= self.quarter_elongation_deg < self.full_elongation_deg <= 180.0:
            raise BadConfiguration(
                "The lunar bins need 0 <= quarter_elongation_deg < full_elongation_deg <= 180 degrees; "
                f"found {self.quarter_elongation_deg:g} and {self.full_elongation_deg:g}."
            )


def solar_bin(sun_altitude_deg, bins: ConditionBins | None = None) -> np.ndarray:
    """The solar bin of each altitude of the sun's centre [deg]; shape as given."""
    altitude = np.asarray(sun_altitude_deg, dtype=float)
    edges = (bins or ConditionBins()).solar_edges
    return np.array(SOLAR_BINS, dtype=object)[np.searchsorted(edges, altitude, side="left")]


def lunar_bin(moon_altitude_deg, moon_phase_deg, bins: ConditionBins | None = None) -> np.ndarray:
    """The lunar bin of each altitude of the moon's centre [deg] and phase angle [deg, 0 to 360, new = 0]."""
    bins = bins or ConditionBins()
    altitude = np.asarray(moon_altitude_deg, dtype=float)
    elongation = 180.0 - np.abs(180.0 - np.asarray(moon_phase_deg, dtype=float))
    full = elongation >= bins.full_elongation_deg
    bright = full & (altitude > bins.full_altitude_deg)
    quarter = ~full & (elongation >= bins.quarter_elongation_deg) & (altitude > bins.quarter_altitude_deg)
    return np.array(LUNAR_BINS, dtype=object)[np.where(bright, 2, np.where(quarter, 1, 0))]


def observing_conditions(frames: pd.DataFrame, site: Site, bins: ConditionBins | None = None) -> pd.DataFrame:
    """Sun, moon and bins of each frame: the table CONDITIONS, a row per row of `frames` (`frame_id`, `utc`)."""
    sky = sun_and_moon(frames["utc"], site)
    sky["frame_id"] = frames["frame_id"].to_numpy()
    sky["solar_bin"] = solar_bin(sky["sun_altitude_deg"], bins)
    sky["lunar_bin"] = lunar_bin(sky["moon_altitude_deg"], sky["moon_phase_deg"], bins)
    return sky[CONDITIONS.names]
