"""A small fixed part of the zoo of clocks and of the spoilt videos: nothing is silently wrong, crashes or hangs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def last_line(script: str, *options: str) -> dict:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(FOLDER / f"{script}.py"), *options]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.slow
def test_no_frame_of_the_zoos_fixed_part_is_silently_wrong_and_nearly_all_are_exact():
    figures = last_line("clock_zoo", "--first", "500", "--clips", "16")
    assert figures["clips"] == 16
    assert figures["silently_wrong"] == 0
    assert figures["exact"] + figures["flagged"] == figures["frames"]
    assert figures["exact"] >= 0.9 * figures["frames"]


@pytest.mark.slow
def test_the_zoo_goes_on_from_where_it_was_stopped(tmp_path):
    results = str(tmp_path / "zoo.jsonl")
    last_line("clock_zoo", "--clips", "1", "--results", results)
    before = (tmp_path / "zoo.jsonl").read_text(encoding="utf-8")
    assert last_line("clock_zoo", "--clips", "2", "--results", results)["clips"] == 2
    assert (tmp_path / "zoo.jsonl").read_text(encoding="utf-8").startswith(before)


@pytest.mark.slow
def test_spoilt_videos_crash_nothing_hang_nothing_and_show_no_wrong_time():
    figures = last_line("clock_fuzz", "--files", "22")
    assert figures["files"] == figures["read"] + figures["refused"] == 22
    assert (figures["crashed"], figures["hung"], figures["wrong_times"]) == (0, 0, 0)
