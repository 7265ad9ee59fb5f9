"""When, to the second, was each frame taken under a clock that shows no seconds?

Many frames share a minute, and the frames at which it turns tell where the minutes begin. As long as every minute
holds as many frames (one more or less), times run evenly and each lies inside its minute: of all lines that do so
the one in the middle is taken. Minutes that hold more or fewer frames tell nothing, and are said to be vague. Where
frames are a minute or more apart the time is the minute's beginning, as shown.
"""

from __future__ import annotations

import numpy as np

from allsky.timeline import Timeline

# Even minutes in a row that are needed to tell the seconds.
FEWEST_MINUTES = 3
# Rates tried around the one that the turning minutes suggest.
RATES = 101
# A rate that is no multiple of half a second needs so many even minutes to be believed.
MINUTES_FOR_ODD_RATE = 5


def seconds_of_minutes(timeline: Timeline, quantum_s: float) -> tuple[np.ndarray, np.ndarray]:
    """UTC seconds (n) of the believed frames of a timeline whose readings are cut down to whole `quantum_s`, and
    whether each is left vague by more than half a step."""
    answer, vague = timeline.seconds.astype(float).copy(), np.zeros(len(timeline.index), bool)
    if not timeline.step_s < quantum_s:
        return answer, vague
    for stretch in np.unique(timeline.stretch):
        own = np.flatnonzero(timeline.stretch == stretch)
        answer[own], vague[own] = _stretch(timeline.index[own], timeline.seconds[own], quantum_s)
    return answer, vague


def _stretch(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times of one unbroken stretch, and whether they are vague."""
    answer, vague = seconds.copy(), np.ones(len(index), bool)
    turns = np.flatnonzero(np.diff(seconds) > 0) + 1
    for first, last in _even_runs(index[turns], seconds[turns], quantum_s):
        # The minutes cut off by the ends of the video go with the even ones beside them.
        start = 0 if first == 0 else turns[first]
        end = len(index) if last == len(turns) - 1 else turns[last]
        times = _even_times(index[start:end], seconds[start:end], last - first, quantum_s)
        if times is not None:
            answer[start:end], vague[start:end] = times, False
    return answer, vague


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


def _even_times(index: np.ndarray, seconds: np.ndarray, minutes: int, quantum_s: float) -> np.ndarray | None:
    """Even times inside the minutes `seconds`, in the middle of what is possible; None where there are none, or they
    are open by more than a step. Cameras keep whole seconds where they can: such a rate is tried first."""
    usual = quantum_s * minutes / max(_frames_of(index, seconds, minutes), 1)
    whole = [rate for rate in np.arange(0.5, quantum_s, 0.5) if abs(rate - usual) <= 0.15 * usual]
    odd = list(np.linspace(usual * 0.9, usual * 1.1, RATES)) if minutes >= MINUTES_FOR_ODD_RATE else []
    for rate in [*sorted(whole, key=lambda rate: (rate % 1 > 0, abs(rate - usual))), *odd]:
        starts = seconds - rate * (index - index[0])
        room = starts.min() + quantum_s - starts.max()
        if 0 < room <= max(rate, 2.0) + 1e-6:
            return starts.max() + room / 2 + rate * (index - index[0])
    return None


def _frames_of(index: np.ndarray, seconds: np.ndarray, minutes: int) -> float:
    """Frames that the whole minutes hold."""
    turns = np.flatnonzero(np.diff(seconds) > 0) + 1
    return float(index[turns[min(minutes, len(turns) - 1)]] - index[turns[0]])
