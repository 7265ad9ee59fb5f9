"""When, to the second, was each frame taken under a clock that shows no seconds?

Many frames share a minute, and the frames at which it turns tell where the minutes begin. As long as times run evenly,
every frame lies inside its minute: of all lines that do so (there are fewer the longer it lasts) the middle is taken,
and where these are farther apart than a step the seconds are said to be vague. Readings that the glyphs doubt have no
say in that: one frame at a minute's turn, read as the minute beside it, would leave no line at all. Where frames are
a minute or more apart the time is the minute's beginning, as shown.
"""

from __future__ import annotations

import numpy as np

from allsky.clock.timeline import Timeline

# Even minutes in a row that are needed to tell the seconds.
FEWEST_MINUTES = 3
# Rates looked at between the slowest and the fastest possible one; rounds that home in on these.
RATES, SEARCH_ROUNDS = 41, 40
# A rate of whole seconds is taken where it has this share of the most room.
AS_GOOD = 0.95
# Share of frames that may show another minute than the line: those were misread.
MISREAD_SHARE = 0.03
# A camera that changes its pace changes it by more than this share.
OTHER_RATE = 0.25
# A frame alone that takes this share of a step from all others was misread too.
STANDS_OUT = 0.3


def seconds_of_minutes(timeline: Timeline, quantum_s: float, doubted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """UTC seconds (n) of the believed frames of a timeline whose readings are cut down to whole `quantum_s`, and
    whether each is left vague by more than half a step. `doubted` (n) says which readings the glyphs doubt."""
    answer, vague = timeline.seconds.astype(float).copy(), np.zeros(len(timeline.index), bool)
    if not timeline.step_s < quantum_s:
        # Of a single frame nobody knows how far into its minute it was taken.
        return answer, vague | np.isnan(timeline.step_s)
    for stretch in np.unique(timeline.stretch):
        own = np.flatnonzero(timeline.stretch == stretch)
        answer[own], vague[own] = _stretch(timeline.index[own], timeline.seconds[own], quantum_s, doubted[own])
    return answer, vague


def _stretch(
    index: np.ndarray, seconds: np.ndarray, quantum_s: float, doubted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Times of one unbroken stretch, and whether they are vague."""
    turns = np.flatnonzero(np.diff(seconds) > 0) + 1
    if len(turns) > FEWEST_MINUTES and (line := _even_line(index, seconds, quantum_s, doubted)):
        return line
    answer, vague, usual = seconds.copy(), np.ones(len(index), bool), _rates(index, seconds, quantum_s)
    for first, last in _even_runs(index[turns], seconds[turns], quantum_s):
        # The minutes cut off by the ends of the video go with the even ones beside them.
        own = slice(0 if first == 0 else turns[first], len(index) if last == len(turns) - 1 else turns[last])
        line = _even_line(index[own], seconds[own], quantum_s, doubted[own])
        if line and not _bent(line[0], index[own], usual):
            answer[own], vague[own] = line
    return answer, vague


def _rates(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> tuple[float, float]:
    """The slowest and the fastest rate, in seconds a frame, by which time can go on from first to last."""
    length = max(index[-1] - index[0], 1.0)
    mean = (seconds[-1] - seconds[0]) / length
    return max(mean - quantum_s / length, 1e-3), mean + quantum_s / length


def _bent(times: np.ndarray, index: np.ndarray, usual: tuple[float, float]) -> bool:
    """Whether a run goes on at a rate near those that are `usual`, and at none of them: a frame at a turn was misread
    (zoo clip 75779: 20 s a frame became 19 and 16)."""
    rate = (times[-1] - times[0]) / max(index[-1] - index[0], 1.0)
    slowest, fastest = usual
    near = (1 - OTHER_RATE) * slowest < rate < (1 + OTHER_RATE) * fastest
    return near and not slowest <= rate <= fastest


def _even_runs(turned: np.ndarray, seconds: np.ndarray, quantum_s: float) -> list[tuple[int, int]]:
    """First and last of the turns (n: frame index, and the minute begun) of each run of minutes in a row that hold as
    many frames, one more or less."""
    counts, minutes = np.diff(turned), np.diff(seconds)
    runs, first = [], 0
    while first < len(counts):
        last = first
        while last < len(counts) and minutes[last] == quantum_s and np.ptp(counts[first : last + 1]) <= 1:
            last += 1
        if last - first >= FEWEST_MINUTES:
            runs.append((first, last))
        first = max(last, first + 1)
    return runs


def _even_line(
    index: np.ndarray, seconds: np.ndarray, quantum_s: float, doubted: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Even times inside the minutes `seconds`, and whether they are vague; None where time does not run evenly."""
    frames, kept = index - index[0], ~doubted
    if len(np.unique(seconds[kept])) < FEWEST_MINUTES:
        kept = np.ones(len(index), bool)
    band = _Band(frames[kept], seconds[kept], quantum_s)
    for _ in range(int(MISREAD_SHARE * kept.sum()) + 1):
        odd, gain = band.odd_one()
        if band.room(band.best) > 0 and gain <= STANDS_OUT * max(band.best, 2.0):
            break
        kept[np.flatnonzero(kept)[odd]] = False
        band = _Band(frames[kept], seconds[kept], quantum_s)
    if band.room(band.best) <= 0:
        return None
    slowest, fastest = band.slowest_and_fastest()
    whole = band.whole(slowest, fastest)
    rates = [whole] if whole else np.linspace(slowest, fastest, RATES)
    earliest = np.min([band.first(rate) + rate * frames for rate in rates], axis=0)
    latest = np.max([band.first(rate) + band.room(rate) + rate * frames for rate in rates], axis=0)
    middle, most = (earliest + latest) / 2, max(band.best, 2.0) + 1e-6
    misread = (middle < seconds) | (middle >= seconds + quantum_s)
    return middle, (latest - earliest > most) | misread


class _Band:
    """The lines that lie inside the minutes `seconds` (n) of `frames` (n): for a rate in seconds a frame, `first` the
    earliest time of frame 0, and `room` how much later it could be (negative where that rate will not do)."""

    def __init__(self, frames: np.ndarray, seconds: np.ndarray, quantum_s: float) -> None:
        self.frames, self.seconds, self.quantum_s = frames, seconds, quantum_s
        self.range = _rates(frames, seconds, quantum_s)
        self.best = self._best(*self.range)

    def first(self, rate: float) -> float:
        return float((self.seconds - rate * self.frames).max())

    def room(self, rate: float) -> float:
        starts = self.seconds - rate * self.frames
        return float(starts.min() + self.quantum_s - starts.max())

    def _best(self, low: float, high: float) -> float:
        """The rate with the most room, which has one summit: lines fill a convex shape."""
        for _ in range(SEARCH_ROUNDS):
            third = (high - low) / 3
            low, high = (low + third, high) if self.room(low + third) < self.room(high - third) else (low, high - third)
        return (low + high) / 2

    def slowest_and_fastest(self) -> tuple[float, float]:
        """The rates at which the room ends on either side of the best one."""
        ends = []
        for outer in self.range:
            inner = self.best
            for _ in range(SEARCH_ROUNDS):
                between = (inner + outer) / 2
                inner, outer = (between, outer) if self.room(between) > 0 else (inner, between)
            ends.append(inner)
        return ends[0], ends[1]

    def whole(self, slowest: float, fastest: float) -> float | None:
        """The one rate of whole seconds that will do about as well as the best: cameras keep such rates where they
        can."""
        whole = np.arange(np.ceil(slowest), np.floor(fastest) + 1)
        alone = float(whole[0]) if len(whole) == 1 else None
        return alone if alone and self.room(alone) >= AS_GOOD * self.room(self.best) else None

    def odd_one(self) -> tuple[int, float]:
        """The frame that leaves the most room when it goes, and how much more that is."""
        starts = self.seconds - self.best * self.frames
        gains = {one: float(np.ptp(starts) - np.ptp(np.delete(starts, one))) for one in _ends(starts)}
        odd = max(gains, key=lambda one: gains[one])
        return odd, gains[odd]


def _ends(starts: np.ndarray) -> tuple[int, int]:
    return int(starts.argmin()), int(starts.argmax())
