"""What time does this frame show, and when were all of the night's frames taken?

A `LearnedClock` holds what a night's keyframes taught. It reads every frame (`read`), dates it for the moment
(`provisional_utc`), reads again what was in doubt (`reread`), and when the night has been read dates all of it
together (`date`), flagging what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from itertools import islice

import numpy as np
import pandas as pd

from allsky.clock.dating import date_readings
from allsky.clock.formats import ClockFormat
from allsky.clock.half_day import HALF_A_DAY_OFF, is_half_a_day_off
from allsky.clock.night_glyphs import night_witness
from allsky.clock.noon import beyond_noon
from allsky.clock.part import ClockPart, PartEvidence, ocr_part
from allsky.clock.part_learning import learn_more
from allsky.clock.part_reading import PartReading
from allsky.clock.part_witness import with_refused
from allsky.clock.reading_log import NO_READING, EvidenceOf, Reading
from allsky.clock.record import (
    atlas,
    atlas_blocks,
    glyph_blocks,
    part_record,
    restored_part,
    restored_timeline,
    sheet_heights,
    timeline_record,
)
from allsky.clock.tesseract import PAGES_PER_CALL
from allsky.clock.timeline import Timeline
from allsky.clock.video_times import DOUBTED_BY_GLYPHS
from allsky.clock.zones import overlay_zone, parse_zone, possible_utc, utc_not_set_forward
from allsky.site import night_bounds
from allsky.tables import READINGS

# Frames in doubt that are read first, and the share of them that may stay so.
PAGES_TO_TEACH, FEW_UNREAD = 20, 0.1
# Share of a card's pixels that have its ground's tone, but for the few grey levels that compression leaves of the
# picture before. Masked corners are rarely over half of a sky frame.
FLAT_SHARE, FLAT_WITHIN = 0.75, 3
# What Tesseract reads on a frame in doubt is taken unless the glyphs speak this clearly against it.
CONTRADICTED = -0.15
# Frames whose glyphs are compared at a time: many share the cost of a call, and few fit into the processor's cache.
COMPARED_AT_ONCE = 16


@dataclass(frozen=True)
class LearnedClock:
    """A night's clock. `parts` are the places it is shown at; `timezone` the configured zone; `night` where known;
    `unread_zone` a word behind the clock that may be UTC, badly read; `readings` (READINGS) what was read on the
    keyframes, `timelines` the first fit of each video."""

    parts: tuple[ClockPart, ...]
    timezone: str
    night: str | None
    longitude_deg: float
    unread_zone: str | None = None
    readings: pd.DataFrame = field(default_factory=READINGS.empty)
    timelines: dict[str, Timeline] = field(default_factory=dict)

    # Reading frames.

    def read(self, luma: np.ndarray) -> Reading:
        """The overlay of one frame `luma` (H, W) by its glyphs; no time where they are not sure, nothing at all where
        the overlay is not there."""
        return self.read_all([luma])[0]

    def read_all(self, lumas: Sequence[np.ndarray]) -> list[Reading]:
        """What `read` gives, of several frames: much quicker than one by one."""
        return self._read_crops([tuple(part.crop(luma) for part in self.parts) for luma in lumas])

    def _read_crops(self, crops: Sequence[tuple[np.ndarray, ...]]) -> list[Reading]:
        readings: list[Reading] = []
        for first in range(0, len(crops), COMPARED_AT_ONCE):
            some = crops[first : first + COMPARED_AT_ONCE]
            of_parts = [part.read_all([one[place] for one in some]) for place, part in enumerate(self.parts)]
            readings += map(self._reading, some, zip(*of_parts, strict=True))
        return readings

    def _reading(self, crops: tuple[np.ndarray, ...], evidence: tuple[PartEvidence, ...]) -> Reading:
        seen = [one.reading for one in evidence]
        if not all(one.present for one in seen):
            return NO_READING
        texts = [one.text for one in seen]
        moment = self._moment(texts) if all(one.sure for one in seen) else None
        kept = () if moment else tuple(crop.copy() for crop in crops)
        return Reading(" ".join(texts), moment, min(one.confidence for one in seen), "template", kept, evidence)

    def reread(self, crops: Sequence[tuple[np.ndarray, ...]]) -> list[Reading]:
        """Readings of frames in doubt, from their `Reading.crops`.

        Tesseract reads some of them, spread evenly, in one call for each place; what it reads teaches the digits that
        no keyframe showed, and with these all are read again. Where many stay in doubt it reads a call's worth.
        """
        if not crops:
            return []
        answers = self._reread(crops, PAGES_TO_TEACH)
        unread = sum(one.overlay_time is None for one in answers)
        return answers if unread <= FEW_UNREAD * len(crops) else self._reread(crops, PAGES_PER_CALL)

    def _reread(self, crops: Sequence[tuple[np.ndarray, ...]], pages: int) -> list[Reading]:
        chosen = np.unique(np.linspace(0, len(crops) - 1, pages).astype(int))
        seen = [ocr_part(part, [crops[number][place] for number in chosen]) for place, part in enumerate(self.parts)]
        taught = replace(self, parts=with_refused([
            learn_more(part, [crops[number][place] for number in chosen], seen[place])
            for place, part in enumerate(self.parts)
        ]))  # fmt: skip
        answers = taught._read_crops(crops)
        for place, number in enumerate(chosen):
            if answers[number].overlay_time is None:
                answers[number] = taught._checked(answers[number], [part[place] for part in seen])
        return answers

    def _checked(self, doubtful: Reading, parts: Sequence[PartReading]) -> Reading:
        """Tesseract's reading of a frame in doubt, unless what the glyphs show speaks against it."""
        own = self.ocr_reading(parts)
        if own.overlay_time is None or not doubtful.evidence:
            return doubtful
        pairs = zip(self.parts, doubtful.evidence, parts, strict=True)
        if min(part.votes(evidence).support(one.text) for part, evidence, one in pairs) <= CONTRADICTED:
            return doubtful
        confidence = min(own.confidence, DOUBTED_BY_GLYPHS)
        return replace(own, evidence=doubtful.evidence, crops=doubtful.crops, confidence=confidence)

    def ocr_reading(self, parts: Sequence[PartReading]) -> Reading:
        """The reading of one frame of which Tesseract has read every part."""
        shown = all(one.shown for one in parts)
        moment = self._moment([one.text for one in parts]) if shown else None
        text = " ".join(one.text for one in parts)
        return Reading(text or None, moment, min(one.confidence for one in parts), "ocr")

    def is_card(self, luma: np.ndarray) -> bool:
        """Whether a frame is a title or a `camera off` card: the clock is not where it always is, and most of the
        picture is one flat tone, which no sky is."""
        if all(part.read(part.crop(luma)).reading.present for part in self.parts):
            return False
        counts = np.bincount(luma[::4, ::4].ravel(), minlength=256)
        tone = counts.argmax()
        flat = counts[max(tone - FLAT_WITHIN, 0) : tone + FLAT_WITHIN + 1].sum()
        return bool(flat > FLAT_SHARE * counts.sum())

    # Naive time.

    def _moment(self, texts: Sequence[str]) -> datetime | None:
        shown = [part.format.search(text) for part, text in zip(self.parts, texts, strict=True)]
        found = [one for one in shown if one]
        clock = next((one.clock for one in found if one.clock), None)
        day = next((one.day for one in found if one.day), None)
        month_day = next((one.month_day for one in found if one.month_day), None)
        if clock is None or len(found) < len(shown) or any(one.weekday_belies for one in found):
            return None
        if day:
            return datetime.combine(day, clock)
        return _within_night(clock, month_day, self.night, self.longitude_deg, self.zone) if self.night else None

    # Dating.

    @cached_property
    def zone(self) -> tzinfo:
        """The zone of times for which the overlay names none."""
        return parse_zone(self.timezone)

    @property
    def date_format(self) -> ClockFormat | None:
        """The format of the part that shows a whole date; None where none does."""
        return next((part.format for part in self.parts if part.format.shows_date), None)

    @property
    def quantum_s(self) -> float:
        """Seconds between two values of the clock's last place, never under one: fractions are cut off."""
        return 1.0 if any(part.format.shows_seconds for part in self.parts) else 60.0

    @property
    def _counts_to_24(self) -> bool:
        return any("H" in part.format.directives for part in self.parts)

    def provisional_utc(self, video: str, frame_index: int, reading: Reading) -> datetime | None:
        """A first date for one frame: its own reading's, or the keyframes' timeline's."""
        if reading.overlay_time:
            zone = overlay_zone(self.zone_word(reading.text), self.zone, reading.overlay_time)
            options = possible_utc(reading.overlay_time, zone)
            return options[0] if options else None
        timeline = self.timelines.get(video)
        if timeline is None:
            return None
        seconds, _ = timeline.at(np.array([frame_index]))
        return None if np.isnan(seconds[0]) else datetime.fromtimestamp(round(seconds[0], 3), UTC)

    def date(
        self, readings: pd.DataFrame, cards: Iterable[tuple[str, int]] = (), evidence: EvidenceOf | None = None
    ) -> tuple[pd.DataFrame, dict[str, Timeline]]:
        """The whole night's READINGS of `readings` (video, frame_index, ocr_text, overlay_time, source, confidence,
        as of `ReadingLog.table`), UTC, residual and flag of every frame from all of them together, and the timeline of
        each video. `cards` (video, frame_index) are frames left out because they are no sky; `evidence` is what the
        glyphs of each row show."""
        if not any(part.format.shows_year for part in self.parts):
            times = beyond_noon(readings)
            readings = readings.assign(overlay_time=times.where(self._on_its_day(readings["ocr_text"], times)))
        words = [self.zone_word(text) for text in readings["ocr_text"]]
        witness = night_witness(self.parts, readings, evidence) if evidence else None
        table, timelines = date_readings(readings, words, self.zone, self.quantum_s, witness, cards)
        if self._counts_to_24 and self.night and is_half_a_day_off(table, self.night, self.longitude_deg):
            table.loc[table["clock_flag"].isna(), "clock_flag"] = HALF_A_DAY_OFF
        if self.unread_zone and self.zone.utcoffset(datetime(2000, 7, 1)) != timedelta(0):
            table["clock_flag"] = (
                f"{self.unread_zone!r} behind the clock may be UTC, which is not [camera] clock_timezone; set "
                "clock_timezone = UTC if it is, or else clock_format"
            )
        return table, timelines

    def _on_its_day(self, texts: pd.Series, times: pd.Series) -> np.ndarray:
        """Whether each time (n) is of the month and day that its text shows, where that shows any."""
        monthly = next((part.format for part in self.parts if part.format.shows_date), None)
        answer = np.ones(len(texts), bool)
        if monthly is None:
            return answer
        for row, (text, moment) in enumerate(zip(texts, times, strict=True)):
            shown = monthly.search(text) if isinstance(text, str) and pd.notna(moment) else None
            if shown and shown.month_day:
                answer[row] = shown.month_day == (moment.month, moment.day)
        return answer

    def zone_word(self, text: object) -> str | None:
        """The zone that an overlay's `text` (a missing value where none was read) names, None where it names none."""
        if not isinstance(text, str) or not any(part.format.shows_zone for part in self.parts):
            return None
        shown = [part.format.search(text) for part in self.parts]
        return next((one.zone for one in shown if one and one.zone), None)

    # Keeping.

    def to_json(self) -> dict:
        """Everything `restore` needs but the glyphs' shapes: places, formats, zone, fit, how sure."""
        return {
            "parts": [part_record(part) for part in self.parts],
            "timezone": self.timezone,
            "night": self.night,
            "longitude_deg": self.longitude_deg,
            "unread_zone": self.unread_zone,
            "fit": {video: timeline_record(timeline) for video, timeline in self.timelines.items()},
            "keyframes": len(self.readings),
            "keyframes_read": int(self.readings["overlay_time"].notna().sum()),
            "confidence": round(float(self.readings["confidence"].median()), 3) if len(self.readings) else 0.0,
        }

    def glyph_atlas(self) -> np.ndarray:
        """The glyphs as a uint8 picture (H, W): a row per place of each layout, digits 0 to 9."""
        return atlas([block for part in self.parts for block in glyph_blocks(part)])

    @classmethod
    def restore(cls, record: dict, glyphs: np.ndarray) -> LearnedClock:
        """The clock of a `to_json` and its `glyph_atlas`; its keyframes' readings stay in their own table."""
        heights = [height for part in record["parts"] for height in sheet_heights(part)]
        blocks = iter(atlas_blocks(glyphs, heights))
        parts = tuple(restored_part(part, list(islice(blocks, len(part["layouts"])))) for part in record["parts"])
        timelines = {video: restored_timeline(fit) for video, fit in record["fit"].items()}
        told = (record["timezone"], record["night"], record["longitude_deg"], record["unread_zone"])
        return cls(parts, *told, timelines=timelines)


def _within_night(
    clock: time, month_day: tuple[int, int] | None, night: str, longitude_deg: float, zone: tzinfo
) -> datetime | None:
    """`clock` on the day that puts it into the night, for an overlay that shows no date, or none with a year; what
    shows the day after is of a night that goes on over noon (`beyond_noon`)."""
    start, end = night_bounds(night, longitude_deg)
    for days in (0, 1, -1):
        local = datetime.combine(date.fromisoformat(night) + timedelta(days=days), clock)
        # A time that summer time skips is one of this night, too: it is flagged when it is dated.
        utcs = possible_utc(local, zone) or (utc_not_set_forward(local, zone),)
        after = local + timedelta(days=1)
        of_day = month_day in (None, (local.month, local.day), (after.month, after.day))
        if of_day and any(start <= utc < end for utc in utcs):
            return local
    return None
