"""At which hours was it seen? Frames by hour of UTC and of magnetic local time, night by night.

Everything said of hours, months and nights is a sum over `HOURS`; it is small (a row per night and hour), and tables of
parts of an archive put one below the other are that of the whole.
"""

from __future__ import annotations

import pandas as pd

from allsky.geomagnetic import magnetic_local_time
from allsky.site import Site
from allsky.statistics.intervals import proportion_over_nights
from allsky.tables import HOURS

UTC, MLT = "UTC", "MLT"
COUNTS = ["n_frames", "n_positive", "n_clear"]


def night_hours(predictions: pd.DataFrame, positive: str, site: Site, cloudy: str | None = None) -> pd.DataFrame:
    """The table HOURS of predicted frames (`night`, `utc`, `predicted`).

    `cloudy` is the class that says cloud hides the sky, where there is one; without, `n_clear` is null.
    """
    told = pd.DataFrame(
        {
            "night": predictions["night"],
            "n_frames": 1,
            "n_positive": (predictions["predicted"] == positive).astype(int),
            "n_clear": (predictions["predicted"] != cloudy).astype(int),
        }
    )
    clocks = {UTC: predictions["utc"].dt.hour, MLT: magnetic_local_time(predictions["utc"], site).astype(int)}
    tables = [
        told.assign(clock=clock, hour=hour).groupby(["night", "clock", "hour"], as_index=False)[COUNTS].sum()
        for clock, hour in clocks.items()
    ]
    table = pd.concat(tables, ignore_index=True)[HOURS.names]
    if not cloudy:
        table["n_clear"] = pd.NA
    return table.astype(dict.fromkeys(("hour", *COUNTS), "Int64"))


def occurrence_by_clock(hours: pd.DataFrame) -> pd.DataFrame:
    """A row for each clock and hour that has frames, with 95 % intervals over nights.

    Columns: clock, hour, n_frames, n_nights, n_positive, positive_ratio, positive_ratio_low, positive_ratio_high,
    n_clear, clear_ratio, clear_ratio_low, clear_ratio_high (of frames whose sky no cloud hides; null without an
    answer about clouds).
    """
    rows = []
    for (clock, hour), nights in hours.groupby(["clock", "hour"], sort=False):
        of_all = _share(nights, "n_frames", "positive_ratio")
        of_clear = _share(nights[nights["n_clear"].notna()], "n_clear", "clear_ratio")
        rows.append({"clock": clock, "hour": hour, **_totals(nights), **of_all, **of_clear})
    table = pd.DataFrame(rows, columns=["clock", "hour", *_TOTALS, *_ends("positive_ratio"), *_ends("clear_ratio")])
    return table.sort_values(["clock", "hour"], ascending=[False, True], ignore_index=True)


def occurrence_by_hour(hours: pd.DataFrame) -> pd.DataFrame:
    """Month of nights by hour of UTC: month, hour_utc, n_frames, n_nights, n_positive, positive_ratio, clear_ratio.

    Only hours with frames have a row.
    """
    of_utc = hours[hours["clock"] == UTC]
    told = of_utc.assign(month=of_utc["night"].str[:7]).rename(columns={"hour": "hour_utc"})
    return _summed(told, ["month", "hour_utc"], n_nights=("night", "nunique"))


def occurrence_by_night(hours: pd.DataFrame) -> pd.DataFrame:
    """A row per night with predictions: night, n_frames, n_positive, positive_ratio, n_clear, clear_ratio."""
    return _summed(hours[hours["clock"] == UTC], ["night"])


_TOTALS = ("n_frames", "n_nights", "n_positive", "n_clear")


def _totals(nights: pd.DataFrame) -> dict:
    sums = {name: nights[name].sum(min_count=1) for name in COUNTS}
    return {"n_frames": sums["n_frames"], "n_nights": nights["night"].nunique(), **sums}


def _share(nights: pd.DataFrame, total: str, name: str) -> dict:
    """The share of positive frames among those counted in `total`, with its interval over nights."""
    hits, frames = nights["n_positive"].astype(float), nights[total].astype(float)
    rate = proportion_over_nights(hits, frames, int(frames.sum()), nights=nights["night"])
    return dict(zip(_ends(name), (rate.value, rate.low, rate.high), strict=True))


def _ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _summed(hours: pd.DataFrame, by: list[str], **counted) -> pd.DataFrame:
    grouped = hours.groupby(by)
    counts = grouped.agg(n_frames=("n_frames", "sum"), **counted, n_positive=("n_positive", "sum")).astype(int)
    clear = grouped["n_clear"].sum(min_count=1)
    shares = {
        "positive_ratio": counts["n_positive"] / counts["n_frames"],
        "n_clear": clear,
        # An hour under nothing but cloud has no clear frame to be a share of.
        "clear_ratio": (counts["n_positive"] / clear.where(clear > 0)).astype("Float64"),
    }
    return counts.assign(**shares).reset_index()
