"""What the classifier says of every frame."""

from __future__ import annotations

import functools
from functools import partial
from pathlib import Path

import luigi
import pandas as pd

from allsky.tables import FEATURES, with_probabilities
from tasks.artifacts import DamagedArtifact, TableArtifact
from tasks.month_frames import MonthFrames
from tasks.night_frames import NightFrames
from tasks.one_look import looked
from tasks.periods import LandingMonthStage
from tasks.sections import Inference
from tasks.train_classifier import model_folder, model_needs, model_recipe, rule_of_given


class MonthPredictions(LandingMonthStage):
    """Probabilities for every unflagged frame of a month: the model loaded once, each night landing on its own."""

    takes = "gpu"

    model = luigi.Parameter(description="the model's name and the start of its recipe")

    def needs(self):
        return [MonthFrames(month=self.month, nights=self.nights), *model_needs(self.model)]

    def reads(self):
        return [NightFrames(night=night) for night in self.missing_nights()]

    def night_artifacts(self, night):
        table = with_probabilities(self.settings.labels.classes)
        predictions = {"": TableArtifact(self.corpus.predictions(self.model, night), table)}
        if self.settings.inference.features == "none":
            return predictions
        return {"features": TableArtifact(self.corpus.features(self.model, night), FEATURES), **predictions}

    def night_ingredients(self, night):
        made_of = {"model": model_recipe(self.model), "frames": NightFrames(night=night).recipe()}
        return made_of | looked((MonthPredictions, self.model), partial(rule_of_given, self.model))

    def make_ready(self, nights, expected):
        predictor, _ = self._model()
        predictor.expect(sum(map(_count, nights)) * expected // len(nights))

    def produce_night(self, night, output):
        predictor, described = self._model()
        frames = _clear_frames(night)
        probabilities, features = predictor.with_features([self.corpus.root / image for image in frames["image"]])
        engine, table = ", ".join(predictor.engines), _table(frames, night, probabilities, described)
        if self.settings.inference.features == "none":
            output.write(table, engine=engine)
        else:
            output[""].write(table, engine=engine)
            output["features"].write(table[["frame_id"]].assign(features=list(features)), engine=engine)

    def _model(self):
        return _loaded(model_folder(self.model), model_recipe(self.model), self.settings.inference)


def _count(night) -> int:
    """How many frames there are to be predicted; none where that cannot be told, which is said at the night's turn."""
    try:
        return len(_clear_frames(night, []))
    except DamagedArtifact:
        return 0


def _clear_frames(night, columns=("frame_id", "utc", "image")) -> pd.DataFrame:
    """The night's frames whose time is not in doubt."""
    frames = NightFrames(night=night).output()["frames"].read([*columns, "clock_flag"])
    return frames[frames["clock_flag"].isna()]


@functools.lru_cache(maxsize=1)
def _loaded(folder: Path, _recipe: str, inference: Inference):
    """The model, kept for the next night: a worker of a cluster is handed them one by one."""
    from models.inference import Predictor
    from models.model_folder import load_model

    model = load_model(folder)
    features = inference.features == "stored"
    return Predictor(model, inference.engine, inference.batch_size, features=features), model.description


def _table(frames, night, probabilities, described) -> pd.DataFrame:
    answers = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in described.classes], index=frames.index)
    table = pd.concat([frames[["frame_id", "utc"]], answers], axis=1)
    return table.assign(night=night, predicted=described.decide(probabilities))
