"""Which of its two UTC does a local time mean that the end of summer time repeats?

The frames around it tell, or the clock's own step back; for a video that has neither, the night's other videos. Where
nothing tells it is said to be open, since an hour's error would go unseen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allsky.clock.timeline import usual_step

HOUR_S = 3600.0
# Videos that follow each other leave no more between them than this.
JOINED_S = 600.0

Span = tuple[float, float]


def resolve_repeated(
    videos: Sequence[np.ndarray], index: np.ndarray, first: np.ndarray, second: np.ndarray, quantum_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """UTC seconds of each row, NaN without a reading, and whether nothing tells which of two it is: both (n,).

    `videos` are the rows of each video by frame, in the night's order; `index` the frames' numbers; `first` and
    `second` the earlier and the later UTC that each reading could mean, mostly the same; `quantum_s` the clock's last
    place.
    """
    answer, unclear = first.copy(), np.zeros(len(first), bool)
    waiting, spans = [], []
    for rows in videos:
        told = _told_within(index[rows], first[rows], second[rows], quantum_s)
        if told is None:
            waiting.append(rows)
        elif not np.isnan(told).all():
            answer[rows] = told
            spans.append(_span(told))
    for number, rows in enumerate(waiting):
        told = _told_by_others(first[rows], second[rows], spans)
        if told is None and any(_overlap(_span(first[rows]), _span(first[other])) for other in waiting[number + 1 :]):
            told = first[rows]  # of two videos of one local hour the former is the earlier
        unclear[rows] = told is None
        answer[rows] = first[rows] if told is None else told
        spans.append(_span(answer[rows]))
    return answer, unclear


def _told_within(index: np.ndarray, first: np.ndarray, second: np.ndarray, quantum_s: float) -> np.ndarray | None:
    """The UTC of a video's frames, as far as these tell by themselves."""
    twofold = second > first
    if not twofold.any():
        return first
    sure = np.flatnonzero(~twofold & ~np.isnan(first))
    if len(sure) == 0:
        return _parted(first, second)
    # One frame may be all that is sure; the others keep its pace too, but for the one step back.
    shown = np.flatnonzero(~np.isnan(first))
    step = np.nan_to_num(usual_step(index[shown], first[shown], quantum_s))
    answer = first.copy()
    for place in np.flatnonzero(twofold):
        near = sure[np.abs(sure - place).argmin()]
        expected = first[near] + step * (index[place] - index[near])
        if abs(second[place] - expected) < abs(first[place] - expected):
            answer[place] = second[place]
    return answer


def _parted(first: np.ndarray, second: np.ndarray) -> np.ndarray | None:
    """A video wholly inside the repeated hours: the clock's own step back by most of an hour parts the two."""
    shown = np.flatnonzero(~np.isnan(first))
    back = np.flatnonzero(np.diff(first[shown]) < -HOUR_S / 2)
    if len(back) == 0:
        return None
    answer = first.copy()
    later = shown[back[0] + 1 :]
    answer[later] = second[later]
    return answer


def _told_by_others(first: np.ndarray, second: np.ndarray, spans: Sequence[Span]) -> np.ndarray | None:
    """The one of both that no other video fills already, or else the one that another video joins."""
    both = first, second
    for fits in (_is_free, _is_joined):
        fitting = [one for one in both if fits(_span(one), spans)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _is_free(mine: Span, spans: Sequence[Span]) -> bool:
    return not any(_overlap(mine, other) for other in spans)


def _is_joined(mine: Span, spans: Sequence[Span]) -> bool:
    return any(0 <= mine[0] - end <= JOINED_S or 0 <= begin - mine[1] <= JOINED_S for begin, end in spans)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _span(seconds: np.ndarray) -> Span:
    return float(np.nanmin(seconds)), float(np.nanmax(seconds))
