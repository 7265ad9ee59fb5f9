"""What do the characters of this clock look like, given crops whose text Tesseract has read?

Tesseract knows roughly where each character stands, and is now and then wrong about what it is. The same
digit looks the same everywhere on an overlay, which settles both: places are moved until equal digits
look most alike, and a label that its look contradicts is changed to that of its likes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from allsky.clock.glyphs import BORROWED, CONTESTED, OWN, UNKNOWN, GlyphSheet, is_digit_place, layout_of, unit, windows
from allsky.clock.text_layout import place_centers, usual_advance

# Places are looked for within this share of a character's width of where the boxes put them.
REACH = 0.2
# What moving a place by its whole reach costs, in likeness: enough that noise does not move it.
REACH_COST = 0.03
# Two labels at one place whose shapes are no farther apart than this beyond their own noise are one digit.
SAME_SHAPE = 0.04
# Readings that a full likeness to a digit elsewhere is worth in choosing between two labels of one shape.
LOOK_WEIGHT = 12.0
# Votes by which a label must lead, and be it half of all.
CLEAR_VOTE = 1.0
# A label is changed, or dropped, where its look is nearer by this to another digit's, at the other places.
BELIED = 0.08
# ... or where it is less like the same digit elsewhere than its place's digits usually are, by this.
STRANGER = 0.15
# A digit seen at one place only is contested where another's look elsewhere is within this of the usual likeness.
RIVAL_SLACK = 0.05
# A digit is contested where it looks like another one elsewhere by this share of what is usual. (Different digits of
# OpenCV's and Matplotlib's fonts are alike by 0.91 at most, equal ones at other places by 0.95 and more.)
ONE_SHAPE, AS_MUCH, ONE_SHAPE_AT_LEAST = 0.955, 0.03, 0.92
# Stands for a digit that could not be read, in texts and in labels.
UNREAD, NO_LABEL = "?", 10
# The fit asked of a place of which nothing is known.
UNTAUGHT_FIT = 0.8


@dataclass(frozen=True)
class Sample:
    """A crop (h, w) with its known `text` (`?` for a digit that is not known) and the x centre of each of its
    characters but blanks, in pixels (NaN where it could not be measured)."""

    crop: np.ndarray
    text: str
    centers: np.ndarray

    @property
    def chars(self) -> str:
        return self.text.replace(" ", "")


@dataclass(frozen=True)
class _Lesson:
    """The samples of one layout: `crops` (m, h, w), `labels` (m, digit places) 0 to 9 or NO_LABEL, and its places."""

    layout: str
    crops: np.ndarray
    labels: np.ndarray
    centers: np.ndarray
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
    labels = np.where(chars == UNREAD, str(NO_LABEL), chars)[:, digit].astype(int)
    measured = np.array([sample.centers for sample in samples])
    centers = place_centers([sample.text for sample in samples], measured)
    width = max(round(usual_advance(samples[0].text, measured)), 3)
    return _Lesson(layout, np.stack([sample.crop for sample in samples]), labels, centers, width)


def _with_width(lesson: _Lesson, width: int) -> _Lesson:
    return replace(lesson, width=width)


def _aligned(lesson: _Lesson) -> _Lesson:
    """The lesson with its digits' places where they look most like the same digits at other places."""
    reach = REACH * lesson.width
    shares = np.linspace(-1.0, 1.0, 17)
    centers = lesson.digit_centers.copy()
    for _ in range(2):
        here = windows(lesson.crops, centers, lesson.width)
        others = _means_elsewhere(here, lesson.labels)
        wanted = np.pad(others, ((0, 0), (0, 1), (0, 0)))[np.arange(len(centers))[None, :], lesson.labels]
        score = np.stack([_likeness_at(lesson, centers + share * reach, wanted) for share in shares])
        score -= REACH_COST * shares[:, None] ** 2
        centers = centers + shares[score.argmax(axis=0)] * reach
        reach = reach / 2
    all_centers = lesson.centers.copy()
    all_centers[lesson.is_digit] = centers
    return replace(lesson, centers=all_centers)


def _likeness_at(lesson: _Lesson, centers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean likeness (places) of the patches around `centers` to the shapes `wanted` (m, places, d)."""
    return np.einsum("mpd,mpd->p", windows(lesson.crops, centers, lesson.width), wanted) / len(wanted)


def _means_elsewhere(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean shape (places, 10, d) of each digit at all places but that one; zeros where it stands nowhere else."""
    hot = _one_hot(labels)
    at_place = np.einsum("mpk,mpd->pkd", hot, patches)
    return unit(at_place.sum(axis=0)[None] - at_place, 1e-6)


# Labels.


def _relabelled(lesson: _Lesson) -> _Lesson:
    """The lesson with labels made one that one shape bears at one place: the one it bears most often anywhere."""
    patches = windows(lesson.crops, lesson.digit_centers, lesson.width)
    labels = lesson.labels.copy()
    everywhere = _means_elsewhere(patches, labels)
    for place, column in enumerate(labels.T):
        _settle_place(patches[:, place], column, everywhere[place])
    for _ in range(2):
        labels = _looked_up(patches, labels, _means_elsewhere(patches, labels))
    return replace(lesson, labels=labels)


def _settle_place(patches: np.ndarray, labels: np.ndarray, elsewhere: np.ndarray) -> None:
    """Give the patches (m, d) of one place that show one shape one label, in place: the one that most of them bear, or
    none where they do not agree; and one label to one shape."""
    named = np.flatnonzero(labels != NO_LABEL)
    if len(named) < 2:
        return
    shapes = _shapes_apart(patches[named], labels[named])
    winners = [_winner(patches[named[shapes == shape]], labels[named[shapes == shape]], elsewhere) for shape in
               range(shapes.max() + 1)]  # fmt: skip
    for shape, (label, score) in enumerate(winners):
        rivals = [other for number, (same, other) in enumerate(winners) if same == label and number != shape]
        labels[named[shapes == shape]] = label if all(score > rival for rival in rivals) else NO_LABEL


def _shapes_apart(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The number (m) of the shape that each patch shows: patches no farther apart than those of one label usually are
    and a little more show one."""
    distance = np.clip(1.0 - patches @ patches.T, 0.0, 2.0)
    same = (labels[:, None] == labels[None, :]) & ~np.eye(len(labels), dtype=bool)
    noise = float(np.median(distance[same])) if same.any() else 0.0
    pairs = squareform(distance, checks=False)
    return fcluster(linkage(pairs, "average"), noise + SAME_SHAPE, "distance") - 1


def _winner(patches: np.ndarray, labels: np.ndarray, elsewhere: np.ndarray) -> tuple[int, float]:
    """The label of patches of one shape, and its score in votes. Where all the labels they bear are known elsewhere
    their look counts too."""
    borne, votes = np.unique(labels, return_counts=True)
    score = votes.astype(float)
    if all(elsewhere[label].any() for label in borne):
        look = elsewhere[borne] @ patches.mean(axis=0)
        score += LOOK_WEIGHT * (look - look.max())
    ranked = np.sort(score)[::-1]
    if len(ranked) > 1 and ranked[0] - ranked[1] < max(CLEAR_VOTE, votes.sum() / 2):
        return NO_LABEL, 0.0
    return int(borne[score.argmax()]), float(ranked[0])


def _looked_up(patches: np.ndarray, labels: np.ndarray, elsewhere: np.ndarray) -> np.ndarray:
    """The labels (m, places) of patches (m, places, d), those that look more like another digit elsewhere than like
    their own changed to that digit, or dropped where no one digit is clear."""
    likeness = np.einsum("mpd,pkd->mpk", patches, elsewhere)
    likeness[:, ~elsewhere.any(axis=2)] = np.nan
    rows, places = np.indices(labels.shape)
    own = _of_label(likeness, labels)
    likeness[rows, places, np.minimum(labels, 9)] = np.where(labels == NO_LABEL, likeness[rows, places, 9], np.nan)
    ranked = np.sort(np.nan_to_num(likeness, nan=-1.0), axis=2)
    best, lead = ranked[:, :, -1], ranked[:, :, -1] - ranked[:, :, -2]
    # What a place's digits usually have in common with the same digits elsewhere depends on how well it is placed.
    usual = np.array([np.nanmedian(column) if np.isfinite(column).any() else np.nan for column in own.T])
    belied = (best > own + BELIED) | (own < usual - STRANGER) | (labels == NO_LABEL)
    # A digit that looks as another one elsewhere usually does, and like no third, is that one.
    other = (best >= usual - RIVAL_SLACK) & (lead >= BELIED)
    found = np.nan_to_num(likeness, nan=-1.0).argmax(axis=2)
    return np.where(belied, np.where(other, found, NO_LABEL), labels)


def _contested(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each place and digit (places, 10) whether what was read there as this digit looks as much like another digit
    elsewhere as that place's digits usually look like themselves."""
    elsewhere = _means_elsewhere(patches, labels)
    known = np.asarray(elsewhere.any(axis=2))
    likeness = np.where(known[None], np.einsum("mpd,pkd->mpk", patches, elsewhere), np.nan)
    own = _of_label(likeness, labels)
    answer = np.zeros((labels.shape[1], 10), bool)
    for place in range(labels.shape[1]):
        if not np.isfinite(own[:, place]).any():
            continue
        usual = np.nanmedian(own[:, place])
        for digit in set(labels[:, place]) - {NO_LABEL}:
            look = likeness[labels[:, place] == digit, place].mean(axis=0)
            least = usual - RIVAL_SLACK
            if known[place, digit]:
                least = max(ONE_SHAPE * usual, look[digit] - AS_MUCH, ONE_SHAPE_AT_LEAST)
            look[digit] = np.nan
            rival = np.nanmax(look) if np.isfinite(look).any() else -1.0
            answer[place, digit] = rival >= least
    return answer


def _of_label(likeness: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of likenesses (m, places, 10) that to each patch's own label (m, places), NaN for none."""
    rows, places = np.indices(labels.shape)
    return np.pad(likeness, ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)[rows, places, labels]


# Shapes.


def _mean_digits(patches: Sequence[np.ndarray], lessons: Sequence[_Lesson]) -> np.ndarray:
    """Mean shape (10, d) of each digit over all places of all layouts; zeros for one never seen."""
    hot = [_one_hot(lesson.labels) for lesson in lessons]
    total = sum(np.einsum("mpk,mpd->kd", one, patch) for one, patch in zip(hot, patches, strict=True))
    return unit(np.asarray(total), 1e-6)


def _sheet(lesson: _Lesson, lent: np.ndarray) -> GlyphSheet:
    patches = windows(lesson.crops, lesson.digit_centers, lesson.width)
    hot = _one_hot(lesson.labels)
    own = unit(np.einsum("mpk,mpd->pkd", hot, patches), 1e-6)
    seen = hot.sum(axis=0) > 0
    shapes = np.where(seen[:, :, None], own, lent[None])
    known = np.where(seen, OWN, np.where((lent != 0).any(axis=1)[None], BORROWED, UNKNOWN))
    known[_contested(patches, lesson.labels) & seen] = CONTESTED
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
    taught = np.pad(_one_hot(labels).sum(axis=0), ((0, 0), (0, 1)))[places, labels]
    # The mean of n like patches with noise has (n - 1) / n of the likeness that comes from the patch itself.
    alone = np.where(taught > 1, own - (1 - own) / np.maximum(taught - 1, 1), np.nan)
    usual = float(np.nanquantile(alone, 0.05)) if np.isfinite(alone).any() else UNTAUGHT_FIT
    return np.array([np.nanmin(row) if np.isfinite(row).any() else usual for row in alone.T])


def _one_hot(labels: np.ndarray) -> np.ndarray:
    """(..., 10) with a one at each label; all zeros for NO_LABEL."""
    return np.eye(NO_LABEL + 1, 10, dtype=np.float32)[labels]


# More lessons.


def taught_more(sheet: GlyphSheet, samples: Sequence[Sample]) -> GlyphSheet:
    """The sheet with the shapes of digits it did not know at a place, or had borrowed, from further samples of its
    layout. A shape that is one the place knows already under another name teaches nothing."""
    crops = np.stack([sample.crop for sample in samples])
    digit = is_digit_place(sheet.layout)
    chars = np.array([list(sample.chars) for sample in samples])[:, digit]
    labels = np.where(chars == UNREAD, str(NO_LABEL), chars).astype(int)
    patches = windows(crops, sheet.centers[digit], sheet.width)
    total = np.einsum("mpk,mpd->pkd", _one_hot(labels), patches)
    new = unit(total, 1e-6)
    known = new.reshape(sheet.shapes.shape)
    taken = (
        (_one_hot(labels).sum(axis=0) > 0)
        & np.isin(sheet.known, (UNKNOWN, BORROWED))
        & ~_known_already(sheet, new)
        & _plausible(sheet, new)
    )
    shapes = np.where(taken[:, :, None, None], known, sheet.shapes)
    first = unit(np.where(taken[:, :, None], total, 0.0).sum(axis=0), 1e-6).reshape(sheet.common.shape)
    common = np.where(sheet.common.any(axis=(1, 2), keepdims=True), sheet.common, first)
    return replace(sheet, shapes=shapes, common=common, known=np.where(taken, OWN, sheet.known).astype(np.int8))


def _plausible(sheet: GlyphSheet, new: np.ndarray) -> np.ndarray:
    """For each new shape (places, 10, d) whether no other digit as seen anywhere is more like it than its own."""
    likeness = np.einsum("pkd,jd->pkj", new, sheet.common.reshape(10, -1))
    own = np.einsum("pkk->pk", likeness)
    untaught = np.array([not shape.any() for shape in sheet.common])
    return (own >= likeness.max(axis=2) - 1e-6) | untaught[None, :]


def _known_already(sheet: GlyphSheet, new: np.ndarray) -> np.ndarray:
    """For each new shape (places, 10, d) whether it is one that its place knows under another digit."""
    flat = sheet.shapes.reshape(new.shape)
    likeness = np.einsum("pkd,pjd->pkj", new, flat)
    likeness[:, np.arange(10), np.arange(10)] = -1.0
    likeness = np.where((sheet.known == OWN)[:, None, :], likeness, -1.0)
    return likeness.max(axis=2) > 1.0 - SAME_SHAPE
