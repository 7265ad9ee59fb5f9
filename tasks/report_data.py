"""Gathering what the report tells, from the artifacts of the stages before it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from allsky.corpus import NO_MODEL
from allsky.labels.answers import match_labels
from allsky.labels.roles import roles_of
from allsky.labels.sampling import unfinished_draws
from allsky.labels.wanted import Wanted
from allsky.report import CameraChange, Keogram, Problem, ReportData
from allsky.report.month_by_month import Month, ReportFrames, go_through
from allsky.sky_disk import doubt_of
from allsky.statistics.agreement import agreement_table
from allsky.statistics.baseline import baseline_comparison
from allsky.statistics.confusion import confusion_by_condition
from allsky.statistics.contrasts import contrast_table
from allsky.statistics.hours import Said, night_hours, with_called_clear
from allsky.statistics.labellers import rates_by_labeller
from allsky.statistics.night_totals import audited_frames, counted_by, unpredicted
from allsky.statistics.rates import condition_table, occurrence
from allsky.statistics.reliability import abstaining_table, calibration_table, reliability_table
from allsky.statistics.tally import Tally
from allsky.tables import LABELS, READINGS, SHEET, SPLIT, TESTIMONY, with_probabilities
from tasks import scan
from tasks.answers import answers, lacking
from tasks.artifacts import TableArtifact
from tasks.camera_epochs import stored_epochs, suggestions
from tasks.error_gallery import error_gallery
from tasks.map_evidence import evidence_of
from tasks.month_clock_audit import MonthClockAudit
from tasks.month_frames import MonthFrames
from tasks.month_predictions import MonthPredictions
from tasks.named_frames import images_of
from tasks.provenance import provenance
from tasks.reported import Reported
from tasks.sky_disk import SkyDisk, disk_of
from tasks.train_classifier import description, existing_model, model_folder

# The report draws the clock of this many nights: the worst ones.
CLOCKS_DRAWN = 3


def gather(report: Reported) -> ReportData:
    """Everything the report tells of its nights."""
    sheet, given = _sheets(report.corpus), _answers(report)
    here = report.settings
    cloudy = None if here.labels.cloud_key else here.labels.cloudy
    count_hours = partial(night_hours, positive=here.labels.positive, site=here.site, cloudy=cloudy)
    read = go_through(_months(report), Wanted([sheet, given]), count_hours)
    labels, notices = (None, []) if given.empty else match_labels(given, read.frames)
    said = [
        *_archive_notices(),
        *suggestions(epochs_told(report)),
        *_disk_doubts(report),
        *_camera_notices(report, read.tally),
        *_corrections(report),
        *notices,
        *([f"There is no model: {lacking()}"] if report.model() == NO_MODEL and not given.empty else []),
    ]
    told = _common(report, read, sheet) | {"labels": labels, "notices": said}
    told["notices"] += _drawn_and_waiting(read.frames, sheet, labels)
    if read.predictions is not None:
        told |= _judged(report, read, sheet, labels)
        told["notices"] += unpredicted(sheet, labels, read.predictions)
    return ReportData(**told)


def _months(report: Reported) -> Iterator[Month]:
    """Each month's frames as far as they are asked for, and beside them what the model says of them."""
    for month, nights in report.months().items():
        task = MonthFrames(month=month, nights=nights)
        frames = task.output().read()
        frames = frames[frames["night"].isin(task.selected())]
        yield frames, None if report.model() == NO_MODEL else _predictions(report, month, nights)


def _predictions(report: Reported, month: str, nights: str) -> pd.DataFrame:
    """What the model says of a month's frames, decided as this report counts it."""
    task, labels = MonthPredictions(month=month, nights=nights, model=report.model()), report.settings.labels
    tables = [task.night_artifacts(night)[""].read() for night in task.selected()]
    every = pd.concat([with_probabilities(labels.classes).empty(), *tables], ignore_index=True)
    return counted_by(every, labels.classes, labels.positive, report.settings.report.threshold)


def _answers(report: Reported) -> pd.DataFrame:
    """The labels, without those of the archive's nights that lie outside the report's range."""
    given = answers()
    # Labels of nights outside the report's range are no strangers; those of nights outside the archive are.
    elsewhere = set(report.inventory.nights) - set(report.nights())
    return given[~given["night"].isin(elsewhere)].drop(columns=["night", "role"])


def _common(report: Reported, read: ReportFrames, sheet: pd.DataFrame) -> dict:
    here = report.settings
    videos = report.inventory.table
    if report.ranged:
        videos = videos[videos["night"].isin(report.nights()) | videos["night"].isna()]
    return {
        "site": here.site,
        "classes": here.labels.classes,
        "positive": here.labels.positive,
        "bins": here.bins,
        "videos": videos,
        "tally": read.tally,
        "frames": read.frames,
        "sheet": sheet,
        "problems": list(_problems(report)),
        "configuration": here.as_table(),
        "provenance": provenance(report),
        "keograms": list(_keograms(report)),
        "readings": _readings(report, read.tally),
        "witnesses": _witnesses(report),
        "disks": list(_disks(report)),
        "camera_changes": list(_camera_changes(report)),
        "title": here.report.title,
        "simulated": here.simulated,
        "threshold": here.report.threshold,
        "nights": (report.nights()[0], report.nights()[-1]) if report.ranged and report.nights() else None,
    }


def _sheets(corpus) -> pd.DataFrame:
    tables = [TableArtifact(path, SHEET).read() for path in corpus.sheets]
    return pd.concat(tables, ignore_index=True) if tables else SHEET.empty()


def _drawn_and_waiting(frames: pd.DataFrame, sheet: pd.DataFrame, labels: pd.DataFrame | None) -> list[str]:
    answered = frames[frames["frame_id"].isin([] if labels is None else labels["frame_id"])]
    return [
        f"{n} audit frames {f'drawn for {model} by what it says of them' if model else 'of a larger draw'} wait for an "
        "answer (`allsky label`); until the last has one, rates stand on the frames drawn before."
        for model, n in unfinished_draws(sheet, answered, frames).items()
    ]


def _problems(report: Reported) -> Iterator[Problem]:
    for month, nights in report.months().items():
        notes = MonthFrames(month=month, nights=nights).output().notes()
        for night, sentences in notes.get("problems", {}).items():
            if night in report.nights():
                yield from (Problem(night, None, sentence) for sentence in sentences)


def _archive_notices() -> Iterable[str]:
    if left_out := scan.why_left_out():
        yield left_out


def _camera_notices(report: Reported, tally: Tally) -> Iterable[str]:
    """What hints at a wrong site or zone."""
    day = int(tally.nights["n_day"].sum())
    if day:
        yield (
            f"{day:,} of {tally.n_frames:,} frames were taken with the sun up, by their clock: if they are night "
            "frames, see whether the longitude's sign (west is negative), the latitude and the clock's zone are right"
        )
    nameless = [night for night in report.nights() if not _names_its_zone(report.corpus.overlay_folder(night))]
    if nameless:
        zone = report.settings.clock(nameless[0]).timezone
        many = f"on {len(nameless)} nights"
        yield f"the clock names no time zone ({many}) and was read as {zone}: [camera] clock_timezone"


def _disk_doubts(report: Reported) -> Iterable[str]:
    """What the report says of disks that were found with little confidence."""
    for epoch in sorted({report.inventory.epoch_of_night[night] for night in report.nights()}):
        disk = disk_of(epoch)
        if not isinstance(disk, str) and (doubt := doubt_of(disk)):
            yield f"camera since {epoch}: {doubt}"


def _corrections(report: Reported) -> Iterable[str]:
    """What the clock ledger changed in the nights of the report."""
    for line in report.settings.clock_ledger.itertuples():
        nights = [night for night in report.nights() if line.first_night <= night <= line.last_night]
        if nights:
            who = f" ({line.decided_by})" if line.decided_by else ""
            when = f"{len(nights)} nights from {nights[0]} to {nights[-1]}"
            yield f"the clock was corrected by {line.add_s:+g} s on {when}: {line.reason}{who}"


def _names_its_zone(overlay: Path) -> bool:
    """Whether a night's clock does; a night without a clock names none that was assumed."""
    try:
        record = json.loads((overlay / "clock.json").read_text())
    except (OSError, ValueError):
        return True
    return "told_by" in record or any("%Z" in part["format"] or "%z" in part["format"] for part in record["parts"])


def _keograms(report: Reported) -> Iterator[Keogram]:
    for night in report.nights():
        path = report.corpus.keogram_folder(report.model(), night) / "keogram.png"
        if path.exists():
            yield Keogram(night, path)


def _readings(report: Reported, tally: Tally) -> dict[str, pd.DataFrame]:
    """The clocks worth drawing: of the nights with most flagged frames, else with the largest residuals."""
    worst = tally.nights.sort_values(["n_flagged", "worst_residual_s"], ascending=False)["night"].head(CLOCKS_DRAWN)
    return {night: TableArtifact(report.corpus.readings(night), READINGS).read() for night in worst}


def _witnesses(report: Reported) -> pd.DataFrame:
    """What the witnesses say of each night's clock: TESTIMONY and `night`."""
    audits = [MonthClockAudit(month=m, nights=n) for m, n in report.months().items()]
    tables = [a.night_artifacts(night)[""].read().assign(night=night) for a in audits for night in a.selected()]
    return pd.concat([TESTIMONY.empty().assign(night=""), *tables], ignore_index=True)


def _disks(report: Reported) -> Iterator[tuple]:
    for epoch in sorted({report.inventory.epoch_of_night[night] for night in report.nights()}):
        picture = SkyDisk(epoch=epoch).output()["picture"].path / "disk.png"
        if picture.exists():
            yield epoch, picture


def epochs_told(report: Reported) -> pd.DataFrame:
    """The camera's epochs (EPOCHS) that the report tells of: those that begin within its range."""
    epochs = stored_epochs()
    if not report.ranged:
        return epochs
    nights = report.nights()
    return epochs[epochs["night"].between(nights[0], nights[-1])] if nights else epochs[:0]


def _camera_changes(report) -> Iterator[CameraChange]:
    """Where one epoch ends and another begins, or seems to."""
    for row in epochs_told(report).dropna(subset="night_before").itertuples():
        picture = report.corpus.epoch_pictures / f"{row.night}.jpg"
        if picture.exists():
            yield CameraChange(row.night, row.night_before, row.status, row.cause, row.says or "", picture)


# What needs a model.


def _judged(report: Reported, read: ReportFrames, sheet: pd.DataFrame, labels: pd.DataFrame | None) -> dict:
    here, frames, predictions = report.settings, read.frames, read.predictions
    classes, positive, counted = here.labels.classes, here.labels.positive, read.tally.predicted
    known = labels if labels is not None else LABELS.empty()
    material = (predictions, frames, sheet[sheet["role"] == "audit"], known)
    nights = read.tally.nights["night"]
    table = condition_table(*material, classes, positive, _training_nights(report, nights), counted)
    audited = _audited(predictions, frames, sheet, known)
    evidence, means = evidence_of(report, frames, audited)
    return {
        **_calibration(audited, here.labels, description(report.model()).abstain_below),
        "evidence": evidence,
        "mean_maps": means,
        "condition_table": table,
        "confusion": confusion_by_condition(*material, classes),
        "contrasts": contrast_table(*material, positive, counted),
        "hours": _hours(report, read, sheet, known),
        "cloudy": here.labels.cloudy,
        "occurrence": occurrence(table, positive),
        "agreement": agreement_table(known, frames, roles_of(nights, **here.drawing)),
        "labeller_rates": rates_by_labeller(*material, classes, positive, counted),
        "gallery": list(error_gallery(report, audited)),
        "gallery_method": here.explanation.method,
        **_baseline(report, audited),
        **_model(report.model()),
    }


def _hours(report: Reported, read: ReportFrames, sheet: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame | None:
    """HOURS, with what was called clear where labellers have a key for clouds."""
    asked = report.settings.labels
    if read.hours is None or asked.cloud_key is None or "answer" not in labels:
        return read.hours
    said = Said(asked.positive, asked.cloud_key)
    return with_called_clear(read.hours, sheet, labels, read.frames, report.settings.site, said)


def _training_nights(report: Reported, nights: pd.Series) -> set[str]:
    """Nights whose role is training, labelled or not; a model made elsewhere was trained on none of these."""
    if existing_model():
        return set()
    return {night for night, role in roles_of(nights, **report.settings.drawing).items() if role == "training"}


def _audited(predictions, frames, sheet, labels) -> pd.DataFrame:
    """Audit frames with one settled answer: conditions, prediction, label, image and inclusion_probability."""
    drawn = audited_frames(sheet, labels, frames)
    drawn = drawn[drawn["label"] != "unsure"]
    drawn = drawn.assign(inclusion_probability=1.0 / drawn["weight"]).drop(columns="weight")
    columns = ["frame_id", "video", "frame_index", "image", "solar_bin", "lunar_bin"]
    return drawn.merge(frames[columns], on="frame_id").merge(predictions, on="frame_id")


def _calibration(audited: pd.DataFrame, labels, abstain_below: float | None) -> dict:
    """What the probabilities of audit frames are worth; nothing before any are labelled."""
    if audited.empty:
        return {}
    return {
        "calibration": calibration_table(audited, labels.classes),
        "reliability": reliability_table(audited, labels.positive),
        "abstaining": abstaining_table(audited, labels.classes, chosen=abstain_below),
    }


def _baseline(report: Reported, audited: pd.DataFrame) -> dict:
    """The model beside a green-pixel rule that was tuned on the frames which the model was taught and chosen with."""
    if existing_model() or audited.empty:
        return {}
    split = TableArtifact(report.corpus.split, SPLIT).read()
    split = split[split["night"].isin(report.inventory.nights)]  # pictures leave the archive with their nights
    taught = split.merge(images_of(split), on="frame_id")
    positive, backbone = report.settings.labels.positive, description(report.model()).backbone
    if (taught["label"] == positive).nunique() < 2:
        return {}
    summary, table = baseline_comparison(taught, audited, report.corpus.root, positive, backbone)
    return {"baseline": summary, "rule_comparison": table}


def _model(model: str) -> dict:
    folder = model_folder(model)
    tables = {name: folder / f"{name}.parquet" for name in ("history", "validation")}
    return {
        "model_name": model,
        "given": existing_model() is not None,
        "model": json.loads((folder / "model.json").read_text()),
        **{name: pd.read_parquet(path) for name, path in tables.items() if path.exists()},
    }
