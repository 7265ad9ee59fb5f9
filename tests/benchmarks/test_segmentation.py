"""The benchmark of masks judges every method against the truth. It is no matter of speed, and has no rival to time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "segmentation.py"


@pytest.mark.slow
def test_it_ends_with_the_overlap_of_the_best_method_and_of_masks_that_need_no_network():
    command = [sys.executable, str(SCRIPT), "--quick", "--size", "32", "--method", "GradCAM", "GradCAM++", "FullGrad"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout.splitlines()[-1])
    assert told["n_frames"] > 0
    assert told["best_method"] in {"GradCAM", "GradCAM++", "FullGrad"}
    for mask in ("iou_best_method", "iou_gradcam", "iou_whole_sky", "iou_green"):
        assert 0 <= told[mask] <= 1, mask
