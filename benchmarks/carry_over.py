"""Does a model see aurora through cameras other than the one that taught it?

No race: a model trained on the demonstration archive (a small colour camera) is asked about the same simulated skies,
of audit nights, taken by that camera, by the AuroraMAX camera (larger, another lens) and by a THEMIS imager (grey,
stretched, off centre). Between the first and the last lies `own_grey`: its own camera's pictures without their colour
and otherwise as they are. Balanced accuracy over frames whose truth is sure, and the share of each camera's frames that
are called aurora: a model that calls all or none of them so is blind there, whatever its accuracy.

    python benchmarks/carry_over.py --model output/models/NAME [--frames 120]
    python benchmarks/carry_over.py --quick
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
from segmentation import pictures, taught, trained
from side_by_side import argument_parser

from allsky.green_rule import balanced_accuracy
from allsky.labels.roles import roles_of
from allsky.pictures import inscribed_disk
from allsky.simulator import demo_simulation
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.cameras import AURORAMAX, SMALL_COLOUR, THEMIS, Camera
from allsky.simulator.scene import Picture
from models.inference import Predictor
from models.model_folder import Model, load_model

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
    said = model.description.decide(np.concatenate([predictor.answer(part) for part in parts]))
    aurora = np.array([picture.facts["visible"] == "aurora" for picture in drawn])
    called = said == model.description.positive
    return {"n": len(drawn), "balanced_accuracy": balanced_accuracy(aurora, called), "called": float(called.mean())}


def quickly_trained(folder: Path) -> Model:
    """One epoch of a small network, which shows only that this runs."""
    split = taught(folder, pictures(demo_simulation().nights[:3], 12), 1)
    return trained("shufflenet_v2_x0_5", 48, 1, split, folder)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--model", type=Path, help="folder of a model trained on the demonstration archive")
    parser.add_argument("--frames", type=int, default=120, help="frames of each camera (default 120)")
    asked = parser.parse_args()
    if asked.model is None and not asked.quick:
        parser.error("name a model with --model, or ask for --quick")
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(asked.model) if asked.model else quickly_trained(Path(folder))
    seen = {name: skies(camera, 14 if asked.quick else asked.frames) for name, camera in CAMERAS.items()}
    seen["own_grey"] = [without_colour(picture) for picture in seen["own"]]
    figures = {name: judged(model, drawn) for name, drawn in seen.items()}
    print(json.dumps({name: {key: round(value, 4) for key, value in found.items()} for name, found in figures.items()}))


if __name__ == "__main__":
    main()
