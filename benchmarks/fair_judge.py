"""Is the simulated sky a fair judge of a classifier: neither a matter of counting green pixels, nor of the weather?

No race: four ways of telling aurora from none are judged on the same audit nights of a simulated archive, by balanced
accuracy over frames that the simulated labeller was sure of.

- `green_rule`: the green-pixel rule, its measure, level and share tuned on training nights. A sky on which this does
  well needs no network.
- `nuisance_model`: gradient boosting (scikit-learn) that knows mean brightness, hour, sun, moon and the true cloud, but
  sees no picture. Where this does well, conditions give the answer away.
- `network`: trained from nothing on the training nights, a figure for each seed.
- `oracle`: a threshold on the true contrast to noise. It errs where the labeller does: nothing can do better.

The archive is the demonstration's with twice its nights (`made_nights.py`). `--keep FOLDER` keeps the rendered frames
and the trained networks: a run that was stopped goes on with the seed, and the epoch, where it was.

    python benchmarks/fair_judge.py [--quick] [--nights 80] [--cadence 600] [--seeds 3] [--size 96] [--epochs 24]
                                    [--precision bfloat16] [--keep FOLDER]
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from made_nights import CADENCE_S, archive, filmed, labelled, split_of
from side_by_side import argument_parser, require
from sklearn.ensemble import HistGradientBoostingClassifier

from allsky.green_rule import balanced_accuracy, measure_pictures, tune_green_rule
from allsky.simulator import VERSION, Simulation
from models.checkpoint import fingerprint
from models.inference import predict
from models.model_folder import Model, load_model
from models.recipe import PRECISIONS, TrainingRecipe
from models.training import train

KEPT_SIZE = 128
RECIPE = TrainingRecipe(
    backbone="resnet18",
    weights="none",
    strategy="scratch",
    image_size=96,
    batch_size=32,
    epochs_full=24,
    averaging=0.99,
    contrast="local",
    grey=0.05,  # there is one camera here, and it has colour
)
NUISANCES = ["brightness", "hour", "sun_altitude_deg", "moon_altitude_deg", "moon_elongation_deg", "cloud_fraction"]


def with_nuisances(frames: pd.DataFrame, simulation: Simulation) -> pd.DataFrame:
    """The frames with what is no picture."""
    east_h = simulation.site.longitude_deg / 15
    return frames.assign(
        hour=(frames["utc"].dt.hour + east_h) % 24 + frames["utc"].dt.minute / 60,
        moon_elongation_deg=180.0 - (180.0 - frames["moon_phase_deg"]).abs(),
    )


def judge(frames: pd.DataFrame, decided: np.ndarray) -> float:
    audit = (frames["role"] == "audit").to_numpy()
    return balanced_accuracy((frames["label"] == "aurora").to_numpy()[audit], np.asarray(decided)[audit])


def green_rule(frames: pd.DataFrame, root: Path) -> float:
    shares = measure_pictures([root / image for image in frames["image"]])
    taught = (frames["role"] == "training").to_numpy()
    rule = tune_green_rule(shares[taught], (frames["label"] == "aurora").to_numpy()[taught])
    print(rule)
    return judge(frames, rule.decides(shares))


def nuisance_model(frames: pd.DataFrame, root: Path) -> float:
    brightness = [cv2.imread(str(root / image), cv2.IMREAD_GRAYSCALE).mean() for image in frames["image"]]
    known, aurora = frames.assign(brightness=brightness)[NUISANCES].to_numpy(float), frames["label"] == "aurora"
    taught = (frames["role"] == "training").to_numpy()
    model = HistGradientBoostingClassifier(class_weight="balanced", max_depth=3, random_state=0)
    model.fit(known[taught], aurora[taught])
    return judge(frames, model.predict(known))


def oracle(frames: pd.DataFrame) -> float:
    """The threshold on the true contrast that does best on training nights."""
    contrast, aurora = frames["contrast_to_noise"].to_numpy(float), (frames["label"] == "aurora").to_numpy()
    taught = (frames["role"] == "training").to_numpy()
    cuts = np.quantile(contrast[taught], np.linspace(0.01, 0.99, 197))
    best = max(cuts, key=lambda cut: balanced_accuracy(aurora[taught], contrast[taught] >= cut))
    return judge(frames, contrast >= best)


def trained_network(frames: pd.DataFrame, root: Path, recipe: TrainingRecipe) -> Model:
    """Trained in a folder of its own under `root`, or the one that lies there already."""
    split = split_of(frames)
    folder = root / "networks" / fingerprint(recipe, split)
    if not (folder / "model.json").exists():
        checkpoint = folder.with_suffix(".epoch")
        train(split, root, recipe, folder, lambda _, said: print(f"seed {recipe.seed}: {said}", flush=True), checkpoint)
    return load_model(folder)


def network(frames: pd.DataFrame, root: Path, recipe: TrainingRecipe) -> float:
    model, audit = trained_network(frames, root, recipe), frames["role"] == "audit"
    decided = np.zeros(len(frames), bool)
    answers = predict(model, [root / image for image in frames.loc[audit, "image"]], engine="float32")
    decided[audit] = model.description.decide(answers) == "aurora"
    return judge(frames, decided)


def measured(root: Path, simulation: Simulation, recipes: Sequence[TrainingRecipe]) -> dict:
    frames = with_nuisances(labelled(filmed(simulation, root, KEPT_SIZE), simulation), simulation)
    roles = frames.groupby("role")["night"].nunique()
    require(set(roles.index) == {"training", "validation", "audit"}, "nights of every role")
    figures = {
        "green_rule": green_rule(frames, root),
        "nuisance_model": nuisance_model(frames, root),
        "oracle": oracle(frames),
        "network": [],
    }
    print(figures, flush=True)
    for recipe in recipes:
        figures["network"].append(network(frames, root, recipe))
        print(f"seed {recipe.seed}: {figures['network'][-1]:.4f}", flush=True)
    counts = {"nights": len(simulation.nights), "audit_nights": int(roles["audit"]), "n_frames": len(frames)}
    return figures | counts | {"simulator_version": VERSION}


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--nights", type=int, default=80, help="nights of the archive (default 80)")
    parser.add_argument("--cadence", type=int, default=CADENCE_S, help=f"seconds between frames (default {CADENCE_S})")
    parser.add_argument("--size", type=int, default=RECIPE.image_size, help="pixels of the network's input")
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs_full, help="epochs of each training")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help="of training's arithmetic")
    parser.add_argument("--seeds", type=int, default=3, help="networks to train (default 3)")
    parser.add_argument("--keep", type=Path, help="folder of frames and networks, kept and used again")
    asked = parser.parse_args()
    if asked.quick:
        asked.nights, asked.cadence, asked.seeds, asked.size, asked.epochs = 12, 7200, 1, 32, 1
    simulation = archive(asked.nights, asked.cadence)
    recipe = dataclasses.replace(RECIPE, precision=asked.precision, image_size=asked.size, epochs_full=asked.epochs)
    recipes = [dataclasses.replace(recipe, seed=seed) for seed in range(asked.seeds)]
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(asked.keep or Path(folder), simulation, recipes)
    rounded = {name: np.round(value, 4).tolist() for name, value in figures.items()}
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
