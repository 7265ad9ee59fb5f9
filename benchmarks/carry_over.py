"""Does a model see aurora through cameras other than the one that taught it?

No race: a model trained on the demonstration archive (a small colour camera) is asked about the same simulated skies,
of audit nights, taken by that camera, by the AuroraMAX camera (larger, another lens) and by a THEMIS imager (grey,
stretched, off centre). Between the first and the last lies `own_grey`: its own camera's pictures without their colour
and otherwise as they are. Balanced accuracy over frames whose truth is sure, and the share of each camera's frames that
are called aurora: a model that calls all or none of them so is blind there, whatever its accuracy. `auc` is the area
under the ROC curve: what other thresholds could make of the same answers.

With `--grey` ResNet-18s are trained from nothing on the archive of `fair_judge.py`, one for each share of pictures
without colour, and asked the same. One that has seen only grey pictures (`--grey 1`) says how much of aurora can be
seen without colour at all. `--keep FOLDER` keeps frames and networks: a run that was stopped goes on where it was.

    python benchmarks/carry_over.py --model output/models/NAME [--frames 120]
    python benchmarks/carry_over.py --grey 0.25 0.5 1 [--epochs 12] [--size 64] [--seed 0] [--keep FOLDER]
    python benchmarks/carry_over.py --quick
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from fair_judge import KEPT_SIZE, RECIPE, trained_network
from made_nights import archive, filmed, labelled
from segmentation import pictures, taught, trained
from side_by_side import argument_parser
from sklearn.metrics import roc_auc_score
from trained import TAUGHT_NIGHTS

from allsky.green_rule import balanced_accuracy
from allsky.labels.roles import roles_of
from allsky.pictures import inscribed_disk
from allsky.simulator import Simulation, demo_simulation
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.cameras import AURORAMAX, SMALL_COLOUR, THEMIS, Camera
from allsky.simulator.scene import Picture
from models.inference import Predictor
from models.model_folder import Model, load_model
from models.recipe import TrainingRecipe

CAMERAS = {"own": SMALL_COLOUR, "auroramax": AURORAMAX, "themis": THEMIS}


def skies(camera: Camera, n_frames: int) -> list[Picture]:
    """Sure pictures of the demonstration's audit nights, spread over each."""
    simulation = dataclasses.replace(demo_simulation(), camera=camera)
    roles = roles_of(simulation.nights)
    audit = [night for night in simulation.nights if roles[night] == "audit"]
    drawn: list[Picture] = []
    for night in audit:
        utc = frame_times(simulation, night)
        chosen = utc[np.linspace(0, len(utc) - 1, -(-n_frames // len(audit))).astype(int)]
        drawn += sky_pictures(simulation, night, chosen)
    return [picture for picture in drawn if picture.facts["visible"] != "unsure"]


def without_colour(picture: Picture) -> Picture:
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)
    return dataclasses.replace(picture, rgb=np.repeat(grey[..., None], 3, axis=2))


def judged(model: Model, drawn: list[Picture]) -> dict[str, float]:
    size = model.description.image_size
    squares = [picture.rgb * inscribed_disk(len(picture.rgb))[..., None] for picture in drawn]
    small = [cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA) for square in squares]
    predictor = Predictor(model, "float32")
    parts = np.array_split(np.stack(small), -(-len(small) // 8))
    answers = np.concatenate([predictor.answer(part) for part in parts])
    said, probability = model.description.decide(answers), answers[:, model.description.classes.index("aurora")]
    aurora = np.array([picture.facts["visible"] == "aurora" for picture in drawn])
    called = said == model.description.positive
    return {
        "n": len(drawn),
        "balanced_accuracy": balanced_accuracy(aurora, called),
        "auc": float(roc_auc_score(aurora, probability)),
        "called": float(called.mean()),
    }


def quickly_trained(folder: Path) -> Model:
    """One epoch of a small network, which shows only that this runs."""
    split = taught(folder, pictures(demo_simulation().nights[:3], 12), 1)
    return trained("shufflenet_v2_x0_5", 48, 1, split, folder)


def taught_by_grey(
    shares: Sequence[float], simulation: Simulation, recipe: TrainingRecipe, root: Path
) -> dict[str, Model]:
    """A network for each share of grey pictures, trained on the same frames of `simulation`."""
    frames = labelled(filmed(simulation, root, KEPT_SIZE), simulation)
    return {f"grey {grey:g}": trained_network(frames, root, dataclasses.replace(recipe, grey=grey)) for grey in shares}


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--model", type=Path, help="folder of a model trained on the demonstration archive")
    parser.add_argument("--frames", type=int, default=120, help="frames of each camera (default 120)")
    parser.add_argument("--grey", type=float, nargs="+", help="train networks with these shares of grey pictures")
    parser.add_argument("--epochs", type=int, default=12, help="of each training (default 12)")
    parser.add_argument("--size", type=int, default=64, help="pixels of the trained networks' input (default 64)")
    parser.add_argument("--seed", type=int, default=0, help="of each training (default 0)")
    parser.add_argument("--keep", type=Path, help="folder of frames and networks, kept and used again")
    asked = parser.parse_args()
    if asked.model is None and asked.grey is None and not asked.quick:
        parser.error("name a model with --model, train some with --grey, or ask for --quick")
    with tempfile.TemporaryDirectory() as folder:
        root = asked.keep or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        if asked.grey:
            simulation = archive(12, 7200) if asked.quick else archive(TAUGHT_NIGHTS)
            size, epochs = (32, 1) if asked.quick else (asked.size, asked.epochs)
            recipe = dataclasses.replace(RECIPE, image_size=size, epochs_full=epochs, seed=asked.seed)
            models = taught_by_grey(asked.grey, simulation, recipe, root)
        else:
            models = {"model": load_model(asked.model) if asked.model else quickly_trained(root)}
        seen = {name: skies(camera, 14 if asked.quick else asked.frames) for name, camera in CAMERAS.items()}
        seen["own_grey"] = [without_colour(picture) for picture in seen["own"]]
        figures = {said: {name: judged(model, drawn) for name, drawn in seen.items()} for said, model in models.items()}
    print(json.dumps(_rounded(figures if asked.grey else figures["model"])))


def _rounded(figures: dict) -> dict:
    return {key: _rounded(one) if isinstance(one, dict) else round(one, 4) for key, one in figures.items()}


if __name__ == "__main__":
    main()
