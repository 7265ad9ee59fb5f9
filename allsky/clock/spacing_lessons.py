"""How wide is each digit of this clock, and what do its samples look like with every digit as wide as the usual one?

The boxes that Tesseract drew tell widths to a fraction of a pixel; equal characters, brought to cover each other, tell
them better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from allsky.clock.glyph_lessons import Sample
from allsky.clock.glyphs import GlyphReading, GlyphSheet, layout_of, of_commonest_layout, unit, windows
from allsky.clock.spacing import ROUNDING_PX, Spacing, room_needed
from allsky.clock.text_layout import FAR_OFF, fit_text, glyph_width, place_centers, usual_advance

# Digits have widths of their own where a common one leaves the boxes FAR_OFF, their own ones this many times less, and
# one of them differs by this share of an advance.
CLEARLY_NEARER, OF_ITS_OWN = 2.0, 0.08
# From fewer different texts widths are not learned: in one that never changes any would do.
FEWEST_TEXTS = 4
# How often widths are learned anew from looks, how far characters are then moved to cover their equals, in pixels, and
# how many of these they have to have.
REFINED, STEPS_PX, FEWEST_EQUALS = 2, tuple(np.linspace(-1.5, 1.5, 13)), 3
# A text keeps its left end, or its right one where that fits clearly better.
ANCHORS, ANCHOR_NEARER = (0.0, 1.0), 2.0


def learn_spacing(texts: Sequence[str], centers: Sequence[np.ndarray]) -> Spacing | None:
    """The widths of digits, from `texts` and the middles of the boxes of their characters but blanks, in pixels (NaN
    where not measured); None where all have the same as far as can be told."""
    own, measured = _commonest(texts, centers)
    even = fit_text(own, measured)
    if even.loss < FAR_OFF or len(set(own)) < FEWEST_TEXTS:
        return None
    fits = [(anchor, fit_text(own, measured, anchor)) for anchor in ANCHORS]
    anchor, odd = min(fits, key=lambda fit: fit[1].loss * (ANCHOR_NEARER if fit[0] else 1.0))
    least = OF_ITS_OWN * usual_advance(own[0], measured)
    if even.loss < CLEARLY_NEARER * odd.loss or np.abs(odd.wider).max() < least:
        return None
    wider = tuple(odd.wider.round(1).tolist())
    return Spacing(wider, anchor, room_needed(wider, len(odd.places)) if anchor else 0)


def lent_spacing(lent: Spacing, texts: Sequence[str], centers: Sequence[np.ndarray]) -> Spacing | None:
    """The spacing of another part of the clock for `texts` that do not tell their own (a date changes once a night, or
    never), with the end that these keep; None where their boxes (as of `learn_spacing`) speak against it."""
    own, measured = _commonest(texts, centers)
    room = room_needed(lent.wider, measured.shape[1])
    ends = [Spacing(lent.wider, anchor, room if anchor else 0) for anchor in ANCHORS]
    # Nothing but a text that changes its width tells which end it keeps, and most keep the left one.
    off = [_off_their_cells(own, measured - one.cells(own).shifts) for one in ends]
    best = min(range(len(ends)), key=lambda end: off[end] + 0.01 * ends[end].anchor)
    return ends[best] if off[best] < _off_their_cells(own, measured) else None


def _off_their_cells(texts: Sequence[str], measured: np.ndarray) -> float:
    """How far at most a box is from where digits of one width would have it, in pixels."""
    away = np.abs(measured - fit_text(texts, measured).places)
    return float(np.nanmax(away)) if np.isfinite(away).any() else 0.0


def _commonest(texts: Sequence[str], centers: Sequence[np.ndarray]) -> tuple[list[str], np.ndarray]:
    """The texts of the commonest layout and the middles of their boxes (m, n)."""
    own = of_commonest_layout(texts)
    return [texts[number] for number in own], np.array([centers[number] for number in own])


def refined(spacing: Spacing, samples: Sequence[Sample]) -> Spacing:
    """The spacing learned anew from what the samples of the commonest layout look like."""
    own = [samples[number] for number in of_commonest_layout([sample.text for sample in samples])]
    texts = [sample.text for sample in own]
    crops, centers = (np.stack(each) for each in zip(*((one.crop, one.centers) for one in own), strict=True))
    for _ in range(REFINED):
        cells = spacing.cells(texts)
        places = place_centers(texts, centers - cells.shifts)
        away = _away(spacing.straightened(crops, places, cells), places, texts, glyph_width(texts[0], centers))
        wider = fit_text(texts, places + cells.shifts + away, spacing.anchor).wider
        spacing = replace(spacing, wider=tuple(wider.round(1).tolist()))
    return spacing


def straight_samples(samples: Sequence[Sample], spacing: Spacing) -> list[Sample]:
    """The samples with their characters where they stand behind usual digits."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, sample in enumerate(samples):
        groups[layout_of(sample.text)].append(number)
    straight = {
        number: sample
        for group in groups.values()
        for number, sample in zip(group, _straight([samples[one] for one in group], spacing), strict=True)
    }
    return [straight[number] for number in range(len(samples))]


def _straight(samples: Sequence[Sample], spacing: Spacing) -> list[Sample]:
    """What `straight_samples` gives, of samples of one layout."""
    texts = [sample.text for sample in samples]
    cells = spacing.cells(texts)
    centers = np.array([sample.centers for sample in samples]) - cells.shifts
    places = place_centers(texts, centers)
    crops = np.stack([sample.crop for sample in samples])
    levels = np.stack([sample.crop if sample.level is None else sample.level for sample in samples])
    away = _away(spacing.straightened(crops, places, cells), places, texts, glyph_width(texts[0], centers))
    rounding = np.clip(np.nan_to_num(away), -ROUNDING_PX, ROUNDING_PX)
    cells = cells._replace(shifts=cells.shifts + rounding)
    crops, levels = (spacing.straightened(each, places, cells) for each in (crops, levels))
    return [Sample(*each) for each in zip(crops, texts, centers, levels, strict=True)]


class ReadBack(NamedTuple):
    """A sample as reading sees it, which does not know its text: its crop with the characters at the places (n) of the
    sheet of its layout, these, and what it reads there."""

    crop: np.ndarray
    centers: np.ndarray
    reading: GlyphReading


def read_back(drawn: Sequence[Sample], sheets: Sequence[GlyphSheet], spacing: Spacing) -> list[ReadBack | None]:
    """What reading sees of samples that were not made straight; None of those whose layout has no sheet."""
    by_layout = {sheet.layout: sheet for sheet in sheets}
    answer: list[ReadBack | None] = []
    for sample in drawn:
        sheet = by_layout.get(layout_of(sample.text))
        crop = spacing.straight(sample.crop[None], sheet)[0][0] if sheet else sample.crop
        answer.append(ReadBack(crop, sheet.centers, sheet.read(crop)) if sheet else None)
    return answer


def _away(crops: np.ndarray, places: np.ndarray, texts: Sequence[str], width: int) -> np.ndarray:
    """By how many pixels (m, n) each character but blanks of `texts` is to be moved on straightened crops (m, h, w) to
    look most like its equals; NaN where it has too few."""
    chars = np.array([list(text.replace(" ", "")) for text in texts])
    moved = np.stack([windows(crops, places + step, width) for step in STEPS_PX])
    away = np.full(chars.shape, np.nan)
    for char in np.unique(chars):
        own = chars == char
        if own.sum() >= FEWEST_EQUALS:
            likeness = moved[:, own] @ unit(moved[len(STEPS_PX) // 2][own].mean(axis=0))
            away[own] = np.array(STEPS_PX)[likeness.argmax(axis=0)]
    return away
