"""Reading a whole corpus back: Parquet by the month against a CSV for each night.

The obvious way to keep a night's results is two CSV files (frames, conditions) and one of predictions; to read them
back, `pandas.read_csv` on each, `parse_dates`, `merge`, `concat`. It is fair because that is how results of such
projects are kept and shared, and the files lie in the page cache for both sides. Tuned: the `pyarrow` engine of
`read_csv`, all frames concatenated first and merged once. Ours is `open_corpus`, one line.

    python benchmarks/months.py [--quick] [--nights 90] [--frames 600]
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
from made_skies import SITE
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.corpus import Corpus, open_corpus
from allsky.ephemeris import ANGLES
from allsky.site import frame_ids
from allsky.tables import CONDITIONS, FRAMES, MONTH_FRAMES, Table, with_probabilities

MODEL = "made_up-00000000"
PREDICTIONS = with_probabilities(["aurora", "no_aurora"])
TABLES = ("frames", "conditions", "predictions")


def night_table(night: str, n_frames: int, rng: np.random.Generator) -> pd.DataFrame:
    """MONTH_FRAMES and predictions of a night, in one."""
    utc = pd.Series(pd.date_range(f"{night} 22:00", periods=n_frames, freq="min", tz="UTC")).dt.as_unit("ms")
    table = pd.DataFrame({"night": night, "frame_id": frame_ids(SITE.name, utc), "utc": utc})
    table["image"] = f"images/night={night}/" + table["frame_id"] + ".jpg"
    table["video"], table["frame_index"] = f"{SITE.name}_{night}.mp4", 10 * np.arange(n_frames)
    table["clock_source"], table["clock_flag"] = "template", None
    numbers = rng.uniform(0, 90, (n_frames, len(ANGLES) + 2)).round(6)
    table[[*ANGLES, "clock_residual_s", "mean_luma"]] = numbers
    table["solar_bin"] = rng.choice(SOLAR_BINS, n_frames)
    table["lunar_bin"] = rng.choice(LUNAR_BINS, n_frames)
    table["p_aurora"] = rng.random(n_frames).round(6)
    table["p_no_aurora"] = 1 - table["p_aurora"]
    return table.assign(predicted=np.where(table["p_aurora"] >= 0.5, "aurora", "no_aurora"))


def write(root: Path, n_nights: int, n_frames: int) -> None:
    """The same corpus twice: as the chain stores it, and as CSV files."""
    rng = np.random.default_rng(1)
    nights = [str(day.date()) for day in pd.date_range("2023-01-01", periods=n_nights)]
    tables = {night: night_table(night, n_frames, rng) for night in nights}
    corpus = Corpus(root / "parquet")
    for month in sorted({night[:7] for night in nights}):
        joined = pd.concat([tables[night] for night in nights if night[:7] == month])
        store(joined, MONTH_FRAMES, corpus.month(month))
    for night, table in tables.items():
        store(table, PREDICTIONS, corpus.predictions(MODEL, night))
        columns = (FRAMES.names, CONDITIONS.names, PREDICTIONS.names)
        for name, wanted in zip(TABLES, columns, strict=True):
            (root / name).mkdir(exist_ok=True)
            table[wanted].to_csv(root / name / f"{night}.csv", index=False)


def store(rows: pd.DataFrame, table: Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table.to_arrow(rows[table.names]), path, compression="zstd")


def ours(root: Path) -> pd.DataFrame:
    return open_corpus(root / "parquet")


def obvious(root: Path) -> pd.DataFrame:
    nights = []
    for path in sorted((root / "frames").glob("*.csv")):
        frames = pd.read_csv(path, parse_dates=["utc"])
        sky = pd.read_csv(root / "conditions" / path.name, parse_dates=["utc"])
        answers = pd.read_csv(root / "predictions" / path.name, parse_dates=["utc"])
        night = frames.merge(sky, on=["frame_id", "utc"]).merge(answers, on=["frame_id", "utc"], how="left")
        nights.append(night)
    return pd.concat(nights, ignore_index=True)


def tuned(root: Path) -> pd.DataFrame:
    frames, sky, answers = (
        pd.concat([pd.read_csv(path, engine="pyarrow") for path in sorted((root / name).glob("*.csv"))])
        for name in TABLES
    )
    both = frames.merge(sky.drop(columns="utc"), on="frame_id")
    return both.merge(answers.drop(columns="utc"), on="frame_id", how="left")


def check(answers: dict[str, pd.DataFrame]) -> None:
    mine = answers[OURS].sort_values("frame_id", ignore_index=True)
    for way in (OBVIOUS, TUNED):
        other = answers[way].sort_values("frame_id", ignore_index=True)
        require(len(mine) == len(other), f"{way}: as many frames")
        require(bool((pd.to_datetime(other["utc"], utc=True) == mine["utc"]).all()), f"{way}: the same times")
        for name in ("frame_id", "video", "frame_index", "solar_bin", "lunar_bin", "predicted"):
            require(bool((mine[name] == other[name]).all()), f"{way}: {name} agrees")
        numbers = [*ANGLES, "p_aurora", "mean_luma"]
        require(bool(np.allclose(mine[numbers], other[numbers], atol=1e-9)), f"{way}: numbers agree")


def main() -> None:
    asked = options(__doc__, rounds=5, nights=90, frames=600)
    n_nights, n_frames = (4, 50) if asked.quick else (asked.nights, asked.frames)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), n_nights, n_frames)
        ways = {OURS: ours, OBVIOUS: obvious, TUNED: tuned}
        turns = take_turns({name: partial(way, Path(folder)) for name, way in ways.items()}, asked.rounds)
    check(turns.answers)
    tell(turns, {**compared(turns), "n_frames": n_nights * n_frames, "n_nights": n_nights})


if __name__ == "__main__":
    main()
