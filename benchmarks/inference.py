"""What a model says of many pictures: this project's `predict` against the textbook loop.

The obvious way: a `Dataset` that opens each 720-pixel JPEG with Pillow, torchvision's `Resize`, `ToTensor`,
`Normalize`, a `DataLoader` with its defaults and batches of 32, `model.eval()`, `torch.no_grad()`, `softmax`. It is
fair because that is every tutorial's loop, on the same network, in the same 32-bit numbers. Tuned: eager float32 at
its best batch size, which is tried before (on a CPU small batches are much faster), read with and without two worker
processes, whichever is faster.
Both sides read from the JPEG on. `ratio_batch_32` is against the obvious way, `ratio_best_batch` against the tuned
one.

`same_decisions` and `p_difference_999` (99.9th percentile of the differences in probability) compare the engine
with eager float32 on equal pixels; `pixel_difference` is the mean difference, in levels of 0 to 255, between pictures
shrunk while they are decoded (ours) and shrunk by torchvision afterwards.

    python benchmarks/inference.py [--quick] [--frames 64] [--size 240]
"""

from __future__ import annotations

import copy
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from made_skies import write_skies
from side_by_side import OBVIOUS, OURS, TUNED, compared, options, require, take_turns, tell
from torch.utils.data import DataLoader
from trained import Pictures, pixels, tried_model

from models.inference import choose_engine, predict
from models.model_folder import Model

WITH_WORKERS = "tuned, workers"
BATCHES = (1, 2, 4, 8, 16, 32)
# As far as two ways of computing the same probability may lie apart.
P_TOLERANCE = 0.02


def textbook(model: Model, paths: list[Path], batch_size: int = 32, workers: int = 0) -> np.ndarray:
    loader = DataLoader(Pictures(paths, model), batch_size=batch_size, num_workers=workers)
    answers = []
    model.network.eval()
    with torch.no_grad():
        for images in loader:
            answers.append(torch.softmax(model.network(images), dim=1).numpy())
    return np.concatenate(answers)


def best_batch(model: Model, paths: list[Path]) -> int:
    """The batch size at which eager float32 is fastest on pixels in memory."""
    images = pixels(model, paths[:32])
    seconds = {}
    with torch.no_grad():
        for size in BATCHES:
            model.network(images[:size])
            started = time.perf_counter()
            for batch in torch.split(images, size):
                model.network(batch)
            seconds[size] = time.perf_counter() - started
    return min(seconds, key=seconds.__getitem__)


def reference(model: Model, paths: list[Path]) -> np.ndarray:
    """Eager float32 on the pixels that ours sees."""
    with torch.no_grad():
        batches = torch.split(pixels(model, paths), 8)
        return torch.cat([torch.softmax(model.network(batch), dim=1) for batch in batches]).numpy()


def check(answers: dict[str, np.ndarray], exact: np.ndarray) -> dict[str, float]:
    mine = answers[OURS]
    gaps = np.abs(mine - exact)
    agree = mine.argmax(axis=1) == exact.argmax(axis=1)
    same = float(agree.mean())
    # Of a frame as near to a tie as the two may differ, the decision tells nothing.
    telling = np.abs(exact.max(axis=1) - 1 / exact.shape[1]) > P_TOLERANCE
    require(gaps.max() <= P_TOLERANCE, f"ours says what eager float32 does on equal pixels (off by {gaps.max():.3f})")
    require(bool(agree[telling].all()), f"ours decides as eager float32 does ({same:.1%} do, ties aside)")
    require(np.allclose(answers[OBVIOUS], answers[TUNED], atol=1e-3), "both rivals say the same")
    return {
        "same_decisions": same,
        "p_difference_999": float(np.quantile(gaps, 0.999)),
    }


def pixel_difference(model: Model, paths: list[Path]) -> float:
    theirs = torch.stack([Pictures(paths, model)[number] for number in range(len(paths))])
    gap = (pixels(model, paths) - theirs).abs() * torch.tensor(model.description.std)[:, None, None]
    return 255 * float(gap.mean())


def main() -> None:
    asked = options(__doc__, frames=64, size=240)
    n_frames, size = (16, 96) if asked.quick else (asked.frames, asked.size)
    with tempfile.TemporaryDirectory() as root:
        paths = write_skies(Path(root), n_frames, n_skies=4 if asked.quick else 12)
        backbone = "mobilenet_v3_small" if asked.quick else "efficientnet_b1"
        model = tried_model(backbone, size, paths[:32])
        rival = Model(copy.deepcopy(model.network), model.description)  # ours lays its own copy out anew
        batch = best_batch(rival, paths)
        workers = min(2, os.cpu_count() or 1)
        ways = {
            OURS: lambda: predict(model, paths),
            OBVIOUS: lambda: textbook(rival, paths),
            TUNED: lambda: textbook(rival, paths, batch),
            WITH_WORKERS: lambda: textbook(rival, paths, batch, workers),
        }
        turns = take_turns(ways, asked.rounds)
        agreement = check(turns.answers, reference(rival, paths))
        agreement["pixel_difference"] = pixel_difference(rival, paths[:16])
    best = min(turns.ratio(TUNED), turns.ratio(WITH_WORKERS))
    against = {"ratio_tuned": best, "ratio_batch_32": turns.ratio(OBVIOUS), "ratio_best_batch": best}
    done = {
        "best_batch": batch,
        "engine": choose_engine().name,
        "images_per_s": n_frames / turns.median(OURS),
        "n_frames": n_frames,
        "threads": torch.get_num_threads(),
    }
    tell(turns, {**compared(turns), **against, **done, **agreement})


if __name__ == "__main__":
    main()
