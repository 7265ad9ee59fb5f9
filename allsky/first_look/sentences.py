"""What is there to say of a clock that was learned from a file, in sentences?"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import numpy as np
import pandas as pd

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.learned import LearnedClock
from allsky.clock.picture import PictureClock
from allsky.clock.timeline import Timeline


def learned_sentences(
    clock: LearnedClock, others: Sequence[str], readings: pd.DataFrame, timeline: Timeline | None
) -> list[str]:
    """Where the clock is, in which format, in which `others` its date could be as well, and how its times run."""
    return [_place(clock), *_swapped(clock, others), *_unread_zone(clock), _fit(readings, timeline)]


def picture_sentences(clock: PictureClock) -> list[str]:
    """Where the clock of a picture is, and in which format, where a time was read."""
    if not clock.moments and clock.time_only is None:
        return []
    places = [_at(one, box) for one, box in zip(clock.formats, clock.boxes, strict=True)]
    return [f"clock: {' and '.join(places)}"]


def unlearned_sentence(n_frames: int, most_like: str) -> str:
    """That no clock was found on so many frames, and what on them is most like one."""
    return f"no clock was found on {n_frames} of its frames ({most_like}), so each frame was read by itself"


def _place(clock: LearnedClock) -> str:
    looks = ["bright on dark" if part.bright else "dark on bright" for part in clock.parts]
    places = [f"{_at(part.format, part.box)} ({look})" for part, look in zip(clock.parts, looks, strict=True)]
    return f"clock: {' and '.join(places)}"


def _at(clock_format: ClockFormat, box: Box) -> str:
    return f"{_quoted(clock_format.pattern)} at x {box.x}, y {box.y}, {box.width} wide, {box.height} high"


def _swapped(clock: LearnedClock, others: Sequence[str]) -> list[str]:
    dated = clock.date_format
    if not others or not dated:
        return []
    patterns = " or ".join(map(_quoted, (dated.pattern, *others)))
    apart = "".join(
        f" and, on a line below it, to {_quoted(part.format.pattern)}" for part in clock.parts if part.format != dated
    )
    right = f"set [camera] clock_format to the right one{apart}"
    return [f"day and month could be swapped: the format is {patterns}; {right}"]


def _unread_zone(clock: LearnedClock) -> list[str]:
    if not clock.unread_zone:
        return []
    return [f"{clock.unread_zone!r} stands behind the clock and may be UTC, badly read"]


def _quoted(pattern: str) -> str:
    """As a shell would take it, which Python's own quoting is not where a pattern has quotes of its own."""
    return shlex.quote(pattern)


def _fit(readings: pd.DataFrame, timeline: Timeline | None) -> str:
    n, flagged = len(readings), int(readings["clock_flag"].notna().sum())
    frames = f"{n} frame{'s' * (n > 1)}"
    if timeline is None or len(timeline.index) < 2:
        return f"fit: {frames}, {flagged} of them in doubt"
    interpolated = int(((readings["source"] == "interpolated") & readings["clock_flag"].isna()).sum())
    return (
        f"fit: {frames}, {_pace(timeline)}; {n - flagged - interpolated} read, {interpolated} told by "
        f"their neighbours, {flagged} in doubt"
    )


def _pace(timeline: Timeline) -> str:
    if not timeline.keeps_a_pace:
        return "at no even pace"
    stretches = len(np.unique(timeline.stretch))
    return f"one each {timeline.step_s:.4g} s, in {stretches} unbroken stretch{'es' * (stretches > 1)}"
