"""A corpus as one NetCDF file: a time series at one station, by CF 1.11 and ACDD 1.3, written month by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allsky.errors import MissingTool
from allsky.export.attributes import Extent
from allsky.export.variables import Variable, codes
from allsky.site import Site

EPOCH = "seconds since 1970-01-01T00:00:00Z"
MISSING_CODE = -1
PLACE = "latitude longitude altitude station"
# UTC without leap seconds: two minutes are 120 s apart, whatever lay between them.
NO_LEAP_SECONDS = {"units_metadata": "leap_seconds: none"}
# Bytes of each text besides the camera's name: `_20240103T010000Z`, and `images/night=2024-01-03/` and `.jpg` about it.
LENGTHS = {"frame_id": 17, "night": 10, "image": 48}
# What ACDD calls the kind of content.
AUXILIARY = "auxiliaryInformation"
CONTENT = {"mean_luma": "physicalMeasurement", "clock_residual_s": "qualityInformation"} | dict.fromkeys(
    ("solar_bin", "lunar_bin", "predicted"), "thematicClassification"
)
# Rows a chunk: a month of a frame a minute has some 20,000.
CHUNK = 8192


def write_netcdf(
    path: Path, months: Iterable[pd.DataFrame], columns: Sequence[Variable], site: Site, attributes: Mapping[str, Any]
) -> int:
    """Write the rows of `months`, each in order of time, to `path`; how many there were.

    Raises MissingTool without the netCDF4 package.
    """
    with _library().Dataset(path, "w", format="NETCDF4") as file:
        file.createDimension("time", None)
        _describe_station(file, site)
        for column in columns:
            _declare(file, column, site)
        extent = Extent()
        for month in extent.over(months):
            _append(file, columns, month, extent.rows - len(month))
        file.setncatts(dict(attributes) | extent.attributes)
    return extent.rows


def _library():
    try:
        import netCDF4
    except ImportError as error:
        raise MissingTool(
            "NetCDF files need the package netCDF4: in the clone, .venv/bin/pip install -c constraints.txt"
            " -e '.[netcdf]'; or export --format csv"
        ) from error
    return netCDF4


def _describe_station(file, site: Site) -> None:
    """The station's name and place, scalar coordinates of every variable (CF, section H.2)."""
    station = file.createVariable("station", str)
    station.setncatts({"long_name": "name of the camera", "cf_role": "timeseries_id"})
    station[...] = site.name
    places = (
        ("latitude", site.latitude_deg, "degrees_north", {"axis": "Y"}),
        ("longitude", site.longitude_deg, "degrees_east", {"axis": "X"}),
        ("altitude", site.elevation_m, "m", {"axis": "Z", "positive": "up"}),
    )
    for name, value, units, more in places:
        variable = file.createVariable(name, "f8")
        variable.setncatts({"standard_name": name, "long_name": f"{name} of the camera", "units": units, **more})
        variable[...] = value


def _declare(file, column: Variable, site: Site) -> None:
    if column.name == "utc":
        time = file.createVariable("time", "f8", ("time",), zlib=True, chunksizes=(CHUNK,))
        time.setncatts(column.attributes | {"units": EPOCH, "calendar": "standard", "axis": "T"} | NO_LEAP_SECONDS)
        return
    attributes: dict[str, Any] = column.attributes | {"coverage_content_type": CONTENT.get(column.name, AUXILIARY)}
    if column.flags:
        variable = _variable(file, column, "i1", np.int8(MISSING_CODE))
        attributes |= {"flag_values": np.arange(len(column.flags), dtype=np.int8)}
        attributes |= {"flag_meanings": " ".join(column.flags)}
    elif column.units is None:
        variable = _text(file, column, site)
    else:
        variable = _variable(file, column, "f8", np.nan)
    variable.setncatts(attributes | {"coordinates": PLACE})


def _variable(file, column: Variable, kind: str, missing):
    packed: dict[str, Any] = {"zlib": True, "shuffle": True, "fill_value": missing, "chunksizes": (CHUNK,)}
    return file.createVariable(column.name, kind, ("time",), **packed)


def _text(file, column: Variable, site: Site):
    """Characters in rows of one length, which compress, as strings of any length do not."""
    length = LENGTHS[column.name] + (0 if column.name == "night" else len(site.name))
    dimension = f"{column.name}_length"
    file.createDimension(dimension, length)
    variable = file.createVariable(column.name, "S1", ("time", dimension), zlib=True, chunksizes=(CHUNK, length))
    variable.setncattr("_Encoding", "utf-8")
    return variable


def _append(file, columns: Sequence[Variable], month: pd.DataFrame, start: int) -> None:
    rows = slice(start, start + len(month))
    for column in columns:
        values = month[column.name]
        if column.name == "utc":
            since = values - pd.Timestamp(0, tz="UTC")
            file["time"][rows] = since.dt.total_seconds().to_numpy()
        elif column.flags:
            file[column.name][rows] = codes(values, column.flags, MISSING_CODE)
        elif column.units is None:
            file[column.name][rows] = _characters(values, file[column.name].shape[1])
        else:
            file[column.name][rows] = values.to_numpy(dtype=float)


def _characters(values: pd.Series, length: int) -> np.ndarray:
    """Texts of at most that many bytes, as the library takes them. Raises ValueError for one that is longer."""
    given = values.fillna("").tolist()
    longest = max(given, key=lambda text: len(text.encode()))
    if len(longest.encode()) > length:
        raise ValueError(f"{values.name}: {longest} is longer than the {length} bytes that NetCDF keeps of it")
    return np.array(given, dtype=f"U{length}")
