"""What is wrong with an archive fits a screen, however many nights it has."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from allsky.tables import VIDEOS
from pipeline.status import HEADS, TOLD, _reasons
from tasks import archive
from tasks.standing import DONE, FAILED, MISSING, STALE, UNUSABLE, Standing

NIGHTS = [str(day.date()) for day in pd.date_range("1995-09-01", periods=10_000)]
EMPTY = "the file is empty (0 bytes); copy it again or remove it"
NIGHT_STAGES = list(HEADS)[1:5]


def video_of(night: str) -> str:
    return f"camera 2/{night[:4]}/sky_{night}.mp4"


@pytest.fixture(autouse=True)
def ten_thousand_nights(monkeypatch, tmp_path):
    """Each with a video of its own name."""
    inventory = archive.Inventory(VIDEOS.empty(), [], tmp_path)
    inventory.table = pd.DataFrame({"night": NIGHTS, "video": [video_of(night) for night in NIGHTS]})
    monkeypatch.setattr(archive._Assumed, "inventory", inventory)


def told(standings: dict[str, dict[str, Standing]]) -> list[str]:
    months: dict[str, dict[str, dict[str, Standing]]] = {}
    for night, stages in standings.items():
        months.setdefault(night[:7], {})[night] = stages
    return list(_reasons(months))


def test_a_reason_that_names_each_nights_file_is_told_once_and_by_its_first_stage():
    unusable = {
        night: {stage: Standing(UNUSABLE, f"{Path(video_of(night)).name}: {EMPTY}") for stage in NIGHT_STAGES}
        for night in NIGHTS
    }
    named = "1995-09-01, 1995-09-02, 1995-09-03, ..."
    assert told(unusable) == [f"unusable: clock of 10,000 nights ({named}): {EMPTY}", ""]


def test_files_named_within_a_reason_keep_nights_from_sharing_it_neither():
    found = {
        night: {"NightFrames": Standing(UNUSABLE, f"none of the 90 frames of {video_of(night)} could be dated")}
        for night in NIGHTS[:2]
    }
    named = "1995-09-01, 1995-09-02"
    assert told(found) == [
        f"unusable: frames of 2 nights ({named}): none of the 90 frames of its file could be dated",
        "",
    ]


def test_failures_of_one_exception_are_one_whatever_led_to_it():
    standings = {
        night: {
            "MonthKeograms": Standing(FAILED, f'Traceback:\n  File "a.py", line {line}, in f\nValueError: no strip\n')
        }
        for line, night in enumerate(NIGHTS[:3])
    }
    assert told(standings) == [f"failed: keogram of 3 nights ({', '.join(NIGHTS[:3])}): ValueError: no strip", ""]


def test_of_very_many_reasons_the_worst_and_the_commonest_are_told_and_the_others_counted():
    standings = {
        night: {"NightClock": Standing(UNUSABLE, f"no clock among {number} texts")}
        for number, night in enumerate(NIGHTS[:50])
    }
    standings |= {night: {"NightConditions": Standing(STALE, "bins")} for night in NIGHTS[50:60]}
    standings |= {NIGHTS[60]: {"NightFrames": Standing(FAILED, "no space left")}}
    lines = told(standings)
    assert [line.partition(" of ")[0] for line in lines[:3]] == [
        "failed: frames",
        "stale: conditions",
        "unusable: clock",
    ]
    assert lines[TOLD:] == [f"and {52 - TOLD} more: `allsky status --json`", ""]


def test_where_nothing_is_wrong_nothing_is_told():
    assert told({NIGHTS[0]: {"NightClock": Standing(DONE), "NightFrames": Standing(MISSING, "is to be made")}}) == []
