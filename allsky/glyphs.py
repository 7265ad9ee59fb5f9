"""Which characters stand in this crop, judged by the shapes the night itself has taught?

A burned-in clock is drawn by a program: every `7` of a night is the same picture at a place that the
layout fixes. From crops whose text is known a `GlyphSheet` keeps the place of each character and one
template for each shape, and reads a crop with one small matrix product (about 0.1 ms).

Shapes are compared by correlation, so neither the brightness of the sky behind them nor the polarity matters.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A reading is sure where the best shape fits well and clearly better than the next.
SURE_FIT = 0.75
SURE_LEAD = 0.3
# Below this average fit of all its places a crop does not show the overlay at all.
PRESENT_FIT = 0.5


@dataclass(frozen=True)
class Sample:
    """A crop (h, w) with its known `text` and the x centre of each of its characters but blanks, in pixels
    (NaN where it could not be measured)."""

    crop: np.ndarray
    text: str
    centers: np.ndarray

    @property
    def chars(self) -> str:
        return self.text.replace(" ", "")


@dataclass(frozen=True)
class GlyphReading:
    """The text read; how well the worst digit fits (-1 to 1) and leads
    (1 = as the template itself, 0 = as like another), and how well the whole overlay fits."""

    text: str
    fit: float
    lead: float
    presence: float

    @property
    def sure(self) -> bool:
        return self.fit >= SURE_FIT and self.lead >= SURE_LEAD

    @property
    def present(self) -> bool:
        return self.presence >= PRESENT_FIT

    @property
    def confidence(self) -> float:
        return float(np.clip(min(self.fit, 0.5 + self.lead / 2), 0.0, 1.0)) if self.present else 0.0


@dataclass(frozen=True)
class GlyphSheet:
    """Places and shapes of one layout of text.

    `layout` the text with every digit as `0` (other characters stand for themselves), `centers` (n) the x of
    its characters but blanks; `digits` the digits known; `templates` (len(digits), h, width) and `literals`
    (n others, h, width): mean shapes, each of zero mean and unit length.
    """

    layout: str
    centers: np.ndarray
    digits: str
    templates: np.ndarray
    literals: np.ndarray

    @property
    def width(self) -> int:
        return self.templates.shape[2]

    def read(self, crop: np.ndarray) -> GlyphReading:
        """The text of `crop` (h, w), the same crop of the frame as those learned from."""
        patches = _patches(crop, self.centers, self.width)
        is_digit = _is_digit(self.layout.replace(" ", ""))
        likeness = patches[is_digit] @ self.templates.reshape(len(self.digits), -1).T
        best = likeness.argmax(axis=1)
        fit = likeness[np.arange(len(best)), best]
        fixed = np.einsum("ij,ij->i", patches[~is_digit], self.literals.reshape(len(self.literals), patches.shape[1]))
        text = np.array(list(self.layout))
        text[text == "0"] = np.array(list(self.digits))[best]
        presence = float(np.concatenate([fit, fixed]).mean())
        return GlyphReading("".join(text), float(fit.min()), float(self._leads(likeness, best).min()), presence)

    def _leads(self, likeness: np.ndarray, best: np.ndarray) -> np.ndarray:
        """How far along the way from every other shape to the best one each patch lies (-1 to 1), the least."""
        if len(self.digits) == 1:
            return np.ones(len(best))
        flat = self.templates.reshape(len(self.digits), -1)
        apart = 1.0 - flat @ flat.T
        rows = np.arange(len(best))
        lead = (likeness[rows, best][:, None] - likeness) / np.maximum(apart[best], 1e-6)
        lead[rows, best] = np.inf
        return lead.min(axis=1)


def learn_glyphs(samples: Sequence[Sample]) -> GlyphSheet:
    """The sheet of crops that share a layout: texts equal but for their digits.

    Raises ValueError where they do not, or there is no digit.
    """
    layout = layout_of(samples[0].text)
    if any(layout_of(sample.text) != layout for sample in samples) or "0" not in layout:
        raise ValueError("samples of one layout differ in more than their digits")
    places = layout.replace(" ", "")
    chars = np.array([list(sample.chars) for sample in samples])
    measured = _place_centers(np.array([sample.centers for sample in samples]), chars)
    width = max(round(_advance(measured, places)), 3)
    centers = _refined(samples, chars, _filled(measured, places), width, loose=np.isnan(measured))
    patches = np.stack([_patches(sample.crop, centers, width) for sample in samples])
    is_digit = _is_digit(places)
    digits = "".join(sorted(set(chars[:, is_digit].ravel())))
    templates = [_mean_shape(patches[(chars == digit) & is_digit]) for digit in digits]
    literals = [_mean_shape(patches[:, place]) for place in np.flatnonzero(~is_digit)]
    shape = (-1, samples[0].crop.shape[0], width)
    empty = np.empty((0, *shape[1:]), np.float32)
    return GlyphSheet(
        layout, centers, digits, np.reshape(templates, shape), np.reshape(literals, shape) if literals else empty
    )


def layout_of(text: str) -> str:
    """`text` with every digit as `0`."""
    return "".join("0" if char.isdigit() else char for char in text)


def _is_digit(places: str) -> np.ndarray:
    return np.array([place == "0" for place in places])


def _place_centers(seen: np.ndarray, chars: np.ndarray) -> np.ndarray:
    """The x of each place (NaN if never measured), freed of each digit's own offset in its cell (a `1` leans left)."""
    is_digit = np.char.isdigit(chars[0])
    offset = np.zeros_like(seen)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        for _ in range(5):
            centers = np.nanmedian(seen - offset, axis=0)
            for digit in set(chars[:, is_digit].ravel()):
                mask = (chars == digit) & is_digit
                offset[mask] = np.nan_to_num(np.nanmedian((seen - centers)[mask]))
    return centers


def _filled(centers: np.ndarray, places: str) -> np.ndarray:
    """Places without a measured x (NaN) put one advance from their neighbours, and the measured ones as they are."""
    known = np.flatnonzero(~np.isnan(centers))
    if len(known) == len(centers):
        return centers
    advance = _advance(centers, places)
    answer = centers.copy()
    for place in np.flatnonzero(np.isnan(centers)):
        near = known[np.abs(known - place).argmin()]
        answer[place] = centers[near] + (place - near) * advance
    return answer


def _advance(centers: np.ndarray, places: str) -> float:
    """The usual way from one digit to a digit beside it, in pixels."""
    is_digit = _is_digit(places)
    steps = np.diff(centers)
    beside = steps[is_digit[1:] & is_digit[:-1] & ~np.isnan(steps)]
    steps = beside if len(beside) else steps[~np.isnan(steps)]
    return float(np.median(steps)) if len(steps) else 8.0


def _refined(
    samples: Sequence[Sample], chars: np.ndarray, centers: np.ndarray, width: int, loose: np.ndarray
) -> np.ndarray:
    """The `loose` places moved to where their digits look most like the same digits at the other places."""
    shifts = np.linspace(-0.6, 0.6, 25) * width
    movable = np.flatnonzero(loose & np.char.isdigit(chars[0]))
    if len(movable) == 0:
        return centers
    shape = {digit: _shape_at(samples, chars, centers, width, digit, loose) for digit in set(chars[:, movable].ravel())}
    likeness = np.zeros((len(shifts), len(movable)))
    for number, shift in enumerate(shifts):
        for sample, row in zip(samples, chars, strict=True):
            patches = _patches(sample.crop, centers[movable] + shift, width)
            likeness[number] += np.einsum("ij,ij->i", patches, np.stack([shape[char] for char in row[movable]]))
    answer = centers.copy()
    answer[movable] += shifts[likeness.argmax(axis=0)]
    return answer


def _shape_at(samples, chars, centers, width: int, digit: str, loose: np.ndarray) -> np.ndarray:
    """The mean shape of a digit at the places that are not loose (of any place where it stands at no other)."""
    patches = np.stack([_patches(sample.crop, centers, width) for sample in samples])
    firm = (chars == digit) & ~loose
    return _mean_shape(patches[firm if firm.any() else chars == digit])


def _patches(crop: np.ndarray, centers: np.ndarray, width: int) -> np.ndarray:
    """Windows (n, h * width) around `centers`, sampled between pixels, each of zero mean and unit length."""
    left = np.clip(centers - (width - 1) / 2, 0, max(crop.shape[1] - width - 1, 0))
    whole = np.floor(left).astype(int)
    part = (left - whole).astype(np.float32)[None, :, None]
    columns = whole[:, None] + np.arange(width)[None, :]
    windows = crop[:, columns] * (1 - part) + crop[:, np.minimum(columns + 1, crop.shape[1] - 1)] * part
    patches = windows.transpose(1, 0, 2).reshape(len(centers), -1)
    return _unit(patches.astype(np.float32))


def _unit(patches: np.ndarray) -> np.ndarray:
    patches = patches - patches.mean(axis=-1, keepdims=True)
    return patches / np.maximum(np.linalg.norm(patches, axis=-1, keepdims=True), 1e-6)


def _mean_shape(patches: np.ndarray) -> np.ndarray:
    return _unit(patches.mean(axis=0))
