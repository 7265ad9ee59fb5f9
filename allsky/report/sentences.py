"""What does the report say, in words with numbers?

Each function returns sentences that are true for whatever the corpus holds: nothing, frames only, a model without
labels, or everything.
"""

from __future__ import annotations

import pandas as pd

from allsky.figures.words import count, in_words, interval, is_number, listed, percent, rate_words
from allsky.labels.answers import agreed_labels
from allsky.report.comparisons import largest_estimates, unmeasured, verdicts
from allsky.report.data import ReportData
from allsky.statistics.correction import NIGHTS_TO_DERIVE
from allsky.statistics.hours import UTC, clear_share
from allsky.statistics.intervals import NIGHTS_TO_MEASURE
from allsky.statistics.labellers import relative_to
from allsky.tables import LABELS

# Who answers for a simulated archive.
PROGRAM = "simulated"
OF_A_PROGRAM = "the answers of a program"
DRAW_MORE = "Have more frames drawn ([labels] per_night), or add nights"
SIMULATED = (
    "This archive is simulated: a program made its skies and its clocks. What follows is true of no real camera."
)


def headline(data: ReportData) -> str:
    """The one sentence a reader takes home."""
    if not data.tally.n_frames:
        return "There is nothing to report yet: the archive holds no usable frame."
    if not data.is_predicted:
        waiting = len(_waiting(data))
        return f"{count(waiting, 'frame')} wait to be labelled." if waiting else "The labels cannot teach a model yet."
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
    false_alarm = f"sees {positive} that is not there in {rate_words(row, 'fpr')} of the frames without it"
    miss = f"misses {rate_words(row, 'fnr')} of the frames that show it"
    parts = [words for words, rate in ((false_alarm, row.fpr), (miss, row.fnr)) if is_number(rate)]
    return f"The classifier {listed(parts)}."


def whose(labels: pd.DataFrame, audit: pd.Series) -> str:
    """Whose answers the rates are held against; a program's are no person's."""
    people = set(labels.loc[labels["frame_id"].isin(audit), "labeller"])
    return OF_A_PROGRAM if people == {PROGRAM} else relative_to(labels, audit)


def _occurrence(data: ReportData) -> str:
    if not data.tally.n_predicted:
        return "none"
    return percent(data.tally.n_positive(data.positive) / data.tally.n_predicted)


def _waiting(data: ReportData) -> pd.DataFrame:
    """The drawn frames that nobody has answered."""
    answered = set() if data.labels is None else set(data.labels["frame_id"])
    return data.drawn[~data.drawn["frame_id"].isin(answered)].drop_duplicates("frame_id")


def lead(data: ReportData) -> list[str]:
    """The paragraphs beneath the headline: on what it stands, where it seems worst, what is unknown, what to do."""
    return [*([SIMULATED] if data.simulated else []), *_lead(data)]


def _lead(data: ReportData) -> list[str]:
    if data.videos.empty and not data.tally.n_frames:
        return ["No video was found. Point [archive] videos at a folder of nightly videos and run this again."]
    material = _material(data)
    if not data.tally.n_frames:
        return [material, "Every recording has a problem; the section “What was left out, and why” names each."]
    if not data.is_predicted:
        sheets = "labels/sheet.parquet and labels/audit.parquet"
        todo = (
            f"Answer the frames of {sheets} with allsky label" if len(_waiting(data)) else f"{DRAW_MORE}, answer them"
        )
        return [material, f"{todo}, then run this again."]
    if data.has_errors:
        worst = " ".join([*largest_estimates(data), verdicts(data)]).strip()
        paragraphs = [f"{material} {_basis(data)}", worst, " ".join(unmeasured(data))]
        return [paragraph for paragraph in paragraphs if paragraph]
    waiting = _waiting(data).query("role == 'audit'")
    frames = count(len(waiting), "audit frame")
    todo = f"{frames} wait in labels/audit.parquet; answer them with allsky label, then run this again."
    return [material, *([todo] if len(waiting) else [])]


def _material(data: ReportData) -> str:
    nights = data.tally.usable_nights
    if not nights:
        nouns = ("folder of stills", "folders of stills") if data.stills_alone else ("video", "videos")
        return f"{count(len(data.videos), *nouns)}, but no usable frame."
    span = nights[0] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"
    return f"{count(data.tally.n_usable, 'frame')} of {count(len(nights), 'night')}, {span}, at {data.site.name}."


def _basis(data: ReportData) -> str:
    row = data.everything
    audit = data.sheet.loc[data.sheet["role"] == "audit", "frame_id"]
    people = whose(data.labels, audit) if data.labels is not None else ""
    unsure = f", {row.n_unsure:,} more {'was' if row.n_unsure == 1 else 'were'} unsure" if row.n_unsure else ""
    apart = "" if data.given else " that neither trained nor tuned the model"
    known = (
        " The model was trained elsewhere; if any of these nights taught it, it errs less here." if data.given else ""
    )
    return (
        f"Judged by {count(row.n_labelled, 'labelled frame')} of {count(row.n_audit_nights, 'audit night')}{apart}"
        f"{unsure}{f', relative to {people}' if people else ''}; in brackets are 95 % intervals over nights.{known}"
    )


def occurrence_sentences(data: ReportData) -> list[str]:
    """The share of frames predicted positive and the mean of cell shares beside it."""
    if not data.tally.n_predicted:
        return []
    yes, total = data.tally.n_positive(data.positive), data.tally.n_predicted
    positive = in_words(data.positive)
    sentences = [f"{yes:,} of {total:,} frames were predicted {positive}: {percent(yes / total)}."]
    mean = (data.occurrence or {}).get("mean_of_cell_shares")
    if is_number(mean):
        sentences.append(
            f"The unweighted mean of the condition cells' shares is {percent(mean)}; it gives a cell with few frames "
            "as much say as one with many."
        )
    kind = "Both are shares" if is_number(mean) else "This is a share"
    taught = "" if data.given or data.model is None else " and those of nights that taught it"
    seen = f"in which the classifier sees {positive}, clouded ones{taught} included"
    sentences.append(f"{kind} of recorded frames {seen}.")
    return [*sentences, *_among_clear(data), *_corrected(data)]


def _among_clear(data: ReportData) -> list[str]:
    """The share among frames that no cloud hides, where a class says so."""
    if data.hours is None or data.cloudy is None:
        return []
    hours = data.hours[data.hours["clock"] == UTC]
    if hours[["n_clear", "n_called_clear"]].isna().all(axis=None):
        return []
    clear, called = int(hours["n_clear"].sum()), int(hours["n_called_clear"].sum())
    rate, cloudy = clear_share(hours), in_words(data.cloudy)
    share = f"{percent(rate.value)} ({interval(rate.low, rate.high)})" if is_number(rate.low) else percent(rate.value)
    if hours["n_called_clear"].notna().any():
        basis = f"the {called:,} audit frames that labellers called neither {cloudy} nor unsure"
        if not is_number(rate.value):
            return [f"Among {basis}, on fewer than five nights, the share is not measured."]
        seen = f"saw {in_words(data.positive)} in {share}"
        return [f"Among {basis}, weighted by how they were drawn, they {seen}, on {rate.n_nights} nights."]
    if not clear:
        return [f"Every frame was predicted {cloudy}."]
    return [f"Among the {clear:,} frames not predicted {cloudy} it is {share}."]


def _corrected(data: ReportData) -> list[str]:
    """The share a labeller would call positive, or how many audit nights it takes to tell."""
    row = data.everything
    if row is None or not data.has_errors:
        return []
    if not is_number(row.corrected_ratio):
        nights = int(row.corrected_audit_nights) if is_number(row.corrected_audit_nights) else 0
        return [
            f"It takes {NIGHTS_TO_DERIVE} audit nights to correct this for the classifier's errors; {nights} are here."
        ]
    share = f"{percent(row.corrected_ratio)} ({interval(row.corrected_low, row.corrected_high)})"
    return [
        f"Corrected by the audit, a labeller would call {share} of the frames of nights like these "
        f"{in_words(data.positive)}. This stands on the {count(row.corrected_frames, 'frame')} of "
        f"{count(row.corrected_nights, 'night')} outside training, {row.corrected_audit_nights:,} of them audited."
    ]


def label_counts(data: ReportData) -> pd.DataFrame:
    """Per role of nights: role, drawn, nights, then the answers by class, unsure, waiting (frames)."""
    labels = agreed_labels(LABELS.empty() if data.labels is None else data.labels)[["frame_id", "label"]]
    answers = data.drawn.drop_duplicates("frame_id").merge(labels, on="frame_id", how="left")
    rows = []
    for role in ("training", "validation", "audit"):
        of_role = answers[answers["role"] == role]
        told = {name: int((of_role["label"] == name).sum()) for name in (*data.classes, "unsure")}
        waiting = int(of_role["label"].isna().sum())
        rows.append(
            {"role": role, "nights": of_role["night"].nunique(), "drawn": len(of_role), **told, "waiting": waiting}
        )
    return pd.DataFrame(rows)
