"""Which digit is it really that Tesseract gave this name, judged by how all of them look?

Equal digits of a clock look equal, at one place and at all. A name that its look contradicts is changed to that of its
likes, or dropped; a digit that looks as it does nowhere else is refused, and one that looks like another is contested.
How alike they are `allsky.clock.digit_likeness` tells.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from allsky.clock.digit_alikeness import ALIKE, ALIKE_BLURRED, MORE_THAN_ALIKE, MORE_THAN_BLURRED
from allsky.clock.digit_likeness import (
    NO_LABEL,
    Lesson,
    likeness_elsewhere,
    likeness_to_others,
    moved_likeness,
    of_label,
    one_hot,
    times_named,
    usual_of_places,
)

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
# itself, by MORE_THAN_ALIKE, than these two ever are.
LIKE_ITSELF, SURELY_ITSELF = 0.7, 0.8
# A digit that stands at so many places is known.
ELSEWHERE = 2
# Of a place that shows so many digits, less by STRANGER like any other that is known.
SEVERAL = 3
# A digit seen at one place only is contested where another's look elsewhere is within this of the usual likeness.
RIVAL_SLACK = 0.05
# A digit is contested where it looks like another one elsewhere by this share of what is usual. (Different digits of
# OpenCV's and Matplotlib's fonts are alike by 0.91 at most, equal ones at other places by 0.95 and more.)
ONE_SHAPE, AS_MUCH, ONE_SHAPE_AT_LEAST = 0.955, 0.03, 0.92


def relabelled(lesson: Lesson) -> Lesson:
    """The lesson with one label to each shape of a place, by vote and by its look at other places, without those that
    no other place bears out (`refused`); without its levels where equal digits are not alike by them."""
    lesson = _with_coherent_looks(lesson)
    looks = lesson.looks()
    labels = lesson.labels.copy()
    likeness = likeness_to_others(looks, labels)
    for place, column in enumerate(labels.T):
        _settle_place(looks[0][:, place], column, likeness[:, place])
    for _ in range(2):
        likeness = likeness_to_others(looks, labels)
        loose = ~(usual_of_places(of_label(likeness, labels)) >= SURELY_ITSELF)
        if loose.any():
            likeness[:, loose] = moved_likeness(lesson, labels)[:, loose]
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
    own = of_label(likeness_to_others(lesson.looks()[1:], lesson.labels), lesson.labels)
    coherent = np.isfinite(own).any() and np.nanmedian(own) >= SURELY_ITSELF
    return lesson if coherent else replace(lesson, levels=None)


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


def _looked_up(labels: np.ndarray, likeness: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """The labels (m, places) of patches, those that look more like another digit elsewhere than like their own changed
    to that digit, or dropped where no one digit is clear; `likeness` (m, places, 10) is theirs to the digits elsewhere,
    NaN for those that cannot be. A place of which nothing could be read has its labels from there alone, unless it may
    show one of the `possible` (places, 10) digits that nobody has seen.
    """
    likeness = likeness.copy()
    rows, places = np.indices(labels.shape)
    own = of_label(likeness, labels)
    likeness[rows, places, np.minimum(labels, 9)] = np.where(labels == NO_LABEL, likeness[rows, places, 9], np.nan)
    ranked = np.sort(np.nan_to_num(likeness, nan=-1.0), axis=2)
    best, lead = ranked[:, :, -1], ranked[:, :, -1] - ranked[:, :, -2]
    found = np.nan_to_num(likeness, nan=-1.0).argmax(axis=2)
    # What a place's digits usually have in common with the same digits elsewhere depends on how well it is placed.
    usual = usual_of_places(own)
    belied = (best > own + BELIED) | (own < usual - STRANGER) | (labels == NO_LABEL)
    belied |= _of_one_shape(labels, own, best, found)
    # A digit that looks as another one elsewhere usually does, and like no third, is that one.
    everywhere = np.nanmedian(usual) if np.isfinite(usual).any() else np.nan
    other = (best >= np.maximum(usual, everywhere) - RIVAL_SLACK) & (lead >= BELIED)
    unread = (labels == NO_LABEL).all(axis=0)
    if unread.any() and np.isfinite(everywhere):
        unseen = possible & np.isnan(likeness).all(axis=0)
        least = np.where(unseen[None], ALIKE[found] + MORE_THAN_ALIKE, everywhere - RIVAL_SLACK).max(axis=2)
        other |= unread & (best >= least) & (lead >= BELIED)
    return np.where(belied, np.where(other, found, NO_LABEL), labels)


def _of_one_shape(labels: np.ndarray, own: np.ndarray, best: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Which labels (m, places) stand at one place alone, where their look is that of a digit `found` at several others,
    more than these two are ever alike: a 0 that is read as a 6 when a minute ends with it, and as itself elsewhere.
    What has one label is of one shape: most of it decides for all."""
    same = one_hot(labels)
    times = same.sum(axis=0)
    places = (times > 0).sum(axis=0)
    alone = np.isnan(own) & (labels != NO_LABEL) & (places[found] >= ELSEWHERE)
    answer = alone & (best >= ALIKE_BLURRED[found, np.minimum(labels, 9)] + MORE_THAN_BLURRED)
    most = np.einsum("mpk,mp->pk", same, answer) > times / 2
    return (same * most[None]).sum(axis=2) > 0


def _strangers(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    """Which digits at which places (places, 10) look as they look nowhere else. A place that shows one digit throughout
    (an hour, a month) may have been misread throughout: it has nothing of its own to be held against."""
    likeness = likeness_elsewhere(lesson, labels)
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


def contested(lesson: Lesson) -> np.ndarray:
    """For each place and digit (places, 10) whether what was read there as this digit looks as much like another digit
    elsewhere as that place's digits usually look like themselves, or less like itself elsewhere than they do and as one
    may that nobody has seen."""
    labels = lesson.labels
    unseen = lesson.possible & (times_named(labels).sum(axis=0) == 0)
    likeness = likeness_to_others(lesson.looks(), labels)
    known = np.isfinite(likeness).all(axis=0)
    own = of_label(likeness, labels)
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
                could_be = ALIKE_BLURRED[digit, unseen[place]].max(initial=-1.0)
                answer[place, digit] = look[digit] < could_be * usual
            look[digit] = np.nan
            rival = np.nanmax(look) if np.isfinite(look).any() else -1.0
            answer[place, digit] |= rival >= least
    return answer
