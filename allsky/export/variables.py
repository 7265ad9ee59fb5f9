"""What is each exported column called in the Climate and Forecast conventions, and in which unit?

Names of the CF standard name table where it has one (https://cfconventions.org/standard-names.html); it has none for
the moon, for bins and for what a classifier says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from allsky.columns import REAL, SHORT, Column
from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.geomagnetic import magnetic_local_time
from allsky.site import Site
from allsky.tables import EXPORTED

STANDARD_NAMES = {
    "utc": "time",
    "sun_altitude_deg": "solar_elevation_angle",
    "sun_azimuth_deg": "solar_azimuth_angle",
}
# A unit as UDUNITS spells it; a text has none, a number without one is `1`.
UNITS = {"degree": "degree", "s": "s", "h": "h"}
FLAGS = {"solar_bin": SOLAR_BINS, "lunar_bin": LUNAR_BINS}


@dataclass(frozen=True)
class Variable:
    """A column of the export: `flags` are the words that a coded column may hold, in the order of their codes."""

    name: str
    long_name: str
    units: str | None = None
    standard_name: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def attributes(self) -> dict[str, str]:
        """What CF says of the variable, flags apart."""
        told = {"long_name": self.long_name, "units": self.units, "standard_name": self.standard_name}
        return {name: value for name, value in told.items() if value}


def variables(classes: Sequence[str]) -> list[Variable]:
    """The variables of an export in order; `classes` is empty where there are no predictions."""
    plain = [_variable(column) for column in EXPORTED.columns]
    if not classes:
        return plain
    chances = [Variable(f"p_{name}", f"calibrated probability of {_word(name)}", "1") for name in classes]
    words = tuple(_word(name) for name in classes)
    return [*plain, *chances, Variable("predicted", "class by the model's own rule", flags=words)]


def _variable(column: Column) -> Variable:
    number = column.type in (REAL, SHORT)
    units = UNITS.get(column.unit, "1") if number else None
    meaning = column.meaning.replace("`", "")
    return Variable(column.name, meaning, units, STANDARD_NAMES.get(column.name), FLAGS.get(column.name, ()))


def _word(name: str) -> str:
    """A flag's meaning must be one word (CF, section 3.5)."""
    return "_".join(name.split())


def exported_table(frames: pd.DataFrame, site: Site, classes: Sequence[str]) -> pd.DataFrame:
    """Of a month of `open_corpus` the rows to export: in order of time, none in doubt, no instant twice."""
    sure = frames[frames["clock_flag"].isna()].sort_values("utc").drop_duplicates("utc")
    table = sure.assign(magnetic_local_time_h=magnetic_local_time(sure["utc"], site))
    if classes:
        words = {name: _word(name) for name in classes}
        table["predicted"] = table["predicted"].map(words)
    return table[[variable.name for variable in variables(classes)]].reset_index(drop=True)


def codes(column: pd.Series, flags: Sequence[str], missing: int = -1) -> np.ndarray:
    """Each word's place among `flags` as int8; `missing` for null."""
    found = pd.Categorical(column, categories=list(flags)).codes.astype(np.int8)
    return np.where(found < 0, np.int8(missing), found)
