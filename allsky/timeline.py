"""When was each frame taken, given what clocks were read and that some were misread?

Frames follow each other in time, mostly by equal steps. Readings that continue one another form
*runs*; the chain of runs with the most readings and the fewest jumps is believed, the rest is not.
Between believed readings time is interpolated; where a jump lies between, nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What a break of the chain costs, in readings: going on after a pause, and a clock set back. A lone
# misreading needs one of each, so it never pays; three frames after a reboot do.
PAUSE_COST = 1.5
SETBACK_COST = 3.0
# Runs looked back over for a predecessor; more rejected runs in a row than this break the chain.
LOOKBACK = 60


@dataclass(frozen=True)
class Timeline:
    """Believed times of a video: `index` (n) of the frames believed, `seconds` (n) their times, `run` (n) the
    unbroken stretch each belongs to, and `step_s` the usual seconds from a frame to the next (NaN if unknown)."""

    index: np.ndarray
    seconds: np.ndarray
    run: np.ndarray
    step_s: float

    def at(self, frame_index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Time (n) of each frame in seconds, NaN where nothing can be claimed, and whether it is bracketed by
        believed readings of one stretch (beyond a stretch's ends the time is extrapolated)."""
        wanted = np.asarray(frame_index, float)
        if len(self.index) == 0:
            return np.full(len(wanted), np.nan), np.zeros(len(wanted), bool)
        after = np.searchsorted(self.index, wanted, side="left")
        before = np.clip(np.searchsorted(self.index, wanted, side="right") - 1, 0, len(self.index) - 1)
        after = np.clip(after, 0, len(self.index) - 1)
        inside = (self.index[before] <= wanted) & (wanted <= self.index[after]) & (self.run[before] == self.run[after])
        span = np.maximum(self.index[after] - self.index[before], 1)
        share = np.where(after > before, (wanted - self.index[before]) / span, 0.0)
        between = self.seconds[before] + share * (self.seconds[after] - self.seconds[before])
        near = np.where(np.abs(wanted - self.index[before]) <= np.abs(self.index[after] - wanted), before, after)
        beyond = self.seconds[near] + (wanted - self.index[near]) * self.step_s
        return np.where(inside, between, beyond), inside


def fit_timeline(frame_index: np.ndarray, seconds: np.ndarray, weight: np.ndarray, quantum_s: float) -> Timeline:
    """The timeline of a video's readings: `frame_index` (n, ascending), `seconds` (n) read, `weight` (n) 0 to 1 how
    sure; `quantum_s` the clock's last place."""
    index, seconds, weight = (np.asarray(part, float) for part in (frame_index, seconds, weight))
    if len(index) == 0:
        return Timeline(index, seconds, index.astype(int), np.nan)
    step = usual_step(index, seconds)
    first, last = _runs(index, seconds, step, quantum_s)
    chain = _best_chain(index, seconds, first, last, np.add.reduceat(weight, first), step, quantum_s)
    stretches = _stretches(index, seconds, first, last, chain, step, quantum_s)
    return _timeline(index, seconds, first, last, stretches, step)


def usual_step(index: np.ndarray, seconds: np.ndarray) -> float:
    """The usual seconds from a frame to the next: the median over pairs of readings some frames apart."""
    steps = []
    for apart in (1, 2, 5, 11):
        if len(index) > apart:
            steps.append((seconds[apart:] - seconds[:-apart]) / (index[apart:] - index[:-apart]))
    if not steps:
        return np.nan
    each = [float(np.median(one)) for one in steps if len(one)]
    return float(np.median(each))


def _agree(gap_s: np.ndarray | float, frames: np.ndarray | float, step: float, quantum_s: float) -> np.ndarray | bool:
    """Whether `gap_s` seconds are what `frames` steps take."""
    return np.abs(gap_s - frames * step) <= np.maximum(0.5 * abs(step), quantum_s) + 1e-6


def _runs(index: np.ndarray, seconds: np.ndarray, step: float, quantum_s: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last position of each stretch of readings in which every one continues the one before."""
    if len(index) == 1 or not np.isfinite(step):
        return np.array([0]), np.array([len(index) - 1])
    goes_on = _agree(np.diff(seconds), np.diff(index), step, quantum_s)
    breaks = np.flatnonzero(~np.asarray(goes_on))
    return np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(index) - 1]])


def _best_chain(index, seconds, first, last, support, step, quantum_s) -> list[int]:
    """The runs, in order, that together hold the most readings after paying for the jumps between them."""
    score, came_from = support.astype(float).copy(), np.full(len(first), -1)
    for run in range(1, len(first)):
        earlier = np.arange(max(run - LOOKBACK, 0), run)
        gap = seconds[first[run]] - seconds[last[earlier]]
        frames = index[first[run]] - index[last[earlier]]
        cost = np.where(gap < -quantum_s, SETBACK_COST, PAUSE_COST)
        cost = np.where(_agree(gap, frames, step, quantum_s), 0.0, cost)
        through = score[earlier] - cost
        best = int(through.argmax())
        if through[best] > 0:
            score[run] += through[best]
            came_from[run] = earlier[best]
    chain, run = [], int(score.argmax())
    while run >= 0:
        chain.append(run)
        run = int(came_from[run])
    return chain[::-1]


def _stretches(index, seconds, first, last, chain, step, quantum_s) -> list[list[int]]:
    """The chain cut at its jumps. A stretch that leaves the line of its neighbours, which themselves agree, was
    misread as a whole (every 8 taken for a 3): it is dropped and the neighbours become one."""
    stretches: list[list[int]] = []
    for run in chain:
        if stretches and _follows(index, seconds, last[stretches[-1][-1]], first[run], step, quantum_s):
            stretches[-1].append(run)
        elif len(stretches) > 1 and _follows(index, seconds, last[stretches[-2][-1]], first[run], step, quantum_s):
            stretches.pop()
            stretches[-1].append(run)
        else:
            stretches.append([run])
    return stretches


def _follows(index, seconds, before: int, after: int, step: float, quantum_s: float) -> bool:
    return bool(_agree(seconds[after] - seconds[before], index[after] - index[before], step, quantum_s))


def _timeline(index, seconds, first, last, stretches, step) -> Timeline:
    picked = [
        (position, number)
        for number, runs in enumerate(stretches)
        for run in runs
        for position in range(first[run], last[run] + 1)
    ]
    positions, run = (np.array(column, int) for column in zip(*picked, strict=True))
    return Timeline(index[positions], seconds[positions], run, step)
