"""Over which nights does a recording run, by its own clock?

Its clock is learned from a few frames; between two of them that lie in different nights the frame at which the night
changes is found by halving, a frame read at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from allsky.clock.learning import ClockSettings, Keyframe, LearnedClock, learn_clock
from allsky.recordings.recording import Recording
from allsky.site import night_of


class Stretch(NamedTuple):
    """Frames of one night in a recording: the night, the first of them, and how many there are."""

    night: str
    first_frame: int
    n_frames: int


def nights_by_clock(recording: Recording, settings: ClockSettings, longitude_deg: float) -> list[Stretch]:
    """The nights of a recording in order, which together hold all of its frames; none where no clock can be believed.

    A clock that runs backwards over a noon tells no order of nights: then all frames are taken for the night of most.
    Raises BadVideo where no frame can be decoded, NoClock where there is no clock that can be read.
    """
    frames = {frame.index: frame for frame in [*recording.keyframes(), *recording.ends()]}
    keyframes = [Keyframe(recording.name, index, frames[index].luma.copy()) for index in sorted(frames)]
    clock = learn_clock(keyframes, settings, None, longitude_deg)
    believed = clock.readings[clock.readings["clock_flag"].isna() & clock.readings["utc"].notna()]
    nights = [str(night) for night in night_of(believed["utc"], longitude_deg)]
    if not nights:
        return []
    told = list(zip(believed["frame_index"].astype(int).tolist(), nights, strict=True))
    if nights != sorted(nights):
        return [Stretch(max(sorted(set(nights)), key=nights.count), 0, recording.n_frames)]
    return _stretches(told, recording.n_frames, _night_reader(recording, clock, longitude_deg))


def _night_reader(recording: Recording, clock: LearnedClock, longitude_deg: float) -> Callable[[int], str | None]:
    def night_at(index: int) -> str | None:
        frame = next(iter(recording.chosen([index])), None)
        if frame is None:
            return None
        utc = clock.provisional_utc(recording.name, index, clock.read(frame.luma))
        return None if utc is None else night_of(utc, longitude_deg)

    return night_at


def _stretches(told: list[tuple[int, str]], n_frames: int, night_at: Callable[[int], str | None]) -> list[Stretch]:
    firsts = [(0, told[0][1])]
    for one, other in pairwise(told):
        firsts += _changes(one, other, night_at)
    ends = [first for first, _ in firsts[1:]] + [n_frames]
    return [Stretch(night, first, end - first) for (first, night), end in zip(firsts, ends, strict=True)]


def _changes(
    one: tuple[int, str], other: tuple[int, str], night_at: Callable[[int], str | None]
) -> list[tuple[int, str]]:
    """The frames between two at which another night begins, and that night."""
    (low, before), (high, after) = one, other
    if before == after:
        return []
    if high - low <= 1:
        return [(high, after)]
    middle = (low + high) // 2
    night = night_at(middle)
    if night is None or not before <= night <= after:
        night = before
    return [*_changes(one, (middle, night), night_at), *_changes((middle, night), other, night_at)]
