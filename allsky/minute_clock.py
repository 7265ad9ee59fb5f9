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


def seconds_of_minutes(timeline: Timeline, quantum_s: float) -> np.ndarray:
    """UTC seconds (n) of the believed frames of a timeline whose readings are cut down to whole `quantum_s`."""
    answer = timeline.seconds.astype(float).copy()
    for segment in np.unique(timeline.segment):
        own = timeline.segment == segment
        answer[own] = _even_times(timeline.index[own], timeline.seconds[own], quantum_s)
    return answer


def _even_times(index: np.ndarray, seconds: np.ndarray, quantum_s: float) -> np.ndarray:
    """Evenly spaced times inside the minutes `seconds`; those as shown where their phase is open or none fit."""
    span = index[-1] - index[0]
    if span == 0:
        return seconds
    rates = _rates((seconds[-1] - seconds[0]) / span, quantum_s / span)
    starts = seconds[None, :] - rates[:, None] * (index - index[0])[None, :]
    earliest, latest = starts.max(axis=1), starts.min(axis=1) + quantum_s
    room = latest - earliest
    # Cameras keep whole seconds where they can: of the rates that fit, a whole one comes before a roomier one.
    whole = (room > 0) & (np.abs(rates - np.round(rates)) < 1e-6) & (rates > 0.5)
    best = int(np.where(whole, room + quantum_s, room).argmax())
    if not 0 < room[best] < UNKNOWN_PHASE * quantum_s:
        return seconds
    return (earliest[best] + latest[best]) / 2 + rates[best] * (index - index[0])


def _rates(middle: float, reach: float) -> np.ndarray:
    """Seconds a frame to try: a fine grid and every whole number within reach."""
    whole = np.arange(np.ceil(middle - reach), np.floor(middle + reach) + 1)
    return np.concatenate([np.linspace(middle - reach, middle + reach, RATES), whole])
