"""Real overlays of ten camera programs are read as a person reads them, or not at all (`truth.csv` beside them)."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from allsky.first_look.look import look_at

# Of the twenty files that show a clock, those that must be read.
FEWEST_READ = 15


def truth(folder: Path) -> dict[str, dict[int, datetime | None]]:
    """What the frames of each file show, None where no clock does."""
    rows = pd.read_csv(folder / "truth.csv", dtype={"shown": "string"})
    shown = [None if pd.isna(one) else datetime.fromisoformat(one) for one in rows["shown"]]
    frames: dict[str, dict[int, datetime | None]] = {name: {} for name in rows["file"]}
    for name, index, moment in zip(rows["file"], rows["frame_index"], shown, strict=True):
        frames[name][int(index)] = moment
    return frames


@pytest.mark.slow
def test_nothing_is_read_wrongly_and_most_clocks_are_read(shared_data):
    folder = shared_data / "clocks"
    expected = truth(folder)
    found = {
        name: {one.frame_index: one.overlay_time for one in look_at(folder / name, sorted(frames)).frames}
        for name, frames in expected.items()
    }
    wrong = {name for name, frames in found.items()
             for index, moment in frames.items() if moment not in (None, expected[name][index])}  # fmt: skip
    assert not wrong
    read = {name for name, frames in found.items() if any(expected[name].values()) and frames == expected[name]}
    assert len(read) >= FEWEST_READ
