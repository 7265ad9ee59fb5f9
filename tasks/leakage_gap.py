"""What a split that mixes the frames of a night is worth on this corpus's labels: the published split's flattery."""

from __future__ import annotations

import dataclasses

import luigi
import pandas as pd

from allsky.errors import BadConfiguration
from allsky.figures import leakage_figure, png
from allsky.labels.answers import UNSURE, agreed_labels, match_labels
from allsky.labels.partitions import SPLITS, partitioned
from allsky.statistics.leakage import LEAKAGE, leakage_gap, leakage_in_words
from tasks.answers import AUDIT, TEACHING, answers_digest, answers_of
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.base import Stage
from tasks.checkpoints import cell_checkpoint
from tasks.model_comparison import labels_first
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.one_look import looked, one_look
from tasks.train_classifier import recipe_of_contents

EVERY_ROLE = TEACHING + AUDIT
NOTHING_LABELLED = "the leakage gap is measured on labelled frames; answer those of labels/sheet.parquet"


class LeakageStage(ArchiveStage):
    """What a cell and the gap itself stand on: every label, and the frames of its night under its sky."""

    def standing_on(self) -> dict:
        return looked(LeakageStage.standing_on, self._standing_on)  # asked by every cell, and the same for all

    def _standing_on(self) -> dict:
        conditions = {stage.night: stage.recipe() for stage in _conditions()}
        return {"labels": answers_digest(EVERY_ROLE), "shares": self.settings.drawing["shares"], "nights": conditions}

    def after_labels(self, then) -> list[Stage]:
        """The stages before any label can teach, and once these are done what `then` adds."""
        first = labels_first()
        return [*first, *then()] if all(stage.complete() for stage in first) else first


class LeakageCell(LeakageStage):
    """One training on one partition, split by nights or frame by frame: its right answers by night."""

    takes = "gpu"

    partition = luigi.IntParameter(description="which partition of the nights")
    seed = luigi.IntParameter(description="seed of the training")
    split = luigi.ChoiceParameter(choices=SPLITS, description="`night` keeps nights together, `frame` mixes them")

    def needs(self):
        return self.after_labels(_conditions)

    def reads(self):
        return [NightFrames(night=night) for night in _labelled_nights()]

    def output(self):
        name = f"{self.partition}_{self.seed}_{self.split}.parquet"
        return TableArtifact(self.corpus.leakage / "cells" / name, LEAKAGE)

    def ingredients(self):
        return {**self.standing_on(), "training": recipe_of_contents(self.training_recipe())}

    def training_recipe(self):
        return dataclasses.replace(self.settings.training_recipe, seed=self.seed)

    def produce(self, output):
        from models.leakage import trained_and_counted

        frames = partitioned(labelled_frames(), self.partition, self.split, self.settings.drawing["shares"])
        checkpoint = cell_checkpoint(self, "leakage")
        counted = trained_and_counted(frames, self.corpus.root, self.training_recipe(), self.progress, checkpoint)
        output.write(counted.assign(partition=self.partition, seed=self.seed, split=self.split)[LEAKAGE.names])


class LeakageGap(LeakageStage):
    """Every partition x seed of [leakage], split both ways, in one table and one sentence."""

    version = 2

    def cells(self) -> list[LeakageCell]:
        asked = self.settings.leakage
        return [
            LeakageCell(partition=partition, seed=seed, split=split)
            for partition in range(asked.partitions)
            for seed in range(asked.seeds)
            for split in SPLITS
        ]

    def needs(self):
        return self.after_labels(self.cells)

    def output(self):
        return FolderArtifact(self.corpus.leakage / "result")

    def ingredients(self):
        with one_look():
            cells = {f"{cell.partition} {cell.seed} {cell.split}": cell.recipe() for cell in self.cells()}
            return {**self.standing_on(), "cells": cells}

    def produce(self, output):
        rows = pd.concat([cell.output().read() for cell in self.cells()], ignore_index=True)
        TableArtifact(output.path / "leakage.parquet", LEAKAGE).write(rows)
        found = leakage_gap(rows)
        (output.path / "leakage.png").write_bytes(png(leakage_figure(found)))
        (output.path / "leakage.md").write_text(leakage_in_words(found, self._caption(rows)), "utf-8")

    def _caption(self, rows: pd.DataFrame) -> str:
        recipe = self.settings.training_recipe
        counts = rows.groupby(["partition", "seed", "split", "part"])["n_frames"].sum().groupby("part").mean().round()
        validated, audited = (int(counts[part]) for part in ("validation", "audit"))
        how = (
            f"{recipe.backbone}, {recipe.effective_strategy}, {recipe.image_size} pixels, {recipe.epochs_total} epochs"
        )
        taught = f"{rows['n_train'].mean():.0f} frames taught, {validated} validated and {audited} were audited"
        return f"{how}; on average {taught}."

    def headline(self) -> str:
        return f"{self.output().path / 'leakage.md'}"


def labelled_frames() -> pd.DataFrame:
    """Labelled frames of nights of any role, under the skies that training labels come from.

    frame_id, night, utc, video, frame_index, image, label. Audit labels come from every sky: those from others would
    make audit nights harder than validation ones whatever the split.
    """
    given = answers_of(EVERY_ROLE)
    if given.empty:
        raise BadConfiguration(NOTHING_LABELLED)
    frames = pd.concat([_night_frames(night) for night in sorted(given["night"].unique())], ignore_index=True)
    labels, _ = match_labels(given.drop(columns=["night", "role"]), frames)
    settled = agreed_labels(labels)
    labelled = frames.merge(settled.loc[settled["label"] != UNSURE, ["frame_id", "label"]], on="frame_id")
    teaching = labelled["night"].isin(given.loc[given["role"].isin(TEACHING), "night"])
    skies = pd.MultiIndex.from_frame(labelled[["solar_bin", "lunar_bin"]])
    chosen = labelled[skies.isin(skies[teaching])]
    if chosen.empty:
        raise BadConfiguration(NOTHING_LABELLED)
    return chosen.reset_index(drop=True)


def _night_frames(night: str) -> pd.DataFrame:
    columns = ["frame_id", "utc", "video", "frame_index", "image", "clock_flag"]
    frames = NightFrames(night=night).output()["frames"].read(columns).assign(night=night)
    bins = NightConditions(night=night).output().read(["frame_id", "solar_bin", "lunar_bin"])
    return frames[frames["clock_flag"].isna()].merge(bins, on="frame_id")


def _conditions() -> list[NightConditions]:
    return [NightConditions(night=night) for night in _labelled_nights()]


def _labelled_nights() -> list[str]:
    return sorted(answers_of(EVERY_ROLE)["night"].unique())
