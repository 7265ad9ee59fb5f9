"""What do the characters of this clock look like, given crops whose text Tesseract has read?

Tesseract knows roughly where each character stands, and is now and then wrong about what it is. The same
digit looks the same everywhere on an overlay, which settles both: places are moved until equal digits
look most alike (`allsky.clock.digit_places`), and a label that its look contradicts is changed
(`allsky.clock.digit_names`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from allsky.clock.digit_likeness import (
    NO_LABEL,
    Lesson,
    least_alike,
    mean_shapes,
    one_hot,
    times_named,
)
from allsky.clock.digit_names import SAME_SHAPE, STRANGER, SURELY_ITSELF, contested, relabelled
from allsky.clock.digit_places import aligned, found_again
from allsky.clock.formats import DIGITS, ClockFormat
from allsky.clock.glyphs import (
    BORROWED,
    CONTESTED,
    OWN,
    REFUSED,
    UNKNOWN,
    GlyphSheet,
    is_digit_place,
    layout_of,
    of_commonest_layout,
    unit,
    windows,
)
from allsky.clock.text_layout import glyph_width, place_centers

# Stands for a digit that could not be read.
UNREAD = "?"
# Digits are known by their brightness where the least alike are more so by this than by their strokes.
CLEARLY_MORE = 0.03
# The fit asked of a place of which nothing is known.
UNTAUGHT_FIT = 0.8


@dataclass(frozen=True)
class Sample:
    """A crop (h, w) with its known `text` (`?` for a digit that is not known) and the x centre of each of its
    characters but blanks, in pixels (NaN where it could not be measured); `level`, where it is at hand, is the same
    crop by brightness."""

    crop: np.ndarray
    text: str
    centers: np.ndarray
    level: np.ndarray | None = None

    @property
    def chars(self) -> str:
        return self.text.replace(" ", "")


def learn_sheets(
    samples: Sequence[Sample], clock_format: ClockFormat | None = None, days: Sequence[date] = ()
) -> list[GlyphSheet]:
    """A sheet for each layout among `samples` (crops of one box), the commonest first. Layouts lend each other digits;
    `clock_format` and the `days` that the night may have, where they are known, say which of them can stand where.

    Raises ValueError where no sample has a digit.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if "0" in layout_of(sample.text):
            groups[layout_of(sample.text)].append(sample)
    if not groups:
        raise ValueError("no sample shows a digit")
    lessons = [
        _lesson(layout, group, clock_format, days)
        for layout, group in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]
    width = lessons[0].width
    lessons = [aligned(found_again(replace(lesson, width=width))) for lesson in lessons]
    lessons = [relabelled(lesson) for lesson in lessons]
    lent = _mean_digits([windows(lesson.crops, lesson.digit_centers, width) for lesson in lessons], lessons)
    return [_sheet(lesson, lent) for lesson in lessons]


def _lesson(layout: str, samples: Sequence[Sample], clock_format: ClockFormat | None, days: Sequence[date]) -> Lesson:
    chars = np.array([list(sample.chars) for sample in samples])
    digit = is_digit_place(layout)
    labels = np.where(chars == UNREAD, str(NO_LABEL), chars)[:, digit].astype(int)
    measured = np.array([sample.centers for sample in samples])
    centers = place_centers([sample.text for sample in samples], measured)
    width = glyph_width(samples[0].text, measured)
    crops = np.stack([sample.crop for sample in samples])
    digits = possible_digits(layout, clock_format, days)
    possible = np.array([[char in some for char in DIGITS] for some in digits])
    levels = [sample.level for sample in samples if sample.level is not None]
    whole = np.stack(levels) if len(levels) == len(samples) else None
    return Lesson(layout, crops, labels, centers, width, possible, np.zeros_like(possible), whole)


def possible_digits(layout: str, clock_format: ClockFormat | None, days: Sequence[date] = ()) -> list[set[str]]:
    """The digits that can stand at each digit's place of a `layout`, in a night of these `days` where they are known;
    all where the format is not known, or not the layout's."""
    told = clock_format.possible_digits(layout, days) if clock_format else None
    return told or [set(DIGITS)] * int(is_digit_place(layout).sum())


def clearer_by_level(samples: Sequence[Sample]) -> bool:
    """Whether equal digits of the commonest layout are more alike by their brightness than by their strokes, where they
    are least so: the rim of a sky's disk runs through the text."""
    own = [samples[number] for number in of_commonest_layout([sample.text for sample in samples])]
    common = layout_of(own[0].text)
    if "0" not in common or any(sample.level is None for sample in own):
        return False
    lesson = aligned(_lesson(common, own, None, ()))
    by_strokes, by_level = (least_alike(one, lesson.labels) for one in lesson.looks())
    return by_level > max(by_strokes + CLEARLY_MORE, SURELY_ITSELF)


# Shapes.


def _mean_digits(patches: Sequence[np.ndarray], lessons: Sequence[Lesson]) -> np.ndarray:
    """Mean shape (10, d) of each digit over all places of all layouts; zeros for one never seen."""
    hot = [one_hot(lesson.labels) for lesson in lessons]
    total = sum(np.einsum("mpk,mpd->kd", one, patch) for one, patch in zip(hot, patches, strict=True))
    return unit(np.asarray(total), 1e-6)


def _sheet(lesson: Lesson, lent: np.ndarray) -> GlyphSheet:
    patches = windows(lesson.crops, lesson.digit_centers, lesson.width)
    own = mean_shapes(patches, lesson.labels)
    seen = times_named(lesson.labels) > 0
    shapes = np.where(seen[:, :, None], own, lent[None])
    known = np.where(seen, OWN, np.where((lent != 0).any(axis=1)[None], BORROWED, UNKNOWN))
    known[contested(lesson) & seen] = CONTESTED
    known[lesson.refused] = REFUSED
    literals = unit(windows(lesson.crops, lesson.centers[~lesson.is_digit], lesson.width).mean(axis=0), 1e-6)
    size = (lesson.crops.shape[1], lesson.width)
    return GlyphSheet(
        lesson.layout,
        lesson.centers,
        lesson.width,
        shapes.reshape(*shapes.shape[:2], *size),
        known.astype(np.int8),
        lent.reshape(10, *size),
        literals.reshape(len(literals), *size),
        _usual_fit(patches, lesson.labels, shapes),
    )


def _usual_fit(patches: np.ndarray, labels: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """How well (places) a digit at least fits its own shape. A crop helped to make the shape it is held against, so
    each is judged without its own share; places where no digit was seen twice have the others' usual."""
    places = np.arange(shapes.shape[0])[None, :]
    own = np.einsum("mpd,mpd->mp", patches, np.pad(shapes, ((0, 0), (0, 1), (0, 0)))[places, labels])
    taught = np.pad(times_named(labels), ((0, 0), (0, 1)))[places, labels]
    # The mean of n like patches with noise has (n - 1) / n of the likeness that comes from the patch itself.
    alone = np.where(taught > 1, own - (1 - own) / np.maximum(taught - 1, 1), np.nan)
    usual = float(np.nanquantile(alone, 0.05)) if np.isfinite(alone).any() else UNTAUGHT_FIT
    return np.array([np.nanmin(row) if np.isfinite(row).any() else usual for row in alone.T])


# More lessons.


def taught_more(sheet: GlyphSheet, samples: Sequence[Sample]) -> GlyphSheet:
    """The sheet with the shapes of digits it did not know at a place, or had borrowed, from further samples of its
    layout. A shape that is one the place knows already under another name teaches nothing."""
    crops = np.stack([sample.crop for sample in samples])
    digit = is_digit_place(sheet.layout)
    chars = np.array([list(sample.chars) for sample in samples])[:, digit]
    labels = np.where(chars == UNREAD, str(NO_LABEL), chars).astype(int)
    patches = windows(crops, sheet.centers[digit], sheet.width)
    total = np.einsum("mpk,mpd->pkd", one_hot(labels), patches)
    new = unit(total, 1e-6)
    known = new.reshape(sheet.shapes.shape)
    taken = (
        (times_named(labels) > 0)
        & np.isin(sheet.known, (UNKNOWN, BORROWED))
        # What Tesseract was once wrong about throughout it may be wrong about again, by another name.
        & ~(sheet.known == REFUSED).any(axis=1, keepdims=True)
        & ~_known_already(sheet, new)
        & _plausible(sheet, new)
    )
    shapes = np.where(taken[:, :, None, None], known, sheet.shapes)
    first = unit(np.where(taken[:, :, None], total, 0.0).sum(axis=0), 1e-6).reshape(sheet.common.shape)
    common = np.where(sheet.common.any(axis=(1, 2), keepdims=True), sheet.common, first)
    return replace(sheet, shapes=shapes, common=common, known=np.where(taken, OWN, sheet.known).astype(np.int8))


def refusing(sheet: GlyphSheet, earlier: Sequence[GlyphSheet]) -> GlyphSheet:
    """The sheet that refuses what one of its layout did `earlier`, but for digits that it has seen: guises that do not
    agree about a place say nothing more for what one of them read there throughout."""
    same = next((one for one in earlier if one.layout == sheet.layout), None)
    if same is None:
        return sheet
    refused = (same.known == REFUSED) & ~np.isin(sheet.known, (OWN, CONTESTED))
    return replace(sheet, known=np.where(refused, REFUSED, sheet.known).astype(np.int8))


def _plausible(sheet: GlyphSheet, new: np.ndarray) -> np.ndarray:
    """For each new shape (places, 10, d) whether no other digit as seen anywhere is more like it than its own, and its
    own about as much as those are that the sheet has seen: the likest of the known ones may be another, unknown digit.
    """
    common = sheet.common.reshape(10, -1)
    likeness = np.einsum("pkd,jd->pkj", new, common)
    own = np.einsum("pkk->pk", likeness)
    untaught = np.array([not shape.any() for shape in sheet.common])
    seen = np.einsum("pkd,kd->pk", sheet.shapes.reshape(new.shape), common)[sheet.known == OWN]
    least = np.median(seen) - STRANGER if seen.size else -1.0
    return ((own >= likeness.max(axis=2) - 1e-6) & (own >= least)) | untaught[None, :]


def _known_already(sheet: GlyphSheet, new: np.ndarray) -> np.ndarray:
    """For each new shape (places, 10, d) whether it is one that its place knows under another digit."""
    flat = sheet.shapes.reshape(new.shape)
    likeness = np.einsum("pkd,pjd->pkj", new, flat)
    likeness[:, np.arange(10), np.arange(10)] = -1.0
    likeness = np.where((sheet.known == OWN)[:, None, :], likeness, -1.0)
    return likeness.max(axis=2) > 1.0 - SAME_SHAPE
