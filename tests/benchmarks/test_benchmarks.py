"""Each benchmark runs, both its ways agree, and its last line is the JSON object that it promises.

Timings are not judged here: other tests share the machine.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
COMMON = ("ratio", "ratio_tuned", "ours_s", "rival_s", "n_frames")
PROMISED = {
    "clock": ("ratio_short_cut", "ratio_short_cut_tuned", "over_bare_decode", "rival_ms_per_call", "peak_mb"),
    "conditions": (),
    "explanation": ("frames", "peak_mb_first", "peak_mb_last"),
    "frames": ("n_kept", "rival_unread", "rival_wrong"),
    "inference": ("ratio_batch_32", "images_per_s", "same_decisions", "p_difference_999"),
    "inventory": ("n_damaged", "header_only_s", "header_only_missed"),
    "keograms": ("ratio_picture",),
    "months": ("n_nights",),
    "report": ("seconds", "peak_mb", "html_mb", "interval_gap"),
    "sheets": ("n_nights", "n_drawn"),
    "split": ("n_labels",),
    "sky_disk": ("ours_off_percent", "rival_off_percent"),
    "training": ("ratio_frozen", "ratio_views", "frozen_accuracies", "ours_accuracy", "rival_accuracy"),
    "whole_chain": ("hours_for_331_nights", "n_kept", "same_decisions"),
}
# Decode, read text, or start PyTorch: ten seconds and more.
SLOW = ("clock", "explanation", "frames", "inference", "inventory", "keograms", "report", "sky_disk", "training")
SLOW += ("whole_chain",)
NOT_A_SCRIPT = {"side_by_side", "trained", "usual_chain", "hours", "drawn_clocks", "night_bootstrap", "zoo_figures"}


def last_line(script: str) -> dict:
    environment = os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(FOLDER / f"{script}.py"), "--quick"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "script", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in sorted(PROMISED)]
)
def test_a_benchmark_ends_with_the_figures_it_promises(script):
    figures = last_line(script)
    assert set(figures) >= {*COMMON, *PROMISED[script]}
    assert all(figures[name] > 0 for name in COMMON)


@pytest.mark.slow
def test_what_a_gpu_makes_of_a_network_is_told_where_there_is_one():
    figures = last_line("gpu")
    assert figures["gpu"] is None or figures["share"] > 0


def test_every_script_finds_what_it_uses():
    names = ", ".join(sorted(path.stem for path in FOLDER.glob("*.py")))
    answer = subprocess.run([sys.executable, "-c", f"import {names}"], capture_output=True, text=True, cwd=FOLDER)
    assert answer.returncode == 0, answer.stderr


def test_every_script_is_tried_here_and_explained_to_the_reader():
    scripts = {path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("made_")} - NOT_A_SCRIPT
    explained = set(re.findall(r"^\| `(\w+)\.py`", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert scripts == explained
    assert set(PROMISED) <= scripts


@pytest.mark.parametrize("script", sorted(PROMISED))
def test_every_benchmark_says_why_its_rival_is_a_fair_one(script):
    said = ast.get_docstring(ast.parse((FOLDER / f"{script}.py").read_text(encoding="utf-8")))
    assert said is not None
    assert re.search(r"\bfair\b", said)


def test_the_memory_of_a_way_is_its_own_and_not_what_made_the_data_for_it():
    made = "import numpy as np; from side_by_side import peak_mb_of; data = np.ones(50_000_000)"
    told = "print(peak_mb_of(abs, 1), peak_mb_of(np.ones, 25_000_000))"
    script = f"if __name__ == '__main__':\n    {made}\n    {told}\n"
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=FOLDER)
    assert answer.returncode == 0, answer.stderr
    little, much = map(float, answer.stdout.split())
    assert little < 150 and 200 < much < 350
