"""When was each still taken, by its name or its EXIF?

Both show a time of the camera's own clock: local, unless an offset stands with it. Local times become UTC with the
camera's zone. The hour that summer time's end repeats is told apart where the times are seen to step back, and flagged
where they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

import pandas as pd

from allsky.clock.zones import possible_utc
from allsky.recordings.still_dating import ZoneOf

TWICE = "this local time comes twice when summer time ends, and the stills do not tell which it is"
NEVER = "this local time is skipped when summer time begins: the clock was not set forward, or is another zone's"


def utc_of_stills(shown: Sequence[datetime | None], zone_of: ZoneOf) -> tuple[pd.Series, list[str | None]]:
    """UTC of stills in order (NaT without a time), and for each null or the reason why it is in doubt.

    `shown` are their times: naive ones in the zone of their date, aware ones as they are.
    """
    options = [_options(moment, zone_of) for moment in shown]
    utc = [choice[0] if choice else None for choice in options]
    flags: list[str | None] = [None] * len(utc)
    for place, moment in enumerate(shown):
        if moment is not None and not options[place]:
            utc[place] = moment.replace(tzinfo=zone_of(f"{moment:%Y-%m-%d}"), fold=0).astimezone(UTC)
            flags[place] = NEVER
    for first, stop in _twofold_runs(options):
        back = _step_back(shown[first:stop])
        for place in (place for place in range(first, stop) if options[place]):
            utc[place] = options[place][0 if back is None or place < first + back else 1]
            flags[place] = TWICE if back is None else None
    times = pd.Series(pd.to_datetime(pd.Series(utc, dtype=object), utc=True)).astype("datetime64[ms, UTC]")
    return times, flags


def _options(moment: datetime | None, zone_of: ZoneOf) -> tuple[datetime, ...]:
    if moment is None:
        return ()
    if moment.tzinfo is not None:
        return (moment.astimezone(UTC),)
    return possible_utc(moment, zone_of(f"{moment:%Y-%m-%d}"))


def _twofold_runs(options: Sequence[tuple[datetime, ...]]) -> list[tuple[int, int]]:
    """First and end of each run of stills, in order, whose time could be two; those without a time end no run."""
    timed = [place for place, choice in enumerate(options) if choice]
    runs = groupby(timed, key=lambda place: len(options[place]) > 1)
    places = [list(run) for twofold, run in runs if twofold]
    return [(run[0], run[-1] + 1) for run in places]


def _step_back(shown: Sequence[datetime | None]) -> int | None:
    """Which of the times is the first after a step back; None where they never step back."""
    latest = None
    for place, moment in enumerate(shown):
        if moment is not None and latest is not None and moment < latest:
            return place
        latest = moment or latest
    return None
