"""The classifier: trained on the labelled frames, or an existing model used as it is."""

from __future__ import annotations

import contextlib
from pathlib import Path

import luigi

from allsky.corpus import NO_MODEL, Corpus
from allsky.errors import BadLabels, BadModel
from allsky.recordings.files import content_digest
from models.description import WEIGHTS, ModelDescription, read_description
from models.recipe import TrainingRecipe
from tasks import settings
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact
from tasks.base import NotKnownYet, Stage
from tasks.checkpoints import RECIPE_CHARACTERS, checkpoint_of, sweep_checkpoints
from tasks.ingredients import digest
from tasks.label_split import LabelSplit
from tasks.named_frames import images_of
from tasks.night_frames import NightFrames


class TrainClassifier(ArchiveStage):
    """Trains on the split, keeps the best epoch, calibrates it."""

    version = 2
    takes = "gpu"

    model = luigi.Parameter(description="the model's name and the start of its recipe")

    def needs(self):
        return [LabelSplit()]

    def reads(self):
        return [NightFrames(night=night) for night in LabelSplit().nights()]

    def output(self):
        return FolderArtifact(self.corpus.model_folder(self.model))

    def ingredients(self):
        return training_ingredients()

    def produce(self, output):
        from models.training import train

        split = LabelSplit().output().read()
        split = split.merge(images_of(split), on="frame_id", validate="one_to_one")
        sweep_checkpoints(self.corpus, self.model)
        checkpoint = checkpoint_of(self.corpus, self.model)
        train(split, self.corpus.root, self.settings.training_recipe, output.path, self.progress, checkpoint)


def training_ingredients() -> dict:
    """What a trained model depends on. Raises NotKnownYet while labels are being made."""
    return {"split": LabelSplit().recipe(), "training": recipe_of_contents(settings.current().training_recipe)}


def recipe_of_contents(recipe: TrainingRecipe) -> dict:
    """The recipe as a dictionary in which a file of weights, or a model's folder, stands by what is in it."""
    made_of, weights = recipe.as_dict(), Path(recipe.weights)
    file = weights / WEIGHTS if weights.is_dir() else weights
    return made_of | {"weights": content_digest(file)} if file.is_file() else made_of


def existing_model() -> Path | None:
    """The folder that `[training] model` names."""
    here = settings.current()
    return here.resolve(here.training.model) if here.training.model else None


def model_name() -> str:
    """Name of the model in force: `<name>-<start of its recipe>`.

    Raises NotKnownYet where it depends on labels that are not there yet, BadModel where the named
    model cannot be used.
    """
    folder = existing_model()
    if folder is not None:
        name, recipe = folder.name, model_recipe()
        return name if name.endswith(recipe[:RECIPE_CHARACTERS]) else f"{name}-{recipe[:RECIPE_CHARACTERS]}"
    training = settings.current().training
    return f"{training.name or training.backbone}-{model_recipe()[:RECIPE_CHARACTERS]}"


def model_as_it_is() -> str:
    """Name of the model that there is, whatever has changed since it was trained: the one in force, else the latest.

    `none` where there is none of today's classes.
    """
    if existing_model() is not None:
        return model_name()
    with contextlib.suppress(NotKnownYet, BadLabels):
        if _trained(name := model_name()):
            return name
    records = Corpus(settings.current().output).model_folder("any").parent.glob("*/.recipe.json")
    trained = [record for record in records if _trained(record.parent.name) and _answers_here(record.parent)]
    return max(trained, key=lambda record: record.stat().st_mtime_ns).parent.name if trained else NO_MODEL


def _answers_here(folder: Path) -> bool:
    """Whether the model in `folder` was taught the classes that are asked for today."""
    here = settings.current().labels
    try:
        read_description(folder).require_classes(here.classes, here.positive)
    except BadModel:
        return False
    return True


def _trained(model: str) -> str | None:
    """The recipe of the trained model that `model` names; None where it does not lie there."""
    recipe = FolderArtifact(Corpus(settings.current().output).model_folder(model)).recipe()
    return recipe if recipe and model.endswith(recipe[:RECIPE_CHARACTERS]) else None


def model_recipe(model: str | None = None) -> str:
    """The recipe of `model`, or of the one in force."""
    folder = existing_model()
    if folder is None and model and (recipe := _trained(model)):
        return recipe
    if folder is None:
        return digest({"stage": "TrainClassifier", "version": TrainClassifier.version, **training_ingredients()})
    described = read_description(folder)
    here = settings.current().labels
    if not (folder / WEIGHTS).is_file():
        raise BadModel(f"{folder} holds no model: {WEIGHTS} is missing beside its description. Restore it.")
    described.require_classes(here.classes, here.positive)
    recorded = FolderArtifact(folder).recipe()
    return recorded or digest([described.recipe, content_digest(folder / WEIGHTS)])


def model_folder(model: str) -> Path:
    return existing_model() or TrainClassifier(model=model).output().path


def model_needs(model: str) -> list[Stage]:
    """The stage that makes the model, where it is not there."""
    return [] if existing_model() or _trained(model) else [TrainClassifier(model=model)]


def rule_of_given(model: str) -> dict:
    """How a model that was not trained here turns logits into answers: a person may edit that in its description."""
    if existing_model() is None:
        return {}
    told = description(model)
    return {"rule": [list(told.classes), told.temperature, told.threshold, told.abstain_below]}


def description(model: str) -> ModelDescription:
    return read_description(model_folder(model))
