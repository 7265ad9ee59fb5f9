"""When, to the second, was each frame taken under a clock that shows no seconds?

Many frames share a minute, and the frames at which it turns tell where the minutes begin. Times run evenly, and each
lies inside its minute: of all lines that do so the one in the middle is taken. Where frames are a minute or
more apart nothing tells, and the time is the minute's beginning, as shown.
"""

from __future__ import annotations

import numpy as np

from allsky.timeline import Timeline

# Rates tried for each segment around the one that the turning minutes suggest.
RATES = 101
# A rate whose even run is this share of the longest does as well.
GOOD_REACH = 0.98
# A rate that is no multiple of half a second needs so many turns of the minute to be believed.
TURNS_FOR_ODD_RATE = 5


def seconds_of_minutes(timeline: Timeline, quantum_s: float, holes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """UTC seconds (n) of the believed frames of a timeline whose readings are cut down to whole `quantum_s`, and
    whether each is left vague by more than half a step. `holes` are frame indices behind which frames are missing
    that took no time (cards): even times are not sought across them."""
    answer, vague = timeline.seconds.astype(float).copy(), np.zeros(len(timeline.index), bool)
    if not timeline.step_s < quantum_s:
        return answer, vague
    parts = np.stack([timeline.segment, np.searchsorted(holes, timeline.index)])
    for part in np.unique(parts, axis=1).T:
        own = np.flatnonzero((parts == part[:, None]).all(axis=0))
        answer[own], vague[own] = _part(timeline.index[own], timeline.seconds[own], quantum_s)
    return answer, vague


def _part(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times of one segment and whether they are vague. It keeps one rate, but may hold still for some frames: the
    minutes in which it does so are vague altogether."""
    answer, vague = seconds.copy(), np.ones(len(index), bool)
    rate = _rate(index, seconds, quantum_s)
    if rate is None:
        return answer, vague
    pieces = _even_pieces(index, seconds, rate, quantum_s)
    odd_rate = abs(2 * rate - round(2 * rate)) > 1e-9 and _turns(seconds) < TURNS_FOR_ODD_RATE
    for number, (first, last) in enumerate(pieces):
        own = slice(first, last + 1)
        starts = seconds[own] - rate * (index[own] - index[first])
        room = starts.min() + quantum_s - starts.max()
        answer[own] = starts.max() + room / 2 + rate * (index[own] - index[first])
        broken = (number > 0) * (seconds[own] == seconds[first]) | (number < len(pieces) - 1) * (
            seconds[own] == seconds[last]
        )
        vague[own] = odd_rate | broken | (room > max(rate, 2.0) + 1e-6)
    return answer, vague


def _even_pieces(index: np.ndarray, seconds: np.ndarray, rate: float, quantum_s: float) -> list[tuple[int, int]]:
    """First and last position of the longest pieces, one after the other, whose times can be even."""
    starts = seconds - rate * (index - index[0])
    pieces, first = [], 0
    while first < len(index):
        highest, lowest = np.maximum.accumulate(starts[first:]), np.minimum.accumulate(starts[first:])
        fits = highest - lowest < quantum_s
        length = len(fits) if fits.all() else int(fits.argmin())
        pieces.append((first, first + length - 1))
        first += length
    return pieces


def _rate(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> float | None:
    """Seconds a frame, by which the longest run of frames is even. Cameras keep whole seconds where they can: a whole
    rate comes before another that does as well. None where no minute turns."""
    span = index[-1] - index[0]
    if span == 0 or seconds[-1] <= seconds[0]:
        return None
    middle = float(np.median(np.diff(index[np.flatnonzero(np.diff(seconds) > 0)]))) if _turns(seconds) > 1 else np.nan
    usual = quantum_s / middle if np.isfinite(middle) else (seconds[-1] - seconds[0]) / span
    rates = np.concatenate([np.arange(1.0, quantum_s), np.linspace(usual * 0.9, usual * 1.1, RATES)])
    rates = rates[np.abs(rates - usual) <= 0.15 * usual]
    reach = [max(last - first for first, last in _even_pieces(index, seconds, rate, quantum_s)) for rate in rates]
    best = max(reach, default=0)
    good = [rate for rate, length in zip(rates, reach, strict=True) if length >= GOOD_REACH * best]
    return min(good, key=lambda rate: (abs(rate - round(rate)) > 1e-9, abs(rate - usual)), default=None)


def _turns(seconds: np.ndarray) -> int:
    return int((np.diff(seconds) > 0).sum())
