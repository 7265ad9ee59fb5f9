"""A small fixed part of the zoo of clocks and of the spoilt videos: nothing is silently wrong, crashes or hangs."""

import importlib
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.made_clocks import Clip, Text, evenly, frames, write_clip

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def last_line(script: str, *options: str) -> dict:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(FOLDER / f"{script}.py"), *options]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.slow
def test_no_frame_of_the_zoos_fixed_part_is_silently_wrong_and_nearly_all_are_exact():
    figures = last_line("clock_zoo", "--first", "512", "--clips", "16")
    assert figures["clips"] == 16
    assert figures["silently_wrong"] == 0
    assert figures["exact"] + figures["near"] + figures["flagged"] == figures["frames"]
    assert figures["exact"] >= 0.9 * figures["frames"]


@pytest.mark.slow
def test_the_zoo_goes_on_from_where_it_was_stopped(tmp_path):
    results = str(tmp_path / "zoo.jsonl")
    last_line("clock_zoo", "--clips", "1", "--results", results)
    before = (tmp_path / "zoo.jsonl").read_text(encoding="utf-8")
    assert last_line("clock_zoo", "--clips", "2", "--results", results)["clips"] == 2
    assert (tmp_path / "zoo.jsonl").read_text(encoding="utf-8").startswith(before)


def test_an_hour_that_came_twice_without_anything_to_tell_which_must_be_flagged(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    zoo = importlib.import_module("clock_zoo")
    # A night in November at 1:34 under a clock without a zone, and one that goes on out of the repeated hours.
    assert zoo.specimen(20568).impossible == frozenset(range(len(zoo.specimen(20568).clip.times)))
    assert zoo.specimen(3308).traits["fault"] == "autumn" and not zoo.specimen(3308).impossible


def test_five_lines_of_the_largest_digits_find_room_on_a_frame(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    clip = importlib.import_module("clock_zoo").specimen(62113).clip
    assert len(clip.texts) == 5 and all(text.height == 26 for text in clip.texts)
    frame = next(iter(importlib.import_module("made_clocks").frames(clip)))
    highest = min(clip.texts, key=lambda text: text.y)
    assert frame.shape[0] + highest.y + 1 >= highest.height


@pytest.fixture
def drawn_clocks(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("drawn_clocks")


def test_a_time_of_a_spoilt_video_is_wrong_unless_it_is_to_the_second_that_of_the_frame_shown(drawn_clocks):
    true = [1_500_000_000 + 20 * k for k in range(24)]
    shown = {0: 0, 1: 2, 2: None, 3: 5, 4: 5}
    seconds = [true[0], true[2] + 0.4, true[4], true[5] + 1, true[4]]
    readings = pd.DataFrame(
        {"frame_index": range(5), "clock_flag": None, "utc": pd.to_datetime(seconds, unit="s", utc=True)}
    )
    assert drawn_clocks.wrong_frames(readings, shown, true) == [3, 4]
    assert drawn_clocks.wrong_frames(readings.assign(clock_flag="in doubt"), shown, true) == []
    elsewhere = {**shown, 1: 1, 3: 3}
    assert drawn_clocks.wrong_frames(readings, elsewhere, true) == [1, 2, 3, 4]
    # Behind the damaged one an older picture comes again, then one that is as old as it at least.
    again = {0: 0, 1: 2, 2: None, 3: 1, 4: 4}
    assert 2 not in drawn_clocks.wrong_frames(readings, again, true)
    assert 2 in drawn_clocks.wrong_frames(readings, {**again, 4: 3}, true)


def test_the_frame_that_a_damaged_one_shows_is_told_by_its_clock_alone(drawn_clocks, tmp_path):
    clip = Clip(evenly(datetime(2017, 9, 15, 4, 30), 20.0, 12), (Text("%Y-%m-%d %H:%M:%S", 8, 8, 14),))
    drawn = drawn_clocks.DrawnClocks(write_clip(tmp_path / "sound.mp4", clip))
    lumas = list(frames(clip))
    assert [drawn.frame_shown(luma) for luma in lumas] == list(range(12))
    lumas[3][100:] = 0
    lumas[4][:60] = lumas[9][:60]
    lumas[5][:18] = 128
    assert [drawn.frame_shown(luma) for luma in lumas[3:6]] == [3, 9, None]


@pytest.mark.slow
def test_a_wrong_second_of_a_spoilt_video_is_counted():
    figures = last_line("clock_fuzz", "--first", "10", "--files", "1", "--inject-s", "1")
    assert (figures["read"], figures["wrong_times"]) == (1, 1)


@pytest.mark.slow
def test_spoilt_videos_crash_nothing_hang_nothing_and_show_no_wrong_time():
    figures = last_line("clock_fuzz", "--files", "22")
    assert figures["files"] == figures["read"] + figures["refused"] == 22
    assert (figures["crashed"], figures["hung"], figures["wrong_times"]) == (0, 0, 0)
