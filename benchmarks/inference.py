"""What a model says of many pictures: this project's `Predictor` against the textbook loop.

The obvious way: a `Dataset` that opens each 720-pixel JPEG with Pillow, torchvision's `Resize`, `ToTensor`,
`Normalize`, a `DataLoader` with its defaults and batches of 32, `model.eval()`, `torch.no_grad()`, `softmax`. It is
fair because that is every tutorial's loop, on the same network, in the same 32-bit numbers. Tuned: eager float32 at
its best batch size, which is tried before (on a CPU small batches are much faster), read with and without two worker
processes, whichever is faster.
Both sides read from the JPEG on, and both have their model loaded; ours has chosen its engine and compiled it, which is
done once a month of nights (`ready_s`). `ratio_batch_32` is against the obvious way, `ratio` against the tuned one.

Then the engine and eager float32 are shown `agreement` frames that taught nobody (`agreement.py`): `same_decisions` and
`p_difference_999` compare them on equal pixels, by a network trained on simulated skies (`--model` takes one that
exists). `pixel_difference` is the mean difference, in levels of 0 to 255, between pictures shrunk while they are
decoded (ours) and shrunk by torchvision afterwards.

    python benchmarks/inference.py [--quick] [--frames 512] [--agreement 10000] [--model FOLDER] [--nights FOLDER]
"""

from __future__ import annotations

import argparse
import copy
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from agreement import agreed, both_answers, frames_to_agree_on
from made_skies import write_skies
from PIL import Image
from side_by_side import OBVIOUS, OURS, TUNED, argument_parser, compared, require, take_turns, tell
from torch.utils.data import DataLoader
from torchvision import transforms
from trained import Pictures, pixels, trained_model, tried_model

from allsky.pictures import read_picture
from models.inference import Predictor
from models.model_folder import Model, load_model

WITH_WORKERS = "tuned, workers"
BATCHES = (1, 2, 4, 8, 16, 32)
# Frames of a month of nights, for which it pays to compile; where only agreement counts, for which it pays to choose.
A_MONTH, WORTH_A_CHOICE = 20_000, 1_000


def textbook(model: Model, paths: list[Path], batch_size: int = 32, workers: int = 0) -> np.ndarray:
    loader = DataLoader(Pictures(paths, model), batch_size=batch_size, num_workers=workers)
    answers = []
    model.network.eval()
    with torch.no_grad():
        for images in loader:
            answers.append(torch.softmax(model.network(images) / model.description.temperature, dim=1).numpy())
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


def check(answers: dict[str, np.ndarray], mine: np.ndarray, exact: np.ndarray, quick: bool) -> dict[str, float]:
    """Stop unless the rivals agree with each other, and ours, on equal pixels, says what float32 does."""
    require(np.allclose(answers[OBVIOUS], answers[TUNED], atol=1e-3), "both rivals say the same")
    return agreed(mine, exact, quick)


def pixel_difference(model: Model, paths: list[Path]) -> float:
    size = model.description.image_size
    shrink = transforms.Resize((size, size))
    pairs = [(read_picture(path, size), np.asarray(shrink(Image.open(path).convert("RGB")))) for path in paths]
    return float(np.mean([np.abs(mine.astype(int) - theirs).mean() for mine, theirs in pairs]))


def asked_for() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    for name, size in {"rounds": 3, "frames": 512, "agreement": 10_000, "size": 240}.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"default {size}")
    parser.add_argument("--model", type=Path, help="a model's folder; without one an EfficientNet-B1 is trained first")
    parser.add_argument("--nights", type=Path, help="folder of the frames to agree on, kept and used again")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds, asked.frames, asked.agreement = 1, 16, 64
    return asked


def main() -> None:
    asked = asked_for()
    n_skies = 4 if asked.quick else 24
    with tempfile.TemporaryDirectory() as root:
        paths = write_skies(Path(root), asked.frames, n_skies)
        model = model_asked_for(asked, Path(root), paths)
        rival = Model(copy.deepcopy(model.network), model.description)  # ours lays its own copy out anew
        batch = best_batch(rival, paths)
        predictor, ready_s = made_ready(model, paths, WORTH_A_CHOICE if asked.quick else A_MONTH)
        workers = min(2, os.cpu_count() or 1)
        ways = {
            OURS: lambda: predictor(paths),
            OBVIOUS: lambda: textbook(rival, paths),
            TUNED: lambda: textbook(rival, paths, batch),
            WITH_WORKERS: lambda: textbook(rival, paths, batch, workers),
        }
        turns = take_turns(ways, asked.rounds)
        timed = ", ".join(predictor.engines)
        frames = frames_to_agree_on(asked.nights or Path(root), asked.agreement, asked.size, asked.quick)
        agreement = check(turns.answers, *both_answers(predictor, rival, frames["path"]), asked.quick)
        agreement["pixel_difference"] = pixel_difference(rival, paths[:16])
    best = min(turns.ratio(TUNED), turns.ratio(WITH_WORKERS))
    against = {"ratio": best, "ratio_tuned": best, "ratio_batch_32": turns.ratio(OBVIOUS)}
    done = {
        "best_batch": batch,
        "engine": timed,
        "computed_twice": predictor.computed_twice,
        "engine_agreeing": predictor.engine.name,
        "ready_s": ready_s,
        "images_per_s": asked.frames / turns.median(OURS),
        "n_frames": asked.frames,
        "n_agreement": asked.agreement,
        "threads": torch.get_num_threads(),
    }
    tell(turns, {**compared(turns), **against, **done, **agreement})


def model_asked_for(asked: argparse.Namespace, root: Path, paths: list[Path]) -> Model:
    if asked.quick:
        return tried_model("mobilenet_v3_small", 64, paths)
    return load_model(asked.model or trained_model(root, "efficientnet_b1", asked.size))


def made_ready(model: Model, paths: list[Path], expected: int) -> tuple[Predictor, float]:
    """A predictor that expects so many frames, and the seconds until it had chosen its engine."""
    started = time.perf_counter()
    predictor = Predictor(model, expected=expected)
    predictor(paths[: predictor.batch_size])
    return predictor, time.perf_counter() - started


if __name__ == "__main__":
    main()
