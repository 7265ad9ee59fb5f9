"""How often is a wrong clock found out, and how often a right one accused?

No race: nights of the demonstration's camera are rendered once and audited with clocks that are wrong by known amounts;
what is measured is how often each witness contradicts. `false_alarms` is of right clocks. The nights are those of
`fair_judge.py` (`--keep FOLDER` may be shared).

    python benchmarks/clock_audit.py [--quick] [--nights 80] [--keep FOLDER]
"""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from made_nights import CADENCE_S, archive, film
from side_by_side import argument_parser

from allsky.clock.audit import CONTRADICTS, NOT_CHECKED, audit_night, looked_at
from allsky.ephemeris import sun_and_moon
from allsky.pictures import inscribed_disk
from allsky.simulator import Simulation
from allsky.square_view import SquareView

# As `fair_judge.py` keeps them.
KEPT_SIZE = 128

# Hours by which the clock is ahead.
WRONG_BY_H = {"none": 0, "an hour ahead": 1, "an hour behind": -1, "seven hours ahead": 7, "half a day": 12}
WRONG_BY_H |= {"a day": 24, "two days": 48, "a week": 168}


def audited(simulation: Simulation, root: Path, night: str) -> pd.DataFrame:
    """Every witness's verdict on a night, for each wrong clock, with and without the camera's orientation."""
    truth = film(simulation, root, KEPT_SIZE, night).reset_index(drop=True)
    paths = [root / image for image in truth["image"]]
    squares = [np.ascontiguousarray(cv2.imread(str(path))[..., ::-1]) for path in paths]
    sky = inscribed_disk(len(squares[0]))
    luma = [cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)[sky].mean() for square in squares]
    lens = simulation.camera.lens
    views = {"known": SquareView(lens.projection, lens.radius_zenith_angle_deg, lens.north_deg, lens.east)}
    views["unknown"] = SquareView()
    heard = []
    for error, hours in WRONG_BY_H.items():
        utc = truth["utc"] + pd.Timedelta(hours=hours)
        bodies = sun_and_moon(utc, simulation.site).drop(columns="utc")
        frames = pd.concat([pd.DataFrame({"utc": utc, "mean_luma": luma, "clock_flag": None}), bodies], axis=1)
        for orientation, view in views.items():
            pictures = [squares[place] for place in looked_at(frames)]
            said = audit_night(night, True, frames, simulation.site, pictures, view)
            heard.append(said.assign(night=night, error=error, orientation=orientation))
    return pd.concat(heard)


def rates(heard: pd.DataFrame) -> dict:
    """Of the nights that a witness can judge, the share on which it contradicts."""
    known = heard["witness"].where(heard["witness"] != "moon", "moon, orientation " + heard["orientation"])
    heard = heard.assign(witness=known).drop_duplicates(["witness", "error", "night"])
    judged = heard[heard["verdict"] != NOT_CHECKED]
    share = (judged["verdict"] == CONTRADICTS).groupby([judged["witness"], judged["error"]]).mean().unstack()
    print(share[list(WRONG_BY_H)].map("{:.1%}".format).to_string())
    verdicts = judged.groupby(["witness", "error", "verdict"])["night"].nunique().unstack(fill_value=0)
    print(verdicts.reindex(WRONG_BY_H, level="error").to_string())
    usable = judged[judged["error"] == "none"].groupby("witness")["night"].nunique()
    print("nights that can be judged:", usable.to_dict())
    return {
        "false_alarms": share["none"].to_dict(),
        "detected": {witness: row.drop("none").to_dict() for witness, row in share.iterrows()},
        "usable_nights": usable.to_dict(),
    }


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--nights", type=int, default=80, help="nights of the archive (default 80)")
    parser.add_argument("--keep", type=Path, help="folder of rendered frames, kept and used again")
    asked = parser.parse_args()
    simulation = archive(4 if asked.quick else asked.nights, 1800 if asked.quick else CADENCE_S)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor() as pool:
        work = partial(audited, simulation, asked.keep or Path(folder))
        heard = pd.concat(pool.map(work, simulation.nights), ignore_index=True)
    print(json.dumps({"nights": len(simulation.nights), **rates(heard)}))


if __name__ == "__main__":
    main()
