"""The goal of the chain: tables, figures and one page that say how far to trust the classifier, and when."""

from __future__ import annotations

import json
from math import isnan

import luigi
import pandas as pd

from allsky.corpus import NO_MODEL
from allsky.errors import BadConfiguration
from allsky.report import render_report, write_figures
from allsky.statistics.evidence import EVIDENCE, MEAN_MAPS
from allsky.statistics.rates import NIGHTS_TO_MEASURE
from allsky.statistics.reliability import ABSTAINING, CALIBRATION, RELIABILITY
from allsky.tables import AGREEMENT, CONDITION_TABLE, CONFUSION, CONTRASTS, HOURS, LABELLER_RATES, RULE_COMPARISON
from tasks import scan, settings
from tasks.answers import AUDIT, TEACHING, answers, answers_digest, answers_of, lacking
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import FolderArtifact, TableArtifact
from tasks.base import NotKnownYet, Stage
from tasks.camera_epochs import CameraEpochs
from tasks.gradcam_gallery import GradCamGallery
from tasks.month_clock_audit import MonthClockAudit
from tasks.month_frames import MonthFrames
from tasks.month_keograms import MonthKeograms
from tasks.month_predictions import MonthPredictions
from tasks.night_frames import NightFrames
from tasks.report_data import epochs_told, gather
from tasks.scored_sheet import ScoredSheet
from tasks.selection import check_range, described
from tasks.sheets import AuditSheet, LabelSheet
from tasks.train_classifier import existing_model, model_name, model_needs, model_recipe

# Stands for the model's name while it cannot be told.
UNKNOWN_MODEL = "unknown"


class FullCorpusReport(ArchiveStage):
    """Condition-wise tables, figures and the page, for the whole corpus or a range of its nights."""

    version = 10

    first_night = luigi.Parameter(default="", description="first night of the report, YYYY-MM-DD; the archive's first")
    last_night = luigi.Parameter(default="", description="last night of the report, YYYY-MM-DD; the archive's last")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        check_range(self.first_night, self.last_night)

    @property
    def ranged(self) -> bool:
        return bool(self.first_night or self.last_night)

    def nights(self) -> list[str]:
        """The archive's nights within the range."""
        first, last = self.first_night or "0000", self.last_night or "9999"
        return [night for night in self.inventory.nights if first <= night <= last]

    def months(self) -> dict[str, str]:
        """Each month of the range, and what of it lies within."""
        chosen: dict[str, list[str]] = {}
        for night in self.nights():
            chosen.setdefault(night[:7], []).append(night)
        whole = self.inventory.nights_of_month
        return {month: described(nights, whole[month]) for month, nights in chosen.items()}

    def model(self) -> str:
        """The model in force, or `none` while there is neither a model nor labels enough to train one."""
        if existing_model() is None and lacking():
            return NO_MODEL
        return model_name()

    def needs(self):
        self._check_range()
        frames = self._frames()
        # What a model needs can be told once labels are there, and those may be in the making.
        if not all(task.complete() for task in frames):
            return frames
        judged = self._judged(self.model())
        if all(task.complete() for task in self.scored(self.model())):
            return [*frames, *judged]
        # Maps are of the frames drawn by score too, which are told first.
        return [*frames, *(task for task in judged if not isinstance(task, GradCamGallery))]

    def foreseen(self):
        self._check_range()
        try:
            model = self.model()
        except NotKnownYet:
            model = UNKNOWN_MODEL
        # The sheet whose frames it shows is drawn by the same run, where it is not there yet.
        gallery = [] if self.ranged or model == NO_MODEL or self._gallery(model) else [GradCamGallery(model=model)]
        return [*self._frames(), *self._judged(model), *gallery, *self.reads()]

    def _frames(self) -> list[Stage]:
        """Everything short of a model."""
        months = [MonthFrames(month=month, nights=nights) for month, nights in self.months().items()]
        return [*months, *self._audits(), *self._epochs(), *self._sheets(), *self._simulated_labels()]

    def _audits(self) -> list[Stage]:
        return [MonthClockAudit(month=month, nights=nights) for month, nights in self.months().items()]

    def _judged(self, model: str) -> list[luigi.Task]:
        """Everything that takes a model, or does without one."""
        keograms = [MonthKeograms(month=m, nights=n, model=model) for m, n in self.months().items()]
        if model == NO_MODEL:
            return [*keograms]
        predictions = [MonthPredictions(month=m, nights=n, model=model) for m, n in self.months().items()]
        return [*model_needs(model), *predictions, *self.scored(model), *self._gallery(model), *keograms]

    def reads(self):
        return [NightFrames(night=night) for night in self.nights()]

    def _check_range(self):
        nights = self.inventory.nights
        if self.ranged and nights and not self.nights():
            raise BadConfiguration(
                f"no night of the archive lies between {self.first_night or 'its first'} and"
                f" {self.last_night or 'its last'}; its nights run from {nights[0]} to {nights[-1]}"
            )

    def _epochs(self) -> list[Stage]:
        """The camera's epochs are the whole corpus's too."""
        return [] if self.ranged else [CameraEpochs()]

    def _sheets(self):
        """Sheets are the whole corpus's: a run over a range leaves them as they are."""
        return [] if self.ranged else [LabelSheet(), AuditSheet()]

    def _simulated_labels(self):
        if self.settings.labels.file != settings.SIMULATED or (self.ranged and self.settings.labels_file.exists()):
            return []
        from tasks.simulated_labels import SimulatedLabels

        return [SimulatedLabels()]

    def scored(self, model) -> list[Stage]:
        """The sheet of audit frames drawn by what `model` says of them; none where the configuration wants none."""
        wanted = self.settings.labels.per_score_band and not self.ranged and model != NO_MODEL
        return [ScoredSheet(model=model)] if wanted else []

    def _gallery(self, model):
        return [GradCamGallery(model=model)] if self.corpus.audit_sheet.exists() else []

    def amount(self) -> float:
        return len(self.nights())

    def output(self):
        return FolderArtifact(self.corpus.report_folder(self.model(), self._range()))

    def _range(self) -> str:
        if not self.ranged or not self.nights():
            return f"{self.first_night}_{self.last_night}".strip("_")
        return f"{self.nights()[0]}_{self.nights()[-1]}"

    def ingredients(self):
        model = self.model()
        months = self.months().items()
        here = self.settings
        return {
            "inventory": self.inventory.listing,
            "keograms": [MonthKeograms(month=m, nights=n, model=model).recipe() for m, n in months],
            "epochs": [epochs.recipe() for epochs in self._epochs()] or epochs_told(self).to_json(orient="records"),
            "clock_audits": [audit.recipe() for audit in self._audits()],
            "sheets": [sheet.recipe() for sheet in [*self._sheets(), *self.scored(model)]],
            "model": model_recipe(model) if model != NO_MODEL else [NO_MODEL, lacking()],
            "gallery": [task.recipe() for task in self._gallery(model)] if model != NO_MODEL else [],
            "labels": answers_digest(AUDIT),
            "threshold": here.report.threshold,
            "title": here.report.title,
            "worst": here.explanation.worst,
            "classes": [here.labels.classes, here.labels.positive, here.labels.cloudy],
        }

    def produce(self, output):
        data = gather(self)
        if data.condition_table is not None:
            table = TableArtifact(output.path / "condition_table.parquet", CONDITION_TABLE)
            table.write(data.condition_table)
            data.condition_table.to_csv(output.path / "condition_table.csv", index=False)
        for kind in (EVIDENCE, MEAN_MAPS, CALIBRATION, RELIABILITY, ABSTAINING, HOURS):
            if getattr(data, kind.name) is not None:
                TableArtifact(output.path / f"{kind.name}.parquet", kind).write(getattr(data, kind.name))
        _write_comparisons(data, output.path)
        write_figures(data, output.path / "figures")
        (output.path / "summary.json").write_text(json.dumps(_summary(data) | {"nights": self.nights()}, indent=1))
        (output.path / "report.html").write_text(render_report(data), encoding="utf-8")

    # What the run says at its end.

    def labels_wanted(self) -> str:
        """What a person has to do before anything can be judged; empty where nothing is wanted."""
        if self.model() != NO_MODEL:
            return ""
        if not self.inventory.nights:
            return self._nothing_to_work_with()
        sheets = [sheet.output() for sheet in (LabelSheet(), AuditSheet()) if sheet.output().exists()]
        drawn = {frame_id for sheet in sheets for frame_id in sheet.read(["frame_id"])["frame_id"]}
        where = " and ".join(str(sheet.path) for sheet in sheets) or str(self.corpus.sheet)
        if not drawn:
            return (
                "nothing to judge with yet: no model, no labels, and no frame of these nights was drawn for labelling "
                "(those that teach are drawn at night without moon); use a model that exists ([training] model), or "
                f"add nights. What could be done is in {self._page()}{self._problems()}"
            )
        answered = set(answers()["frame_id"])
        waiting = len(drawn - answered)
        why = f"{lacking()} " if answered else ""
        how = (
            f"{waiting} of {len(drawn)} frames wait in {where}; run `allsky label`, whose answers go to"
            f" {self.settings.labels_file} (frame_id,label), then this again."
            if waiting
            else f"All {len(drawn)} frames that were drawn are answered."
        )
        return (
            f"nothing to judge yet: {why}{how}{_strangers()} What could be done without them is in"
            f" {self._page()}{self._problems()}"
        )

    def _nothing_to_work_with(self) -> str:
        left_out, found = scan.why_left_out(), len(self.inventory.table)
        which = f"{found} videos or folders of stills in {self.settings.videos}"
        said = [f"{which} cannot be used; why is in {self._page()}"] if found else []
        if left_out:
            said.append(left_out)
        return f"nothing to work with: {'; '.join(said)}"

    def _page(self):
        return self.output().path / "report.html"

    def _told(self) -> dict:
        return json.loads((self.output().path / "summary.json").read_text())

    def _problems(self) -> str:
        problems = self._told()["problems"]
        return f", with what is wrong with videos or nights: {problems}" if problems else ""

    def headline(self) -> str:
        told = self._told()
        problems = [f"problems with videos or nights, each told in the report: {told['problems']}"]
        return "\n".join([str(self._page()), *told["lines"], *(problems if told["problems"] else [])])


def _strangers() -> str:
    """A sentence where labels were given and none is of this archive."""
    given = answers()
    if given.empty or len(answers_of((*TEACHING, *AUDIT))):
        return ""
    first = given.iloc[0]
    name = first["frame_id"] if pd.notna(first["frame_id"]) else f"{first['video']}, frame {first['frame_index']}"
    return f" None of the {len(given)} labels that are there belongs to a night of this archive (the first: {name})."


def _write_comparisons(data, folder) -> None:
    """Conditions against each other, model against rule, and labellers, where anybody has labelled audit frames."""
    of_methods = ((CONTRASTS, data.contrasts), (CONFUSION, data.confusion), (RULE_COMPARISON, data.rule_comparison))
    of_people = ((AGREEMENT, data.agreement), (LABELLER_RATES, data.labeller_rates))
    for table, kept in (*of_methods, *of_people):
        if kept is not None and len(kept):
            TableArtifact(folder / f"{table.name}.parquet", table).write(kept)
            kept.to_csv(folder / f"{table.name}.csv", index=False)


def _summary(data) -> dict:
    """What the terminal shows at the end."""
    nights, problems = len(data.tally.nights), len(data.all_problems)
    lines = [f"{data.tally.n_usable:,} frames of {nights} nights", *_model_lines(data), *data.notices]
    return {"lines": lines, "problems": problems, "baseline": data.baseline, "occurrence": data.occurrence}


def _model_lines(data) -> list[str]:
    if data.occurrence is None:
        return ["no model yet, so nothing is predicted"]
    share, cells = data.occurrence["share_of_frames"], data.occurrence["mean_of_cell_shares"]
    lines = [f"predicted {data.positive}: {share:.1%} of frames ({cells:.1%} as the mean of the conditions' shares)"]
    return lines + [_accuracy(name, measures) for name, measures in (data.baseline or {}).items()]


def _accuracy(name, measures) -> str:
    if isnan(measures["accuracy"]):
        nights = measures["n_nights"]
        return f"audit accuracy of {name}: not measured ({nights} audit nights answered, {NIGHTS_TO_MEASURE} wanted)"
    balanced = measures["balanced_accuracy"]
    told = "not measured" if isnan(balanced) else f"{balanced:.1%}"
    return f"audit accuracy of {name}: {measures['accuracy']:.1%} (balanced {told})"
