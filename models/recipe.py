"""Which classifier is asked for, and how is it trained? (No PyTorch: a scheduler reads this.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from allsky.errors import BadConfiguration

STRATEGIES = ("two_stage", "finetune", "frozen", "scratch")
AUGMENTATIONS = ("sky", "none")
CONTRASTS = ("given", "local")
PRECISIONS = ("auto", "float32", "bfloat16")
# The names of `models.engines` and of `models.cam_methods`, which start PyTorch.
ENGINE_NAMES = ("auto", "float32", "bfloat16", "float16", "compiled", "compiled_float32", "onnx")
METHOD_NAMES = (
    *("GradCAM", "HiResCAM", "GradCAMElementWise", "GradCAM++", "XGradCAM", "EigenCAM", "EigenGradCAM", "LayerCAM"),
    *("AblationCAM", "ScoreCAM", "KPCA-CAM", "FullGrad", "DeepFeatureFactorization"),
)


@dataclass(frozen=True)
class TrainingRecipe:
    """Everything that decides a model besides its labelled pictures. The defaults are the published design.

    Published (the aurora-gradcam work): EfficientNet-B1, ImageNet weights, two classes, six epochs with
    the backbone frozen, then six of full fine-tuning, best epoch by lowest validation loss. Its batch
    size, rates and schedule are not published; those here are common ones for fine-tuning.

    - `classes`: names, in the order of the network's outputs; `positive`: the one counted as aurora.
    - `backbone`: any of torchvision's classifiers by name. EfficientNet-B1 was made for 240 pixels.
    - `weights`: `imagenet` (torchvision's best set), `none`, or the path of a weights file of this backbone.
    - `strategy`: `two_stage` (frozen, then full), `finetune` (full), `frozen` (the last layer alone),
      `scratch` (full, from random weights, `weights` being `none`). Without pretrained weights there is only `scratch`.
    - `image_size`: pixels, square; the whole disk is shown to the network, nothing is cropped away.
    - `epochs_frozen`, `epochs_full`: epochs with the backbone frozen, and of the whole network.
    - `batch_size`: images per step.
    - `learning_rate`: highest rate while the backbone is frozen or training starts from nothing;
      `fine_tuning_rate`: highest rate when pretrained weights are tuned. Each stage warms up linearly over
      `warm_up` of its steps and then falls along a cosine.
    - `weight_decay`: of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101).
    - `label_smoothing`: share of the target spread over all classes (Szegedy et al. 2016, arXiv:1512.00567).
    - `augment`: `sky` (see models/augmentation.py) or `none`.
    - `grey`: share of the pictures that `sky` shows without colour. A network that hardly ever met a grey picture finds
      aurora by its green alone, and none on a grey camera's.
    - `contrast`: `given` shows the network the picture as its weights were trained; `local` shows what stands out from
      the light around it (see models/normalisation.py), which suits training from nothing on few frames.
    - `averaging`: decay per step of a running mean of the weights, which is what is then validated and
      kept; 0 keeps the weights themselves. Steadies small training sets (Tarvainen & Valpola 2017, arXiv:1703.01780).
    - `cached_views`: while the backbone is frozen, what it makes of this many variations of each picture is computed
      once, and the head learns from that (one where nothing is varied); 0: computed anew in each epoch.
    - `precision`: of a step's arithmetic; weights stay float32. `auto` is `bfloat16` on a GPU, `float32` elsewhere;
      a CPU with matrix units (AMX) trains plain convolutions in `bfloat16` nearly twice as fast, depthwise ones slower.
    - `abstain`: share of the validation frames, by weight, of which the model is least sure and on which it would
      rather not decide; 0: it always decides.
    - `patience`: epochs of the last stage without a lower validation loss after which training
      stops; 0: never.
    - `seed`: of everything random.
    """

    classes: tuple[str, ...] = ("aurora", "no_aurora")
    positive: str = "aurora"
    backbone: str = "efficientnet_b1"
    weights: str = "imagenet"
    strategy: str = "two_stage"
    image_size: int = 240
    epochs_frozen: int = 6
    epochs_full: int = 6
    batch_size: int = 32
    learning_rate: float = 1e-3
    fine_tuning_rate: float = 1e-4
    warm_up: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    augment: str = "sky"
    grey: float = 0.25
    contrast: str = "given"
    averaging: float = 0.0
    cached_views: int = 4
    precision: str = "auto"
    abstain: float = 0.0
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        self._check_classes()
        self._check_choice("strategy", STRATEGIES)
        self._check_choice("augment", AUGMENTATIONS)
        self._check_choice("contrast", CONTRASTS)
        self._check_choice("precision", PRECISIONS)
        self._check_numbers()
        self._check_stages()

    def as_dict(self) -> dict[str, Any]:
        """The recipe in JSON's types."""
        return asdict(self) | {"classes": list(self.classes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingRecipe:
        """The recipe that `as_dict` wrote, whose unknown keys (of a later version) are ignored."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})

    @property
    def pretrained(self) -> bool:
        """Whether the network starts from weights that have learnt something."""
        return self.weights != "none" and self.strategy != "scratch"

    @property
    def effective_strategy(self) -> str:
        """`strategy`, or `scratch` where tuning was asked for and there is nothing to tune."""
        return self.strategy if self.pretrained else "scratch"

    def _check_classes(self) -> None:
        if len(set(self.classes)) < 2 or len(set(self.classes)) < len(self.classes):
            raise BadConfiguration(f"classes = {list(self.classes)}: at least two different names are needed.")
        if self.positive not in self.classes:
            raise BadConfiguration(f"positive = {self.positive!r} is none of the classes {list(self.classes)}.")

    def _check_choice(self, key: str, choices: tuple[str, ...]) -> None:
        if getattr(self, key) not in choices:
            raise BadConfiguration(f"{key} = {getattr(self, key)!r}: expected one of {', '.join(choices)}.")

    def _check_numbers(self) -> None:
        least = {
            "image_size": 16,
            "batch_size": 1,
            "epochs_frozen": 0,
            "epochs_full": 0,
            "patience": 0,
            "cached_views": 0,
        }
        for key, value in least.items():
            if getattr(self, key) < value:
                raise BadConfiguration(f"{key} = {getattr(self, key)}: expected {value} or more.")
        for key in ("learning_rate", "fine_tuning_rate"):
            if not getattr(self, key) > 0:
                raise BadConfiguration(f"{key} = {getattr(self, key)}: expected a number above 0.")
        if not 0 <= self.grey <= 1:
            raise BadConfiguration(f"grey = {self.grey}: expected a share between 0 and 1.")
        for key in ("label_smoothing", "averaging", "warm_up", "abstain"):
            if not 0 <= getattr(self, key) < 1:
                raise BadConfiguration(f"{key} = {getattr(self, key)}: expected 0 or more and less than 1.")

    def _check_stages(self) -> None:
        if self.strategy == "frozen" and self.weights == "none":
            raise BadConfiguration(
                "strategy = frozen with weights = none: a frozen backbone of random weights teaches nothing. "
                "Set weights to imagenet or a file, or strategy to scratch."
            )
        if self.strategy == "scratch" and self.weights != "none":
            raise BadConfiguration(
                f"strategy = scratch starts from random weights, and weights = {self.weights} would be ignored. "
                "Set weights to none, or strategy to finetune."
            )
        if self.epochs_total == 0:
            raise BadConfiguration(f"strategy = {self.strategy} with no epochs: set epochs_frozen or epochs_full.")

    @property
    def epochs_total(self) -> int:
        """Epochs over all stages."""
        return sum(epochs for _, epochs in self.stages)

    @property
    def stages(self) -> tuple[tuple[str, int], ...]:
        """Stage names (`frozen`, `full`) with their epochs, in order."""
        both = {"frozen": self.epochs_frozen, "full": self.epochs_full}
        chosen = {"two_stage": ("frozen", "full"), "frozen": ("frozen",)}.get(self.effective_strategy, ("full",))
        return tuple((stage, both[stage]) for stage in chosen)
