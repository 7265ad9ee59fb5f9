"""The report: error rates per condition with intervals, and the page as a whole for a corpus of the published size.

The table has a rival, the page has none. The obvious way to honest intervals, once it is known that a night's frames
resemble each other, is the bootstrap over nights: merge predictions, conditions and audit labels in pandas, and for
each cell ask `scipy.stats.bootstrap` with its defaults (9,999 resamples, BCa) for each rate. It is fair because it is
what a careful person does with the standard library of the field; intervals that take frames as independent
are faster and wrong (see coverage.py). Tuned: 999 resamples, percentile intervals. Rates must agree exactly, intervals
roughly (`interval_gap`, the mean difference of their ends): the methods differ.

`seconds`, `peak_mb` and `html_mb` are of the whole report (tables, figures as PNG and CSV, page) of `page_nights`
nights, made by its stage in a fresh process from the artifacts of the stages before it. More nights
than were published follow each other, white ones among them, which have no frames. Of decades, say 10,000 nights, the
table by bootstrap has no room in memory, the report has:

    python benchmarks/report.py [--quick] [--nights 331] [--frames 650] [--page-nights 331]
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import made_report
import numpy as np
import pandas as pd
from made_frames import CLASSES, Made, made_nights, make
from scipy import stats
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, peak_mb_of, require, take_turns, tell

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.labels.roles import roles_of
from allsky.statistics.rates import NIGHTS_TO_MEASURE, condition_table

RATES = ("positive_ratio", "fpr", "fnr")
# The last are white: the sun stays above -6 degrees at the site, as in the summers of any archive of whole years.
QUICK_PAGE = [f"1990-05-{day}" for day in range(12, 32)]
ENDS = tuple(f"{name}_{end}" for name in RATES for end in ("low", "high"))


# The table.


def ours(made: Made) -> pd.DataFrame:
    return condition_table(made.predictions, made.frames, made.sheet, made.labels, CLASSES, "aurora")


def bootstrapped(made: Made, **settings) -> pd.DataFrame:
    bins = made.frames[["frame_id", "solar_bin", "lunar_bin"]]
    every = made.predictions.merge(bins, on="frame_id")
    drawn = made.sheet[["frame_id", "inclusion_probability"]].merge(made.labels[["frame_id", "label"]], on="frame_id")
    every = every.merge(drawn, on="frame_id", how="left")
    every["weight"] = 1 / every["inclusion_probability"]
    every["yes"], every["is"] = every["predicted"] == "aurora", every["label"] == "aurora"
    rows = [_cell(every[inside], solar, lunar, settings) for solar, lunar, inside in _cells(every)]
    return pd.DataFrame(rows, columns=["solar_bin", "lunar_bin", "n_frames", "n_positive", *RATES, *ENDS])


def _cells(every: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    present = set(every["solar_bin"])
    for solar in [*(name for name in SOLAR_BINS if name in present), "All"]:
        for lunar in (*LUNAR_BINS, "All"):
            of_sun = (every["solar_bin"] == solar) | (solar == "All")
            yield solar, lunar, of_sun & ((every["lunar_bin"] == lunar) | (lunar == "All"))


def _cell(cell: pd.DataFrame, solar: str, lunar: str, settings: dict) -> dict:
    audited = cell[cell["label"].notna()]
    row = {"solar_bin": solar, "lunar_bin": lunar, "n_frames": len(cell), "n_positive": int(cell["yes"].sum())}
    row |= _rate("positive_ratio", cell, cell["yes"], pd.Series(1.0, cell.index), 1, settings)
    for name, of, wrong in (("fpr", ~audited["is"], audited["yes"]), ("fnr", audited["is"], ~audited["yes"])):
        some = audited[of]
        row |= _rate(name, some, wrong[of], some["weight"], NIGHTS_TO_MEASURE, settings)
    return row


def _rate(name: str, cell: pd.DataFrame, hits: pd.Series, weight: pd.Series, least: int, settings: dict) -> dict:
    """A weighted rate with its interval over nights; nothing where there are fewer than `least`."""
    nights = pd.DataFrame({"night": cell["night"], "hits": hits * weight, "all": weight}).groupby("night").sum()
    if len(nights) < max(least, 2):
        return {}
    hit, total = nights["hits"].to_numpy(), nights["all"].to_numpy()
    row = {name: hit.sum() / total.sum()}
    if 0 < row[name] < 1:
        found = stats.bootstrap(
            (hit, total), _quotient, paired=True, vectorized=True, rng=np.random.default_rng(0), **settings
        )
        row |= {f"{name}_low": found.confidence_interval.low, f"{name}_high": found.confidence_interval.high}
    return row


def _quotient(hit: np.ndarray, total: np.ndarray, axis: int = -1) -> np.ndarray:
    return hit.sum(axis=axis) / total.sum(axis=axis)


def check(mine: pd.DataFrame, other: pd.DataFrame) -> float:
    """Stop unless counts and rates are equal; the mean difference of the intervals' ends."""
    both = mine.merge(other, on=["solar_bin", "lunar_bin"], suffixes=("", "_other"))
    require(len(both) == len(mine) == len(other), "both have the same cells")
    for name in ("n_frames", "n_positive"):
        require(list(both[name]) == list(both[f"{name}_other"]), f"{name} agrees")
    for name in RATES:
        mine_too, others = both[name].astype(float), both[f"{name}_other"].astype(float)
        require(bool(np.allclose(mine_too, others, equal_nan=True)), f"{name} agrees")
    gaps = [(both[end].astype(float) - both[f"{end}_other"].astype(float)).abs() for end in ENDS]
    return float(pd.concat(gaps).mean())


# The page.


def page(nights: list[str], n_frames: int) -> dict[str, float]:
    """What a report of these nights takes and weighs."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        peak_mb_of(made_report.write, folder, nights, n_frames)
        peak_mb = peak_mb_of(made_report.report, folder)
        return json.loads((folder / "told.json").read_text()) | {"peak_mb": peak_mb, "page_nights": len(nights)}


def main() -> None:
    asked = options(__doc__, nights=331, frames=650, page_nights=331)
    n_nights, n_frames = (20, 120) if asked.quick else (asked.nights, asked.frames)
    whole = page(QUICK_PAGE if asked.quick else made_nights(asked.page_nights), asked.frames)
    print(whole, flush=True)
    made = make(made_nights(n_nights), n_frames)
    ways = {
        OURS: lambda: ours(made),
        OBVIOUS: lambda: bootstrapped(made),
        TUNED: lambda: bootstrapped(made, n_resamples=999, method="percentile"),
    }
    turns = take_turns(ways, asked.rounds)
    gap = check(turns.answers[OURS], turns.answers[OBVIOUS])
    audit_nights = sum(role == "audit" for role in roles_of(made.frames["night"]).values())
    done = {"n_frames": len(made.frames), "n_nights": n_nights, "n_audit_nights": audit_nights, "interval_gap": gap}
    tell(turns, {**compared(turns), **done, **whole})


if __name__ == "__main__":
    main()
