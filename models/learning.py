"""What happens in one epoch, and what must be remembered after it?"""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from allsky.errors import BadModel
from models.augmentation import SkyAugmentation
from models.calibration import weighted_log_loss
from models.dataset import LabelledPictures, epoch_batches, scaled
from models.description import ModelDescription
from models.device import device
from models.frozen_features import FrozenFeatures, frozen_features, last_layer
from models.model_folder import versions
from models.network import build_network, freeze_backbone, weights_normalisation
from models.normalisation import normalised
from models.recipe import TrainingRecipe

# Pictures per batch where nothing is learnt.
_JUDGING_BATCH = 32


@dataclass(frozen=True)
class EpochRecord:
    """One row of `history.parquet`.

    Losses in nats. The training loss is the one optimised, with class weights, smoothing and
    augmentation; the validation loss is that of the plain pictures, by sampling weight.
    """

    epoch: int
    stage: str
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


class Learner:
    """A network under training, between epochs.

    Raises BadModel when its initial weights cannot be had.
    """

    def __init__(self, recipe: TrainingRecipe, training: LabelledPictures, validation: LabelledPictures):
        torch.manual_seed(recipe.seed)
        self.recipe, self.training, self.validation = recipe, training, validation
        self.device = device()
        weights = recipe.weights if recipe.pretrained else "none"
        network = build_network(recipe.backbone, len(recipe.classes), recipe.image_size, weights)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network) if recipe.averaging else None
        self.description = _description(recipe)
        self.history: list[EpochRecord] = []
        self.best: dict[str, torch.Tensor] = {}
        self.optimizer: torch.optim.Optimizer | None = None
        self.features: FrozenFeatures | None = None
        self._plan = [(stage, index) for stage, epochs in recipe.stages for index in range(epochs)]

    @property
    def judged(self) -> nn.Module:
        """The network that validation judges and that is kept: the running mean, where there is one."""
        return self.network if self.average is None else self.average

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest validation loss, counted from 1."""
        return min(self.history, key=lambda record: record.validation_loss).epoch

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or the last stage has gone without progress for `patience` epochs."""
        done = len(self.history)
        if done == len(self._plan):
            return True
        last_stage = self._plan[-1][0]
        in_last = sum(record.stage == last_stage for record in self.history)
        patience = self.recipe.patience
        return patience > 0 and in_last > patience and done - self.best_epoch >= patience

    @property
    def _halved(self) -> bool:
        """Whether a step computes in bfloat16, whose range is that of float32, so that no loss need be scaled."""
        # Older GPUs (before NVIDIA's Ampere) only imitate bfloat16, at a loss.
        pays = self.device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return self.recipe.precision == "bfloat16" or (self.recipe.precision == "auto" and pays)

    def run_epoch(self) -> EpochRecord:
        """Learn from each training picture once, then be judged on validation. Raises BadModel for a NaN loss."""
        stage, index = self._plan[len(self.history)]
        number = len(self.history) + 1
        torch.manual_seed(_epoch_seed(self.recipe.seed, number))
        if index == 0:
            self._begin_stage(stage)
        rate, loss, accuracy = self._learn(stage, index)
        logits = self.validation_logits()
        judged_loss, judged_accuracy = self._judge(logits)
        if not math.isfinite(loss + judged_loss):
            raise BadModel(
                f"The loss became {loss} (validation {judged_loss}) in epoch {number} of {self.recipe.backbone}: "
                "training has diverged. Lower [training] learning_rate or fine_tuning_rate, or enlarge batch_size."
            )
        record = EpochRecord(number, stage, rate, loss, accuracy, judged_loss, judged_accuracy)
        self.history.append(record)
        if self.best_epoch == number:
            self.best = {name: value.detach().clone() for name, value in self.judged.state_dict().items()}
        return record

    def recall_best(self) -> None:
        """Put the best epoch's weights into `network`, which is then in evaluation mode."""
        self.average = None
        self.network.load_state_dict(self.best)
        self.network.eval()

    def validation_logits(self) -> np.ndarray:
        """Logits of the validation pictures as they are, float64 (n, classes)."""
        self.judged.eval()
        with torch.inference_mode():
            if self.features is not None:
                logits = self._head(self.judged)(self.features.validation)
            else:
                batches = torch.split(torch.arange(len(self.validation)), _JUDGING_BATCH)
                logits = torch.cat([self.judged(self._as_it_is(batch)) for batch in batches])
        return logits.cpu().double().numpy()

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, in plain types."""
        return {
            "network": self.network.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "optimizer": None if self.optimizer is None else self.optimizer.state_dict(),
            "best": self.best,
            "best_epoch": self.best_epoch,
            "history": [asdict(record) for record in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Be as the learner was whose `state` this is."""
        self.history = [EpochRecord(**record) for record in state["history"]]
        self.network.load_state_dict(state["network"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        # Copied: it may be the very tensors of the network, which goes on learning.
        self.best = {name: value.to(self.device, copy=True) for name, value in state["best"].items()}
        self._begin_stage(self.history[-1].stage)
        assert self.optimizer is not None
        self.optimizer.load_state_dict(state["optimizer"])

    def _begin_stage(self, stage: str) -> None:
        freeze_backbone(self.network, self.recipe.backbone, frozen=stage == "frozen")
        learning = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        # Fused, a step reads the weights once; with small batches the plain one takes half of the time.
        self.optimizer = torch.optim.AdamW(learning, weight_decay=self.recipe.weight_decay, fused=True)
        self.features = self._frozen_features(dict(self.recipe.stages)[stage]) if stage == "frozen" else None

    def _frozen_features(self, epochs: int) -> FrozenFeatures | None:
        """What the frozen backbone makes of the pictures; of each as many views as the recipe and the epochs ask for.

        The views' randomness is the recipe's seed's: a training that goes on draws the same ones again.
        """
        views = min(self.recipe.cached_views, epochs if self.recipe.augment == "sky" else 1)
        if not views:
            return None
        generator = torch.Generator(self.device).manual_seed(_epoch_seed(self.recipe.seed, 0))
        seen = (lambda batch: self._varied(batch, generator)), self._as_it_is
        parts = self.training, self.validation
        return frozen_features(self.network, self.recipe.backbone, parts, seen, views, self._halved)

    def _head(self, network: nn.Module) -> nn.Linear:
        head = last_layer(network, self.recipe.backbone)
        assert head is not None, "features are kept of networks with a last layer"
        return head

    def _varied(self, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        images = scaled(self.training.pictures[batch], self.device)
        if self.recipe.augment == "sky":
            images = SkyAugmentation(grey=self.recipe.grey)(images, generator)
        return normalised(images, self.description)

    def _as_it_is(self, batch: torch.Tensor) -> torch.Tensor:
        return normalised(scaled(self.validation.pictures[batch], self.device), self.description)

    def _learn(self, stage: str, index: int) -> tuple[float, float, float]:
        """One pass over the training pictures: the last learning rate, mean loss, accuracy."""
        # A frozen backbone keeps its statistics too: batch normalisation must not drift.
        self.network.train(stage != "frozen")
        seed = _epoch_seed(self.recipe.seed, len(self.history) + 1)
        order, generator = torch.Generator().manual_seed(seed), torch.Generator(self.device).manual_seed(seed)
        batches = list(epoch_batches(len(self.training), self.recipe.batch_size, order))
        total = dict(self.recipe.stages)[stage] * len(batches)
        loss_sum = right = rate = 0.0
        for number, batch in enumerate(batches):
            rate = self._rate(stage, (index * len(batches) + number) / total)
            loss, hits = self._step(batch, rate, generator, order)
            loss_sum, right = loss_sum + loss * len(batch), right + hits
        return rate, loss_sum / len(self.training), right / len(self.training)

    def _step(
        self, batch: torch.Tensor, rate: float, generator: torch.Generator, order: torch.Generator
    ) -> tuple[float, int]:
        assert self.optimizer is not None
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        targets = self.training.targets[batch].to(self.device)
        logits = self._logits(batch, generator, order)
        weights = self.training.class_weights(len(self.recipe.classes)).to(self.device)
        loss = functional.cross_entropy(logits, targets, weights, label_smoothing=self.recipe.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self._average()
        return loss.item(), int((logits.argmax(1) == targets).sum())

    def _logits(self, batch: torch.Tensor, generator: torch.Generator, order: torch.Generator) -> torch.Tensor:
        """Of training pictures, to learn from: varied by `generator`, or of the views kept one each, by `order`."""
        if self.features is not None:
            learning, seen = self._head(self.network), self.features.drawn(batch, order)
        else:
            learning, seen = self.network, self._varied(batch, generator)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._halved):
            return learning(seen).float()

    @torch.no_grad()
    def _average(self) -> None:
        if self.average is None or self.optimizer is None:
            return
        steps = next(int(state["step"]) for state in self.optimizer.state.values())
        # Early on the mean follows quickly, or it would remember the random start for long.
        decay = min(self.recipe.averaging, (1 + steps) / (10 + steps))
        pair = (self.average, self.network) if self.features is None else map(self._head, (self.average, self.network))
        means, values = (each.state_dict().values() for each in pair)
        for mean, value in zip(means, values, strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def _rate(self, stage: str, fraction: float) -> float:
        """The rate when `fraction` of the stage is over: a linear rise, then half a cosine (arXiv:1608.03983)."""
        tuned = stage == "full" and self.recipe.pretrained
        highest = self.recipe.fine_tuning_rate if tuned else self.recipe.learning_rate
        if fraction < self.recipe.warm_up:
            return highest * (0.05 + 0.95 * fraction / self.recipe.warm_up)
        return highest * (1 + math.cos(math.pi * (fraction - self.recipe.warm_up) / (1 - self.recipe.warm_up))) / 2

    def _judge(self, logits: np.ndarray) -> tuple[float, float]:
        targets, weights = self.validation.targets.numpy(), self.validation.weights.numpy()
        right = logits.argmax(axis=1) == targets
        return weighted_log_loss(logits, targets, weights), float(np.average(right, weights=weights))


def _description(recipe: TrainingRecipe) -> ModelDescription:
    mean, std = weights_normalisation(recipe.backbone)
    return ModelDescription(
        classes=recipe.classes,
        positive=recipe.positive,
        backbone=recipe.backbone,
        image_size=recipe.image_size,
        mean=mean,
        std=std,
        contrast=recipe.contrast,
        recipe=recipe.as_dict() | {"strategy": recipe.effective_strategy},
        versions=versions(),
    )


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**31
