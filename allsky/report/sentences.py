"""What does the report say, in words with numbers?

Each function returns sentences that are true for whatever the corpus holds: nothing, frames only, a model without
labels, or everything.
"""

from __future__ import annotations

import pandas as pd

from allsky.conditions import ConditionBins
from allsky.figures.words import condition_in_a_sentence, count, in_words, interval, is_number, listed, percent
from allsky.labels import agreed_labels
from allsky.report.data import ReportData
from allsky.statistics import NIGHTS_TO_MEASURE
from allsky.tables import LABELS


def headline(data: ReportData) -> str:
    """The one sentence a reader takes home."""
    if data.frames.empty:
        return "There is nothing to report yet: the archive holds no usable frame."
    if data.predictions is None:
        return f"{count(len(_waiting(data)), 'frame')} wait to be labelled."
    if not data.has_errors:
        return (
            f"The classifier sees {in_words(data.positive)} in {_occurrence(data)} of the frames; "
            f"how often it is wrong cannot be said {_until(data)}."
        )
    return _error_headline(data)


def _until(data: ReportData) -> str:
    """What is lacking before errors can be told."""
    nights = int(data.everything.n_audit_nights) if data.everything is not None else 0
    if nights == 0:
        return "before audit frames are labelled"
    return f"from {count(nights, 'labelled audit night')}: it takes {NIGHTS_TO_MEASURE} with frames of either kind"


def _error_headline(data: ReportData) -> str:
    row, positive = data.everything, in_words(data.positive)
    false_alarm = f"sees {positive} that is not there in {_rate(row, 'fpr')} of the frames without it"
    miss = f"misses {_rate(row, 'fnr')} of the frames that show it"
    parts = [words for words, rate in ((false_alarm, row.fpr), (miss, row.fnr)) if is_number(rate)]
    return f"The classifier {listed(parts)}."


def _rate(row, rate: str) -> str:
    ends = interval(getattr(row, f"{rate}_low"), getattr(row, f"{rate}_high"))
    return percent(getattr(row, rate)) + (f" ({ends})" if ends else "")


def _occurrence(data: ReportData) -> str:
    if data.predictions is None or data.predictions.empty:
        return "none"
    return percent((data.predictions["predicted"] == data.positive).mean())


def _waiting(data: ReportData) -> pd.DataFrame:
    """The drawn frames that nobody has answered."""
    answered = set() if data.labels is None else set(data.labels["frame_id"])
    return data.sheet[~data.sheet["frame_id"].isin(answered)]


def lead(data: ReportData) -> list[str]:
    """The paragraphs beneath the headline: on what it stands, where it is worst, what is unknown, what to do."""
    if data.videos.empty and data.frames.empty:
        return ["No video was found. Point [archive] videos at a folder of nightly videos and run this again."]
    material = _material(data)
    if data.frames.empty:
        return [material, "Every video has a problem; the section “What was left out, and why” names each."]
    if data.predictions is None:
        sheets = "labels/sheet.parquet and labels/audit.parquet"
        return [material, f"Answer the frames of {sheets} in the labels file, then run this again."]
    if data.has_errors:
        paragraphs = [f"{material} {_basis(data)}", " ".join(_worst(data)), _unmeasured(data)]
        return [paragraph for paragraph in paragraphs if paragraph]
    waiting = _waiting(data).query("role == 'audit'")
    todo = f"{count(len(waiting), 'audit frame')} wait in labels/audit.parquet; answer them, then run this again."
    return [material, *([todo] if len(waiting) else [])]


def _material(data: ReportData) -> str:
    usable = data.usable_frames
    if usable.empty:
        return f"{count(len(data.videos), 'video')}, but no usable frame."
    nights = sorted(usable["night"].unique())
    span = nights[0] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"
    return f"{count(len(usable), 'frame')} of {count(len(nights), 'night')}, {span}, at {data.site.name}."


def _basis(data: ReportData) -> str:
    row = data.everything
    unsure = f", {row.n_unsure:,} more {'was' if row.n_unsure == 1 else 'were'} unsure" if row.n_unsure else ""
    return (
        f"Judged by {count(row.n_labelled, 'labelled frame')} of {count(row.n_audit_nights, 'audit night')} that "
        f"neither trained nor tuned the model{unsure}; in brackets are 95 % intervals over nights."
    )


def _worst(data: ReportData) -> list[str]:
    rows = data.class_rows
    cells = rows[(rows["solar_bin"] != "All") & (rows["lunar_bin"] != "All") & (rows["status"] != "not measured")]
    sentences = []
    for rate, words in (("fpr", "False alarms are most frequent"), ("fnr", "Misses are most frequent")):
        ranked = cells[cells[rate].notna()].sort_values(rate, ascending=False)
        if len(ranked) > 1 and ranked[rate].iloc[0] > 0:
            row = next(ranked.itertuples())
            few = ", on few nights" if row.status == "few nights" else ""
            where = condition_in_a_sentence(row.solar_bin, row.lunar_bin)
            sentences.append(f"{words} {where}: {_rate(row, rate)}{few}.")
    return sentences


def _unmeasured(data: ReportData) -> str:
    rows = data.class_rows
    cells = rows[(rows["solar_bin"] != "All") & (rows["lunar_bin"] != "All") & (rows["n_frames"].fillna(0) > 0)]
    unknown = cells[cells["status"] == "not measured"]
    if unknown.empty:
        return f"All {len(cells)} conditions that have frames were measured."
    names = [condition_in_a_sentence(row.solar_bin, row.lunar_bin) for row in unknown.itertuples()]
    return (
        f"Nothing is known about errors {listed(names)} ({len(unknown)} of the {count(len(cells), 'condition')} with "
        f"frames, {count(unknown['n_frames'].sum(), 'frame')}): fewer than five audit nights were labelled there."
    )


def occurrence_sentences(data: ReportData) -> list[str]:
    """The share of frames predicted positive and the mean of cell shares beside it."""
    if data.predictions is None or data.predictions.empty:
        return []
    yes, total = int((data.predictions["predicted"] == data.positive).sum()), len(data.predictions)
    positive = in_words(data.positive)
    sentences = [f"{yes:,} of {total:,} frames were predicted {positive}: {percent(yes / total)}."]
    mean = (data.occurrence or {}).get("mean_of_cell_shares")
    if is_number(mean):
        sentences.append(
            f"The unweighted mean of the condition cells' shares is {percent(mean)}; it gives a cell with few frames "
            "as much say as one with many."
        )
    kind = "Both are shares" if is_number(mean) else "This is a share"
    sentences.append(f"{kind} of recorded frames in which the classifier sees {positive}, clouded ones included.")
    return sentences


def methods(data: ReportData) -> str:
    """A paragraph for a paper, with this corpus's numbers."""
    return " ".join([_frame_methods(data), _sky_methods(data.bins), *_model_methods(data), *_error_methods(data)])


def _frame_methods(data: ReportData) -> str:
    site, usable = data.site, data.usable_frames
    latitude = f"{abs(site.latitude_deg):.4f}° {'N' if site.latitude_deg >= 0 else 'S'}"
    longitude = f"{abs(site.longitude_deg):.4f}° {'E' if site.longitude_deg >= 0 else 'W'}"
    return (
        f"All-sky frames of {site.name} ({latitude}, {longitude}) were taken from nightly timelapse videos and dated "
        "by the clock burned into them, which was read in every frame and fitted robustly against the frame index; "
        f"{count(len(data.frames) - len(usable), 'frame')} whose clock disagreed with the fit were set aside, which "
        f"left {count(len(usable), 'frame')} of {count(usable['night'].nunique(), 'night')} (a night runs from noon "
        "to noon of local mean solar time)."
    )


def _sky_methods(bins: ConditionBins) -> str:
    return (
        "Topocentric, airless altitudes of sun and moon were computed with Skyfield. Solar conditions are night (sun "
        f"at or below {bins.night_below_deg:g}°), astronomical (to {bins.astronomical_below_deg:g}°) and nautical "
        f"twilight (to {bins.nautical_below_deg:g}°); the moon counts as full from {bins.full_elongation_deg:g}° "
        f"elongation when above {bins.full_altitude_deg:g}°, as quarter from {bins.quarter_elongation_deg:g}° when "
        f"above {bins.quarter_altitude_deg:g}°, otherwise as no moon."
    )


def _model_methods(data: ReportData) -> list[str]:
    if data.model is None:
        return []
    recipe = data.model.get("recipe") or {}
    strategy = str(recipe.get("strategy", "")).replace("_", " ")
    how = f", strategy {strategy}, weights {recipe.get('weights')}" if strategy else ""
    network = f"{data.model.get('backbone', 'convolutional')} network ({data.model.get('image_size', '?')} pixels{how})"
    return [
        f"A {network} was trained on labelled frames of training nights; its epoch, temperature and decision rule were "
        "chosen on validation nights."
    ]


def _error_methods(data: ReportData) -> list[str]:
    row = data.everything
    if row is None or not data.has_errors:
        return ["No error rate is given, since no audit frame has been labelled."]
    how = listed(sorted(set(data.class_rows["interval_method"].dropna())))
    return [
        f"Error rates were estimated from {count(row.n_labelled, 'labelled frame')} of "
        f"{count(row.n_audit_nights, 'audit night')}, drawn at random within each condition and weighted by the "
        "inverse of their inclusion probability; nights were assigned to training, validation and audit at random "
        f"beforehand. Intervals (95 %) treat the night as the unit{f' ({how})' if how else ''}. Conditions with fewer "
        "than five audit nights count as not measured."
    ]


def label_counts(data: ReportData) -> pd.DataFrame:
    """Per role of nights: role, drawn, nights, then the answers by class, unsure, waiting (frames)."""
    labels = agreed_labels(LABELS.empty() if data.labels is None else data.labels)[["frame_id", "label"]]
    answers = data.sheet.drop_duplicates("frame_id").merge(labels, on="frame_id", how="left")
    rows = []
    for role in ("training", "validation", "audit"):
        of_role = answers[answers["role"] == role]
        told = {name: int((of_role["label"] == name).sum()) for name in (*data.classes, "unsure")}
        waiting = int(of_role["label"].isna().sum())
        rows.append(
            {"role": role, "nights": of_role["night"].nunique(), "drawn": len(of_role), **told, "waiting": waiting}
        )
    return pd.DataFrame(rows)
