"""What does an exported file say of itself?

The global attributes of ACDD 1.3, the Attribute Convention for Data Discovery,
https://wiki.esipfed.org/Attribute_Convention_for_Data_Discovery_1-3
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from allsky.site import Site

CONVENTIONS = "CF-1.11, ACDD-1.3"
VOCABULARY = "CF Standard Name Table v93"


def global_attributes(
    site: Site, model: str | None, version: str, now: pd.Timestamp, given: Mapping[str, str] | None = None
) -> dict[str, str | float]:
    """The attributes of an export made at `now`; `given` are the user's own, which go before these."""
    made = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    said = f"probabilities and classes of the model {model}, " if model else ""
    return {
        "Conventions": CONVENTIONS,
        "featureType": "timeSeries",
        "cdm_data_type": "Station",
        "title": f"All-sky camera frames of {site.name}: {'predictions and ' if model else ''}observing conditions",
        "summary": (
            f"When each kept frame of the all-sky camera {site.name} was taken, {said}the place of sun and moon, the"
            " solar and lunar condition, and magnetic local time. Classes are of what is visible in a recorded frame;"
            " cloud hides aurora. Frames whose time is in doubt are left out."
        ),
        "keywords": "aurora, all-sky camera, image classification, moon, twilight",
        "source": f"all-sky video, frames classified by {model}" if model else "all-sky video",
        "history": f"{made} exported by allsky-pipeline {version}",
        "date_created": made,
        "id": f"{site.name}{'_' + model if model else ''}",
        "platform": "ground station",
        "instrument": "all-sky camera",
        "processing_level": "frames dated, classified, and joined with computed conditions",
        "product_version": version,
        "standard_name_vocabulary": VOCABULARY,
        "site": site.name,
        **_place(site),
        **dict(given or {}),
    }


def _place(site: Site) -> dict[str, str | float]:
    latitude, longitude, height = site.latitude_deg, site.longitude_deg, site.elevation_m
    bounds = {"lat": latitude, "lon": longitude, "vertical": height}
    edges = {f"geospatial_{name}_{end}": value for name, value in bounds.items() for end in ("min", "max")}
    units = {"lat": "degrees_north", "lon": "degrees_east", "vertical": "m"}
    return {
        **edges,
        **{f"geospatial_{name}_units": unit for name, unit in units.items()},
        "geospatial_vertical_positive": "up",
        "geospatial_bounds": f"POINT ({latitude:g} {longitude:g})",
        "geospatial_bounds_crs": "EPSG:4326",
    }


@dataclass
class Extent:
    """How many rows were written, and from when to when."""

    rows: int = 0
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None

    def over(self, months: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """`months` without empty ones, and without rows that lie before what has gone: time must only ever grow."""
        for month in months:
            later = month if self.last is None else month[month["utc"] > self.last]
            if len(later):
                self.rows += len(later)
                self.first = self.first or later["utc"].iloc[0]
                self.last = later["utc"].iloc[-1]
                yield later

    @property
    def attributes(self) -> dict[str, str]:
        """ACDD's attributes of coverage; none without a row."""
        if self.first is None or self.last is None:
            return {}
        return {
            "time_coverage_start": f"{self.first:%Y-%m-%dT%H:%M:%SZ}",
            "time_coverage_end": f"{self.last:%Y-%m-%dT%H:%M:%SZ}",
            "time_coverage_duration": pd.Timedelta(self.last - self.first).isoformat(),
        }
