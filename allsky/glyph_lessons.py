"""What do the characters of this clock look like, given crops whose text Tesseract has read?

Tesseract knows roughly where each character stands, and is now and then wrong about what it is. The same
digit looks the same everywhere on an overlay, which settles both: places are moved until equal digits
look most alike, and a label that its look contradicts is changed to that of its likes.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allsky.glyphs import BORROWED, OWN, UNKNOWN, GlyphSheet, is_digit_place, layout_of, unit, windows

# Places are looked for within this share of a character's width of where Tesseract saw them; those it could not
# measure, within the larger share.
MEASURED_REACH, LOOSE_REACH = 0.25, 0.7
# What moving a place by its whole reach costs, in likeness: enough that noise does not move it.
REACH_COST = 0.03
# Two labels at one place whose shapes are no farther apart than this beyond their own noise are one digit.
SAME_SHAPE = 0.04


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
class _Lesson:
    """The samples of one layout: `crops` (m, h, w), `labels` (m, digit places) 0 to 9, and its places."""

    layout: str
    crops: np.ndarray
    labels: np.ndarray
    centers: np.ndarray
    loose: np.ndarray
    width: int

    @property
    def is_digit(self) -> np.ndarray:
        return is_digit_place(self.layout)

    @property
    def digit_centers(self) -> np.ndarray:
        return self.centers[self.is_digit]


def learn_sheets(samples: Sequence[Sample]) -> list[GlyphSheet]:
    """A sheet for each layout among `samples` (crops of one box), the commonest first. Layouts lend each other digits.

    Raises ValueError where no sample has a digit.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if "0" in layout_of(sample.text):
            groups[layout_of(sample.text)].append(sample)
    if not groups:
        raise ValueError("no sample shows a digit")
    lessons = [_lesson(layout, group) for layout, group in sorted(groups.items(), key=lambda item: -len(item[1]))]
    width = lessons[0].width
    lessons = [_aligned(_with_width(lesson, width)) for lesson in lessons]
    lessons = [_relabelled(lesson) for lesson in lessons]
    lent = _mean_digits([windows(lesson.crops, lesson.digit_centers, width) for lesson in lessons], lessons)
    return [_sheet(lesson, lent) for lesson in lessons]


def _lesson(layout: str, samples: Sequence[Sample]) -> _Lesson:
    chars = np.array([list(sample.chars) for sample in samples])
    digit = is_digit_place(layout)
    labels = chars[:, digit].astype(int)
    measured = _measured_centers(np.array([sample.centers for sample in samples]), labels, digit)
    advance = _advance(measured, digit)
    crops = np.stack([sample.crop for sample in samples])
    loose = np.isnan(measured)
    return _Lesson(layout, crops, labels, _filled(measured, advance), loose, max(round(advance), 3))


def _with_width(lesson: _Lesson, width: int) -> _Lesson:
    return _Lesson(lesson.layout, lesson.crops, lesson.labels, lesson.centers, lesson.loose, width)


# Places.


def _measured_centers(seen: np.ndarray, labels: np.ndarray, digit: np.ndarray) -> np.ndarray:
    """The x of each place (NaN if never measured), freed of each digit's own offset in its cell (a `1` leans left)."""
    offset = np.zeros_like(seen)
    of_digits = np.flatnonzero(digit)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN|Mean of empty")
        for _ in range(5):
            centers = np.nanmedian(seen - offset, axis=0)
            away = (seen - centers)[:, of_digits]
            means = np.array([np.nan_to_num(np.nanmedian(away[labels == number])) for number in range(10)])
            offset[:, of_digits] = means[labels]
    return centers


def _advance(centers: np.ndarray, digit: np.ndarray) -> float:
    """The usual way from one digit to a digit beside it, in pixels."""
    steps = np.diff(centers)
    beside = steps[digit[1:] & digit[:-1] & ~np.isnan(steps)]
    steps = beside if len(beside) else steps[~np.isnan(steps)]
    return float(np.median(steps)) if len(steps) else 8.0


def _filled(centers: np.ndarray, advance: float) -> np.ndarray:
    """Places without a measured x put one advance from their neighbours."""
    known = np.flatnonzero(~np.isnan(centers))
    answer = centers.copy()
    for place in np.flatnonzero(np.isnan(centers)):
        near = known[np.abs(known - place).argmin()] if len(known) else 0
        answer[place] = (centers[near] if len(known) else 0.0) + (place - near) * advance
    return answer


def _aligned(lesson: _Lesson) -> _Lesson:
    """The lesson with its digits' places where they look most like the same digits at other places."""
    reach = np.where(lesson.loose, LOOSE_REACH, MEASURED_REACH)[lesson.is_digit] * lesson.width
    shares = np.linspace(-1.0, 1.0, 17)
    centers = lesson.digit_centers.copy()
    for _ in range(2):
        here = windows(lesson.crops, centers, lesson.width)
        others = _means_elsewhere(here, lesson.labels)
        wanted = others[np.arange(len(centers))[None, :], lesson.labels]
        score = np.stack([_likeness_at(lesson, centers + share * reach, wanted) for share in shares])
        score -= REACH_COST * shares[:, None] ** 2
        centers = centers + shares[score.argmax(axis=0)] * reach
        reach = reach / 2
    all_centers = lesson.centers.copy()
    all_centers[lesson.is_digit] = centers
    return _Lesson(lesson.layout, lesson.crops, lesson.labels, all_centers, lesson.loose, lesson.width)


def _likeness_at(lesson: _Lesson, centers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean likeness (places) of the patches around `centers` to the shapes `wanted` (m, places, d)."""
    return np.einsum("mpd,mpd->p", windows(lesson.crops, centers, lesson.width), wanted) / len(wanted)


def _means_elsewhere(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean shape (places, 10, d) of each digit at all places but that one; zeros where it stands nowhere else."""
    hot = np.eye(10, dtype=np.float32)[labels]
    at_place = np.einsum("mpk,mpd->pkd", hot, patches)
    return unit(at_place.sum(axis=0)[None] - at_place, 1e-6)


# Labels.


def _relabelled(lesson: _Lesson) -> _Lesson:
    """The lesson with labels made one that one shape bears at one place: the one it bears most often anywhere."""
    patches = windows(lesson.crops, lesson.digit_centers, lesson.width)
    labels = lesson.labels.copy()
    everywhere = _means_elsewhere(patches, labels)
    for place in range(labels.shape[1]):
        _settle_place(patches[:, place], labels[:, place], everywhere[place])
    return _Lesson(lesson.layout, lesson.crops, labels, lesson.centers, lesson.loose, lesson.width)


def _settle_place(patches: np.ndarray, labels: np.ndarray, elsewhere: np.ndarray) -> None:
    """Make equal, in place, the labels (m) of patches (m, d) that show one shape."""
    for one in np.unique(labels):
        for other in np.unique(labels):
            first, second = patches[labels == one], patches[labels == other]
            if one >= other or not len(first) or not len(second) or _separation(first, second) > SAME_SHAPE:
                continue
            both = np.concatenate([first, second]).mean(axis=0)
            taken = (len(first) + len(elsewhere) * float(both @ elsewhere[one])) >= (
                len(second) + len(elsewhere) * float(both @ elsewhere[other])
            )
            labels[(labels == one) | (labels == other)] = one if taken else other


def _separation(first: np.ndarray, second: np.ndarray) -> float:
    """How much farther patches of two groups are from each other than from their own."""
    across = 1.0 - float(np.mean(first @ second.T))
    within = [_within(group) for group in (first, second) if len(group) > 1]
    return across - (float(np.mean(within)) if within else 0.0)


def _within(group: np.ndarray) -> float:
    gram = group @ group.T
    return 1.0 - float((gram.sum() - np.trace(gram)) / (len(group) * (len(group) - 1)))


# Shapes.


def _mean_digits(patches: Sequence[np.ndarray], lessons: Sequence[_Lesson]) -> np.ndarray:
    """Mean shape (10, d) of each digit over all places of all layouts; zeros for one never seen."""
    hot = [np.eye(10, dtype=np.float32)[lesson.labels] for lesson in lessons]
    total = sum(np.einsum("mpk,mpd->kd", one, patch) for one, patch in zip(hot, patches, strict=True))
    return unit(np.asarray(total), 1e-6)


def _sheet(lesson: _Lesson, lent: np.ndarray) -> GlyphSheet:
    patches = windows(lesson.crops, lesson.digit_centers, lesson.width)
    hot = np.eye(10, dtype=np.float32)[lesson.labels]
    own = unit(np.einsum("mpk,mpd->pkd", hot, patches), 1e-6)
    seen = hot.sum(axis=0) > 0
    shapes = np.where(seen[:, :, None], own, lent[None])
    known = np.where(seen, OWN, np.where((lent != 0).any(axis=1)[None], BORROWED, UNKNOWN))
    literals = unit(windows(lesson.crops, lesson.centers[~lesson.is_digit], lesson.width).mean(axis=0), 1e-6)
    size = (lesson.crops.shape[1], lesson.width)
    return GlyphSheet(
        lesson.layout,
        lesson.centers,
        lesson.width,
        shapes.reshape(*shapes.shape[:2], *size),
        known.astype(np.int8),
        literals.reshape(len(literals), *size),
        _usual_fit(patches, lesson.labels, shapes),
    )


def _usual_fit(patches: np.ndarray, labels: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """How well (places) a digit at least fits its own shape. A crop helped to make the shape it is held against, so
    each is judged without its own share; places where no digit was seen twice have the others' usual."""
    own = np.einsum("mpd,mpd->mp", patches, shapes[np.arange(shapes.shape[0])[None, :], labels])
    taught = (np.eye(10)[labels]).sum(axis=0)[np.arange(shapes.shape[0])[None, :], labels]
    # The mean of n like patches with noise has (n - 1) / n of the likeness that comes from the patch itself.
    alone = np.where(taught > 1, own - (1 - own) / np.maximum(taught - 1, 1), np.nan)
    usual = float(np.nanquantile(alone, 0.05)) if np.isfinite(alone).any() else 0.8
    return np.array([np.nanmin(row) if np.isfinite(row).any() else usual for row in alone.T])
