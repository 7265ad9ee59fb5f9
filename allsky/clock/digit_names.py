"""Which digit is it really that Tesseract gave this name, judged by how all of them look?

Equal digits of a clock look equal, at one place and at all. A name that its look contradicts is changed to that of its
likes, or dropped; a digit that looks as it does nowhere else is refused, and one that looks like another is contested.
Digits are compared by their strokes and by their brightness: the rim of the sky's disk behind a digit changes how its
strokes stand out, but not how bright they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from allsky.clock.glyphs import is_digit_place, unit, windows

# Places are looked for within this share of a character's width of where the boxes put them.
REACH = 0.2
# Two labels at one place whose shapes are no farther apart than this beyond their own noise are one digit.
SAME_SHAPE = 0.04
# Readings that a full likeness to a digit elsewhere is worth in choosing between two labels of one shape.
LOOK_WEIGHT = 12.0
# Votes by which a label must lead, and be it half of all.
CLEAR_VOTE = 1.0
# A label is changed, or dropped, where its look is nearer by this to another digit's, at the other places.
BELIED = 0.08
# ... or where it is less like the same digit elsewhere than its place's digits usually are, by this. (Of 3,288 digits
# rightly named on 167 sheets of the zoo 13, of four clips, are less like themselves elsewhere than digits usually are.)
STRANGER = 0.15
# A digit is strange that looks less like itself elsewhere than digits usually do by so many times what one in ten does
# (by BELIED at least, STRANGER at most), if it has more than this share of its place's names; by STRANGER if less.
SPREADS, THROUGHOUT = 4.0, 0.8
# A digit read at one place on most of so many crops, of which none is believed, is refused there too.
FEWEST_DROPPED = 3
# A digit this much like itself elsewhere, and less by BELIED like any other that could stand there (or less so, and
# less by STRANGER), is itself all the same. From another whose look is not known it is told apart by being more like
# itself, by so much, than these two ever are: the most found between true digits at different places of 160 clips of
# the zoo, or between those of its ten fonts drawn at 9 to 26 pixels and moved by a fifth of their width.
LIKE_ITSELF, SURELY_ITSELF, MORE_THAN_ALIKE = 0.7, 0.8, 0.04
_ALIKE = {"08": 0.91, "58": 0.89, "68": 0.90, "09": 0.87, "38": 0.86, "06": 0.85, "35": 0.85, "56": 0.84, "02": 0.81,
          "05": 0.80, "12": 0.80, "27": 0.80, "89": 0.80}  # fmt: skip
# No other two are more alike than this.
ELSE_ALIKE = 0.77
# Of a place that shows so many digits, less by STRANGER like any other that is known.
SEVERAL = 3
# A digit seen at one place only is contested where another's look elsewhere is within this of the usual likeness.
RIVAL_SLACK = 0.05
# A digit is contested where it looks like another one elsewhere by this share of what is usual. (Different digits of
# OpenCV's and Matplotlib's fonts are alike by 0.91 at most, equal ones at other places by 0.95 and more.)
ONE_SHAPE, AS_MUCH, ONE_SHAPE_AT_LEAST = 0.955, 0.03, 0.92
ALIKE = np.array(
    [[_ALIKE.get("".join(sorted(f"{one}{other}")), ELSE_ALIKE) for other in range(10)] for one in range(10)]
)
# The share of places that are taken to be the least alike.
LEAST_PLACES = 0.15
# Stands for a digit without a name.
NO_LABEL = 10

# Patches (m, places, d) of the same digits by their strokes and, where it is at hand, by their brightness.
Looks = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Lesson:
    """The samples of one layout: `crops` (m, h, w), and `levels` (m, h, w), the same by brightness, where they are at
    hand; `labels` (m, digit places) 0 to 9 or NO_LABEL, its places;
    which digits (digit places, 10) are `possible` at each place, and which are `refused` though they were read there.
    """

    layout: str
    crops: np.ndarray
    labels: np.ndarray
    centers: np.ndarray
    width: int
    possible: np.ndarray
    refused: np.ndarray
    levels: np.ndarray | None = None

    def looks(self, away: float = 0.0) -> Looks:
        """The patches (m, places, d) of its digits in each guise, taken so many widths beside their places."""
        centers = self.digit_centers + away * self.width
        guises = (self.crops,) if self.levels is None else (self.crops, self.levels)
        return tuple(windows(crops, centers, self.width) for crops in guises)

    @property
    def is_digit(self) -> np.ndarray:
        return is_digit_place(self.layout)

    @property
    def digit_centers(self) -> np.ndarray:
        return self.centers[self.is_digit]


def relabelled(lesson: Lesson) -> Lesson:
    """The lesson with labels made one that one shape bears at one place: the one it bears most often anywhere."""
    lesson = _with_coherent_looks(lesson)
    looks = lesson.looks()
    labels = lesson.labels.copy()
    likeness = _likeness_to_others(looks, labels)
    for place, column in enumerate(labels.T):
        _settle_place(looks[0][:, place], column, likeness[:, place])
    for _ in range(2):
        likeness = _likeness_to_others(looks, labels)
        loose = ~(_usual(_of_label(likeness, labels)) >= SURELY_ITSELF)
        if loose.any():
            likeness[:, loose] = _moved_likeness(lesson, labels)[:, loose]
        could_be = lesson.possible | (one_hot(labels) > 0)
        labels = _looked_up(labels, np.where(could_be, likeness, np.nan), lesson.possible)
    refused = _dropped_throughout(lesson.labels, labels)
    by_strokes = replace(lesson, levels=None)
    for _ in range(2):  # What is left at a place may be all that it shows now.
        refused |= _strangers(lesson, labels) & (lesson.levels is None or _strangers(by_strokes, labels))
        there = np.pad(refused, ((0, 0), (0, 1)))[np.indices(labels.shape)[1], labels]
        labels = np.where(there, NO_LABEL, labels)
    return replace(lesson, labels=labels, refused=refused)


def _with_coherent_looks(lesson: Lesson) -> Lesson:
    """The lesson without its levels where equal digits are not alike by them: the sky is as bright as the text."""
    if lesson.levels is None:
        return lesson
    own = _of_label(_likeness_to_others(lesson.looks()[1:], lesson.labels), lesson.labels)
    coherent = np.isfinite(own).any() and np.nanmedian(own) >= SURELY_ITSELF
    return lesson if coherent else replace(lesson, levels=None)


def least_alike(patches: np.ndarray, labels: np.ndarray) -> float:
    """How much the places whose digits are least like the same digits elsewhere have in common with them; -1 where no
    digit stands at two places. (Not the very least: it may be misread.)"""
    own = _of_label(_likeness_to_others((patches,), labels), labels)
    usual = _usual(own)
    return float(np.nanquantile(usual, LEAST_PLACES)) if np.isfinite(usual).any() else -1.0


def _settle_place(patches: np.ndarray, labels: np.ndarray, likeness: np.ndarray) -> None:
    """Give the patches (m, d) of one place that show one shape one label, in place: the one that most of them bear, or
    none where they do not agree; and one label to one shape. `likeness` (m, 10) is theirs to the digits elsewhere."""
    named = np.flatnonzero(labels != NO_LABEL)
    if len(named) < 2:
        return
    shapes = _shapes_apart(patches[named], labels[named])
    each = [named[shapes == shape] for shape in range(shapes.max() + 1)]
    winners = [_winner(labels[own], likeness[own].mean(axis=0)) for own in each]
    for shape, (label, score) in enumerate(winners):
        rivals = [other for number, (same, other) in enumerate(winners) if same == label and number != shape]
        labels[each[shape]] = label if all(score > rival for rival in rivals) else NO_LABEL


def _shapes_apart(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The number (m) of the shape that each patch shows: patches no farther apart than those of one label usually are
    and a little more show one."""
    distance = np.clip(1.0 - patches @ patches.T, 0.0, 2.0)
    same = (labels[:, None] == labels[None, :]) & ~np.eye(len(labels), dtype=bool)
    noise = float(np.median(distance[same])) if same.any() else 0.0
    pairs = squareform(distance, checks=False)
    return fcluster(linkage(pairs, "average"), noise + SAME_SHAPE, "distance") - 1


def _winner(labels: np.ndarray, likeness: np.ndarray) -> tuple[int, float]:
    """The label of patches of one shape, and its score in votes. Where all the labels they bear are known elsewhere
    their look, `likeness` (10), counts too."""
    borne, votes = np.unique(labels, return_counts=True)
    score = votes.astype(float)
    look = likeness[borne]
    if np.isfinite(look).all():
        score += LOOK_WEIGHT * (look - look.max())
    ranked = np.sort(score)[::-1]
    if len(ranked) > 1 and ranked[0] - ranked[1] < max(CLEAR_VOTE, votes.sum() / 2):
        return NO_LABEL, 0.0
    return int(borne[score.argmax()]), float(ranked[0])


def _likeness_to_others(looks: Looks, labels: np.ndarray) -> np.ndarray:
    """How much each patch is like each digit, in the guise and at the place where it is most like it, but its own place
    (m, places, 10); NaN where that stands nowhere else. Not like the mean of all: a place that shows one digit
    throughout would outweigh the others, and were it misread, make the true ones look false."""
    each = [np.einsum("mpd,qkd->mpqk", one, mean_shapes(one, labels), optimize=True) for one in looks]
    return _best_elsewhere(np.max(each, axis=0), times_named(labels) > 0)


def _usual(own: np.ndarray) -> np.ndarray:
    """The median (places) of what each place's patches have in common with their own digits elsewhere, `own` (m,
    places); NaN where these stand nowhere else."""
    return np.array([np.nanmedian(column) if np.isfinite(column).any() else np.nan for column in own.T])


def _moved_likeness(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    """What `_likeness_to_others` gives, each place moved within its reach to where it is most like any: where a digit
    stands that nobody read, or that is like nothing elsewhere, has not been told yet."""
    shapes = [mean_shapes(one, labels) for one in lesson.looks()]
    seen = times_named(labels) > 0
    each = [
        np.einsum("mpd,qkd->mpqk", patches, shape, optimize=True)
        for away in np.linspace(-REACH, REACH, 9)
        for patches, shape in zip(lesson.looks(away), shapes, strict=True)
    ]
    return _best_elsewhere(np.max(each, axis=0), seen)


def _best_elsewhere(likeness: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Of the likenesses (m, places, places, 10) of each patch to the digits `seen` (places, 10) at every place the best
    at another place than its own (m, places, 10); NaN for digits that stand nowhere else."""
    elsewhere = seen[None] & ~np.eye(len(seen), dtype=bool)[:, :, None]
    best = np.where(elsewhere, likeness, -np.inf).max(axis=2)
    return np.where(np.isinf(best), np.nan, best)


def _looked_up(labels: np.ndarray, likeness: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """The labels (m, places) of patches, those that look more like another digit elsewhere than like their own changed
    to that digit, or dropped where no one digit is clear; `likeness` (m, places, 10) is theirs to the digits elsewhere,
    NaN for those that cannot be. A place of which nothing could be read has its labels from there alone, unless it may
    show one of the `possible` (places, 10) digits that nobody has seen.
    """
    likeness = likeness.copy()
    rows, places = np.indices(labels.shape)
    own = _of_label(likeness, labels)
    likeness[rows, places, np.minimum(labels, 9)] = np.where(labels == NO_LABEL, likeness[rows, places, 9], np.nan)
    ranked = np.sort(np.nan_to_num(likeness, nan=-1.0), axis=2)
    best, lead = ranked[:, :, -1], ranked[:, :, -1] - ranked[:, :, -2]
    found = np.nan_to_num(likeness, nan=-1.0).argmax(axis=2)
    # What a place's digits usually have in common with the same digits elsewhere depends on how well it is placed.
    usual = _usual(own)
    belied = (best > own + BELIED) | (own < usual - STRANGER) | (labels == NO_LABEL)
    # A digit that looks as another one elsewhere usually does, and like no third, is that one.
    everywhere = np.nanmedian(usual) if np.isfinite(usual).any() else np.nan
    other = (best >= np.maximum(usual, everywhere) - RIVAL_SLACK) & (lead >= BELIED)
    unread = (labels == NO_LABEL).all(axis=0)
    if unread.any() and np.isfinite(everywhere):
        unseen = possible & np.isnan(likeness).all(axis=0)
        least = np.where(unseen[None], ALIKE[found] + MORE_THAN_ALIKE, everywhere - RIVAL_SLACK).max(axis=2)
        other |= unread & (best >= least) & (lead >= BELIED)
    return np.where(belied, np.where(other, found, NO_LABEL), labels)


def _strangers(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    """Which digits at which places (places, 10) look as they look nowhere else. A place that shows one digit throughout
    (an hour, a month) may have been misread throughout: it has nothing of its own to be held against."""
    likeness = _likeness_elsewhere(lesson, labels)
    digits = np.arange(10)
    own = likeness[:, digits, digits]
    known = own > -1.0
    # What the format or the night's days exclude, and no other place bears out.
    times = times_named(labels)
    odd = (times > 0) & ~known & ~lesson.possible
    if not known.any():
        return odd
    usual = np.median(own[known])
    # Of a place that shows several digits the night's times tell when one of them is misread.
    throughout = times > THROUGHOUT * times.sum(axis=1, keepdims=True)
    mild = np.clip(SPREADS * (usual - np.quantile(own[known], 0.1)), BELIED, STRANGER)
    strange = known & (own < usual - np.where(throughout, mild, STRANGER))
    # What stands behind a place makes its digits look a little strange; still they look like no others.
    others = lesson.possible[:, None, :] & ~np.eye(10, dtype=bool)
    apart = own[:, :, None] >= np.maximum(ALIKE + MORE_THAN_ALIKE, SURELY_ITSELF)
    lead = np.where(likeness > -1.0, own[:, :, None] - likeness, np.where(apart, np.inf, -np.inf))
    least = np.where(others, lead, np.inf).min(axis=2)
    itself = (least >= STRANGER) | ((least >= BELIED) & (own >= LIKE_ITSELF))
    # Nor are several digits of one place all given another's name by mistake.
    least = np.where(others & (likeness > -1.0), lead, np.inf).min(axis=2)
    alone = known & (own >= LIKE_ITSELF) & (least >= STRANGER)
    itself |= alone & (alone.sum(axis=1, keepdims=True) >= SEVERAL)
    return (strange & ~itself) | odd


def _dropped_throughout(read: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which digits at which places (places, 10) were `read` (m, places) on most samples, of which none is left."""
    times = times_named(read)
    return (times >= FEWEST_DROPPED) & (times > len(read) / 2) & (times_named(labels) == 0)


def _likeness_elsewhere(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    """How much each digit's mean shape at each place is at most like each digit's at another place (places, 10, 10),
    moved within the reach of a badly measured place; -1 where there is none."""
    seen = times_named(labels) > 0

    def shapes(away: float) -> np.ndarray:
        return np.stack([mean_shapes(one, labels) for one in lesson.looks(away)])

    moved = np.stack([shapes(away) for away in np.linspace(-REACH, REACH, 9)])
    likeness = np.einsum("sgpkd,gqjd->sgpkqj", moved, shapes(0.0), optimize=True).max(axis=(0, 1))
    places = np.arange(len(seen))
    likeness[places, :, places] = -1.0
    likeness[~(seen[:, :, None, None] & seen[None, None])] = -1.0
    return likeness.max(axis=2)


def contested(lesson: Lesson) -> np.ndarray:
    """For each place and digit (places, 10) whether what was read there as this digit looks as much like another digit
    elsewhere as that place's digits usually look like themselves."""
    labels = lesson.labels
    likeness = _likeness_to_others(lesson.looks(), labels)
    known = np.isfinite(likeness).all(axis=0)
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


def mean_shapes(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean shape (places, 10, d) of the patches (m, places, d) that bear each label (m, places); zeros for none."""
    return unit(np.einsum("mpk,mpd->pkd", one_hot(labels), patches), 1e-6)


def times_named(labels: np.ndarray) -> np.ndarray:
    """How often (places, 10) each digit is named at each place by labels (m, places)."""
    return one_hot(labels).sum(axis=0)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """(..., 10) with a one at each label; all zeros for NO_LABEL."""
    return np.eye(NO_LABEL + 1, 10, dtype=np.float32)[labels]
