"""Which UTC has each frame of a night, and which readings are not to be believed?

Local times become UTC with the zone the overlay names, else the configured one; the repeated hour of
autumn is told apart by the order of the frames. Each video's times then go through its `Timeline`. A frame
whose own reading leaves it is flagged; one without a reading is dated by it, unless its glyphs speak against that;
a stretch that differs from its neighbour by a single digit is flagged too, unless its glyphs prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise

import numpy as np
import pandas as pd

from allsky.clock.minutes import seconds_of_minutes
from allsky.clock.timeline import Timeline, fit_timeline, usual_step
from allsky.clock.zones import overlay_zone, possible_utc
from allsky.tables import READINGS

HOUR_S = 3600.0
# A frame outside the believed readings is dated by extrapolation no farther than this many frames.
FARTHEST_EXTRAPOLATION = 3
# A reading is in doubt where it leaves the timeline by more than half a frame step, or a second where that is more.
SMALLEST_TOLERANCE_S = 1.0
# Glyphs speak against a time with this little support, and prove that it is not shown with this little in most frames.
AGAINST, PROVEN = -0.5, -0.5
# A second is taken against the fit's where the glyphs speak for it by so much more.
CLEARLY_MORE = 0.3
# A reading of this confidence is clear. Others are believed in stretches of so many readings, and in videos of which
# most frames are believed.
CLEAR, FEWEST_IN_STRETCH, MOSTLY = 0.8, 3, 0.5
# Videos shorter than this are too short for stretches; and where this share of readings stand in stretches as short,
# the camera keeps no even time and that says nothing.
FEW_FRAMES, SELDOM = 8, 0.2
# Share of frames between two readings that may speak against what lies between.
MANY = 1 / 3
HARD_TO_READ = "the clock is hard to read here and does not look like the night's clock"
# Frames of a stretch looked at for proof.
FRAMES_OF_PROOF = 25

# How far the glyphs of a row of the readings speak for a naive time (-1 to 1).
Support = Callable[[int, datetime], float]


def date_readings(
    readings: pd.DataFrame,
    zone_words: Sequence[str | None],
    zone: tzinfo,
    quantum_s: float,
    support: Support | None = None,
) -> tuple[pd.DataFrame, dict[str, Timeline]]:
    """READINGS of a night, its videos dated one by one, and the timeline of each.

    `readings` has video, frame_index, ocr_text, overlay_time (naive), source and confidence; `zone_words` the zone each
    overlay names. The order of rows is kept.
    """
    table = readings.reset_index(drop=True)
    zones = _zones(table, zone_words, zone)
    own, skipped = _own_utc(table, zones)
    dated = _Dates(np.full(len(table), np.nan), np.full(len(table), np.nan), np.full(len(table), None, object))
    timelines = {}
    for video, rows in table.groupby("video", sort=False).indices.items():
        rows = rows[np.argsort(table["frame_index"].to_numpy()[rows], kind="stable")]
        one = _Video(rows, table["frame_index"].to_numpy()[rows], own[rows], quantum_s)
        timelines[str(video)] = one.date(table["confidence"].to_numpy(float)[rows], dated)
        if support is not None:
            one.hear(_as_local(support, zones), dated)
    dated.flags[_with_unread(table, own, skipped)] = f"the overlay shows a local time that summer time skips in {zone}"
    answer = table.assign(
        utc=pd.to_datetime(dated.seconds, unit="s", utc=True).astype("datetime64[ms, UTC]"),
        source=np.where(np.isnan(own), "interpolated", table["source"]),
        residual_s=dated.residual_s,
        clock_flag=pd.Series(dated.flags, dtype=object),
    )
    return answer[READINGS.names], timelines


@dataclass(frozen=True)
class _Dates:
    """What is found out about each row: UTC seconds, residual, flag."""

    seconds: np.ndarray
    residual_s: np.ndarray
    flags: np.ndarray


# Local time.


def _zones(table: pd.DataFrame, words: Sequence[str | None], zone: tzinfo) -> list[tzinfo]:
    """The zone of each row's overlay."""
    near = table["overlay_time"].dropna()
    year = near.iloc[len(near) // 2].to_pydatetime() if len(near) else None
    known = {word: overlay_zone(word, zone, year) for word in set(words)}
    return [known[word] for word in words]


def _as_local(support: Support, zones: Sequence[tzinfo]) -> Callable[[int, float], float]:
    def of_utc(row: int, seconds: float) -> float:
        utc = datetime.fromtimestamp(round(seconds * 10) / 10, UTC)
        return support(row, utc.astimezone(zones[row]).replace(tzinfo=None))

    return of_utc


def _own_utc(table: pd.DataFrame, zones: Sequence[tzinfo]) -> tuple[np.ndarray, np.ndarray]:
    """Each frame's own reading in UTC seconds (NaN without one), and whether it is a time that never was."""
    first, second = np.full(len(table), np.nan), np.full(len(table), np.nan)
    skipped = np.zeros(len(table), bool)
    shown = table["overlay_time"].astype(object).to_list()
    for row in map(int, np.flatnonzero(table["overlay_time"].notna())):
        local = shown[row].to_pydatetime()
        options = possible_utc(local, zones[row])
        skipped[row] = not options
        options = options or (_not_set_forward(local, zones[row]),)
        first[row], second[row] = options[0].timestamp(), options[-1].timestamp()
    for rows in table.groupby("video", sort=False).indices.values():
        rows = rows[np.argsort(table["frame_index"].to_numpy()[rows], kind="stable")]
        first[rows] = _resolve_repeated(table["frame_index"].to_numpy()[rows], first[rows], second[rows])
    return first, skipped


def _with_unread(table: pd.DataFrame, own: np.ndarray, skipped: np.ndarray) -> np.ndarray:
    """The rows that are `skipped`, and those without a reading of their own that stand nearest to them."""
    answer = skipped.copy()
    for rows in table.groupby("video", sort=False).indices.values() if skipped.any() else ():
        rows = rows[np.argsort(table["frame_index"].to_numpy()[rows], kind="stable")]
        read = np.flatnonzero(~np.isnan(own[rows]))
        for place in np.flatnonzero(np.isnan(own[rows])) if len(read) else ():
            beside = read[np.abs(read - place) == np.abs(read - place).min()]
            answer[rows[place]] = skipped[rows[beside]].any()
    return answer


def _not_set_forward(local: datetime, zone: tzinfo) -> datetime:
    """A time that summer time skips, as a clock shows it that was not yet set forward."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _resolve_repeated(index: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of the two UTC a repeated local hour could be, the one that continues the frames around it."""
    twofold = second > first
    if not twofold.any():
        return first
    sure = np.flatnonzero(~twofold & ~np.isnan(first))
    if len(sure) == 0:
        return _resolve_alone(first, second)
    step = usual_step(index[sure], first[sure]) if len(sure) > 1 else 0.0
    answer = first.copy()
    for place in np.flatnonzero(twofold):
        near = sure[np.abs(sure - place).argmin()]
        expected = first[near] + step * (index[place] - index[near])
        if abs(second[place] - expected) < abs(first[place] - expected):
            answer[place] = second[place]
    return answer


def _resolve_alone(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A video wholly inside the repeated hours: the clock's own step back by most of an hour parts the two."""
    shown = np.flatnonzero(~np.isnan(first))
    back = np.flatnonzero(np.diff(first[shown]) < -HOUR_S / 2)
    answer = first.copy()
    if len(back):
        later = shown[back[0] + 1 :]
        answer[later] = second[later]
    return answer


# One video.


class _Video:
    """The frames of one video in order: the `rows` of the night's table they stand in, their frame `index`, and their
    own reading (UTC seconds, NaN without one)."""

    def __init__(self, rows: np.ndarray, index: np.ndarray, own: np.ndarray, quantum_s: float) -> None:
        self.rows, self.index, self.own, self.quantum_s = rows, _without_cards(index), own, quantum_s
        self.read = ~np.isnan(own)

    def date(self, confidence: np.ndarray, dated: _Dates) -> Timeline:
        """Fill in seconds, residuals and the flags that the times alone call for."""
        timeline = fit_timeline(self.index[self.read], self.own[self.read], confidence[self.read], self.quantum_s)
        self.timeline, self.fitted, self.inside = timeline, *timeline.at(self.index)
        self.believed = np.isin(self.index, timeline.index) & self.read
        self.vague = np.zeros(len(self.index), bool)
        if self.quantum_s > 1:
            self._fit_minutes()
        residual = self.own - self.fitted
        residual[self.believed] = timeline.departures() if self.quantum_s <= 1 else 0.0
        dated.residual_s[self.rows] = residual
        dated.seconds[self.rows] = np.where(self.believed & (self.quantum_s <= 1), self.own, self.fitted)
        dated.flags[self.rows] = self._flags(residual, confidence)
        return timeline

    def _fit_minutes(self) -> None:
        """Seconds under a clock that shows none, also for the frames between the believed ones."""
        if not self.believed.any():
            return
        seconds, vague = seconds_of_minutes(self.timeline, self.quantum_s)
        places = np.flatnonzero(self.believed)
        between = self.believed | self.inside
        self.fitted[between] = np.interp(np.flatnonzero(between), places, seconds)
        self.vague[between] = np.interp(np.flatnonzero(between), places, vague.astype(float)) > 0
        # Before the first and behind the last of them time goes on as it did.
        for beyond, edge, inner in ((slice(0, places[0]), 0, 1), (slice(places[-1] + 1, None), -1, -2)):
            if len(places) > 1:
                ends, when = self.index[places[[edge, inner]]], seconds[[edge, inner]]
                step = (when[1] - when[0]) / (ends[1] - ends[0])
                self.fitted[beyond] = when[0] + (self.index[beyond] - ends[0]) * step
                self.vague[beyond] = vague[edge]

    def _weak(self, confidence: np.ndarray) -> np.ndarray:
        """Whether a frame's time rests on readings that are neither clear nor many: in a short stretch, or in a video
        of which most could not be read."""
        unclear = confidence < CLEAR
        weak = np.zeros(len(self.index), bool)
        sizes = np.bincount(self.timeline.stretch) if len(self.timeline.stretch) else np.zeros(0, int)
        alone = np.zeros(len(self.index), bool)
        alone[self.believed] = sizes[self.timeline.stretch] < FEWEST_IN_STRETCH
        if len(self.index) > FEW_FRAMES:
            weak |= alone & unclear
        if self.believed.sum() < MOSTLY * len(self.index):
            weak |= unclear | alone | ~self.believed
        return weak

    def _flags(self, residual: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        step = abs(float(np.nan_to_num(self.timeline.step_s)))
        tolerance = max(0.5 * step, SMALLEST_TOLERANCE_S, self.quantum_s)
        flags = np.full(len(self.index), None, object)
        for place in np.flatnonzero(self.read & (~self.believed | (np.abs(residual) > tolerance))):
            flags[place] = f"the reading leaves the night's clock by {residual[place]:+.0f} s"
        lost = ~self.read & ~self.inside & ~self._near_believed()
        if self._stands_still():
            flags[:] = "the clock stands still over the whole video: it was frozen, or what moves was not read"
        flags[self._weak(confidence)] = "too little of the clock can be read surely here"
        flags[self.vague] = "the clock shows no seconds and the frames around do not tell them"
        flags[lost] = "the clock is not readable here and no readable frames stand on both sides"
        return flags

    def _stands_still(self) -> bool:
        """Whether all that is believed of more than a few frames is one and the same time."""
        believed = self.own[self.believed]
        return len(self.index) > FEW_FRAMES and self.quantum_s <= 1 and len(believed) > 0 and np.ptp(believed) == 0

    def _near_believed(self) -> np.ndarray:
        """Whether a frame lies just before the first or just behind the last believed one."""
        if len(self.timeline.index) < 2:
            return np.zeros(len(self.index), bool)
        ends = self.timeline.index[[0, -1]]
        beyond = (self.index < ends[0]) | (self.index > ends[1])
        return beyond & (np.abs(self.index[:, None] - ends[None, :]).min(axis=1) <= FARTHEST_EXTRAPOLATION)

    # What the glyphs have to say.

    def hear(self, support: Callable[[int, float], float], dated: _Dates) -> None:
        """Flag what the glyphs speak against: interpolated times they do not show, and stretches read with one digit
        other than their neighbours promise without proof that it is another."""
        for place in map(int, np.flatnonzero(~self.read & ~np.isnan(self.fitted))):
            self._hear_unread(place, support, dated)
        self._hear_spans(dated)
        for members, expected in self._odd_stretches():
            chosen = members[np.unique(np.linspace(0, len(members) - 1, FRAMES_OF_PROOF).astype(int))]
            heard = [support(self.rows[place], expected(self.index[place])) for place in chosen]
            if np.median(heard) > PROVEN:
                dated.flags[self.rows[members]] = "one digit of the clock may be misread here: the times jump by it"

    def _hear_spans(self, dated: _Dates) -> None:
        """Between two believed readings where many frames do not show what lies between, nothing does: one of the two
        is wrong, and the lonelier is not believed."""
        believed = np.flatnonzero(self.believed)
        if len(believed) == 0:
            return
        contradicted = np.array([flag == HARD_TO_READ for flag in dated.flags[self.rows]])
        pieces = self.timeline.stretch.copy()
        for number, (before, after) in enumerate(pairwise(believed)):
            span = slice(before + 1, after)
            if after - before > 1 and contradicted[span].mean() > MANY:
                dated.flags[self.rows[span]] = HARD_TO_READ
                pieces[number + 1 :] += pieces.max() + 1
        sizes = np.bincount(pieces, minlength=1)[pieces]
        if len(self.index) > FEW_FRAMES and (sizes < FEWEST_IN_STRETCH).mean() < SELDOM:
            lonely = self.rows[believed[sizes < FEWEST_IN_STRETCH]]
            dated.flags[lonely] = "this reading stands alone between jumps of the clock"

    def _hear_unread(self, place: int, support: Callable[[int, float], float], dated: _Dates) -> None:
        """The fit leaves open which second is shown: the one the glyphs speak for most is taken."""
        row, fitted = self.rows[place], self.fitted[place]
        near = np.floor(fitted / self.quantum_s) + np.array([0, 1, -1])
        heard = [support(row, second * self.quantum_s) for second in near]
        best = int(np.argmax(heard))
        if heard[best] <= AGAINST:
            dated.flags[row] = HARD_TO_READ
        elif (heard[best] > 0 or heard[best] > heard[0] + CLEARLY_MORE) and self.quantum_s <= 1:
            dated.seconds[row] = near[best]

    def _odd_stretches(self) -> list[tuple[np.ndarray, Callable[[float], float]]]:
        """The shorter of two neighbouring stretches whose times differ by one digit only, and the times that the longer
        one promises for it."""
        places = np.flatnonzero(self.believed)
        stretch, answers = self.timeline.stretch, []
        for number, other in zip(np.unique(stretch)[:-1], np.unique(stretch)[1:], strict=True):
            one, two = places[stretch == number], places[stretch == other]
            short, long = (one, two) if len(one) < len(two) else (two, one)
            promise = self._line(long, at_end=short is two)
            edge = short[0] if short is two else short[-1]
            if _one_digit_apart(self.own[edge], promise(self.index[edge])):
                answers.append((short, promise))
        return answers

    def _line(self, members: np.ndarray, at_end: bool) -> Callable[[float], float]:
        """The times that a stretch promises beyond its end, or before its beginning."""
        near = members[-1] if at_end else members[0]
        step = self.timeline.step_s
        return lambda index: float(self.own[near] + (index - self.index[near]) * step)


def _without_cards(index: np.ndarray) -> np.ndarray:
    """Frames counted without the cards among them, which take no time of the clock; sparse keyframes by their own
    index."""
    steps = np.diff(index)
    return np.arange(len(index)) if len(steps) and np.median(steps) == 1 else index


def _one_digit_apart(one_s: float, other_s: float) -> bool:
    """Whether two times are written alike but for one digit (of either hour, minute, second or day)."""
    one, other = (datetime.fromtimestamp(round(moment), UTC).strftime("%Y%m%d%H%M%S") for moment in (one_s, other_s))
    return sum(first != second for first, second in zip(one, other, strict=True)) == 1
