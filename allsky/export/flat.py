"""A corpus as one CSV or Parquet file, written month by month, with what each column means beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from allsky.columns import REAL, TEXT, TIME
from allsky.export.attributes import Extent
from allsky.export.variables import Variable
from allsky.site import Site

KINDS = {"utc": TIME}
CF = "https://cfconventions.org/cf-conventions/cf-conventions.html#"
ACDD = "https://wiki.esipfed.org/Attribute_Convention_for_Data_Discovery_1-3#"


def write_parquet(
    path: Path, months: Iterable[pd.DataFrame], columns: Sequence[Variable], site: Site, attributes: Mapping[str, Any]
) -> int:
    """Write the rows of `months` to `path`, a row group each; how many there were.

    Each column's CF attributes stand in its field's metadata, the file's own as JSON under `acdd` in its metadata.
    """
    schema = pa.schema([pa.field(one.name, _kind(one), metadata=_described(one)) for one in columns])
    extent = Extent()
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for month in extent.over(months):
            file.write_table(pa.Table.from_pandas(month, schema=schema, preserve_index=False))
        file.add_key_value_metadata({"acdd": json.dumps(dict(attributes) | extent.attributes)})
    return extent.rows


def _kind(column: Variable) -> pa.DataType:
    return KINDS.get(column.name, REAL if column.units else TEXT)


def _described(column: Variable) -> dict[str, str]:
    flags = {"flag_meanings": " ".join(column.flags)} if column.flags else {}
    return dict(column.attributes) | flags


def csv_description(path: Path) -> Path:
    """Where the description of a CSV file lies: beside it, where "CSV on the Web" has it looked for."""
    return path.with_name(f"{path.name}-metadata.json")


def write_csv(
    path: Path, months: Iterable[pd.DataFrame], columns: Sequence[Variable], site: Site, attributes: Mapping[str, Any]
) -> int:
    """Write the rows of `months` to `path`; how many there were.

    Beside it `csv_description` says what each column is, by the W3C's "CSV on the Web".
    """
    extent = Extent()
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(column.name for column in columns) + "\n")
        for month in extent.over(months):
            times = month["utc"].dt.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3] + "Z"
            month.assign(utc=times).to_csv(file, index=False, header=False, float_format="%.9g")
    told = _csv_on_the_web(path.name, columns, dict(attributes) | extent.attributes)
    csv_description(path).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return extent.rows


def _csv_on_the_web(name: str, columns: Sequence[Variable], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The table's description (https://www.w3.org/TR/tabular-metadata/); CF and ACDD under their own names."""
    described = [
        {
            "name": column.name,
            "titles": column.name,
            "dc:description": column.long_name,
            "datatype": _datatype(column),
            **{f"cf:{name}": value for name, value in _described(column).items() if name != "long_name"},
        }
        for column in columns
    ]
    acdd = {f"acdd:{key}": value for key, value in attributes.items()}
    context = ["http://www.w3.org/ns/csvw", {"cf": CF, "acdd": ACDD}]
    return {"@context": context, "url": name, "tableSchema": {"columns": described}, **acdd}


def _datatype(column: Variable) -> Any:
    if column.name == "utc":
        return {"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ss.SSSX"}
    return "number" if column.units else "string"
