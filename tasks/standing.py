"""Where each night and stage stands: done, unusable, stale, failed or missing, and why.

Nothing is written, and of a month whose table is up to date no night's file is opened: its recipe says
that they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allsky.corpus import NO_MODEL
from allsky.errors import AllskyError
from tasks import archive
from tasks.artifacts import Artifact
from tasks.base import NotKnownYet, Stage
from tasks.camera_epochs import CameraEpochs
from tasks.full_corpus_report import UNKNOWN_MODEL, FullCorpusReport
from tasks.gradcam_gallery import GradCamGallery
from tasks.history import Ends
from tasks.ingredients import changes
from tasks.label_split import LabelSplit
from tasks.month_clock_audit import MonthClockAudit
from tasks.month_frames import MonthFrames
from tasks.month_keograms import MonthKeograms
from tasks.month_predictions import MonthPredictions
from tasks.night_clock import NightClock
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.one_look import one_look
from tasks.periods import LandingMonthStage, MonthStage
from tasks.sheets import AuditSheet, LabelSheet
from tasks.sky_disk import SkyDisk
from tasks.train_classifier import model_needs
from tasks.video_inventory import VideoInventory

DONE, UNUSABLE, STALE, FAILED, MISSING = STATES = ("done", "unusable", "stale", "failed", "missing")

NIGHT_STAGES = (NightClock, NightFrames, NightConditions)
MONTH = MonthFrames.__name__
VIDEO = VideoInventory.__name__


@dataclass(frozen=True)
class Standing:
    """`done`; `unusable` (done, and there is nothing to see: why); `stale`, `failed` (why); `missing`."""

    state: str
    why: str = ""


def of_stage(task: Stage, ends: Ends) -> Standing:
    """Where a task stands that leaves one set of artifacts."""
    try:
        if task.is_made():
            return _made(list(task.artifacts().values())[-1])
        return _not_made(list(task.artifacts().values())[-1], task.made_of, ends.failure(*task.named()))
    except NotKnownYet as unknown:
        return Standing(MISSING, _to_be_made(unknown))
    except AllskyError as problem:
        return Standing(FAILED, str(problem))


def _made(record: Artifact) -> Standing:
    problem = record.record().get("notes", {}).get("problem")
    return Standing(UNUSABLE, problem) if problem else Standing(DONE)


def _not_made(artifact: Artifact, made_of, failed: str | None) -> Standing:
    if failed is not None:
        return Standing(FAILED, failed)
    record = artifact.record()
    if not record:
        return Standing(MISSING)
    return Standing(STALE, _what_changed(record.get("ingredients", {}), made_of))


def _what_changed(before: Mapping[str, Any], made_of) -> str:
    try:
        now = made_of()
    except NotKnownYet as unknown:
        return _to_be_made(unknown)
    if not before:
        return "made by an earlier version of the program, which kept no account"
    return "; ".join(changes(before, now)) or "part of it has been removed"


def _to_be_made(unknown: NotKnownYet) -> str:
    return f"{unknown}, on which it stands, is to be made first"


# Nights.


def months(model: str, ends: Ends, only: str | None = None) -> Iterator[tuple[str, dict[str, dict[str, Standing]]]]:
    """Each month of the archive with its nights: stage by stage, where the night stands. `only` names one month."""
    inventory = archive.inventory()
    if inventory is None:
        return
    months = {night[:7] for night in inventory.broken} | set(inventory.nights_of_month)
    for month in sorted(months if only is None else months & {only}):
        with one_look():
            standings = _month(month, model, ends) if month in inventory.nights_of_month else {}
        held = {night: {VIDEO: Standing(DONE)} | stages for night, stages in standings.items()}
        for night, why in inventory.broken.items():
            if night[:7] == month:
                held[night] = {VIDEO: Standing(UNUSABLE, _without_video(why, night))}
        yield month, dict(sorted(held.items()))


def _without_video(why: str, night: str) -> str:
    kept = VideoInventory().corpus.night_artifacts(night)
    return f"{why}; what was made of this night before is kept, and left out of months and report" if kept else why


def _month(month: str, model: str, ends: Ends) -> dict[str, dict[str, Standing]]:
    whole = MonthFrames(month=month)
    standings = _made_month(whole) if whole.is_made() else _unmade_month(whole, ends)
    for task in _landing(month, model):
        for night in standings:
            standings[night][type(task).__name__] = _landed(task, night, ends)
    return standings


def _landing(month: str, model: str) -> list[LandingMonthStage]:
    predictions = [] if model == NO_MODEL else [MonthPredictions(month=month, model=model)]
    return [MonthClockAudit(month=month), *predictions, MonthKeograms(month=month, model=model)]


def _made_month(whole: MonthFrames) -> dict[str, dict[str, Standing]]:
    """What a month's table tells of its nights."""
    problems = whole.output().notes().get("unusable", {})
    return {
        night: {
            stage.__name__: Standing(UNUSABLE, problems[night]) if night in problems else Standing(DONE)
            for stage in (*NIGHT_STAGES, MonthFrames)
        }
        for night in whole.selected()
    }


def _unmade_month(whole: MonthFrames, ends: Ends) -> dict[str, dict[str, Standing]]:
    held = whole.output().notes().get("nights", {})
    return {
        night: {stage.__name__: of_stage(stage(night=night), ends) for stage in NIGHT_STAGES}
        | {MONTH: _in_table(night, held, _failure(whole, night, ends))}
        for night in whole.selected()
    }


def _in_table(night: str, held: Mapping[str, str], failed: str | None) -> Standing:
    try:
        if night in held and held[night] == NightConditions(night=night).recipe():
            return Standing(DONE)
    except NotKnownYet:
        pass
    if failed is not None:
        return Standing(FAILED, failed)
    return Standing(STALE, "its conditions are to be made again") if night in held else Standing(MISSING)


def _landed(task: LandingMonthStage, night: str, ends: Ends) -> Standing:
    try:
        if task.landed(night):
            return Standing(DONE)
    except AllskyError as problem:
        return Standing(FAILED, str(problem))
    record = list(task.night_artifacts(night).values())[-1]
    return _not_made(record, lambda: task.night_made_of(night), _failure(task, night, ends))


def _failure(task: MonthStage, night: str, ends: Ends) -> str | None:
    """Why a month's stage failed the last time that it had this night to do."""
    stage, parameters = task.named()
    return ends.failure(stage, parameters | {"nights": night})


# The corpus.


def model_in_force(report: FullCorpusReport) -> str:
    """The name of the model that predictions are of, `none`, or `unknown` while it cannot be told."""
    try:
        return report.model()
    except (NotKnownYet, AllskyError):
        return UNKNOWN_MODEL


def corpus(report: FullCorpusReport, model: str, ends: Ends) -> dict[str, Standing]:
    """The stages that are not of a night or a month, by name."""
    inventory = archive.inventory()
    epochs = sorted(set(inventory.epoch_of_night.values())) if inventory else []
    tasks: list[Stage] = [
        VideoInventory(),
        *(SkyDisk(epoch=epoch) for epoch in epochs),
        CameraEpochs(),
        LabelSheet(),
        AuditSheet(),
    ]
    if model != NO_MODEL:
        tasks += [LabelSplit(), *model_needs(model), *report.scored(model), GradCamGallery(model=model)]
    return {_name(task): of_stage(task, ends) for task in [*tasks, report]}


def _name(task: Stage) -> str:
    epoch = getattr(task, "epoch", "")
    return f"{type(task).__name__} {epoch}".rstrip()
