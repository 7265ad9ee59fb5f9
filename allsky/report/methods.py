"""How were these numbers made? A paragraph for a paper, with this corpus's numbers and what its model.json says."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from allsky.conditions import ConditionBins
from allsky.figures.words import count, in_words, is_number
from allsky.labels.answers import settled_labels
from allsky.report.contents import stills_told_by
from allsky.report.data import ReportData
from allsky.report.sentences import OF_A_PROGRAM, whose
from allsky.statistics.intervals import KORN_GRAUBARD_POOLED, NIGHTS_TO_MEASURE


def methods(data: ReportData) -> str:
    """A paragraph for a paper, with this corpus's numbers."""
    return " ".join([_frame_methods(data), _sky_methods(data.bins), *_model_methods(data), *_error_methods(data)])


def _frame_methods(data: ReportData) -> str:
    site, tally = data.site, data.tally
    latitude = f"{abs(site.latitude_deg):.4f}° {'N' if site.latitude_deg >= 0 else 'S'}"
    longitude = f"{abs(site.longitude_deg):.4f}° {'E' if site.longitude_deg >= 0 else 'W'}"
    doubted = tally.n_frames - tally.n_usable
    return (
        f"All-sky frames of {site.name} ({latitude}, {longitude}) were {_dated(data)}; {count(doubted, 'frame')} whose "
        f"time was in doubt {_were(doubted)} set aside, which left {count(tally.n_usable, 'frame')} of "
        f"{count(len(tally.usable_nights), 'night')} (a night runs from noon to noon of local mean solar time)."
    )


def _dated(data: ReportData) -> str:
    """Where frames came from and what told their time."""
    source = "single pictures" if data.stills_alone else "taken from nightly timelapse videos"
    elsewhere = stills_told_by(data)
    if elsewhere:
        return f"{source}, dated by their {elsewhere}"
    return (
        f"{source} and dated by the clock burned into them, which was read in every frame and fitted robustly against "
        "the frame index"
    )


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _sky_methods(bins: ConditionBins) -> str:
    return (
        "Topocentric, airless altitudes of sun and moon were computed with Skyfield. Solar conditions are night (sun "
        f"at or below {bins.night_below_deg:g}°), astronomical (to {bins.astronomical_below_deg:g}°) and nautical "
        f"twilight (to {bins.nautical_below_deg:g}°); the moon counts as full from {bins.full_elongation_deg:g}° "
        f"elongation when above {bins.full_altitude_deg:g}°, as quarter from {bins.quarter_elongation_deg:g}° when "
        f"above {bins.quarter_altitude_deg:g}°, otherwise as no moon."
    )


def _model_methods(data: ReportData) -> Iterator[str]:
    if data.model is None:
        return
    recipe = data.model.get("recipe") or {}
    backbone, size = data.model.get("backbone", "convolutional"), data.model.get("image_size", "?")
    if recipe and not data.given:
        strategy = str(recipe.get("strategy", "")).replace("_", " ")
        how = f", strategy {strategy}, weights {recipe.get('weights')}" if strategy else ""
        yield (
            f"A {backbone} network ({size} pixels{how}) was trained on labelled frames of training nights; its epoch "
            "and temperature were chosen on validation nights."
        )
    else:
        yield (
            f"Frames were classified by a {backbone} network ({size} pixels) that was trained elsewhere and given with "
            "its weights."
        )
    yield _rule(data)


def _rule(data: ReportData) -> str:
    """What a frame is counted as: the report's own threshold, the model's, or the likelier class."""
    positive, own = in_words(data.positive), (data.model or {}).get("threshold")
    if data.threshold is not None:
        return (
            f"A frame counts as {positive} from a probability of {data.threshold:g}, as set for this report by whoever "
            "made it."
        )
    if is_number(own):
        return f"A frame counts as {positive} from a probability of {own:g}, which the model's description names."
    likelier = "likelier of the two classes" if len(data.classes) == 2 else "likeliest class"
    return f"A frame counts as the {likelier}; no threshold was tuned."


def _error_methods(data: ReportData) -> Iterator[str]:
    row = data.everything
    if row is None or not data.has_errors:
        yield "No error rate is given, since too few audit frames have been labelled."
        return
    yield _label_methods(data, row)
    scored = data.sheet.loc[data.sheet["role"] == "audit", "drawn_for_model"].notna().any()
    strata = "each condition and band of predicted score of each night" if scored else "each condition of each night"
    yield (
        f"Error rates were estimated from {count(row.n_labelled, 'labelled frame')} of "
        f"{count(row.n_audit_nights, 'audit night')}, drawn at random within {strata} and weighted "
        "by the inverse of their inclusion probability; nights were assigned to training, validation and audit at "
        "random beforehand."
    )
    pooled = (data.class_rows["interval_method"] == KORN_GRAUBARD_POOLED).any()
    margins = (
        "; those of rates over several conditions are at least as wide as the conditions' own intervals put together "
        "(Zou and Donner 2008)"
    )
    yield (
        "Intervals (95 %) are Korn and Graubard's (1998), with the night as the unit, neighbouring nights allowed to "
        "be alike (Newey and West 1987, with a reach of 1.3 times the root of their number), and frames of unequal "
        f"weight worth no more than Kish's effective number{margins if pooled else ''}. A rate with fewer than "
        f"{NIGHTS_TO_MEASURE} nights in its denominator counts as not measured."
    )
    if data.contrasts is not None:
        yield (
            "Two differences from moonless night were stated beforehand and their p-values "
            "adjusted by Holm's method; all others are exploratory (Benjamini and Hochberg)."
        )
    if is_number(row.corrected_ratio):
        yield (
            f"The share of frames that a labeller would call {in_words(data.positive)} was estimated by the difference "
            "estimator (prediction-powered inference) with the night as the unit and the jackknife's variance, on "
            f"{count(row.corrected_nights, 'night')}{'' if data.given else ' outside training'}."
        )


def _label_methods(data: ReportData, row) -> str:
    """What a label means, and whose labels they are."""
    audit = data.sheet.loc[data.sheet["role"] == "audit", "frame_id"]
    people = whose(data.labels, audit) if data.labels is not None else ""
    by = f"; labels are {people if people == OF_A_PROGRAM else f'those of {people}'}" if people else ""
    several = data.labels is not None and data.labels["labeller"].nunique() > 1
    doubt = "called unsure, or on which they disagreed," if several else "called unsure"
    unsure = f"; {count(row.n_unsure, 'frame')} {doubt} {_were(row.n_unsure)} left out" if row.n_unsure else ""
    return (
        f"A frame was labelled {in_words(data.positive)} where it is visible in that frame; hidden by cloud it is "
        f"not{by}{_settled(data, audit)}{unsure}."
    )


def _settled(data: ReportData, audit: pd.Series) -> str:
    """How frames that several people answered got their one answer; empty where none was."""
    if data.labels is None:
        return ""
    found = settled_labels(data.labels[data.labels["frame_id"].isin(audit)])
    several, settled = int((found["n_labellers"] > 1).sum()), int((found["settled_by"] == "adjudication").sum())
    told = f", {settled:,} of them settled by adjudication" if settled else ""
    return f"; {count(several, 'frame')} {_were(several)} answered by more than one{told}" if several else ""
