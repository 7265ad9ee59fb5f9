"""Where do the digits of this clock stand, judged by how all of them look?

Boxes tell it roughly: equal digits look most alike where they are cut out at the same place. A number whose boxes are
quite elsewhere (Tesseract shares out a word that it cannot cut into letters) is found by the digits it was read as.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np

from allsky.clock.digit_likeness import REACH, Lesson, mean_shapes, one_hot, times_named
from allsky.clock.glyphs import unit, windows

# What moving a place by its whole reach costs, in likeness: enough that noise does not move it.
REACH_COST = 0.03
# A number is looked for this many digits' widths to both sides, where its digits are less like the same digits of other
# numbers than LOST; it is where they are at least FOUND like them. (Digits of one clock at their places: 0.8 and more.)
FARTHEST, LOST, FOUND = 1.5, 0.5, 0.8
# Digits stand no nearer to each other than this share of their width.
CLEAR_OF_OTHERS = 0.6


def aligned(lesson: Lesson) -> Lesson:
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
    return _with_digits_at(lesson, centers)


def found_again(lesson: Lesson) -> Lesson:
    """The lesson with the numbers that its boxes misplace where their digits look like those of the other numbers."""
    centers = lesson.digit_centers.copy()
    shares = np.linspace(-FARTHEST, FARTHEST, 25)
    for number in _numbers(lesson.layout):
        others = np.setdiff1d(np.arange(len(centers)), number)
        likeness = _likeness_of_number(lesson, centers, number, np.append(0.0, shares) * lesson.width)
        if not likeness[0] < LOST:
            continue
        best = int(likeness[1:].argmax())
        moved = centers[number] + shares[best] * lesson.width
        apart = np.abs(moved[:, None] - centers[others][None]).min(initial=np.inf)
        if likeness[1:][best] >= FOUND and apart >= CLEAR_OF_OTHERS * lesson.width:
            centers[number] = moved
    return _with_digits_at(lesson, centers)


def _numbers(layout: str) -> Iterator[np.ndarray]:
    """The digit places of each number of a layout."""
    first = 0
    for is_digit, chars in groupby(layout, "0".__eq__):
        if is_digit:
            length = len(list(chars))
            yield np.arange(first, first + length)
            first += length


def _likeness_of_number(lesson: Lesson, centers: np.ndarray, number: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """How much (shifts) the digits at the places of `number`, each moved by so many pixels, are like the same digits of
    the other numbers, on the mean; NaN where most of them stand in none."""
    shapes = mean_shapes(windows(lesson.crops, centers, lesson.width), lesson.labels)
    elsewhere = times_named(lesson.labels) > 0
    elsewhere[number] = False
    labels = lesson.labels[:, number]
    known = np.append(elsewhere.any(axis=0), False)[labels]
    if known.mean() < 0.5:
        return np.full(len(shifts), np.nan)
    moved = (windows(lesson.crops, centers[number] + shift, lesson.width) for shift in shifts)
    each = np.stack([np.einsum("mpd,qkd->mpqk", patches, shapes, optimize=True) for patches in moved])
    best = np.where(elsewhere, each, -1.0).max(axis=3)
    rows, places = np.nonzero(known)
    return best[:, rows, places, labels[rows, places]].mean(axis=1)


def _with_digits_at(lesson: Lesson, centers: np.ndarray) -> Lesson:
    all_centers = lesson.centers.copy()
    all_centers[lesson.is_digit] = centers
    return replace(lesson, centers=all_centers)


def _likeness_at(lesson: Lesson, centers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean likeness (places) of the patches around `centers` to the shapes `wanted` (m, places, d)."""
    return np.einsum("mpd,mpd->p", windows(lesson.crops, centers, lesson.width), wanted) / len(wanted)


def _means_elsewhere(patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean shape (places, 10, d) of each digit at all places but that one; zeros where it stands nowhere else."""
    hot = one_hot(labels)
    at_place = np.einsum("mpk,mpd->pkd", hot, patches)
    return unit(at_place.sum(axis=0)[None] - at_place, 1e-6)
