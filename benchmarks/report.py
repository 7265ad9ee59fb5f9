"""The report: error rates per condition with intervals, and the page as a whole for a corpus of the published size.

The table has a rival, the page has none. The obvious way to honest intervals, once it is known that a night's frames
resemble each other, is the bootstrap over nights: merge predictions, conditions and audit labels in pandas, and for
each cell ask `scipy.stats.bootstrap` with its defaults (9,999 resamples, BCa) for each rate. It is fair because it is
what a careful person does with the standard library of the field; intervals that take frames as independent
are faster and wrong (see coverage.py). Tuned: 999 resamples, percentile intervals. Rates must agree exactly, intervals
roughly (`interval_gap`, the mean difference of their ends): the methods differ.

`seconds`, `peak_mb` and `html_mb` are of the whole report (table, figures as PNG and CSV, page with a keogram a night),
built in a fresh process.

    python benchmarks/report.py [--quick] [--nights 331] [--frames 650]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from made_skies import SITE
from scipy import stats
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, peak_mb_of, require, take_turns, tell

from allsky import figures
from allsky.conditions import LUNAR_BINS, SOLAR_BINS, observing_conditions
from allsky.labels.roles import roles_of
from allsky.labels.sampling import draw_audit_sheet
from allsky.report import GalleryItem, Keogram, ReportData, render_report, write_figures
from allsky.site import frame_ids
from allsky.statistics.rates import NIGHTS_TO_MEASURE, condition_table, occurrence
from allsky.statistics.tally import Tally
from allsky.tables import CONDITION_TABLE, LABELS, MONTH_FRAMES, VIDEOS

SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))
CLASSES = ("aurora", "no_aurora")
RATES = ("positive_ratio", "fpr", "fnr")
ENDS = tuple(f"{name}_{end}" for name in RATES for end in ("low", "high"))
EVERY = 10  # sun and moon are computed for every tenth frame; the ones between share its bins


@dataclass(frozen=True)
class Made:
    """The tables that a report stands on."""

    frames: pd.DataFrame
    predictions: pd.DataFrame
    sheet: pd.DataFrame
    labels: pd.DataFrame


def make(n_nights: int, n_frames: int) -> Made:
    rng = np.random.default_rng(5)
    frames = _frames([str(day.date()) for season in SEASONS for day in pd.date_range(*season)][:n_nights], n_frames)
    aurora = rng.random(len(frames)) < frames["night"].map(_by_night(frames, rng)).to_numpy()
    hard = 0.6 * (frames["lunar_bin"] != "No_Moon") + 0.5 * (frames["solar_bin"] != "Night")
    score = np.where(aurora, 2.2, -2.6) + (1.1 + hard) * rng.normal(size=len(frames))
    p = 1 / (1 + np.exp(-score))
    answers = frames[["frame_id", "night", "utc"]].assign(p_aurora=p, p_no_aurora=1 - p)
    answers["predicted"] = np.where(p >= 0.5, *CLASSES)
    sheet = draw_audit_sheet(frames)
    truth = pd.Series(np.where(aurora, *CLASSES), index=frames["frame_id"])
    labels = sheet.assign(label=truth.loc[sheet["frame_id"]].to_numpy(), labeller="made", time="", note=None)
    return Made(frames, answers, sheet, labels[LABELS.names])


def _frames(nights: list[str], n_frames: int) -> pd.DataFrame:
    """A frame a minute from eight in the evening, local mean solar time, on."""
    minutes = np.arange(n_frames)
    starts = pd.to_datetime(nights, utc=True) + pd.Timedelta("27h")
    utc = pd.Series(np.repeat(starts, n_frames) + pd.to_timedelta(np.tile(minutes, len(nights)), unit="min"))
    table = pd.DataFrame({"utc": utc.dt.as_unit("ms"), "night": np.repeat(nights, n_frames)})
    table["frame_id"] = frame_ids(SITE.name, table["utc"])
    table["video"] = table["night"] + ".mp4"
    table["frame_index"] = np.tile(10 * minutes, len(nights))
    sky = observing_conditions(table.iloc[::EVERY], SITE).drop(columns=["frame_id", "utc"])
    table = pd.concat([table, sky.loc[np.arange(len(table)) // EVERY].reset_index(drop=True)], axis=1)
    table = table.assign(
        image="none.jpg", clock_source="template", clock_residual_s=0.1, clock_flag=None, mean_luma=30.0
    )
    return table[table["sun_altitude_deg"] < -6][MONTH_FRAMES.names].reset_index(drop=True)


def _by_night(frames: pd.DataFrame, rng: np.random.Generator) -> dict[str, float]:
    return {night: 0.8 * rng.beta(0.8, 1.6) for night in frames["night"].unique()}


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


def report(n_nights: int, n_frames: int, folder: Path) -> None:
    """Write the whole report into `folder`, and beside it the seconds it took once its tables were read."""
    made = make(n_nights, n_frames)
    pictures = _pictures(folder, made.frames)
    started = time.perf_counter()
    table = ours(made)
    table.to_csv(folder / "condition_table.csv", index=False)
    CONDITION_TABLE.to_arrow(table)
    data = _data(made, table, pictures)
    write_figures(data, folder / "figures")
    (folder / "report.html").write_text(render_report(data), encoding="utf-8")
    (folder / "seconds").write_text(str(time.perf_counter() - started))


def _pictures(folder: Path, frames: pd.DataFrame) -> list[Keogram]:
    """A keogram of every night: one drawn, the others like it."""
    rng = np.random.default_rng(1)
    night = frames["night"].iloc[0]
    sky = frames[frames["night"] == night]
    image = rng.integers(0, 90, (720, 1440, 3), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 6)
    drawn = figures.png(figures.night_figure(night, image, sky["utc"].iloc[0], sky["utc"].iloc[-1], sky))
    keograms = []
    for name in frames["night"].unique():
        keograms.append(Keogram(name, folder / f"{name}.png"))
        keograms[-1].path.write_bytes(drawn)
    return keograms


def _data(made: Made, table: pd.DataFrame, keograms: list[Keogram]) -> ReportData:
    nights = made.frames["night"].unique()
    videos = [(night, f"{night}.mp4", 40_000_000, 1280, 720, 25.0, 6500, "h264", None) for night in nights]
    wrong = made.predictions.head(40)
    gallery = [
        GalleryItem(row.frame_id, "fp", "Night", "No_Moon", row.p_aurora, keograms[0].path, keograms[0].path)
        for row in wrong.itertuples()
    ]
    return ReportData(
        site=SITE,
        videos=pd.DataFrame(videos, columns=VIDEOS.names),
        tally=Tally.of(made.frames, made.predictions),
        frames=made.frames,
        condition_table=table,
        occurrence=occurrence(table, "aurora"),
        sheet=made.sheet,
        labels=made.labels,
        model_name="made-up",
        gallery=gallery,
        keograms=keograms,
    )


def main() -> None:
    asked = options(__doc__, nights=331, frames=650)
    n_nights, n_frames = (20, 120) if asked.quick else (asked.nights, asked.frames)
    with tempfile.TemporaryDirectory() as folder:
        peak_mb = peak_mb_of(report, n_nights, n_frames, Path(folder))
        seconds = float((Path(folder) / "seconds").read_text())
        html_mb = (Path(folder) / "report.html").stat().st_size / 1e6
    made = make(n_nights, n_frames)
    ways = {
        OURS: lambda: ours(made),
        OBVIOUS: lambda: bootstrapped(made),
        TUNED: lambda: bootstrapped(made, n_resamples=999, method="percentile"),
    }
    turns = take_turns(ways, asked.rounds)
    gap = check(turns.answers[OURS], turns.answers[OBVIOUS])
    audit_nights = sum(role == "audit" for role in roles_of(made.frames["night"]).values())
    done = {"n_frames": len(made.frames), "n_nights": n_nights, "n_audit_nights": audit_nights, "interval_gap": gap}
    tell(turns, {**compared(turns), **done, "seconds": seconds, "peak_mb": peak_mb, "html_mb": html_mb})


if __name__ == "__main__":
    main()
