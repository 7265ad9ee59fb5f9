"""One self-contained page: everything inlined, no script, nothing asked from anywhere."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from allsky.figures import MANY_NIGHTS
from allsky.figures.words import in_words
from allsky.report import contents, sentences
from allsky.report.absences import absences, absences_in_words
from allsky.report.comparisons import differences
from allsky.report.data import ReportData
from allsky.report.drawings import drawings
from allsky.report.gallery import directions_in_words, gallery
from allsky.report.methods import methods
from allsky.report.model_facts import model_facts
from allsky.report.people import labellers
from allsky.report.rivals import rivals


def render_report(data: ReportData) -> str:
    """The page as one HTML document, with whatever of `data` there is."""
    environment = Environment(
        loader=PackageLoader("allsky.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _marked
    return environment.get_template("report.html").render(**_context(data))


def _context(data: ReportData) -> dict[str, Any]:
    # Named for the template; the drawings are finished SVG elements.
    drawn = {drawing.name: drawing for drawing in drawings(data)}
    return {
        "data": data,
        "title": data.title or f"How often is the classifier wrong? {data.site.name}",
        "positive": in_words(data.positive),
        "decades": len(data.tally.nights) >= MANY_NIGHTS,
        "headline": sentences.headline(data),
        "lead": sentences.lead(data),
        "occurrence": sentences.occurrence_sentences(data),
        "methods": methods(data),
        "labels": sentences.label_counts(data).to_dict("records"),
        "labellers": labellers(data),
        "differences": differences(data),
        # The matrices stand in the page as tables, which a phone and a screen reader can read.
        "drawings": {n: {"title": d.title, "svg": Markup(d.svg)} for n, d in drawn.items() if "_matrix" not in n},
        "clocks": [name for name in drawn if name.startswith("clock_")],
        **_tables(data),
    }


def _marked(text: str) -> Markup:
    """Words between backticks as code, the rest escaped."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _tables(data: ReportData) -> dict[str, Any]:
    return {
        "tiles": contents.tiles(data),
        "matrices": contents.matrices(data),
        "condition_tables": contents.condition_tables(data),
        "confusions": contents.confusions(data),
        "gallery": gallery(data),
        "directions": directions_in_words(data),
        "keograms": contents.keograms(data),
        "disks": contents.disks(data),
        "stills_told_by": contents.stills_told_by(data),
        "camera_changes": contents.camera_changes(data),
        "absences": absences(data),
        "coverage_words": absences_in_words(data),
        "rivals": rivals(data),
        "clock_lines": contents.clock_lines(data),
        "clock_audit": contents.clock_audit(data),
        "flagged": contents.flagged(data),
        "funnel": contents.funnel(data),
        "problems": data.all_problems.to_dict("records"),
        "model_facts": model_facts(data),
        "model_json": list(contents.flattened(data.model or {})),
        "configuration": {name: list(contents.flattened(keys)) for name, keys in data.configuration.items()},
        "provenance": list(contents.flattened(data.provenance)),
        "dictionary": contents.dictionary(data.simulated),
    }
