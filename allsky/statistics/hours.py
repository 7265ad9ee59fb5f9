"""At which hours was it seen? Frames by hour of UTC and of magnetic local time, night by night.

Everything said of hours, months and nights is a sum over `HOURS`; it is small (a row per night and hour), and tables of
parts of an archive put one below the other are that of the whole.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from allsky.geomagnetic import magnetic_local_time
from allsky.labels.answers import UNSURE, as_answered
from allsky.site import Site
from allsky.statistics.intervals import NIGHTS_TO_MEASURE, Rate, pooled_proportion, proportion_over_nights
from allsky.statistics.night_totals import audited_frames
from allsky.tables import HOURS

UTC, MLT = "UTC", "MLT"
COUNTS = ["n_frames", "n_positive", "n_clear"]
CALLED = ["n_called_clear", "w_called_clear", "ww_called_clear", "w_called_positive"]


class Said(NamedTuple):
    """The answer that counts as positive, and the one that says cloud hides the sky."""

    positive: str
    cloud_key: str


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
    table = _by_clock(told, predictions["utc"], site, COUNTS).reindex(columns=HOURS.names)
    if not cloudy:
        table["n_clear"] = pd.NA
    return table.astype(dict.fromkeys(("hour", *COUNTS, CALLED[0]), "Int64") | dict.fromkeys(CALLED[1:], "Float64"))


def with_called_clear(
    hours: pd.DataFrame, sheet: pd.DataFrame, labels: pd.DataFrame, frames: pd.DataFrame, site: Site, said: Said
) -> pd.DataFrame:
    """HOURS with what labellers who have a key for clouds called clear, of frames of audit nights that were drawn.

    `sheet` is SHEET, `labels` LABELS as matched with `answer` (`answers.clouds_as`), `frames` MONTH_FRAMES of at least
    the frames answered, `said` the positive class and the key. Frames called cloudy or unsure, or about whose clouds
    labellers disagree, are not called clear.
    """
    audited = audited_frames(sheet, as_answered(labels), frames)
    clear = audited[~audited["label"].isin([said.cloud_key, UNSURE])].merge(frames[["frame_id", "night", "utc"]])
    weight = clear["weight"]
    told = pd.DataFrame(
        {
            "night": clear["night"],
            "n_called_clear": 1,
            "w_called_clear": weight,
            "ww_called_clear": weight**2,
            "w_called_positive": weight.where(clear["label"] == said.positive, 0.0),
        }
    )
    key = ["night", "clock", "hour"]
    found = _by_clock(told, clear["utc"], site, CALLED).set_index(key).reindex(pd.MultiIndex.from_frame(hours[key]))
    return hours.assign(**{name: found[name].fillna(0).to_numpy() for name in CALLED})


def _by_clock(told: pd.DataFrame, utc: pd.Series, site: Site, columns: list[str]) -> pd.DataFrame:
    """Sums of `columns` by night, and by the hour of each clock."""
    clocks = {UTC: utc.dt.hour, MLT: magnetic_local_time(utc, site).astype(int)}
    tables = [
        told.assign(clock=clock, hour=hour).groupby(["night", "clock", "hour"], as_index=False)[columns].sum()
        for clock, hour in clocks.items()
    ]
    return pd.concat(tables, ignore_index=True)


def occurrence_by_clock(hours: pd.DataFrame) -> pd.DataFrame:
    """A row for each clock and hour that has frames, with 95 % intervals over nights.

    Columns: clock, hour, n_frames, n_nights, n_positive, positive_ratio, positive_ratio_low, positive_ratio_high,
    n_clear, n_called_clear, clear_ratio, clear_ratio_low, clear_ratio_high (of frames whose sky no cloud hides,
    `clear_share`; null without an answer about clouds).
    """
    rows = []
    for (clock, hour), nights in hours.groupby(["clock", "hour"], sort=False):
        of_all = _columns("positive_ratio", _share(nights, "n_frames"))
        of_clear = _columns("clear_ratio", clear_share(nights))
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


def clear_share(hours: pd.DataFrame) -> Rate:
    """How often it was seen where no cloud hid the sky, with its interval over nights; NaN without such an answer.

    With a class about clouds of frames not predicted cloudy, by the classifier; with a key about clouds by the
    labellers, of the frames they called clear, weighted by how these were drawn: NaN from fewer than five nights.
    """
    if hours["n_called_clear"].isna().all():
        return _share(hours[hours["n_clear"].notna()], "n_clear")
    by_night = hours.groupby("night")[CALLED].sum().astype(float)
    n, weight, squares, positive = (by_night[[name]].to_numpy() for name in CALLED)
    rate = pooled_proportion(positive, weight, squares, n, by_night.index)
    return rate if rate.n_nights >= NIGHTS_TO_MEASURE else Rate(n_nights=rate.n_nights)


_TOTALS = ("n_frames", "n_nights", "n_positive", "n_clear", "n_called_clear")


def _totals(nights: pd.DataFrame) -> dict:
    sums = {name: nights[name].sum(min_count=1) for name in (*COUNTS, CALLED[0])}
    return {"n_frames": sums["n_frames"], "n_nights": nights["night"].nunique(), **sums}


def _share(nights: pd.DataFrame, total: str) -> Rate:
    """The share of positive frames among those counted in `total`, with its interval over nights."""
    hits, frames = nights["n_positive"].astype(float), nights[total].astype(float)
    return proportion_over_nights(hits, frames, int(frames.sum()), nights=nights["night"])


def _columns(name: str, rate: Rate) -> dict:
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
