"""What is written in a model's folder, and how does it decide? (No PyTorch: tasks and reports read this.)"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from allsky.errors import BadModel
from models.recipe import CONTRASTS

# The files of a model folder.
WEIGHTS = "weights.safetensors"
DESCRIPTION = "model.json"
HISTORY = "history.parquet"
VALIDATION = "validation.parquet"
CURVES = "curves.png"
CARD = "card.md"

# What the name of a map drawn beside a picture ends with.
MAP_ENDING = ".map.jpg"

# The method that draws heat maps where none is named: the best of those at hand against the simulator's true masks.
METHOD = "GradCAM++"

CHANNELS = 3
# Names told of models that lie in a folder which is none.
NAMED = 5

# Raised when an older reader could no longer make sense of model.json.
FORMAT = 1


@dataclass(frozen=True)
class ModelDescription:
    """The contents of `model.json`.

    - `classes`: in the order of the network's outputs; `positive`: the one counted as aurora.
    - `backbone`: torchvision's name. `image_size`: pixels, square. `mean`, `std`: per channel (RGB, of 0 to 1).
    - `contrast`: `given`, with that mean and deviation, or `local`, in which case these are not used.
    - `temperature`: logits are divided by it before the softmax (Guo et al. 2017, arXiv:1706.04599).
    - `threshold`: the probability of `positive` from which a frame is positive; None: the likelier class.
    - `abstain_below`: it abstains where the probability of the class it decides for is lower; None: never.
    - `recipe`, `versions`, `metrics`: how it was trained, with what, and how it did where it was selected.
    """

    classes: tuple[str, ...]
    positive: str
    backbone: str
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    contrast: str = "given"
    temperature: float = 1.0
    threshold: float | None = None
    abstain_below: float | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def positive_index(self) -> int:
        return self.classes.index(self.positive)

    @property
    def rule(self) -> str:
        """How it decides, in words."""
        if self.threshold is None:
            return "the likeliest class"
        return f"{self.positive} when its probability is {self.threshold:g} or more"

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """The class of each frame by the model's own rule: str (n,), from probabilities (n, classes)."""
        names = np.array(self.classes, dtype=object)
        if self.threshold is None:
            return names[np.argmax(probabilities, axis=1)]
        others = np.array(probabilities, copy=True)
        others[:, self.positive_index] = -1
        likeliest_other = names[np.argmax(others, axis=1)]
        return np.where(probabilities[:, self.positive_index] >= self.threshold, self.positive, likeliest_other)

    def abstains(self, probabilities: np.ndarray) -> np.ndarray:
        """Whether it is too unsure of each frame to decide, bool (n,), from probabilities (n, classes)."""
        if self.abstain_below is None:
            return np.zeros(len(probabilities), bool)
        return self._of_decided(probabilities) < self.abstain_below

    def doubtful(self, probabilities: np.ndarray, by: float) -> np.ndarray:
        """Whether probabilities (n, classes) that were up to `by` off would be decided otherwise: bool (n,)."""
        positive, others = probabilities[:, self.positive_index], np.array(probabilities, copy=True)
        near, rivals = np.zeros(len(others), bool), np.ones(len(others), bool)
        if self.threshold is not None:
            near, rivals = np.abs(positive - self.threshold) <= by, positive <= self.threshold + by
            others[:, self.positive_index] = -1
        if self.abstain_below is not None:
            near |= np.abs(self._of_decided(probabilities) - self.abstain_below) <= by
        likeliest = np.sort(others, axis=1)[:, ::-1]
        return near | (rivals & (likeliest[:, 0] - likeliest[:, 1] <= 2 * by))

    def _of_decided(self, probabilities: np.ndarray) -> np.ndarray:
        """The probability of the class that it decides for, (n,)."""
        place = np.array([self.classes.index(name) for name in self.decide(probabilities)], int)
        return probabilities[np.arange(len(place)), place]

    def require_classes(self, classes: Sequence[str], positive: str) -> None:
        """Raises BadModel unless the model tells these classes apart (in whatever order)."""
        if set(classes) != set(self.classes) or positive != self.positive:
            raise BadModel(
                f"The model knows the classes {list(self.classes)} with {self.positive!r} as positive, but "
                f"{list(classes)} with {positive!r} are configured. Set [labels] classes and positive to the "
                "model's, or train a model on these labels."
            )

    def write(self, folder: Path) -> None:
        """Write `model.json` into `folder`."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def read_description(folder: Path) -> ModelDescription:
    """The description of the model in `folder`. Raises BadModel when there is none, or it makes no sense."""
    path = Path(folder) / DESCRIPTION
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values |= {key: tuple(values[key]) for key in ("classes", "mean", "std")}
        description = ModelDescription(**{f.name: values[f.name] for f in fields(ModelDescription) if f.name in values})
    except OSError as error:
        inside = sorted(one.parent.name for one in Path(folder).glob(f"*/{DESCRIPTION}"))
        hint = f"; those in it are {', '.join(inside[:NAMED])}" if inside else ""
        raise BadModel(f"{folder} holds no model: {DESCRIPTION} cannot be read ({error.strerror}){hint}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{path} does not describe a model ({error!r}); train it again or restore the file.") from error
    if description.format > FORMAT:
        raise BadModel(
            f"{path} has format {description.format}; this version reads up to {FORMAT}. Update the package."
        )
    for key, expected in _mistakes(description, values):
        raise BadModel(f"{path}: {key} = {values.get(key)!r}, expected {expected}; correct it or restore the file.")
    return description


def _mistakes(told: ModelDescription, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys of a `model.json`, which people may edit, whose values make no sense, and what is expected there."""
    if len(set(told.classes)) < 2 or len(set(told.classes)) < len(told.classes) or not _are(told.classes, str):
        yield "classes", "two different names or more"
    if told.positive not in told.classes:
        yield "positive", f"one of the classes {', '.join(map(str, told.classes))}"
    if not isinstance(told.image_size, int) or not told.image_size > 0:
        yield "image_size", "a whole number of pixels above 0"
    for key in ("mean", "std"):
        if not (_are(values[key], Real) and len(values[key]) == CHANNELS):
            yield key, "three numbers"
    if told.contrast not in CONTRASTS:
        yield "contrast", f"one of {', '.join(CONTRASTS)}"
    if "temperature" not in values or not _are([told.temperature], Real) or not 0 < told.temperature < math.inf:
        yield "temperature", "a number above 0 (1 changes nothing)"
    for key in ("threshold", "abstain_below"):
        if values.get(key) is not None and not (_are([values[key]], Real) and 0 <= values[key] <= 1):
            yield key, "a probability from 0 to 1, or null"


def _are(values: Sequence[Any], kind: type) -> bool:
    return all(isinstance(value, kind) and not isinstance(value, bool) for value in values)
