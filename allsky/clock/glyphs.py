"""Which characters stand in this crop, judged by the shapes the night itself has taught?

A burned-in clock is drawn by a program: every `7` of a night is the same picture at a place that the
layout fixes. From crops whose text is known `allsky.clock.glyph_lessons` makes a `GlyphSheet`: the place of each
character and the shapes seen there. It reads many crops with one small product of matrices (about 0.1 ms a crop).

Shapes are compared by correlation, so neither the brightness of the sky behind them nor the polarity matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allsky.clock.digit_alikeness import ALIKE_BLURRED, MORE_THAN_BLURRED
from allsky.clock.formats import DIGITS

# A digit is sure where it leads every other by this share of the way between their shapes (1 = it looks
# exactly as taught, 0 = it could as well be another) ...
SURE_LEAD = 0.35
# (Shapes that are nearer than this are of one digit: those of two that one place was taught are 0.07 apart at least, on
# 80 clips of the zoo.)
LEAST_APART = 0.03
# ... and fits about as well as the same digits did when they were taught. Where a shape is not known yet, a
# poor fit is how an untaught digit shows itself; where all are known it is how a smeared one does.
FIT_SLACK, FIT_SLACK_COMPLETE = 0.1, 0.2
# A letter that fits less than the digits by this is another letter.
LETTER_SLACK = 0.3
# Below this average fit of all its places a crop does not show the overlay at all.
PRESENT_FIT = 0.5
# Contrast below this many grey levels is noise, and is not blown up to look like a shape.
LEAST_CONTRAST = 4.0

# How much a digit that a place has seen speaks for itself where it looks like none that the place has seen: between
# what `glyph_witness` calls STRANGE_TO_IT and AGAINST.
STRANGE = -0.45
# The same for a digit whose look is not known, where another fits well: beyond AGAINST.
UNSEEN_RIVALLED = -0.6

UNKNOWN, BORROWED, OWN, CONTESTED, REFUSED = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class GlyphReading:
    """The text read (best digit at each place), and the evidence: `likeness` (n digits, 10) of each place to each
    digit, -1 to 1, NaN where that digit's shape is not known; `sure` as said above, `confidence` 0 to 1, and
    `presence`, how well the whole overlay fits, and `words`, how well the worst of its letters does."""

    text: str
    likeness: np.ndarray
    lead: float
    sure: bool
    presence: float
    words: float

    @property
    def present(self) -> bool:
        return self.presence >= PRESENT_FIT

    @property
    def confidence(self) -> float:
        return min(max(0.5 + self.lead / 2, 0.0), 1.0) if self.present else 0.0


@dataclass(frozen=True)
class Expected:
    """What a clock's format says of its digit places: whether a digit is `dispensable` (digit places), casting no doubt
    on its crop, and which digits may come `yet` (digit places, 10) where the time goes on."""

    dispensable: np.ndarray
    yet: np.ndarray


@dataclass(frozen=True)
class GlyphVotes:
    """How far a crop that shows a text of this `layout` speaks for each digit at each place (digit places, 10): the
    digit's least lead over another, -1 to 1. A digit of unknown shape is spoken against only where another fits as
    usual. `seen` (digit places, 10) are the digits whose look at their place is known from there."""

    layout: str
    of_digit: np.ndarray
    seen: np.ndarray

    def support(self, text: str) -> float:
        """How far the crop speaks for `text`: the least of its digits; against it where its layout is another. `?` is
        not judged."""
        if layout_of(text) != self.layout:
            return -1.0
        return min(_at_digits(self.of_digit, text), default=1.0)

    def familiar(self, text: str) -> bool:
        """Whether each digit of `text` has been seen at its place, so that one can tell it is not there."""
        return layout_of(text) == self.layout and all(_at_digits(self.seen, text))


@dataclass(frozen=True)
class GlyphSheet:
    """Places and shapes of one layout of text.

    `layout` is the text with every digit as `0` (other characters stand for themselves), `centers` (n) the x of its
    characters but blanks, `width` the pixels a character takes. `shapes` (digit places, 10, h, width), `common` (10, h,
    width), the digits as seen anywhere, and `literals` (other places, h, width) have zero mean and unit length;
    `known` (digit places, 10) says whether a shape was seen at its place (OWN), is borrowed from other places, is
    UNKNOWN (zeros), CONTESTED (what was read as this digit looks like another one elsewhere) or REFUSED (it looks like
    this digit nowhere else; the shape is borrowed). `usual_fit` (digit
    places) is the least likeness that taught crops had to their own digits.
    """

    layout: str
    centers: np.ndarray
    width: int
    shapes: np.ndarray
    known: np.ndarray
    common: np.ndarray
    literals: np.ndarray
    usual_fit: np.ndarray

    @property
    def height(self) -> int:
        return self.shapes.shape[2]

    def read(self, crop: np.ndarray) -> GlyphReading:
        """The text of `crop` (h, w), the same crop of the frame as those learned from."""
        return self.read_all(crop[None])[0]

    def read_all(self, crops: np.ndarray, expected: Expected | None = None) -> list[GlyphReading]:
        """The text of each of `crops` (m, h, w). A dispensable digit that is in doubt is written as 0."""
        patches, length = self._patches(crops)
        digits = patches[:, self._is_digit]
        # Shapes have zero mean, so that of a patch need not be taken off it before they are multiplied.
        ranked = np.matmul(self._flat_shapes, digits.transpose(1, 2, 0)).transpose(2, 0, 1)
        ranked = ranked / length[:, self._is_digit, None]
        fixed = np.einsum("mnd,nd->mn", patches[:, ~self._is_digit], self._flat_literals) / length[:, ~self._is_digit]
        likeness = np.where(self._unknown, np.nan, ranked)
        ranked[:, self._unknown] = -np.inf
        best = ranked.argmax(axis=2)
        fit = np.take_along_axis(ranked, best[..., None], axis=2)[..., 0]
        lead = self._lead(ranked, best, fit)
        presence = (fit.sum(axis=1) + fixed.sum(axis=1)) / len(self.centers)
        words = fixed[:, self._is_letter].min(axis=1) if self._is_letter.any() else np.ones(len(crops))
        clear = self._clear(best, fit, lead) & self._agreed(digits, best)
        if expected is not None:
            clear &= fit >= self._told_from(expected.yet)[self._rows, best]
            best = np.where(clear | ~expected.dispensable, best, 0)
            clear, lead = clear | expected.dispensable, np.where(expected.dispensable, np.inf, lead)
        sure = clear.all(axis=1)
        sure &= words >= np.sort(fit, axis=1)[:, fit.shape[1] // 2] - LETTER_SLACK
        told = (lead.min(axis=1), sure, presence, words)
        return list(map(GlyphReading, map(self._text, best.tolist()), likeness, *(each.tolist() for each in told)))

    def _patches(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What `windows` gives (m, n, width * h), column by column as it lies in memory, and neither of zero mean nor
        of unit length; and what to divide it by for that (m, n)."""
        columns, part = self._columns
        upended = np.ascontiguousarray(crops.transpose(0, 2, 1))
        taken = upended[:, np.clip(columns, 0, crops.shape[2] - 1)].astype(np.float32)
        patches = taken[:, :, 1:] - taken[:, :, :-1]
        patches *= part
        patches += taken[:, :, :-1]
        patches = patches.reshape(*patches.shape[:2], -1)
        size = patches.shape[2]
        spread = np.einsum("mnd,mnd->mn", patches, patches) - patches.sum(axis=2) ** 2 / size
        return patches, np.sqrt(np.maximum(spread, LEAST_CONTRAST**2 * size))

    @cached_property
    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        """The columns of a crop that each character takes, one more than its width, and how far it lies between them
        (as `windows` has it; boxes are as wide as they were learned)."""
        left = self.centers - (self.width - 1) / 2
        whole = np.floor(left).astype(int)
        return whole[:, None] + np.arange(self.width + 1), (left - whole).astype(np.float32)[:, None, None]

    def _lead(self, ranked: np.ndarray, best: np.ndarray, fit: np.ndarray) -> np.ndarray:
        """How far along the way from every other shape to the best one each patch lies (-1 to 1), the least of them."""
        lead = (fit[..., None] - ranked) / self._apart[self._rows, best]
        np.put_along_axis(lead, best[..., None], np.inf, axis=2)
        lead[np.isinf(ranked)] = np.inf
        return np.minimum(lead.min(axis=2), 1.0)

    def _clear(self, best: np.ndarray, fit: np.ndarray, lead: np.ndarray) -> np.ndarray:
        """Whether each digit (m, digit places) fits and leads as a sure one does."""
        return (fit >= self._enough) & (lead >= SURE_LEAD) & (self.known[self._rows, best] < CONTESTED)

    def _told_from(self, yet: np.ndarray) -> np.ndarray:
        """The fit (digit places, 10) that tells each digit from those of `yet` (digit places, 10) nobody has seen."""
        unseen = yet & self._unknown
        return np.where(unseen[:, None, :], self._apart_from_unseen, -np.inf).max(axis=2)

    def _agreed(self, digits: np.ndarray, best: np.ndarray) -> np.ndarray:
        """Whether the digits as seen anywhere say the same (m, digit places), at places that have not seen them all:
        what a place has seen fits better there than what it borrows, and would win over a digit it has not seen."""
        if self._complete.all():
            return np.ones(best.shape, bool)
        likeness = digits @ self._flat_common.T
        return (likeness.argmax(axis=2) == best) | self._complete

    def votes(self, likeness: np.ndarray) -> GlyphVotes:
        """How far the evidence `likeness` of a crop speaks for each digit at each place."""
        ranked = np.where(np.isnan(likeness), -np.inf, likeness)
        enough = (self.usual_fit - FIT_SLACK)[:, None]
        with np.errstate(invalid="ignore"):  # A digit of unknown shape against another.
            leads = (ranked[:, :, None] - ranked[:, None, :]) / self._apart
        lead = np.where(self._rivals, leads, np.inf).min(axis=2)
        # A crop that is clear elsewhere must be clear everywhere: there, a poor fit is another digit and no noise.
        if np.median(self.usual_fit - ranked.max(axis=1)) < FIT_SLACK:
            strange = (self.known == OWN) & (ranked < enough - FIT_SLACK)
            lead = np.where(strange, np.minimum(lead, STRANGE), lead)
        lead = np.where(self.known == REFUSED, np.minimum(lead, STRANGE), lead)
        fits = ranked[:, :, None] >= np.maximum(enough[:, :, None], self._apart_from_unseen)
        unseen = np.where((fits & self._rivals.swapaxes(1, 2)).any(axis=1), UNSEEN_RIVALLED, 0.0)
        return GlyphVotes(self.layout, np.where(self._unknown, unseen, np.clip(lead, -1.0, 1.0)), self.known == OWN)

    def _text(self, best: Sequence[int]) -> str:
        chars = list(self.layout)
        for place, digit in zip(self._digit_chars, best, strict=True):
            chars[place] = DIGITS[digit]
        return "".join(chars)

    @cached_property
    def _digit_chars(self) -> list[int]:
        return [place for place, char in enumerate(self.layout) if char == "0"]

    @cached_property
    def _is_digit(self) -> np.ndarray:
        return is_digit_place(self.layout)

    @cached_property
    def _is_letter(self) -> np.ndarray:
        """Of the places without digits, those of letters: they may say another month, half of the day or zone."""
        return np.array([char.isalpha() for char in self.layout if char not in " 0"], bool)

    @cached_property
    def _rows(self) -> np.ndarray:
        return np.arange(len(self.shapes))

    @cached_property
    def _flat_shapes(self) -> np.ndarray:
        return _by_columns(self.shapes)

    @cached_property
    def _flat_literals(self) -> np.ndarray:
        return _by_columns(self.literals)

    @cached_property
    def _flat_common(self) -> np.ndarray:
        return _by_columns(self.common)

    @cached_property
    def _apart(self) -> np.ndarray:
        """Distance (digit places, 10, 10) between the shapes of each place."""
        gram = np.matmul(self._flat_shapes, self._flat_shapes.transpose(0, 2, 1))
        return np.maximum(1.0 - gram, LEAST_APART)

    @cached_property
    def _rivals(self) -> np.ndarray:
        """Whether (digit places, 10, 10) a digit is held against another one at a place: none that is contested."""
        return ~np.eye(10, dtype=bool) & (self.known != CONTESTED)[:, None, :]

    @cached_property
    def _apart_from_unseen(self) -> np.ndarray:
        """The fit (digit places, 10, 10) by which each digit is told from another whose look is not known: noise that
        makes digits less like themselves makes them less like others, too."""
        return (ALIKE_BLURRED + MORE_THAN_BLURRED) * self.usual_fit[:, None, None]

    @cached_property
    def _unknown(self) -> np.ndarray:
        return self.known == UNKNOWN

    @cached_property
    def _enough(self) -> np.ndarray:
        """The fit (digit places) that a sure digit has at least."""
        return self.usual_fit - np.where(self._complete, FIT_SLACK_COMPLETE, FIT_SLACK)

    @cached_property
    def _complete(self) -> np.ndarray:
        """Whether a place has seen every digit."""
        return (self.known == OWN).all(axis=1)


def _by_columns(shapes: np.ndarray) -> np.ndarray:
    """Shapes (..., h, width) column by column (..., width * h)."""
    flat = shapes.swapaxes(-1, -2).reshape(*shapes.shape[:-2], shapes.shape[-1] * shapes.shape[-2])
    return np.ascontiguousarray(flat, np.float32)


def layout_of(text: str) -> str:
    """`text` with every digit, and every `?` for an unread one, as `0`."""
    return "".join("0" if char.isdigit() or char == "?" else char for char in text)


def of_commonest_layout(texts: Sequence[str]) -> list[int]:
    """Which of the texts, by number, have the layout that most of them have."""
    layouts = [layout_of(text) for text in texts]
    common = max(layouts, key=layouts.count)
    return [number for number, layout in enumerate(layouts) if layout == common]


def _at_digits(values: np.ndarray, text: str) -> list:
    """Of `values` (digit places, 10) those of the digits that `text` shows; `?` is passed over."""
    chars = [char for char in text if char.isdigit() or char == "?"]
    return [row[int(char)] for char, row in zip(chars, values.tolist(), strict=True) if char != "?"]


def is_digit_place(layout: str) -> np.ndarray:
    """For each character of a layout but its blanks, whether it is a digit."""
    return np.array([char == "0" for char in layout if char != " "])


def windows(crops: np.ndarray, centers: np.ndarray, width: int) -> np.ndarray:
    """Patches (..., n, h * width) of `crops` (..., h, w) around each of `centers` (n), sampled between pixels, each of
    zero mean and unit length (shorter where there is no contrast). Beyond the crop its edge goes on."""
    left = np.asarray(centers) - (width - 1) / 2
    whole = np.floor(left).astype(int)
    part = (left - whole).astype(np.float32)[:, None]
    columns = whole[:, None] + np.arange(width + 1)
    taken = crops[..., np.clip(columns, 0, crops.shape[-1] - 1)].astype(np.float32)
    patches = taken[..., :-1] * (1 - part) + taken[..., 1:] * part
    patches = np.moveaxis(patches, -2, -3)
    return unit(patches.reshape(*patches.shape[:-2], patches.shape[-2] * width))


def unit(patches: np.ndarray, least_contrast: float = LEAST_CONTRAST) -> np.ndarray:
    """`patches` (..., d) with zero mean and unit length, but never blown up from less than `least_contrast`."""
    patches = patches - patches.mean(axis=-1, keepdims=True)
    length = np.sqrt(np.einsum("...i,...i->...", patches, patches))[..., None]
    return patches / np.maximum(length, least_contrast * np.sqrt(patches.shape[-1]))
