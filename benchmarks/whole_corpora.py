"""Of all the intervals that the report's tables give, how many contain the truth?

Twenty seeds of whole corpora: the 331 nights of the published corpus with their real sun and moon, a frame every five
minutes, roles by the hash of the date, frames drawn by the audit sheet with their permanent random numbers, a labeller
who is unsure now and then, and the tables as the report makes them. A classifier of known quality, whose errors come by
the night, stands in place of a trained one: twenty trainings would take hours, and would leave the truth unknown.

    python benchmarks/whole_corpora.py [seeds, 20]
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from coverage import AURORA, CELLS, FNR, FPR, ROWS, SEASONS, YELLOWKNIFE, by_night

from allsky.conditions import observing_conditions
from allsky.labels.answers import UNSURE
from allsky.labels.roles import roles_of
from allsky.labels.sampling import draw_audit_sheet
from allsky.site import frame_ids, night_bounds
from allsky.statistics.contrasts import contrast_table
from allsky.statistics.rates import condition_table
from allsky.tables import LABELS

CLASSES = ("aurora", "no_aurora")
CORRELATION = 0.2
UNSURE_SHARE = 0.03


def sky_frames() -> pd.DataFrame:
    """Frames of all nights with their conditions, as the report reads them."""
    nights = [str(day.date()) for first, last in SEASONS for day in pd.date_range(first, last)]
    offsets = pd.timedelta_range("4h", "20h", freq="5min")
    utc = pd.Series(np.concatenate([night_bounds(night, YELLOWKNIFE.longitude_deg)[0] + offsets for night in nights]))
    frames = pd.DataFrame({"frame_id": frame_ids("made_up", utc), "utc": utc, "night": np.repeat(nights, len(offsets))})
    sky = observing_conditions(frames, YELLOWKNIFE).drop(columns="utc")
    frames = frames.merge(sky[sky["sun_altitude_deg"] < -11.5], on="frame_id")
    frames["video"] = frames["night"] + ".mp4"
    return frames.assign(frame_index=frames.groupby("night").cumcount(), clock_flag=None)


def answered(generator, frames: pd.DataFrame) -> pd.DataFrame:
    """Whether aurora is in each frame, and whether the classifier says so: rates of their own on every night."""
    nights, night = np.unique(frames["night"], return_inverse=True)
    cell = pd.MultiIndex.from_tuples(CELLS).get_indexer(pd.MultiIndex.from_frame(frames[["solar_bin", "lunar_bin"]]))
    aurora, fpr, fnr = (
        by_night(generator, rate, CORRELATION, (len(nights), len(CELLS)))[night, cell] for rate in (AURORA, FPR, FNR)
    )
    truth = generator.random(len(frames)) < aurora
    said = generator.random(len(frames)) < np.where(truth, 1 - fnr, fpr)
    return frames.assign(truth=truth, predicted=np.where(said, *CLASSES))


def tables(generator, frames: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The condition table and the contrasts of one corpus."""
    made = answered(generator, frames)
    roles = roles_of(made["night"], seed=seed)
    sheet = draw_audit_sheet(made, seed=seed)
    label = np.where(generator.random(len(made)) < UNSURE_SHARE, UNSURE, np.where(made["truth"], *CLASSES))
    labels = made.assign(label=label, labeller="made up", time="", note="")[LABELS.names]
    labels = labels[labels["frame_id"].isin(sheet["frame_id"])]
    predictions = made[["frame_id", "night", "utc", "predicted"]]
    training = [night for night, role in roles.items() if role == "training"]
    table = condition_table(predictions, made, sheet, labels, CLASSES, CLASSES[0], training)
    return table, contrast_table(predictions, made, sheet, labels, CLASSES[0])


def truths(frames: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Every rate of every row, over nights like these."""
    counts = frames.groupby(["solar_bin", "lunar_bin"]).size().reindex(pd.MultiIndex.from_tuples(CELLS)).to_numpy()
    found = {}
    for row, cells in ROWS.items():
        n = counts[cells]
        tp, fn = (AURORA * n * (1 - FNR[cells])).sum(), (AURORA * n * FNR[cells]).sum()
        fp, tn = ((1 - AURORA) * n * FPR[cells]).sum(), ((1 - AURORA) * n * (1 - FPR[cells])).sum()
        found[row] = {
            "positive_ratio": (tp + fp) / n.sum(),
            "fpr": fp / (fp + tn),
            "fnr": fn / (fn + tp),
            "precision": tp / (tp + fp),
            "recall": tp / (tp + fn),
            "f1": 2 * tp / (2 * tp + fp + fn),
            "corrected": AURORA,
            "rogan_gladen": AURORA,
        }
    return found


def held(table: pd.DataFrame, contrasts: pd.DataFrame, truth: dict[str, dict[str, float]]) -> list[dict]:
    """Every interval of both tables: what it is of, and whether it contains the truth."""
    rows = []
    for row in table.itertuples():
        for name, value in truth[f"{row.solar_bin} x {row.lunar_bin}"].items():
            low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
            if high == high:
                rows.append(
                    {"of": name, "margin": "All" in (row.solar_bin, row.lunar_bin), "held": low <= value <= high}
                )
    for row in contrasts.dropna(subset=["low"]).itertuples():
        here, reference = truth[f"{row.solar_bin} x {row.lunar_bin}"], truth["Night x No_Moon"]
        true = here[row.rate] - reference[row.rate]
        rows.append({"of": "contrast", "margin": False, "held": row.low <= true <= row.high})
        # A verdict errs where it names a direction that the truth does not have.
        wrong = row.verdict != "not decidable" and (row.difference > 0) != (true > 0)
        rows.append({"of": "verdict", "margin": False, "held": not wrong})
    return rows


def main(seeds: int) -> None:
    started = time.perf_counter()
    frames = sky_frames()
    truth = truths(frames)
    rows = []
    for seed in range(seeds):
        table, contrasts = tables(np.random.default_rng(seed), frames, seed)
        rows += [{"seed": seed, **row} for row in held(table, contrasts, truth)]
    seen = pd.DataFrame(rows)
    print(seen.groupby(["of", "margin"])["held"].agg(["mean", "size"]).round(3).to_string())
    intervals = seen[seen["of"] != "verdict"]
    figures = {
        "seeds": seeds,
        "frames": len(frames),
        "intervals": len(intervals),
        "held": round(float(intervals["held"].mean()), 4),
        "worst_seed": round(float(intervals.groupby("seed")["held"].mean().min()), 4),
        "wrong_verdicts": int((~seen.loc[seen["of"] == "verdict", "held"]).sum()),
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
