"""What is there to know about the model at a glance? Pairs of a word and what it stands for, from model.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from allsky.figures.words import count, in_words, is_number, listed, percent
from allsky.report.data import ReportData

SELECTION = "used for selection"


def model_facts(data: ReportData) -> list[tuple[str, str]]:
    """The facts of a model's card, as far as its description has them."""
    if data.model is None:
        return []
    return [*_network(data.model), *_teaching(data.model), *_decision(data)]


def _network(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    parameters = model.get("metrics", {}).get("parameters")
    size = f", {parameters:,} parameters" if is_number(parameters) else ""
    yield "network", f"{model.get('backbone', 'not said')}{size}"
    if "image_size" in model:
        yield "input", f"{model['image_size']} x {model['image_size']} pixels, the whole sky disk"
    recipe = model.get("recipe") or {}
    if "strategy" in recipe:
        yield "start", f"weights {recipe.get('weights')}, strategy {in_words(str(recipe['strategy']))}"


def _teaching(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    facts = model.get("metrics") or {}
    if "training_frames" in facts:
        classes = listed([f"{number:,} {in_words(name)}" for name, number in facts.get("training_classes", {}).items()])
        nights = count(facts.get("training_nights", 0), "night")
        yield "taught by", f"{count(facts['training_frames'], 'labelled frame')} of {nights} ({classes})"
    if "epochs" in facts:
        seconds = facts.get("training_seconds")
        taking = f" in {seconds:,.0f} s" if is_number(seconds) else ""
        yield "training", f"{count(facts['epochs'], 'epoch')}{taking}; epoch {facts.get('best_epoch')} kept"
    selection = facts.get(SELECTION) or {}
    if "accuracy" in selection:
        frames = f"{count(selection.get('frames', 0), 'frame')} of {count(selection.get('nights', 0), 'night')}"
        error = selection.get("calibration_error")
        calibration = f"; calibration error of the class decided for {error:.3f}" if is_number(error) else ""
        yield SELECTION, f"accuracy {percent(selection['accuracy'])} on {frames} of validation{calibration}"


def _decision(data: ReportData) -> Iterator[tuple[str, str]]:
    model = data.model or {}
    threshold, temperature = model.get("threshold"), model.get("temperature")
    positive = in_words(data.positive)
    own = f"{positive} from a probability of {threshold:g}" if is_number(threshold) else "the likeliest class"
    yield "decides for", own
    if data.threshold is not None:
        yield "in this report", f"a frame counts as {positive} from a probability of {data.threshold:g}"
    band = model.get("abstain_below")
    if isinstance(band, float):
        yield "abstains", f"below a probability of {band:.3f} for the class it would decide for{_kept(data, band)}"
    if is_number(temperature):
        yield "temperature", f"{temperature:.2f} (probabilities are calibrated by it)"


def _kept(data: ReportData, band: float) -> str:
    """What abstaining keeps and gains on audit frames."""
    table = data.abstaining
    if table is None or table.empty:
        return ""
    own, all_frames = table.loc[(table["level"] - band).abs().idxmin()], table.iloc[0]
    return (
        f"; on audit frames it then answers for {percent(own['kept'])} and is right on {percent(own['accuracy'])} of "
        f"these, instead of {percent(all_frames['accuracy'])} of all"
    )
