"""Which corrections of the clock has a person decided on?

A small CSV file, kept beside the configuration: one line for each stretch of nights, with the reason. Nothing else
ever corrects a clock.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from allsky.errors import BadConfiguration
from allsky.site import is_date

COLUMNS = ("first_night", "last_night", "add_s", "reason", "decided_by")


def read_ledger(path: str | Path) -> pd.DataFrame:
    """The corrections in a CSV file, columns COLUMNS: `add_s` seconds are added to the times of the nights from
    `first_night` to `last_night` (`YYYY-MM-DD`, both included). No file is an empty ledger.

    Raises BadConfiguration naming file and line: a missing column, a night or a number that is none, no reason, or
    two lines for one night.
    """
    path = Path(path)
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS)).astype({"add_s": float})
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path} is no CSV file of clock corrections ({error}); {_wanted()}") from None
    if not set(COLUMNS) <= set(rows.columns):
        raise BadConfiguration(f"{path} has the columns {', '.join(rows.columns)}; {_wanted()}")
    rows = rows[list(COLUMNS)].apply(lambda column: column.str.strip())
    for line, row in enumerate(rows.itertuples(index=False), start=2):
        _check(row, f"{path}, line {line}")
    rows["add_s"] = rows["add_s"].astype(float)
    ordered = rows.sort_values("first_night", ignore_index=True)
    twice = ordered["first_night"] <= ordered["last_night"].shift(fill_value="")
    if twice.any():
        raise BadConfiguration(f"{path}: the night {ordered['first_night'][twice].iloc[0]} is corrected by two lines")
    return ordered


def correction_s(ledger: pd.DataFrame, night: str) -> float:
    """Seconds to add to the times of `night`; 0 where the ledger says nothing."""
    if ledger.empty:
        return 0.0
    lines = zip(ledger["first_night"], ledger["last_night"], ledger["add_s"], strict=True)
    return next((float(add_s) for first, last, add_s in lines if first <= night <= last), 0.0)


def _check(row, where: str) -> None:
    for night in (row.first_night, row.last_night):
        if not is_date(night):
            raise BadConfiguration(f"{where}: {night!r} is no night; expected a date like 2023-01-31")
    if row.last_night < row.first_night:
        raise BadConfiguration(f"{where}: the last night {row.last_night} lies before the first, {row.first_night}")
    if not np.isfinite(pd.to_numeric(row.add_s, errors="coerce")):
        raise BadConfiguration(f"{where}: add_s = {row.add_s!r}; expected seconds to add, such as 3600 or -86400")
    if not row.reason:
        raise BadConfiguration(f"{where}: a correction needs its reason, which the report cites")


def _wanted() -> str:
    return f"expected a first line {','.join(COLUMNS)} and a line for each stretch of nights"
