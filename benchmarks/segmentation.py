"""From heat maps to masks of aurora: each method and backbone against the simulator's true masks.

Small networks are trained on simulated nights by their true labels alone (yes or no), or `--model FOLDER` names
trained ones. Of frames that show aurora, of nights that taught none of them (the last third; for a `--model` taught by
`trained.py` the audit nights), the map of each method is cut at half of its maximum within the sky, and compared with
where the truth has aurora five noises above its ground: intersection over union, in solid angle. `more` is how much
more than the whole sky's that is, with its 95 % interval over nights (linearised, Student's t).

Beside the methods stand two masks that need no network: the whole sky, and pixels greener than the sky's median at
the level that is best on these very frames (`iou_green`, which flatters it). Beside `covered_off`, the mean error of
the covered share of the sky, stands that of one number for all frames, their own median (`covered_off_constant`).

`layer` is the side in cells of the map of features that maps are taken from; `--cells` tries others.

    python benchmarks/segmentation.py [--quick] [--frames 40] [--size 64] [--model FOLDER ...] [--cells 8 16 ...]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from scipy.special import stdtrit

from allsky.labels.roles import roles_of
from allsky.pictures import inscribed_disk
from allsky.segmentation import THRESHOLD, covered_fraction, map_to_mask, overlap
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.scene import Picture
from allsky.simulator.simulation import demo_simulation
from allsky.simulator.truth import VISIBLE_CONTRAST
from allsky.square_view import SquareView
from allsky.statistics.intervals import ratio_of_night_totals, variance_over_nights
from models.cam_methods import METHODS
from models.explanation import Explainer
from models.feature_maps import feature_maps
from models.model_folder import Model, load_model
from models.recipe import TrainingRecipe
from models.training import train

# The truth has 45 x 45 patches of four degrees; masks are compared at twice that.
COMPARED_SIZE = 90
BACKBONES = ("resnet18", "mobilenet_v2", "shufflenet_v2_x1_0")
# Thousands of passes a frame.
SLOW = ("AblationCAM", "ScoreCAM")
LEVELS = np.arange(0.1, 0.75, 0.1)
LENS = demo_simulation().camera.lens


def pictures(nights: Sequence[str], per_night: int) -> list[tuple[str, Picture]]:
    """Simulated pictures, spread over each night."""
    drawn = []
    for night in nights:
        utc = frame_times(demo_simulation(), night)
        chosen = utc[np.linspace(0, len(utc) - 1, per_night).astype(int)]
        drawn += [(night, picture) for picture in sky_pictures(demo_simulation(), night, chosen)]
    return drawn


def taught(folder: Path, drawn: list[tuple[str, Picture]], n_validation: int) -> pd.DataFrame:
    """The sure ones as a split: the last nights judge."""
    nights = sorted({night for night, _ in drawn})
    rows = []
    for number, (night, picture) in enumerate(drawn):
        if picture.facts["visible"] == "unsure":
            continue
        cv2.imwrite(str(folder / f"{number}.png"), _square(picture)[..., ::-1])
        part = "validation" if night in nights[-n_validation:] else "train"
        label = picture.facts["visible"].replace(" ", "_")
        rows.append((f"sim_{number:05d}", night, label, part, 1.0, f"{number}.png"))
    return pd.DataFrame(rows, columns=["frame_id", "night", "label", "split", "weight", "image"])


def trained(backbone: str, size: int, epochs: int, split: pd.DataFrame, folder: Path) -> Model:
    recipe = TrainingRecipe(
        backbone=backbone, weights="none", strategy="scratch", image_size=size, epochs_full=epochs, batch_size=8
    )
    train(split, folder, recipe, folder / backbone)
    return load_model(folder / backbone)


def _square(picture: Picture) -> np.ndarray:
    return picture.rgb * inscribed_disk(len(picture.rgb))[..., None]


class Judge:
    """Frames with aurora, their true masks, and the solid angle in which masks are compared."""

    def __init__(self, drawn: list[tuple[str, Picture]]):
        self.nights, drawn = [night for night, _ in drawn], [picture for _, picture in drawn]
        self.squares = [_square(picture) for picture in drawn]
        self.sky = inscribed_disk(COMPARED_SIZE)
        self.solid_angle = SquareView(LENS.projection).solid_angle(COMPARED_SIZE)
        self.truth = [self._mask(picture) for picture in drawn]

    def _mask(self, picture: Picture) -> np.ndarray:
        visible = (picture.contrast > VISIBLE_CONTRAST).astype(np.uint8)
        size = (COMPARED_SIZE, COMPARED_SIZE)
        return (cv2.resize(visible, size, interpolation=cv2.INTER_NEAREST) > 0) & self.sky

    def iou(self, maps: Sequence[np.ndarray], level: float = THRESHOLD) -> float:
        return float(self._overlaps(maps, level).mean())

    def _overlaps(self, maps: Sequence[np.ndarray], level: float = THRESHOLD) -> np.ndarray:
        masks = [map_to_mask(heat, self.sky, level) for heat in maps]
        return np.array([overlap(mask, truth, self.solid_angle) for mask, truth in zip(masks, self.truth, strict=True)])

    def whole_sky(self) -> list[np.ndarray]:
        return [self.sky.astype(float)] * len(self.truth)

    def more(self, maps: Sequence[np.ndarray]) -> dict[str, float]:
        """How much more than the whole sky's their overlap is, with its interval over nights."""
        gain = self._overlaps(maps) - self._overlaps(self.whole_sky())
        night, dates = pd.factorize(np.array(self.nights))
        more, influence = ratio_of_night_totals(np.bincount(night, gain), np.bincount(night))
        half = stdtrit(len(dates) - 1, 0.975) * np.sqrt(variance_over_nights(influence)) if len(dates) > 1 else np.nan
        return {"more": more, "more_low": more - half, "more_high": more + half}

    def best(self, maps: Sequence[np.ndarray]) -> float:
        return max(self.iou(maps, level) for level in LEVELS)

    def covered(self, maps: Sequence[np.ndarray]) -> float:
        """Mean error of the covered fraction of the sky."""
        mine = [covered_fraction(map_to_mask(heat, self.sky), self.solid_angle) for heat in maps]
        return float(np.mean(np.abs(np.subtract(mine, self.true_covered()))))

    def covered_constant(self) -> float:
        """The least that one number for all frames is off."""
        true = self.true_covered()
        return float(np.mean(np.abs(true - np.median(true))))

    def true_covered(self) -> np.ndarray:
        return np.array([covered_fraction(truth, self.solid_angle) for truth in self.truth])

    def greener(self) -> list[np.ndarray]:
        """How much greener than the sky's median each place is."""
        small = [cv2.resize(one, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32) for one in self.squares]
        excess = [cv2.GaussianBlur(one[..., 1] - one[..., ::2].mean(axis=2), (0, 0), 2) for one in small]
        return [np.maximum(one - np.median(one[inscribed_disk(64)]), 0) for one in excess]


def judged(model: Model, judge: Judge, methods: Sequence[str], cells: Sequence[int]) -> list[dict[str, object]]:
    """A row for each method and layer: IoU at the usual threshold and at the best one, error of the covered sky."""
    size, rows = model.description.image_size, []
    seen = np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA) for one in judge.squares])
    for side, layer in _layers(model, cells).items():
        for method in methods:
            explainer = Explainer(model, method)
            explainer.layer = layer or explainer.layer
            maps = np.concatenate([explainer(batch) for batch in np.array_split(seen, -(-len(seen) // 8))])
            row = {"backbone": model.description.backbone, "size": size, "layer": side, "method": method}
            found = {"iou": judge.iou(maps), **judge.more(maps), "best": judge.best(maps)}
            rows.append(row | found | {"covered_off": judge.covered(maps)})
    return rows


def _layers(model: Model, cells: Sequence[int]) -> dict:
    if not cells:
        return {"default": None}
    known = {sides[0]: layer for layer, sides in feature_maps(model.network, model.description.image_size)}
    return {side: known[side] for side in cells if side in known}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="so small that it only shows that it works")
    parser.add_argument("--frames", type=int, default=40, help="about so many frames are judged (default 40)")
    parser.add_argument("--size", type=int, default=64, help="pixels of the networks trained here (default 64)")
    parser.add_argument("--model", type=Path, nargs="*", default=[], help="folders of trained models")
    parser.add_argument("--cells", type=int, nargs="*", default=[], help="sides of the maps of features to try")
    parser.add_argument("--method", nargs="*", default=[m for m in METHODS if m not in SLOW], help="methods to try")
    return parser.parse_args()


def main() -> None:
    asked = options()
    nights = demo_simulation().nights[:3] if asked.quick else demo_simulation().nights
    backbones, epochs, per_night = (BACKBONES[-1:], 1, 12) if asked.quick else (BACKBONES, 12, 24)
    third = len(nights) // 3
    audit = [night for night, role in roles_of(nights).items() if role == "audit"]
    judging = audit if asked.model else nights[-third:]
    # A third of the frames show aurora.
    frames_each = min(per_night, max(4, 3 * asked.frames // len(judging)))
    shown = [drawn for drawn in pictures(judging, frames_each) if drawn[1].facts["visible"] == "aurora"]
    judge = Judge(shown)
    with tempfile.TemporaryDirectory() as root:
        models = [load_model(folder) for folder in asked.model]
        if not models:
            split = taught(Path(root), pictures(nights[:-third], per_night), max(1, third // 2))
            models = [trained(name, asked.size, epochs, split, Path(root)) for name in backbones]
        table = pd.DataFrame([row for one in models for row in judged(one, judge, asked.method, asked.cells)])
    print(table.round(3).to_string(index=False))
    means = table.groupby(["layer", "method"])["iou"].mean().sort_values(ascending=False)
    layer, method = means.index[0]
    figures = {
        "n_frames": len(shown),
        "n_nights": len(set(judge.nights)),
        "best_method": method,
        "best_layer": layer if isinstance(layer, str) else int(layer),
        "iou_best_method": round(float(means.iloc[0]), 3),
        "iou_gradcam": round(float(table.loc[table["method"] == "GradCAM", "iou"].mean()), 3),
        "iou_whole_sky": round(judge.iou(judge.whole_sky()), 3),
        "iou_green": round(judge.best(judge.greener()), 3),
        "covered_off_constant": round(judge.covered_constant(), 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
