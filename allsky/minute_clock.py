"""When, to the second, was each frame taken under a clock that shows no seconds?

Many frames share a minute, and the frames at which it turns tell where the minutes begin. Times run evenly, and each
lies inside its minute: of all lines that do so the one in the middle is taken. Where frames are a minute or
more apart nothing tells, and the time is the minute's beginning, as shown.
"""

from __future__ import annotations

import numpy as np

from allsky.timeline import Timeline

# Rates tried for each segment, within what the clock's last place leaves open.
RATES = 401
# A phase that is open by this share of the clock's last place is not known at all.
UNKNOWN_PHASE = 0.9


def seconds_of_minutes(timeline: Timeline, quantum_s: float, holes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """UTC seconds (n) of the believed frames of a timeline whose readings are cut down to whole `quantum_s`, and
    whether each is left vague by more than half a step. `holes` are frame indices behind which frames are missing
    that took no time (cards): even times are not sought across them."""
    answer, vague = timeline.seconds.astype(float).copy(), np.zeros(len(timeline.index), bool)
    if not timeline.step_s < quantum_s:
        return answer, vague
    parts = np.stack([timeline.segment, np.searchsorted(holes, timeline.index)])
    for segment in np.unique(parts, axis=1).T:
        own = np.flatnonzero((parts == segment[:, None]).all(axis=0))
        for first, last in _even_pieces(timeline.index[own], timeline.seconds[own], quantum_s):
            piece = own[first : last + 1]
            even = _even_times(timeline.index[piece], timeline.seconds[piece], quantum_s)
            vague[piece] = even is None
            if even is not None:
                answer[piece] = even[0]
                vague[piece] = even[1] > max(np.diff(even[0]).mean(), 2.0) + 1e-6
    return answer, vague


def _even_pieces(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> list[tuple[int, int]]:
    """First and last position of pieces that even times fit: as long as possible, one after the other (a card between
    frames, a pause shorter than a minute)."""
    pieces, first = [], 0
    while first < len(index):
        low, high = first, len(index) - 1
        while low < high:
            middle = (low + high + 1) // 2
            fits = _room(index[first : middle + 1], seconds[first : middle + 1], quantum_s)[1].max() > 0
            low, high = (middle, high) if fits else (low, middle - 1)
        pieces.append((first, low))
        first = low + 1
    return pieces


def _room(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates to try (k), the room (k) each leaves for the first frame's time, and the latest such time (k)."""
    span = max(index[-1] - index[0], 1)
    rates = _rates((seconds[-1] - seconds[0]) / span, quantum_s / span)
    starts = seconds[None, :] - rates[:, None] * (index - index[0])[None, :]
    latest = starts.min(axis=1) + quantum_s
    return rates, latest - starts.max(axis=1), latest


def _even_times(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> tuple[np.ndarray, float] | None:
    """Evenly spaced times inside the minutes `seconds`, in the middle of what is possible, and by how many seconds that
    is open; None where it is open altogether or none fit."""
    rates, room, latest = _room(index, seconds, quantum_s)
    # Cameras keep whole seconds where they can: of the rates that fit, a whole one comes before a roomier one.
    whole = (room > 0) & (np.abs(rates - np.round(rates)) < 1e-6) & (rates > 0.5)
    best = int(np.where(whole, room + quantum_s, room).argmax())
    if index[-1] == index[0] or not 0 < room[best] < UNKNOWN_PHASE * quantum_s:
        return None
    return latest[best] - room[best] / 2 + rates[best] * (index - index[0]), float(room[best])


def _rates(middle: float, reach: float) -> np.ndarray:
    """Seconds a frame to try: a fine grid and every whole number within reach."""
    whole = np.arange(np.ceil(middle - reach), np.floor(middle + reach) + 1)
    return np.concatenate([np.linspace(middle - reach, middle + reach, RATES), whole])
