"""When was each frame of one video taken, by its own readings and those around them?

A video's times go through its `Timeline`. A frame whose own reading leaves it is flagged; one without a reading is
dated by it. What the glyphs have to say of such times is heard afterwards (`allsky.clock.glyph_witness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from allsky.clock.minutes import seconds_of_minutes
from allsky.clock.timeline import fit_timeline, only_lost_frames

# A frame outside the believed readings is dated by extrapolation no farther than this many frames.
FARTHEST_EXTRAPOLATION = 3
# A reading is in doubt where it leaves the timeline by more than half a frame step, or a second where that is more.
SMALLEST_TOLERANCE_S = 1.0
# A reading of this confidence is clear. Others are believed in stretches of so many readings, and in videos of which
# most frames are believed.
CLEAR, FEWEST_IN_STRETCH, MOSTLY = 0.8, 3, 0.5
# With less than this share of a video's frames believed, none is.
HARDLY_ANY = 0.2
# So many believed readings, with no more clear ones beside their line than this share of them, are of one mind.
MANY_BELIEVED, ODD_ONES = 300, 0.01
# Readings by sure glyphs have at least this confidence (half, and half their lead). Where lost frames alone part them
# from the others, few are as good as many.
SURE_GLYPHS = 0.65
# Videos shorter than this are too short for stretches.
FEW_FRAMES = 8
# A clock may be set back now and then; one that goes back by minutes more often than this is misread.
MOST_SETBACKS, A_SETBACK_S = 3, 60.0
# However sure Tesseract is of a frame that the glyphs doubt, it is worth no more than this.
DOUBTED_BY_GLYPHS = 0.5
# Surely read texts that are no time, so many and this share of all surely read: the format or a digit is mistaken.
FEW_IMPOSSIBLE, MANY_IMPOSSIBLE = 3, 0.1
NO_TIME_LEFT = "the clock is not readable here, and the frames around leave no time for this one"
LOST = "the clock is not readable here and no readable frames stand on both sides"


class VideoTimes:
    """The frames of one video in order, dated by their own readings.

    `rows` are those of the night's table they stand in, `index` their frames counted without the video's `cards`, which
    take no time of the clock, `own` their readings (UTC seconds, NaN without one), `confidence` how sure these are (0
    to 1); `impossible` says which show, surely read, what is no time.

    `timeline` is what fits them and `fitted` its seconds for each frame; `inside` are those between believed readings
    of one stretch, `believed` the readings on it, `alone` those of them in short stretches, `vague` the frames whose
    seconds a clock of minutes does not tell. What is found out so far is in `seconds` (UTC), `residual_s` and `flags`
    (None where nothing speaks against a frame); whoever finds more writes it there.
    """

    def __init__(
        self,
        rows: np.ndarray,
        index: np.ndarray,
        own: np.ndarray,
        confidence: np.ndarray,
        quantum_s: float,
        cards: Sequence[int],
        impossible: np.ndarray,
    ) -> None:
        self.index = index - np.searchsorted(np.sort(np.asarray(cards, int)), index)
        self.rows, self.own, self.quantum_s = rows, own, quantum_s
        self.read = ~np.isnan(own)
        self.confidence, self.impossible = confidence, impossible
        used = self._used()
        self.timeline = fit_timeline(self.index[used], own[used], confidence[used], quantum_s)
        self.fitted, self.inside = self.timeline.at(self.index)
        self.believed = used & np.isin(self.index, self.timeline.index.astype(int), kind="table")
        self.alone = np.zeros(len(self.index), bool)
        self.alone[self.believed] = self._short_stretches(confidence[self.believed])
        self.vague = np.zeros(len(self.index), bool)
        if quantum_s > 1:
            self._fit_minutes(confidence[self.believed] <= DOUBTED_BY_GLYPHS)
        self.residual_s = own - self.fitted
        self.residual_s[self.believed] = self.timeline.departures() if quantum_s <= 1 else 0.0
        self.seconds = np.where(self.believed & (quantum_s <= 1), own, self.fitted)
        self.flags = self._flags()

    def _used(self) -> np.ndarray:
        """The readings to fit: those that the glyphs doubt only where the others, if these are most, bear them out: on
        the line that they draw, or in a stretch to which several of them belong."""
        confidence, clear = self.confidence, self.read & (self.confidence > DOUBTED_BY_GLYPHS)
        if clear.sum() < max(FEWEST_IN_STRETCH, MOSTLY * self.read.sum()):
            return self.read
        others = fit_timeline(self.index[clear], self.own[clear], confidence[clear], self.quantum_s)
        off = np.abs(self.own - others.at(self.index)[0])
        used = clear | (self.read & (off <= max(self.quantum_s, abs(float(np.nan_to_num(others.step_s))) / 2)))
        if (used == self.read).all():
            return used
        every = fit_timeline(self.index[self.read], self.own[self.read], confidence[self.read], self.quantum_s)
        members = np.isin(self.index, every.index) & self.read
        n_clear = np.bincount(every.stretch, clear[members])
        used[members] |= n_clear[every.stretch] >= FEWEST_IN_STRETCH
        return used

    def promised(self, near: int, index: float) -> float:
        """The UTC seconds that the reading at the place `near` promises for a frame `index`, at the usual step."""
        return float(self.own[near] + (index - self.index[near]) * self.timeline.step_s)

    def keeps_promise(self, near: int, place: int, lost: int = 0) -> bool:
        """Whether the reading at a `place` is what the one `near` it promises, but for so many lost frames at most
        between them. Two values of a clock's last place are off by less than that from what they stand for."""
        step = self.timeline.step_s
        slack = max(abs(step) / 2, SMALLEST_TOLERANCE_S, self.quantum_s - 1)
        ahead = np.sign(place - near) * (self.own[place] - self.promised(near, self.index[place]))
        return bool(-slack <= ahead <= slack + lost * abs(step))

    def _fit_minutes(self, doubted: np.ndarray) -> None:
        """Seconds under a clock that shows none, also for the frames between the believed ones, of which `doubted` says
        which the glyphs doubt."""
        if not self.believed.any():
            return
        seconds, vague = seconds_of_minutes(self.timeline, self.quantum_s, doubted)
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

    def _weak(self) -> np.ndarray:
        """Whether a frame's time rests on readings that are neither clear nor many: in a short stretch, or in a video
        of which most could not be read or stands still. Where hardly any could, the few are those that the same mistake
        makes a time of, and no clearness speaks for them."""
        unclear = self.confidence < CLEAR
        weak = np.zeros(len(self.index), bool)
        if len(self.index) > FEW_FRAMES:
            weak |= (self.alone & unclear) | self._doubtful_ends()
        still = self._standing_still()
        mostly_still = len(self.index) > FEW_FRAMES and still.sum() >= MOSTLY * self.believed.sum()
        if not self.mostly_believed or mostly_still:
            weak |= unclear | self.alone | ~self.believed | still
        if self.believed.sum() < HARDLY_ANY * len(self.index):
            weak[:] = True
        return weak

    def _doubtful_ends(self) -> np.ndarray:
        """Which frames begin or end a stretch, apart from its other frames, by a reading that the glyphs doubt: nothing
        but the fit speaks for it, and it could as well be a misread one that fits by chance."""
        places, doubtful = np.flatnonzero(self.believed), np.zeros(len(self.index), bool)
        stretch = self.timeline.stretch
        for number in np.unique(stretch):
            own = places[stretch == number]
            for end, beside in ((own[0], own[min(1, len(own) - 1)]), (own[-1], own[max(len(own) - 2, 0)])):
                doubtful[end] |= bool(self.confidence[end] <= DOUBTED_BY_GLYPHS and abs(beside - end) > 1)
        return doubtful

    def _standing_still(self) -> np.ndarray:
        """The believed frames that show the very time of a believed one beside them, though frames take longer than the
        clock's last place (a frozen picture, or a damaged one that later frames only move), and the few between."""
        answer = np.zeros(len(self.index), bool)
        same = np.diff(self.own[self.believed]) == 0
        if same.any() and not 0 < self.timeline.step_s < self.quantum_s:
            still = np.append(same, False) | np.append(False, same)
            runs = np.cumsum(np.diff(still, prepend=still[0]) != 0)
            answer[self.believed] = still | (np.bincount(runs)[runs] < FEWEST_IN_STRETCH)
        return answer

    @cached_property
    def mostly_believed(self) -> bool:
        """Whether most frames are read and believed; of a long video fewer do, where what is clear is of one mind: the
        others show digits that no keyframe did."""
        n_believed, clear = int(self.believed.sum()), self.read & (self.confidence >= CLEAR)
        of_one_mind = n_believed >= MANY_BELIEVED and (clear & ~self.believed).sum() <= ODD_ONES * n_believed
        return n_believed >= (HARDLY_ANY if of_one_mind else MOSTLY) * len(self.index)

    def _short_stretches(self, confidence: np.ndarray) -> np.ndarray:
        """Of the believed readings those in short stretches, but where lost frames alone part these from the others."""
        line = self.timeline
        stretch = line.stretch
        lost = only_lost_frames(np.diff(line.seconds), np.diff(line.index), line.step_s, self.quantum_s)
        sizes = np.bincount(stretch, minlength=1)
        alone = sizes[stretch] < FEWEST_IN_STRETCH
        for number in np.unique(stretch[alone]):
            own = np.flatnonzero(stretch == number)
            ends = [place for place in (own[0] - 1, own[-1]) if 0 <= place < len(stretch) - 1]
            # With neighbours on one side only it takes clear readings.
            enough = SURE_GLYPHS if len(ends) == 2 else CLEAR
            alone[own] = confidence[own].min() < enough or not (ends and lost[ends].all())
        return alone

    def _flags(self) -> np.ndarray:
        """What the times alone speak against."""
        step = abs(float(np.nan_to_num(self.timeline.step_s)))
        tolerance = max(0.5 * step, SMALLEST_TOLERANCE_S, self.quantum_s)
        flags = np.full(len(self.index), None, object)
        for place in np.flatnonzero(self.read & (~self.believed | (np.abs(self.residual_s) > tolerance))):
            flags[place] = f"the reading leaves the night's clock by {self.residual_s[place]:+.0f} s"
        lost = ~self.read & ~self.inside & ~self._near_believed()
        flags[self._weak()] = "too little of the clock can be read surely here"
        flags[self.vague] = "the clock shows no seconds and the frames around do not tell them"
        flags[lost] = LOST
        flags[self._squeezed()] = NO_TIME_LEFT
        if doubt := self._doubt():
            flags[:] = doubt
        return flags

    def _squeezed(self) -> np.ndarray:
        """Which unread frames stand between readings that leave no time for all of them: a card, or a picture that came
        twice."""
        places, answer = np.flatnonzero(self.believed), np.zeros(len(self.index), bool)
        gap, frames = np.diff(self.own[places]), np.diff(self.index[places])
        for link in np.flatnonzero((frames > 1) & (gap + self.quantum_s <= (frames - 1) * self.timeline.step_s)):
            answer[places[link] + 1 : places[link + 1]] = True
        return answer & ~self.read & self.inside

    def _doubt(self) -> str | None:
        """What speaks against the whole video's readings."""
        if self._often_impossible():
            return "what is read is often no time at all: the clock's format or one of its digits is mistaken"
        if self._goes_back_again_and_again():
            return "the clock goes back again and again over this video: what moves it is not read right"
        if self._stands_still():
            return "the clock stands still over the whole video: it was frozen, or what moves was not read"
        return None

    def _stands_still(self) -> bool:
        """Whether all that is believed of more than a few frames is one and the same time."""
        believed = self.own[self.believed]
        return len(self.index) > FEW_FRAMES and self.quantum_s <= 1 and len(believed) > 0 and np.ptp(believed) == 0

    def _goes_back_again_and_again(self) -> bool:
        gaps = np.diff(self.own[self.believed])
        return bool((gaps <= -A_SETBACK_S).sum() > MOST_SETBACKS)

    def _often_impossible(self) -> bool:
        count = int(self.impossible.sum())
        return count >= FEW_IMPOSSIBLE and count > MANY_IMPOSSIBLE * (count + self.read.sum())

    def _near_believed(self) -> np.ndarray:
        """Whether a frame lies just before the first or just behind the last believed one, where that one's neighbour
        tells the pace."""
        near = np.zeros(len(self.index), bool)
        line = self.timeline
        if len(line.index) >= 2:
            before, behind = line.index[0] - self.index, self.index - line.index[-1]
            near |= (before > 0) & (before <= FARTHEST_EXTRAPOLATION) & (line.stretch[0] == line.stretch[1])
            near |= (behind > 0) & (behind <= FARTHEST_EXTRAPOLATION) & (line.stretch[-2] == line.stretch[-1])
        return near
