"""Where a camera stands, and which night an instant belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

# The mean sun moves 15 degrees of longitude in an hour; a night is bounded by its local mean noons.
DEGREES_PER_HOUR = 15.0


@dataclass(frozen=True)
class Site:
    """A camera's place.

    `name` has no blanks or slashes (it begins every frame_id); `latitude_deg` north and
    `longitude_deg` east of Greenwich in degrees (WGS84); `elevation_m` above the ellipsoid in
    metres; `timezone` an IANA name, `UTC`, or an offset such as `-07:00`.
    """

    name: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float = 0.0
    timezone: str = "UTC"


def night_of(utc, longitude_deg: float):
    """The night each instant belongs to, as `YYYY-MM-DD` of its evening.

    A night runs from noon to noon of local mean solar time (UTC + longitude / 15 h). `utc` is one
    instant or an array or Series of them (naive times are taken as UTC); the answer has its shape.
    """
    times = pd.to_datetime(utc, utc=True)
    shift = pd.Timedelta(hours=longitude_deg / DEGREES_PER_HOUR - 12.0)
    if isinstance(times, pd.Timestamp):
        return (times + shift).strftime("%Y-%m-%d")
    if isinstance(times, pd.Series):
        return (times + shift).dt.strftime("%Y-%m-%d")
    return np.asarray((times + shift).strftime("%Y-%m-%d"), dtype=object)


def is_date(text: str) -> bool:
    """Whether `text` is a date as nights are named, `YYYY-MM-DD`: they are compared as they are written."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def night_bounds(night: str, longitude_deg: float) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First instant of `night` and of the next one, in UTC (half-open)."""
    noon = pd.Timestamp(night, tz="UTC") + pd.Timedelta(hours=12.0 - longitude_deg / DEGREES_PER_HOUR)
    return noon, noon + pd.Timedelta(days=1)


def frame_ids(site_name: str, utc: pd.Series) -> pd.Series:
    """`<site name>_<YYYYMMDDTHHMMSSZ>` for each instant."""
    return site_name + "_" + utc.dt.strftime("%Y%m%dT%H%M%SZ")
