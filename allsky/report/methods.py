"""How were these numbers made? A paragraph for a paper, with this corpus's numbers and what its model.json says."""

from __future__ import annotations

from collections.abc import Iterator

from allsky.conditions import ConditionBins
from allsky.figures.words import count, in_words, is_number
from allsky.report.data import ReportData
from allsky.statistics.intervals import KORN_GRAUBARD_POOLED
from allsky.statistics.rates import NIGHTS_TO_MEASURE


def methods(data: ReportData) -> str:
    """A paragraph for a paper, with this corpus's numbers."""
    return " ".join([_frame_methods(data), _sky_methods(data.bins), *_model_methods(data), *_error_methods(data)])


def _frame_methods(data: ReportData) -> str:
    site, tally = data.site, data.tally
    latitude = f"{abs(site.latitude_deg):.4f}° {'N' if site.latitude_deg >= 0 else 'S'}"
    longitude = f"{abs(site.longitude_deg):.4f}° {'E' if site.longitude_deg >= 0 else 'W'}"
    return (
        f"All-sky frames of {site.name} ({latitude}, {longitude}) were taken from nightly timelapse videos and dated "
        "by the clock burned into them, which was read in every frame and fitted robustly against the frame index; "
        f"{count(tally.n_frames - tally.n_usable, 'frame')} whose clock disagreed with the fit were set aside, which "
        f"left {count(tally.n_usable, 'frame')} of {count(len(tally.usable_nights), 'night')} (a night runs from noon "
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


def _model_methods(data: ReportData) -> Iterator[str]:
    if data.model is None:
        return
    recipe = data.model.get("recipe") or {}
    backbone, size = data.model.get("backbone", "convolutional"), data.model.get("image_size", "?")
    if recipe:
        strategy = str(recipe.get("strategy", "")).replace("_", " ")
        how = f", strategy {strategy}, weights {recipe.get('weights')}" if strategy else ""
        yield (
            f"A {backbone} network ({size} pixels{how}) was trained on labelled frames of training nights; its epoch "
            "and temperature were chosen on validation nights."
        )
    else:
        yield f"Frames were classified by a {backbone} network ({size} pixels) that was given with its weights."
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
    yield (
        f"Error rates were estimated from {count(row.n_labelled, 'labelled frame')} of "
        f"{count(row.n_audit_nights, 'audit night')}, drawn at random within each condition of each night and weighted "
        "by the inverse of their inclusion probability; nights were assigned to training, validation and audit at "
        "random beforehand."
    )
    pooled = (data.class_rows["interval_method"] == KORN_GRAUBARD_POOLED).any()
    margins = (
        "; those of rates over several conditions are at least as wide as the conditions' own intervals put together "
        "(Zou and Donner 2008)"
    )
    yield (
        "Intervals (95 %) are Korn and Graubard's (1998), with the night as the unit and frames of unequal weight "
        f"worth no more than Kish's effective number{margins if pooled else ''}. A rate with fewer than "
        f"{NIGHTS_TO_MEASURE} nights in its denominator counts as not measured."
    )
    if data.contrasts is not None:
        yield (
            "Two differences from moonless night were stated beforehand and their p-values "
            "adjusted by Holm's method; all others are exploratory (Benjamini and Hochberg)."
        )
