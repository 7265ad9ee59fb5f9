"""What a GPU makes of a network, against what the card could do: images a second by backbone and engine.

No race but a comparison with two limits that no program can pass, both of this card, measured here: arithmetic (the
network's multiplications and additions at the rate of a large matrix product in the same numbers) and memory (what
enters and leaves its convolutions and products, read and written once in halved numbers, at the rate of a large copy;
whatever lies between them is taken as free). `share` is the quickest engine's part of the nearer limit.

Each engine gets its batches from memory; `from_jpeg` is the whole of `Predictor` for 720-pixel JPEGs on disk, as in
`MonthPredictions`, and hangs on the cores that decode (`cores`). `same_decisions` and `p_difference_999` compare the
engine chosen with float32 on `agreement` pictures: of a trained model where `--model` names its folder, otherwise of a
network that only tells pictures apart.

    python benchmarks/gpu.py [--quick] [--backbone efficientnet_b1 ...] [--model FOLDER] [--agreement 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from agreement import agreed
from inference import A_MONTH
from made_skies import small_skies, write_skies
from side_by_side import argument_parser
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from trained import tried_model

from models.batch_size import useful_batch
from models.device import device
from models.engines import Ready, tried_on
from models.inference import Predictor
from models.model_folder import Model, load_model

BACKBONES = ("efficientnet_b1", "resnet50", "convnext_tiny", "vit_b_16")
# Torchvision's transformers take the size of picture that they were made for.
SIZES = {"vit_b_16": 224}


def seconds_of(work, times: int) -> float:
    """The middle of `times` runs, each waited for, after one that does not count."""
    work()
    taken = []
    for _ in range(times):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def matrix_rate(numbers: torch.dtype, side: int) -> float:
    """Floating-point operations a second of a product of two square matrices of random numbers."""
    a, b = (torch.randn(side, side, device="cuda").to(numbers) for _ in range(2))
    return 2 * side**3 / seconds_of(lambda: [a @ b for _ in range(10)], 5) * 10


def copy_rate(megabytes: int) -> float:
    """Bytes a second, read and written, of a copy within the card's memory."""
    source = torch.empty(megabytes * 2**20, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    return 2 * source.numel() / seconds_of(lambda: [target.copy_(source) for _ in range(10)], 5) * 10


def costs(model: Model, pictures: np.ndarray) -> tuple[float, float]:
    """Operations and bytes (halved numbers) that one picture's convolutions and products cannot do without."""
    moved = []

    def watch(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        moved.append(2 * (inputs[0].numel() + output.numel()))

    hooks = [m.register_forward_hook(watch) for m in model.network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    with torch.inference_mode(), FlopCounterMode(display=False) as counted:
        model.network(model.seen(pictures[:1]))
    for hook in hooks:
        hook.remove()
    return counted.get_total_flops(), float(sum(moved))


def engine_rates(model: Model, pictures: np.ndarray, on: torch.device, times: int) -> dict[str, float]:
    rates = {}
    for engine in tried_on(on):
        ready = Ready(model, engine, on)
        rates[engine.name] = len(pictures) / seconds_of(lambda ready=ready: ready.answer(pictures), times)
    return rates


def measured(model: Model, paths: list[Path], limits: dict[str, float], times: int) -> dict:
    described, on = model.description, device()
    size = described.image_size
    first = next(small_skies(64, size, 4))
    batch = useful_batch(model, None, first, on)
    operations, moved = costs(model, first)
    rates = engine_rates(model, np.resize(first, (batch, size, size, 3)), on, times)
    predictor = Predictor(model, expected=A_MONTH)
    predictor(paths[: predictor.batch_size])
    from_jpeg = len(paths) / seconds_of(lambda: predictor(paths), 3)
    arithmetic, memory = limits["operations_per_s"] / operations, limits["bytes_per_s"] / moved
    best = max(rates.values())
    return {
        "backbone": described.backbone,
        "size": size,
        "batch": batch,
        **{name: round(rate) for name, rate in rates.items()},
        "chosen": predictor.engine.name,
        "from_jpeg": round(from_jpeg),
        "arithmetic_limit": round(arithmetic),
        "memory_limit": round(memory),
        "share": round(best / min(arithmetic, memory), 3),
    }


def agreement(model: Model, n: int) -> dict[str, float]:
    predictor, exact = Predictor(model, expected=A_MONTH), Predictor(model, "float32")
    pairs = [(predictor.answer(some), exact.answer(some)) for some in small_skies(n, model.description.image_size)]
    return agreed(*(np.concatenate(side) for side in zip(*pairs, strict=True)))


def asked_for() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--backbone", nargs="*", default=BACKBONES)
    parser.add_argument("--model", type=Path, help="a trained model's folder, for the agreement")
    parser.add_argument("--frames", type=int, default=4096, help="JPEGs to read (default 4096)")
    parser.add_argument("--agreement", type=int, default=10_000, help="pictures to agree on (default 10000)")
    asked = parser.parse_args()
    if asked.quick:
        asked.backbone, asked.frames, asked.agreement = ("mobilenet_v3_small",), 64, 64
    return asked


def main() -> None:
    asked = asked_for()
    if not torch.cuda.is_available():
        print(json.dumps({"gpu": None}))
        return
    side, megabytes, times = (1024, 64, 3) if asked.quick else (8192, 2048, 15)
    limits = {"operations_per_s": matrix_rate(torch.float16, side), "bytes_per_s": copy_rate(megabytes)}
    rows = []
    with tempfile.TemporaryDirectory() as root:
        drawn = write_skies(Path(root), min(asked.frames, 256), 8)
        paths = [drawn[number % len(drawn)] for number in range(asked.frames)]
        for backbone in asked.backbone:
            model = tried_model(backbone, SIZES.get(backbone, 240), paths[:32])
            rows.append(measured(model, paths, limits, times))
            print(json.dumps(rows[-1]), flush=True)
        model = load_model(asked.model) if asked.model else tried_model(asked.backbone[0], 240, paths[:32])
        agreed = agreement(model, asked.agreement)
    card = {"gpu": torch.cuda.get_device_name(), "cores": os.cpu_count(), "torch": torch.__version__}
    rates = {name: float(f"{value:.4g}") for name, value in limits.items()}
    print(json.dumps({**card, **rates, "images_per_s": rows[0]["from_jpeg"], "share": rows[0]["share"], **agreed}))


if __name__ == "__main__":
    main()
