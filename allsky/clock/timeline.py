"""When was each frame taken, given what clocks were read and that some were misread?

Frames follow each other in time, mostly by equal steps. Readings that keep one rate form *segments*; the
chain of segments and single readings with the most readings and the fewest surprises is believed, the rest
is not. Believed readings without a pause, a set-back or a frozen picture between them form a *stretch*, in which
time may be interpolated; across its ends nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# What a surprise costs, in readings. A lone misreading needs a leap and a set-back and never pays. Pauses cost
# less the more of them a video has: -PAUSE_WEIGHT ln(share of links that are pauses), MOST_PAUSE_COST at most.
PAUSE_WEIGHT, MOST_PAUSE_COST = 0.4, 1.5
# Before any link is seen, pauses are expected at this share of links, and so many links are as good as seen.
EXPECTED_PAUSES, USUAL_LINKS = 0.02, 40
SETBACK_COST = 3.0
CHANGED_RATE_COST = 0.5
FROZEN_COST = 0.6
# A pause of some whole steps is lost frames, the commonest surprise: a clear reading at a video's end is worth
# it, a doubtful one is not, nor is a misread one with the frozen picture or set-back behind it.
LOST_COST, MOST_LOST, WHOLE_STEP = 0.55, 3, 0.1
# What a link between two items can be.
GOES_ON, CHANGED, FROZEN, LOST, PAUSE, SETBACK = range(6)
# An excursion is at most this many items long.
EXCURSION = 8
# Items looked back over for a predecessor; more disbelieved ones in a row than this break the chain.
LOOKBACK = 60
# Least readings of a segment: two links of one rate.
SEGMENT = 3
# A link of more frames than so many usual ones spans some that were not read.
MANY_UNREAD = 2
# Share of a step by which a link may leave its segment's rate.
RATE_SLACK = 0.2
# So many readings that never go back, of which this share of links keeps no rate with one beside it, and of which in
# so many in a row fewer than this share lie on one line (more do where some were misread), are of a camera that keeps
# no even time: somebody released it, or it waits for what it sees.
UNEVEN, FEWEST_UNEVEN, IN_A_ROW, ON_A_LINE = 0.3, 8, 12, 0.5
# Steps back that such readings may have for being misread, as a share of them.
FEW_BACK = 0.1


@dataclass(frozen=True)
class Timeline:
    """Believed times of a video: `index` (n) of the frames believed, `seconds` (n) their times, `stretch` (n) and
    `segment` (n) which of them each belongs to, and `step_s` the usual seconds from a frame to the next (NaN if
    unknown)."""

    index: np.ndarray
    seconds: np.ndarray
    stretch: np.ndarray
    segment: np.ndarray
    step_s: float

    @property
    def keeps_a_pace(self) -> bool:
        """Whether any two frames follow each other at a pace, so that one could promise the other's time."""
        return len(np.unique(self.stretch)) < len(self.stretch)

    def at(self, frame_index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Time (n) of each frame in seconds, NaN where nothing can be claimed, and whether it is bracketed by
        believed readings of one stretch (beyond a stretch's ends the time is extrapolated)."""
        wanted = np.asarray(frame_index, float)
        if len(self.index) == 0:
            return np.full(len(wanted), np.nan), np.zeros(len(wanted), bool)
        last = len(self.index) - 1
        after = np.clip(np.searchsorted(self.index, wanted, side="left"), 0, last)
        before = np.clip(np.searchsorted(self.index, wanted, side="right") - 1, 0, last)
        inside = (self.index[before] <= wanted) & (wanted <= self.index[after])
        inside &= self.stretch[before] == self.stretch[after]
        share = (wanted - self.index[before]) / np.maximum(self.index[after] - self.index[before], 1)
        between = self.seconds[before] + share * (self.seconds[after] - self.seconds[before])
        near = np.where(np.abs(wanted - self.index[before]) <= np.abs(self.index[after] - wanted), before, after)[
            ~inside
        ]
        between[~inside] = self.seconds[near] + (wanted[~inside] - self.index[near]) * self._local_step(near)
        return between, inside

    def _local_step(self, near: np.ndarray) -> np.ndarray:
        """Seconds a frame at the stretch's end nearest to a frame: of its segment where it has one, else the usual."""
        steps = np.full(len(near), self.step_s)
        for place in np.unique(near):
            own = np.flatnonzero(self.segment == self.segment[place])
            span = self.index[own[-1]] - self.index[own[0]]
            if len(own) >= SEGMENT and span > 0:
                steps[near == place] = (self.seconds[own[-1]] - self.seconds[own[0]]) / span
        return steps

    def departures(self) -> np.ndarray:
        """Seconds (n) by which each believed reading leaves the line between its two neighbours of the same segment,
        so that no frame vouches for itself; 0 at a segment's ends."""
        answer = np.zeros(len(self.index))
        same = (self.segment[:-2] == self.segment[1:-1]) & (self.segment[1:-1] == self.segment[2:])
        inner = np.flatnonzero(same) + 1
        share = (self.index[inner] - self.index[inner - 1]) / (self.index[inner + 1] - self.index[inner - 1])
        before, after = self.seconds[inner - 1], self.seconds[inner + 1]
        answer[inner] = self.seconds[inner] - before - share * (after - before)
        return answer


class _Item(NamedTuple):
    """A segment, or a single reading, as a link of the chain: positions of its first and last reading, its weight,
    and its rate in seconds a frame (of a single reading the usual one)."""

    first: int
    last: int
    weight: float
    rate: float


def fit_timeline(frame_index: np.ndarray, seconds: np.ndarray, weight: np.ndarray, quantum_s: float) -> Timeline:
    """The timeline of a video's readings: `frame_index` (n, ascending), `seconds` (n) read, `weight` (n) 0 to 1 how
    sure; `quantum_s` the clock's last place."""
    index, seconds, weight = (np.asarray(part, float) for part in (frame_index, seconds, weight))
    if len(index) == 0:
        return Timeline(index, seconds, index.astype(int), index.astype(int), np.nan)
    return _Fit(index, seconds, weight, quantum_s).timeline()


def usual_step(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> float:
    """The usual seconds from a frame to the next: the median over pairs of readings far enough apart for the clock's
    last place to tell (NaN for a single reading)."""
    step = np.nan
    for apart in (1, 2, 4, 8, 16, 32, 64, 128):
        if len(index) <= apart:
            break
        gap = seconds[apart:] - seconds[:-apart]
        step = float(np.median(gap / (index[apart:] - index[:-apart])))
        if np.median(np.abs(gap)) >= 5 * quantum_s:
            break
    return step


def only_lost_frames(gap_s: np.ndarray, frames: np.ndarray, step_s: float, quantum_s: float) -> np.ndarray:
    """Whether over `frames` frames time went on by `gap_s` seconds as if a few more of them had been lost."""
    lost = lost_frames(gap_s, frames, step_s, quantum_s)
    return (lost > 0) & (lost <= MOST_LOST)


def lost_frames(gap_s: np.ndarray, frames: np.ndarray, step_s: float, quantum_s: float) -> np.ndarray:
    """How many frames were lost if over `frames` frames time went on by `gap_s` seconds; NaN where these are no whole
    steps."""
    if not step_s > 0:
        return np.full(np.shape(gap_s), np.nan)
    steps = np.round(gap_s / step_s)
    whole = np.abs(gap_s - steps * step_s) <= max(WHOLE_STEP * step_s, quantum_s)
    return np.where(whole, steps - frames, np.nan)


class _Fit:
    """The chain of one video's readings."""

    def __init__(self, index: np.ndarray, seconds: np.ndarray, weight: np.ndarray, quantum_s: float) -> None:
        self.index, self.seconds, self.weight, self.quantum_s = index, seconds, weight, quantum_s
        self.step_s = usual_step(index, seconds, quantum_s)

    def timeline(self) -> Timeline:
        in_order = self._in_order_at_no_pace()
        if in_order is not None:
            of_its_own = np.arange(len(in_order))
            return Timeline(self.index[in_order], self.seconds[in_order], of_its_own, of_its_own, self.step_s)
        chain = self._without_excursions(self._best_chain())
        items = [self.items[number] for number in chain]
        stretch, segment = np.arange(len(chain)), np.arange(len(chain))
        for place, number in enumerate(chain[1:], 1):
            link, item = self._link(chain[place - 1], number), items[place]
            # A single reading has no rate of its own and goes on with that of the item before it.
            same_rate = item.first == item.last or np.isclose(self.rate[chain[place - 1]], item.rate, rtol=0.05)
            if link in (GOES_ON, CHANGED):
                stretch[place] = stretch[place - 1]
            if link == GOES_ON and same_rate:
                segment[place] = segment[place - 1]
        own = [slice(item.first, item.last + 1) for item in items]
        index, seconds = (np.concatenate([of_all[each] for each in own]) for of_all in (self.index, self.seconds))
        n_readings = [item.last + 1 - item.first for item in items]
        return Timeline(index, seconds, np.repeat(stretch, n_readings), np.repeat(segment, n_readings), self.step_s)

    def _in_order_at_no_pace(self) -> np.ndarray | None:
        """The readings of a camera that keeps no even time, None of another: those that follow each other in order. At
        a few steps back one was misread: the one without which the others are in order, or both where nothing tells."""
        back = np.flatnonzero(np.diff(self.seconds) <= 0)
        if len(back) == 0:
            return np.arange(len(self.index)) if self._keeps_no_even_time() else None
        if len(back) > FEW_BACK * len(self.index):
            return None
        before, behind = (np.pad(self.seconds, 1, constant_values=end) for end in (-np.inf, np.inf))
        without_former = before[back] < self.seconds[back + 1]
        without_latter = self.seconds[back] < behind[back + 3]
        kept = np.ones(len(self.index), bool)
        kept[back[without_former | ~without_latter]] = False
        kept[back[without_latter | ~without_former] + 1] = False
        rest = _Fit(self.index[kept], self.seconds[kept], self.weight[kept], self.quantum_s)
        return np.flatnonzero(kept) if rest._keeps_no_even_time() else None

    def _keeps_no_even_time(self) -> bool:
        """Whether readings follow each other in order and at no pace."""
        frames, gap = np.diff(self.index), np.diff(self.seconds)
        if len(self.index) < FEWEST_UNEVEN or not (gap > 0).all():
            return False
        even = self._even_links() | only_lost_frames(gap, frames, self.step_s, self.quantum_s)
        return bool(np.mean(~even) >= UNEVEN) and self._share_on_a_line() < ON_A_LINE

    def _share_on_a_line(self) -> float:
        """How many of some readings in a row lie on one line of the usual step, as a share."""
        away = self.seconds - self.seconds[0] - self.step_s * (self.index - self.index[0])
        rows = np.lib.stride_tricks.sliding_window_view(away, min(IN_A_ROW, len(away)))
        behind = rows[:, None, :] - rows[:, :, None]
        near = (behind >= 0) & (behind <= max(self.quantum_s, RATE_SLACK * self.step_s))
        return float(np.median(near.sum(axis=2).max(axis=1)) / rows.shape[1])

    # Items: what a chain is made of, which readings at no pace need not.

    @cached_property
    def first(self) -> np.ndarray:
        return np.array([item.first for item in self.items])

    @cached_property
    def last(self) -> np.ndarray:
        return np.array([item.last for item in self.items])

    @cached_property
    def rate(self) -> np.ndarray:
        return np.array([item.rate for item in self.items])

    @cached_property
    def items(self) -> list[_Item]:
        """Segments of one rate, and the readings between them one by one, in order."""
        even = self._even_links()
        items, position = [], 0
        while position < len(self.index):
            last = position
            while last < len(even) and even[last]:
                last += 1
            for end in [*self._before_lost_frames(position, last), last]:
                if end - position + 1 >= SEGMENT:
                    items.append(self._item(position, end))
                else:
                    items += [self._item(one, one) for one in range(position, end + 1)]
                position = end + 1
        return items

    def _before_lost_frames(self, first: int, last: int) -> list[int]:
        """The readings of a run of one rate before gaps in which frames were lost: over many unread frames the rate
        hardly shows that, and a time between them would be off by as much."""
        if last - first < SEGMENT - 1:
            return []
        run = slice(first, last + 1)
        frames, gap = np.diff(self.index[run]), np.diff(self.seconds[run])
        rate = usual_step(self.index[run], self.seconds[run], self.quantum_s)
        if not rate > 0:
            return []
        off = np.abs(gap - frames * rate) > np.maximum(rate / 2, self.quantum_s)
        lost = np.flatnonzero(off & (frames > MANY_UNREAD * np.median(frames)))
        return (first + lost).tolist()

    def _even_links(self) -> np.ndarray:
        """For each link from a reading to the next (n - 1), whether it keeps the rate of a link beside it."""
        frames, gap = np.diff(self.index), np.diff(self.seconds)
        if len(gap) < 2:
            return np.zeros(len(gap), bool)
        rate = gap / frames
        slower = np.minimum(np.abs(rate[1:]), np.abs(rate[:-1]))
        slack = self.quantum_s * (1 / frames[1:] + 1 / frames[:-1]) / 2 + RATE_SLACK * slower
        alike = (np.abs(np.diff(rate)) <= slack + 1e-6) & (rate[1:] >= 0) & (rate[:-1] >= 0)
        even = np.zeros(len(gap), bool)
        even[1:] |= alike
        even[:-1] |= alike
        # Where the rate changes, two even links meet that are not alike: the earlier segment ends there.
        even[:-1] &= alike | ~np.concatenate([[False], alike[:-1]]) | ~even[1:]
        return even

    def _item(self, first: int, last: int) -> _Item:
        frames = self.index[last] - self.index[first]
        rate = (self.seconds[last] - self.seconds[first]) / frames if frames > 0 else self.step_s
        return _Item(first, last, float(self.weight[first : last + 1].sum()), float(rate))

    # Links.

    def _links(self, ones: np.ndarray, other: int) -> np.ndarray:
        """What each link from items `ones` to the item `other` is."""
        gap = self.seconds[self.first[other]] - self.seconds[self.last[ones]]
        frames = self.index[self.first[other]] - self.index[self.last[ones]]
        link = np.where(gap > 0, PAUSE, np.where(gap == 0, FROZEN, SETBACK))
        link = np.where(only_lost_frames(gap, frames, self.step_s, self.quantum_s), LOST, link)
        usual = self._agrees(gap, frames, self.rate[other]) | self._agrees(gap, frames, self.step_s)
        link = np.where(usual, CHANGED, link)
        return np.where(self._agrees(gap, frames, self.rate[ones]), GOES_ON, link)

    def _link(self, one: int, other: int) -> int:
        return int(self._links(np.array([one]), other)[0])

    def _agrees(self, gap_s: np.ndarray, frames: np.ndarray, rate: np.ndarray | float) -> np.ndarray:
        """Whether `gap_s` seconds are what `frames` steps of `rate` take, to the clock's last place or half a step."""
        slack = np.maximum(0.5 * np.abs(rate), self.quantum_s) + 1e-6
        return (np.abs(gap_s - frames * rate) <= slack) & (np.asarray(rate) >= 0)

    @cached_property
    def pause_cost(self) -> float:
        """Pauses are cheap in a video that is full of them (a camera that exposes as long as it needs)."""
        pauses = sum(self._link(number - 1, number) in (LOST, PAUSE) for number in range(1, len(self.items)))
        share = max((pauses + EXPECTED_PAUSES * USUAL_LINKS) / (len(self.index) + USUAL_LINKS), EXPECTED_PAUSES)
        return min(MOST_PAUSE_COST, -PAUSE_WEIGHT * float(np.log(min(share, 1.0))))

    # The chain.

    def _best_chain(self) -> list[int]:
        """The items, in order, that together hold the most readings after paying for the surprises between them."""
        lost_cost = min(LOST_COST, self.pause_cost)
        costs = np.array([0.0, CHANGED_RATE_COST, FROZEN_COST, lost_cost, self.pause_cost, SETBACK_COST])
        score = np.array([item.weight for item in self.items])
        came_from = np.full(len(score), -1)
        for number in range(1, len(score)):
            earlier = np.arange(max(number - LOOKBACK, 0), number)
            through = score[earlier] - costs[self._links(earlier, number)]
            best = int(through.argmax())
            if through[best] > 0:
                score[number] += through[best]
                came_from[number] = earlier[best]
        chain, number = [], int(score.argmax())
        while number >= 0:
            chain.append(number)
            number = int(came_from[number])
        return chain[::-1]

    def _without_excursions(self, chain: list[int]) -> list[int]:
        """The chain without what leaves its line and comes back to it: that was misread as a whole (every 8 taken for a
        3), for no clock that was set wrong and right again comes back to the second."""
        kept: list[int] = []
        for number in chain:
            for _ in range(self._excursion(kept[-EXCURSION:], number)):
                kept.pop()
            kept.append(number)
        return kept

    def _excursion(self, tail: list[int], number: int) -> int:
        """How many of the last items left the line that `number` goes on with; one of their links was a set-back."""
        links = [self._link(one, other) for one, other in pairwise([*tail, number])]
        for place in range(len(tail) - 2, -1, -1):
            left = links[place] in (LOST, PAUSE, SETBACK) and SETBACK in links[place:]
            if left and self._link(tail[place], number) == GOES_ON:
                return len(tail) - 1 - place
        return 0
