"""Backbones and ways of training them, compared on one split: the published studies' design, on nights not seen."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import luigi
import pandas as pd

from allsky.errors import BadConfiguration
from allsky.figures import comparison_figure, png
from allsky.green_rule import measure_pictures, tune_green_rule
from allsky.labels.answers import UNSURE, match_labels
from allsky.labels.sampling import PLACE, finished_draws, inclusion_probability
from allsky.statistics.comparison import COMPARISON, GREEN_RULE, as_markdown, sample, summary
from allsky.statistics.night_totals import audited_frames
from allsky.statistics.scores import area_under_curve, decided_scores
from models.recipe import STRATEGIES, TrainingRecipe
from tasks import settings
from tasks.answers import AUDIT, answers_digest, answers_of
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.base import Stage
from tasks.checkpoints import cell_checkpoint
from tasks.ingredients import digest
from tasks.label_split import LabelSplit
from tasks.named_frames import images_of, named_frames
from tasks.night_frames import NightFrames
from tasks.one_look import looked, one_look
from tasks.sheets import AuditSheet, LabelSheet
from tasks.train_classifier import recipe_of_contents

# The driver says so without a start of PyTorch.
GPU = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Size:
    """How large a comparison is: the published one (batch 64, 20 epochs), or what a machine without a GPU can do."""

    image_size: int
    epochs: int
    frames: int | None
    batch_size: int


PUBLISHED, SMALL = Size(224, 20, None, 64), Size(96, 5, 600, 16)


def size() -> Size:
    """The size in force: what is configured, else what suits the machine."""
    asked = settings.current().comparison
    usual = PUBLISHED if GPU.exists() else SMALL
    given = {field.name: getattr(asked, field.name) for field in dataclasses.fields(Size)}
    return dataclasses.replace(usual, **{name: value for name, value in given.items() if value is not None})


class ComparedStage(ArchiveStage):
    """What the cells of a comparison and the comparison itself stand on."""

    def standing_on(self) -> dict:
        return looked(ComparedStage.standing_on, self._standing_on)  # asked by every cell, and the same for all

    def reads(self):
        return [NightFrames(night=night) for night in sorted({*LabelSplit().nights(), *_audited_nights()})]

    def _standing_on(self) -> dict:
        frames = {night: NightFrames(night=night).recipe() for night in _audited_nights()}
        audited = {"audit": answers_digest(AUDIT), "drawn": _draws_digest(), "frames": frames}
        return {"split": LabelSplit().recipe(), **audited}


class ComparisonCell(ComparedStage):
    """One backbone, trained in one way with one seed, and judged on audit frames."""

    takes = "gpu"

    backbone = luigi.Parameter(description="name of the network")
    strategy = luigi.Parameter(description="what is trained when")
    seed = luigi.IntParameter(description="seed of the training")

    def needs(self):
        first = labels_first()
        return [*first, LabelSplit()] if all(stage.complete() for stage in first) else first

    def output(self):
        name = f"{self.backbone}_{self.strategy}_{self.seed}".replace(":", "-").replace("/", "-")
        return TableArtifact(self.corpus.comparison / "cells" / f"{name}.parquet", COMPARISON)

    def ingredients(self):
        made_of = {"training": recipe_of_contents(self.training_recipe()), "frames_used": size().frames}
        return {**self.standing_on(), **made_of, "weights": _weights_files(self.backbone)}

    def training_recipe(self) -> TrainingRecipe:
        asked = size()
        return dataclasses.replace(
            self.settings.training_recipe,
            backbone=self.backbone,
            strategy=self.strategy,
            weights="none" if self.strategy == "scratch" else pretrained_weights(self.backbone),
            image_size=asked.image_size,
            epochs_frozen=asked.epochs,
            epochs_full=asked.epochs,
            batch_size=asked.batch_size,
            seed=self.seed,
        )

    def produce(self, output):
        from models.comparing import trained_and_judged

        split, audit = split_with_images(size().frames), audit_frames()
        checkpoint = cell_checkpoint(self, "comparison")
        row = trained_and_judged(split, audit, self.corpus.root, self.training_recipe(), self.progress, checkpoint)
        output.write(pd.DataFrame([row]).reindex(columns=_columns(row)))


class ModelComparison(ComparedStage):
    """Every backbone x strategy x seed of [comparison], and the green-pixel rule, in one table and figure."""

    def cells(self) -> list[ComparisonCell]:
        asked = self.settings.comparison
        strange = sorted(set(asked.strategies) - set(STRATEGIES))
        if strange:
            raise BadConfiguration(f"[comparison] strategies = {', '.join(strange)}: known are {', '.join(STRATEGIES)}")
        return [
            ComparisonCell(backbone=backbone, strategy=strategy, seed=seed)
            for seed in range(asked.seeds)
            for backbone in asked.backbones
            for strategy in asked.strategies
        ]

    def needs(self):
        first = labels_first()
        return [*first, *self.cells()] if all(stage.complete() for stage in first) else first

    def output(self):
        return FolderArtifact(self.corpus.comparison / "result")

    def ingredients(self):
        with one_look():
            cells = {f"{cell.backbone} {cell.strategy} {cell.seed}": cell.recipe() for cell in self.cells()}
            return {**self.standing_on(), "cells": cells}

    def produce(self, output):
        rows = [*(cell.output().read() for cell in self.cells()), pd.DataFrame([green_rule_row()])]
        table = pd.concat(rows, ignore_index=True)
        table = COMPARISON.to_arrow(table.reindex(columns=_columns(table))).to_pandas()
        TableArtifact(output.path / "comparison.parquet", COMPARISON).write(table)
        summary(table).to_csv(output.path / "comparison.csv", index=False)
        (output.path / "comparison.png").write_bytes(png(comparison_figure(table)))
        (output.path / "comparison.md").write_text(as_markdown(table, caption(table)), encoding="utf-8")

    def headline(self) -> str:
        return f"{self.output().path / 'comparison.md'}"


def caption(table: pd.DataFrame) -> str:
    """What was done, and that it was small where it was."""
    asked, networks = size(), table[table["backbone"] != GREEN_RULE]
    small = "" if asked == PUBLISHED else " This is a small comparison: it ranks what can be learnt in so little."
    first = networks.iloc[0]
    return (
        f"Trained on {first['n_train']} frames for {asked.epochs} epochs at {asked.image_size} pixels in batches of "
        f"{asked.batch_size}, judged on {first['n_audit']} labelled frames of {first['n_nights']} audit nights, "
        f"{networks['seed'].nunique()} seeds (mean ± standard deviation).{small}"
    )


def green_rule_row() -> dict:
    """The rule that counts green pixels, tuned on the same training frames, as a row of COMPARISON."""
    here, root = settings.current(), settings.current().output
    split, audit = split_with_images(size().frames), audit_frames()
    taught, positive = split[split["split"] == "train"], here.labels.positive
    rule = tune_green_rule(
        measure_pictures([root / image for image in taught["image"]]), (taught["label"] == positive).to_numpy()
    )
    shares = measure_pictures([root / image for image in audit["image"]])
    said = pd.Series(rule.decides(shares)).map({True: positive, False: here.labels.negative}).to_numpy(object)
    labels, weight = audit["label"].to_numpy(object), audit["weight"].to_numpy(float)
    counts = {"n_train": len(taught), "n_audit": len(audit), "n_nights": audit["night"].nunique()}
    judged = decided_scores(labels, said, here.labels.classes, positive, weight)
    judged["auc"] = area_under_curve(rule.scores(shares), labels == positive, weight)
    return {"backbone": GREEN_RULE, **counts, **judged}


def split_with_images(most: int | None) -> pd.DataFrame:
    split = sample(LabelSplit().output().read(), most)
    return split.merge(images_of(split), on="frame_id", validate="one_to_one")


def _audited_nights() -> list[str]:
    return sorted(answers_of(AUDIT)["night"].unique())


def _draws_digest() -> str | None:
    """What the answered frames weigh, as far as the sheet alone tells; a larger draw may be finished from the start."""
    sheet = AuditSheet().output()
    if not sheet.exists():
        return None
    drawn, answered = sheet.read(), answers_of(AUDIT).dropna(subset=PLACE)
    chances = inclusion_probability(finished_draws(drawn, answered, drawn)).sort_index()
    return digest(chances[chances.index.isin(pd.MultiIndex.from_frame(answered[PLACE]))].to_csv())


def audit_frames() -> pd.DataFrame:
    """Audit frames with one settled answer: frame_id, night, label, image, weight (1 / inclusion probability)."""
    given, sheet = answers_of(AUDIT), AuditSheet().output().read()
    # Those that are drawn and wait for an answer, too: they tell which draws are finished.
    frames = named_frames(given["night"], [given, sheet])
    labels, _ = match_labels(given.drop(columns=["night", "role"]), frames)
    audit = audited_frames(sheet, labels, frames)
    audit = audit[audit["label"] != UNSURE].merge(frames[["frame_id", "night", "image"]], on="frame_id")
    if audit["label"].nunique() < 2:
        raise BadConfiguration(
            f"networks are compared on labelled frames of audit nights, of both kinds; found {len(audit)} of "
            f"{audit['label'].nunique()} kinds. Answer frames of labels/audit.parquet first"
        )
    return audit


def labels_first() -> list[Stage]:
    """The stages before any label can be judged with."""
    sheets: list[Stage] = [LabelSheet(), AuditSheet()]
    if settings.current().labels.file != settings.SIMULATED:
        return sheets
    from tasks.simulated_labels import SimulatedLabels

    return [*sheets, SimulatedLabels()]


def pretrained_weights(backbone: str) -> str:
    """The backbone's file in the folder of `[comparison] weights`, or `imagenet` where there is none."""
    here = settings.current()
    if here.comparison.weights is None:
        return "imagenet"
    folder, name = here.resolve(here.comparison.weights), backbone.replace(":", "-").replace("/", "-")
    if not folder.is_dir():
        raise BadConfiguration(f"[comparison] weights = {folder}: there is no such folder; name one, or `none`")
    files = (folder / f"{name}{ending}" for ending in (".safetensors", ".pth"))
    return next((str(file) for file in files if file.is_file()), "imagenet")


def _weights_files(backbone: str) -> list[str]:
    """Files of this backbone's ImageNet weights in PyTorch's cache: with one that appears, rows appear."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch"
    return sorted(path.name for path in (Path(home) / "hub" / "checkpoints").glob(f"{backbone}-*.pth"))


def _columns(row) -> list[str]:
    """The table's columns, and a row's F1 of each class beside them."""
    return [*COMPARISON.names, *[name for name in row if name.startswith("f1_") and name not in COMPARISON.names]]
