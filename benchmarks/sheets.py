"""Drawing the frames that a person labels: both sheets of a whole corpus.

The obvious way is a loop over nights, and for the audit over nights and conditions, that filters the corpus's table and
calls pandas' `sample`; it is fair because it draws as many frames from the same nights and cells, and that is
how the published work's notebook chose its `min(20, half the date's frames)`. Tuned: one `groupby` and one
`sample` a group. Neither keeps the probabilities of drawing, and a second call draws other frames; ours does the
first and cannot do the second.

    python benchmarks/sheets.py [--quick] [--nights 331] [--frames 650]
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from made_skies import SITE
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.labels.roles import roles_of
from allsky.labels.sampling import draw_audit_sheet, draw_label_sheet
from allsky.site import frame_ids

PER_NIGHT, PER_CELL = 20, 6
CELL = ["night", "solar_bin", "lunar_bin"]


def corpus_frames(n_nights: int, n_frames: int) -> pd.DataFrame:
    """The columns of MONTH_FRAMES that drawing reads: nights that go through twilight, each under one moon."""
    rng = np.random.default_rng(2)
    nights = [str(day.date()) for day in pd.date_range("2022-12-01", periods=n_nights)]
    utc = np.concatenate([pd.date_range(f"{night} 22:00", periods=n_frames, freq="min", tz="UTC") for night in nights])
    utc = pd.Series(pd.DatetimeIndex(utc)).dt.as_unit("ms")
    depth = np.abs(np.linspace(-1, 1, n_frames))
    solar = np.select([depth < 0.7, depth < 0.85, depth < 0.97], SOLAR_BINS[:3], SOLAR_BINS[3])
    return pd.DataFrame(
        {
            "night": np.repeat(nights, n_frames),
            "frame_id": frame_ids(SITE.name, utc),
            "utc": utc,
            "video": np.repeat([f"{SITE.name}_{night}.mp4" for night in nights], n_frames),
            "frame_index": np.tile(10 * np.arange(n_frames), n_nights),
            "clock_flag": None,
            "solar_bin": np.tile(solar, n_nights),
            "lunar_bin": np.repeat(rng.choice(LUNAR_BINS, n_nights), n_frames),
        }
    )


def ours(frames: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return draw_label_sheet(frames, PER_NIGHT), draw_audit_sheet(frames, PER_CELL)


def obvious(frames: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    roles = roles_of(frames["night"])
    label, audit = [], []
    for night in frames["night"].unique():
        own = frames[frames["night"] == night]
        if roles[night] != "audit":
            dark = own[(own["solar_bin"] == "Night") & (own["lunar_bin"] == "No_Moon")]
            label.append(dark.sample(min(PER_NIGHT, len(dark) // 2)))
            continue
        for solar_bin in SOLAR_BINS:
            for lunar_bin in LUNAR_BINS:
                cell = own[(own["solar_bin"] == solar_bin) & (own["lunar_bin"] == lunar_bin)]
                audit.append(cell.sample(min(PER_CELL, len(cell))))
    return pd.concat(label), pd.concat(audit)


def tuned(frames: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    role = frames["night"].map(roles_of(frames["night"]))
    dark = frames[(role != "audit") & (frames["solar_bin"] == "Night") & (frames["lunar_bin"] == "No_Moon")]
    label = [own.sample(min(PER_NIGHT, len(own) // 2)) for _, own in dark.groupby("night", sort=False)]
    audit = [own.sample(min(PER_CELL, len(own))) for _, own in frames[role == "audit"].groupby(CELL, sort=False)]
    return pd.concat(label), pd.concat(audit)


def check(answers: dict[str, tuple[pd.DataFrame, pd.DataFrame]]) -> None:
    """Random draws differ; how many are drawn, and from which nights, must not."""
    for number, sheet in enumerate(("label", "audit")):
        mine = answers[OURS][number]
        for way in (OBVIOUS, TUNED):
            other = answers[way][number]
            spread = 5 * np.sqrt((1 - mine["inclusion_probability"]).sum())
            require(abs(len(mine) - len(other)) <= spread + 1, f"{way}: {sheet} sheet of {len(mine)} and {len(other)}")
            require(set(mine["night"]) <= set(other["night"]), f"{way}: the {sheet} sheet's nights")


def main() -> None:
    asked = options(__doc__, nights=331, frames=650)
    n_nights, n_frames = (30, 60) if asked.quick else (asked.nights, asked.frames)
    frames = corpus_frames(n_nights, n_frames)
    turns = take_turns(
        {OURS: partial(ours, frames), OBVIOUS: partial(obvious, frames), TUNED: partial(tuned, frames)}, asked.rounds
    )
    check(turns.answers)
    n_drawn = sum(map(len, turns.answers[OURS]))
    tell(turns, {**compared(turns), "n_frames": len(frames), "n_nights": n_nights, "n_drawn": n_drawn})


if __name__ == "__main__":
    main()
