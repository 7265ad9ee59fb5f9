"""Does an engine say what float32 says, on ten thousand frames of a trained model?

No race: each frame is another sky, of simulated nights that are not among those which `trained.py` teaches; engine and
eager float32 are given equal pixels. `again` is the share of frames of which the engine is so little sure that
`Predictor` has float32 compute them again (`alone`: without that); `same_decisions` is the share decided alike,
`p_difference_999` the 99.9th percentile of the differences in probability; `balanced_accuracy` is what float32's own
answers are worth, where the simulated labeller is sure. `--nights` keeps the frames, which take a quarter of an hour to
make.

    python benchmarks/agreement.py --model FOLDER [--frames 10000] [--nights FOLDER] [--engine bfloat16 ...]
    python benchmarks/agreement.py --quick
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from made_nights import archive, filmed, labelled, other_nights
from side_by_side import argument_parser, require
from trained import TAUGHT_NIGHTS, tried_model

from allsky.green_rule import balanced_accuracy
from allsky.pictures import read_pictures
from models.engines import ENGINES, Ready, tried_on
from models.inference import Predictor
from models.model_folder import Model, load_model

# As far as two ways of computing the same probability may lie apart, and how often they must decide alike.
P_TOLERANCE, SAME_DECISIONS = 0.02, 0.999
# More than there are in the two winters: all.
TWO_WINTERS = 1000
BATCH = 8


def agreed(mine: np.ndarray, exact: np.ndarray, quick: bool = False) -> dict[str, float]:
    """How nearly ours says what float32 does; stops where it is not near enough, unless too few were asked."""
    gaps = np.abs(mine - exact)
    same = float((mine.argmax(axis=1) == exact.argmax(axis=1)).mean())
    far = float(np.quantile(gaps, 0.999))
    require(quick or far <= P_TOLERANCE, f"ours says what eager float32 does on equal pixels (off by {far:.4f})")
    require(quick or same >= SAME_DECISIONS, f"ours decides as eager float32 does ({same:.2%} do)")
    return {"same_decisions": same, "p_difference_999": far, "positive_share": float((exact[:, 0] > 0.5).mean())}


def frames_to_agree_on(root: Path, n: int, size: int, quick: bool = False) -> pd.DataFrame:
    """`n` frames of simulated nights that are not of the archive `trained.py` teaches, with `path`, and `label` where
    the simulated labeller is sure."""
    taught = archive(TAUGHT_NIGHTS)
    others = other_nights(taught, 1 if quick else TWO_WINTERS)
    frames = filmed(others, root, size)
    sure = labelled(frames, others)
    frames = frames.merge(sure[["night", "frame_index", "label"]], on=["night", "frame_index"], how="left")
    require(len(frames) >= n, f"{n} frames to agree on (there are {len(frames)})")
    return frames.assign(path=[root / image for image in frames["image"]]).head(n)


def both_answers(predictor: Predictor, model: Model, paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """What the predictor and eager float32 say of the same pixels."""
    pairs = [(predictor.answer(some), eager(model, some)) for some in pictures_of(model, paths)]
    mine, exact = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return mine, exact


def pictures_of(model: Model, paths: Sequence[Path]) -> Iterator[np.ndarray]:
    return read_pictures(paths, model.description.image_size, batch_size=8 * BATCH)


@torch.inference_mode()
def eager(model: Model, pictures: np.ndarray) -> np.ndarray:
    """Probabilities by the network as PyTorch has it, in float32."""
    parts = torch.split(model.seen(pictures), BATCH)
    return model.probabilities(torch.cat([model.network(part) for part in parts]))


def worth(frames: pd.DataFrame, exact: np.ndarray) -> float:
    """Balanced accuracy of float32's answers, where the labeller is sure."""
    sure = frames["label"].notna().to_numpy()
    return balanced_accuracy((frames["label"] == "aurora").to_numpy()[sure], exact[sure].argmax(axis=1) == 0)


def of_engine(name: str, model: Model, paths: Sequence[Path], exact: np.ndarray) -> dict:
    """How nearly a predictor with that engine, and the engine alone, say what float32 said."""
    copied = Model(copy.deepcopy(model.network), model.description)
    predictor, ready = Predictor(copied, name), Ready(copied, ENGINES[name], torch.device("cpu"))
    alone = np.concatenate([ready.answer(some) for some in pictures_of(model, paths)])
    mine = np.concatenate([predictor.answer(some) for some in pictures_of(model, paths)])
    again = {"again": float(ready.doubtful(alone).mean()), "alone": agreed(alone, exact, quick=True)}
    return agreed(mine, exact, quick=True) | again


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--model", type=Path, help="a trained model's folder (`trained.py` makes one)")
    parser.add_argument("--frames", type=int, default=10_000, help="frames to agree on (default 10000)")
    parser.add_argument("--nights", type=Path, help="folder of the frames, kept and used again")
    names = [engine.name for engine in tried_on(torch.device("cpu"))][1:]
    parser.add_argument("--engine", nargs="*", default=names, help=f"default {' '.join(names)}")
    asked = parser.parse_args()
    if asked.model is None and not asked.quick:
        parser.error("name a model with --model, or ask for --quick")
    with tempfile.TemporaryDirectory() as folder:
        size = load_model(asked.model).description.image_size if asked.model else 64
        frames = frames_to_agree_on(
            asked.nights or Path(folder), 64 if asked.quick else asked.frames, size, asked.quick
        )
        paths = frames["path"].tolist()
        model = load_model(asked.model) if asked.model else tried_model("mobilenet_v3_small", size, paths[:32])
        exact = np.concatenate([eager(model, some) for some in pictures_of(model, paths)])
        figures = {"n_frames": len(paths), "balanced_accuracy": worth(frames, exact)}
        for name in asked.engine[: 1 if asked.quick else None]:
            figures[name] = of_engine(name, model, paths, exact)
            print(name, figures[name], flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
