"""Of all the intervals that the report's tables give, how many contain the truth?

Twenty seeds of whole corpora: the 331 nights of the published corpus with their real sun and moon, a frame every five
minutes, roles by the hash of the date, frames drawn by the audit sheet with their permanent random numbers, a
labeller who is unsure where contrast is faint, and the tables as the report makes them. A classifier of known
quality, whose errors come by the night, stands in place of a trained one: twenty trainings would take hours, and
would leave the truth unknown.

    python benchmarks/whole_corpora.py [seeds, 20] [correlation of a night with the next, 0]
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from made_corpora import CELLS, NIGHTS, OUTCOMES, YELLOWKNIFE, night_chances, truths

from allsky.conditions import observing_conditions
from allsky.labels.answers import UNSURE
from allsky.labels.roles import roles_of
from allsky.labels.sampling import draw_audit_sheet
from allsky.site import frame_ids, night_bounds
from allsky.statistics.contrasts import NOT_DECIDABLE, contrast_table
from allsky.statistics.rates import condition_table
from allsky.tables import LABELS

CLASSES = ("aurora", "no_aurora")
CORRELATION = 0.2
# True differences nearer to zero than this are none: rates that are equal but for their last digits.
NOTHING = 1e-9


def sky_frames() -> pd.DataFrame:
    """Frames of all nights with their conditions, as the report reads them."""
    nights = NIGHTS.astype(str)
    offsets = pd.timedelta_range("4h", "20h", freq="5min")
    utc = pd.Series(np.concatenate([night_bounds(night, YELLOWKNIFE.longitude_deg)[0] + offsets for night in nights]))
    frames = pd.DataFrame({"frame_id": frame_ids("made_up", utc), "utc": utc, "night": np.repeat(nights, len(offsets))})
    sky = observing_conditions(frames, YELLOWKNIFE).drop(columns="utc")
    frames = frames.merge(sky[sky["sun_altitude_deg"] < -11.5], on="frame_id")
    frames["video"] = frames["night"] + ".mp4"
    return frames.assign(frame_index=frames.groupby("night").cumcount(), clock_flag=None)


def answered(generator, frames: pd.DataFrame, persistence: float) -> pd.DataFrame:
    """What a labeller would say of each frame and what the classifier says: by chances of each night's own."""
    nights, night = np.unique(frames["night"], return_inverse=True)
    cell = pd.MultiIndex.from_tuples(CELLS).get_indexer(pd.MultiIndex.from_frame(frames[["solar_bin", "lunar_bin"]]))
    chances = night_chances(generator, len(nights), CORRELATION, persistence)[night, cell]
    outcome = (chances.cumsum(axis=1) < generator.random((len(frames), 1))).sum(axis=1).clip(max=len(OUTCOMES) - 1)
    # In the order of OUTCOMES: tp, fp, tn, fn, unsure.
    yes, no = CLASSES
    told, said = np.array([yes, no, no, yes, UNSURE, UNSURE]), np.array([yes, yes, no, no, yes, no])
    return frames.assign(label=told[outcome], predicted=said[outcome])


def tables(generator, frames: pd.DataFrame, seed: int, persistence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The condition table and the contrasts of one corpus."""
    made = answered(generator, frames, persistence)
    roles = roles_of(made["night"], seed=seed)
    sheet = draw_audit_sheet(made, seed=seed)
    labels = made.assign(labeller="made up", time="", note="")[LABELS.names]
    labels = labels[labels["frame_id"].isin(sheet["frame_id"])]
    predictions = made[["frame_id", "night", "utc", "predicted"]]
    training = [night for night, role in roles.items() if role == "training"]
    table = condition_table(predictions, made, sheet, labels, CLASSES, CLASSES[0], training)
    return table, contrast_table(predictions, made, sheet, labels, CLASSES[0])


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
        # A direction that the truth does not have is wrong; where nothing differs, either is.
        if row.verdict != NOT_DECIDABLE:
            sign = 0.0 if abs(true) < NOTHING else np.sign(true)
            what = "direction" if sign else "direction where nothing differs"
            rows.append({"of": what, "margin": False, "held": bool(np.sign(row.difference) == sign)})
    return rows


def main(seeds: int, persistence: float) -> None:
    started = time.perf_counter()
    frames = sky_frames()
    counts = frames.groupby(["solar_bin", "lunar_bin"]).size().reindex(pd.MultiIndex.from_tuples(CELLS))
    truth = truths(counts.to_numpy())
    rows = []
    for seed in range(seeds):
        table, contrasts = tables(np.random.default_rng(seed), frames, seed, persistence)
        rows += [{"seed": seed, **row} for row in held(table, contrasts, truth)]
    seen = pd.DataFrame(rows)
    print(seen.groupby(["of", "margin"])["held"].agg(["mean", "size"]).round(3).to_string())
    named = seen["of"].str.startswith("direction")
    intervals, directions = seen[~named], seen[named]
    figures = {
        "seeds": seeds,
        "frames": len(frames),
        "intervals": len(intervals),
        "held": round(float(intervals["held"].mean()), 4),
        "worst_seed": round(float(intervals.groupby("seed")["held"].mean().min()), 4),
        "verdicts": int((seen["of"] == "contrast").sum()),
        "directions": len(directions),
        "wrong_directions": int((~directions["held"]).sum()),
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
