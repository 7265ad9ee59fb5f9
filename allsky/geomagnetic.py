"""How far does magnetic north lie from geographic north over a site?

The field is the International Geomagnetic Reference Field, 14th generation (Alken et al. 2025; coefficients and
evaluation: ppigrf, https://github.com/IAGA-VMOD/ppigrf).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import ppigrf

from allsky.site import Site


def declination_deg(site: Site, utc) -> float:
    """Angle from geographic to magnetic north, positive eastward, at `site` and the instant `utc`.

    The field drifts by some tenths of a degree a year: one value serves a night.
    """
    moment = pd.Timestamp(utc)
    return _declination(site.latitude_deg, site.longitude_deg, site.elevation_m, f"{moment:%Y-%m-%d}")


@lru_cache(maxsize=4096)
def _declination(latitude_deg: float, longitude_deg: float, elevation_m: float, day: str) -> float:
    east, north, _ = ppigrf.igrf(longitude_deg, latitude_deg, elevation_m / 1000.0, pd.Timestamp(day).to_pydatetime())
    return float(np.degrees(np.arctan2(east, north)).item())
