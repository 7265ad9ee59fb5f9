"""What is a stored table? Columns with a name, a type, a unit and a meaning.

A `Table` turns a data frame into the Arrow table that is stored and back, so that two nights
written years apart have the same schema and `pandas.read_parquet` reads them as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

TIME = pa.timestamp("ms", tz="UTC")
NAIVE_TIME = pa.timestamp("ms")
TEXT = pa.string()
REAL = pa.float64()
WHOLE = pa.int64()
SHORT = pa.int32()
TRUTH = pa.bool_()
HALVES = pa.list_(pa.float16())


@dataclass(frozen=True)
class Column:
    """One column of a stored table."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A stored table: what a row is, and its columns in order.

    `open_ended` tables (predictions, one column per class) keep columns beyond the declared ones.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    open_ended: bool = False

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])

    def empty(self) -> pd.DataFrame:
        """A data frame with this table's columns and no rows."""
        return self.schema.empty_table().to_pandas()

    def to_arrow(self, frame: pd.DataFrame) -> pa.Table:
        """`frame` with this table's columns in this order and of these types.

        Raises ValueError naming what is missing or unknown.
        """
        missing = [name for name in self.names if name not in frame.columns]
        extra = [name for name in frame.columns if name not in self.names]
        if missing or (extra and not self.open_ended):
            raise ValueError(f"table {self.name}: missing columns {missing}, unknown columns {extra}")
        schema = self.schema
        for name in extra:
            schema = schema.append(pa.field(name, pa.Array.from_pandas(frame[name]).type))
        return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)


def columns(*rows: tuple[str, pa.DataType, str, str]) -> tuple[Column, ...]:
    """Columns from rows of name, type, unit and meaning."""
    return tuple(Column(*row) for row in rows)


def chosen(source: Sequence[Column], *names: str) -> tuple[Column, ...]:
    """Those of another table's columns that have these names."""
    by_name = {column.name: column for column in source}
    return tuple(by_name[name] for name in names)
