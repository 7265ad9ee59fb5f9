"""When was each frame of this night taken, by the clock burned into it?

`learn_clock` lets Tesseract read a few keyframes, learns the clock's place, format, zone and glyphs, and
returns a `LearnedClock`. That reads every frame (`read`), dates it for the moment (`provisional_utc`), and
when the night has been read dates all of it together (`date`), flagging what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import islice

import numpy as np
import pandas as pd

from allsky.clock_dating import date_readings
from allsky.clock_format import ClockFormat
from allsky.clock_part import ClockPart, PartReading, learn_part, read_place, reread_part
from allsky.clock_record import (
    atlas,
    atlas_blocks,
    glyph_blocks,
    part_record,
    restored_part,
    restored_timeline,
    sheet_heights,
    timeline_record,
)
from allsky.clock_search import find_clock
from allsky.clock_zones import overlay_zone, parse_zone, possible_utc
from allsky.errors import NoClock
from allsky.overlay import Box
from allsky.site import night_bounds
from allsky.tables import READINGS
from allsky.timeline import Timeline


@dataclass(frozen=True)
class ClockSettings:
    """What is given of the clock: `box` (x, y, width, height) or None to find it, `format` a strftime pattern
    or None to find it, `timezone` of the clock where the overlay names none."""

    box: tuple[int, int, int, int] | None = None
    format: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True)
class Keyframe:
    """A frame to learn from: `luma` (H, W), and the place it has in which video."""

    video: str
    frame_index: int
    luma: np.ndarray


@dataclass(frozen=True)
class Reading:
    """What one frame's overlay shows: the text, the naive time, and how sure that is (0 to 1)."""

    text: str | None
    overlay_time: datetime | None
    confidence: float
    source: str = "template"
    crops: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)


# Share of a card's pixels that have its ground's tone. Masked corners are rarely over half of a sky frame.
FLAT_SHARE = 0.75

NO_READING = Reading(None, None, 0.0)


@dataclass(frozen=True)
class LearnedClock:
    """A night's clock. `parts` are the places it is shown at; `timezone` the configured zone; `night` where known;
    `readings` (READINGS) what was read on the keyframes, `timelines` the first fit of each video."""

    parts: tuple[ClockPart, ...]
    timezone: str
    night: str | None
    longitude_deg: float
    readings: pd.DataFrame = field(default_factory=READINGS.empty)
    timelines: dict[str, Timeline] = field(default_factory=dict)

    def read(self, luma: np.ndarray, rgb: np.ndarray | None = None) -> Reading:
        """The overlay of one frame `luma` (H, W) by its glyphs; no time where they are not sure."""
        seen = [part.read(luma) for part in self.parts]
        if not all(one.present for one in seen):
            return NO_READING
        text = " ".join(one.text for one in seen)
        moment = self._moment([one.text for one in seen]) if all(one.sure for one in seen) else None
        crops = () if moment else tuple(part.box.crop(luma).copy() for part in self.parts)
        return Reading(text, moment, min(one.confidence for one in seen), "template", crops)

    def is_card(self, luma: np.ndarray) -> bool:
        """Whether a frame is a title or a `camera off` card: the clock is not where it always is, and most of the
        picture is one flat tone, which no sky is."""
        if all(part.read(luma).present for part in self.parts):
            return False
        counts = np.bincount(luma[::4, ::4].ravel(), minlength=256)
        return bool(counts[max(counts.argmax() - 1, 0) : counts.argmax() + 2].sum() > FLAT_SHARE * counts.sum())

    def _moment(self, texts: Sequence[str]) -> datetime | None:
        shown = [part.format.search(text) for part, text in zip(self.parts, texts, strict=True)]
        day = next((one.day for one in shown if one and one.day), None)
        clock = next((one.clock for one in shown if one and one.clock), None)
        return self._dated(day, clock) if clock else None

    def _dated(self, day: date | None, clock: time) -> datetime | None:
        """`clock` on `day`, or on the day that puts it into the night where the overlay shows no date."""
        if day:
            return datetime.combine(day, clock)
        return _within_night(clock, self.night, self.longitude_deg, self.timezone) if self.night else None

    def provisional_utc(self, video: str, frame_index: int, reading: Reading) -> datetime | None:
        """A first date for one frame: its own reading's, or the keyframes' timeline's."""
        if reading.overlay_time:
            zone = overlay_zone(self._zone_word(reading.text), self._zone, reading.overlay_time)
            options = possible_utc(reading.overlay_time, zone)
            return options[0] if options else None
        timeline = self.timelines.get(video)
        if timeline is None:
            return None
        seconds, _ = timeline.at(np.array([frame_index]))
        return None if np.isnan(seconds[0]) else pd.Timestamp(seconds[0], unit="s", tz="UTC").to_pydatetime()

    def date(self, readings: pd.DataFrame) -> pd.DataFrame:
        """The whole night's READINGS of `readings` (video, frame_index, ocr_text, overlay_time, source, confidence):
        UTC, residual and flag of every frame, from all of them together."""
        return self._date(readings)[0]

    def reread(self, crops: Sequence[tuple[np.ndarray, ...]]) -> list[Reading]:
        """Readings by Tesseract of `crops` (each a `Reading.crops`), 64 to a call."""
        seen = [reread_part(part, [crop[place] for crop in crops]) for place, part in enumerate(self.parts)]
        return [self._ocr_reading(list(parts)) for parts in zip(*seen, strict=True)]

    def _ocr_reading(self, parts: list[PartReading]) -> Reading:
        shown = all(one.shown for one in parts)
        moment = self._moment([one.text for one in parts]) if shown else None
        text = " ".join(one.text for one in parts)
        return Reading(text or None, moment, min(one.confidence for one in parts), "ocr")

    def to_json(self) -> dict:
        """Everything `restore` needs but the glyphs' shapes: places, formats, zone, fit, how sure."""
        return {
            "parts": [part_record(part) for part in self.parts],
            "timezone": self.timezone,
            "night": self.night,
            "longitude_deg": self.longitude_deg,
            "fit": {video: timeline_record(timeline) for video, timeline in self.timelines.items()},
            "keyframes": len(self.readings),
            "keyframes_read": int(self.readings["overlay_time"].notna().sum()),
            "confidence": _typical(self.readings["confidence"]),
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
        return cls(parts, record["timezone"], record["night"], record["longitude_deg"], timelines=timelines)

    def _date(self, readings: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Timeline]]:
        words = [self._zone_word(text) for text in readings["ocr_text"]]
        return date_readings(readings, words, self._zone, self.quantum_s)

    @cached_property
    def _zone(self):
        return parse_zone(self.timezone)

    def _zone_word(self, text: str | None) -> str | None:
        if not text or not any(part.format.directives & {"Z", "z"} for part in self.parts):
            return None
        shown = [part.format.search(text) for part in self.parts]
        return next((one.zone for one in shown if one and one.zone), None)

    @property
    def quantum_s(self) -> float:
        """Seconds between two values of the clock's last place, never under one: fractions are cut off."""
        directives = frozenset().union(*(part.format.directives for part in self.parts))
        return 1.0 if "S" in directives else 60.0


def _within_night(clock: time, night: str, longitude_deg: float, timezone: str) -> datetime | None:
    start, end = night_bounds(night, longitude_deg)
    zone = parse_zone(timezone)
    for days in (0, 1, -1):
        local = datetime.combine(date.fromisoformat(night) + timedelta(days=days), clock)
        if any(start <= utc < end for utc in possible_utc(local, zone)):
            return local
    return None


def learn_clock(
    keyframes: Sequence[Keyframe], settings: ClockSettings, night: str | None, longitude_deg: float
) -> LearnedClock:
    """The clock of the night whose `keyframes` these are.

    Raises NoClock saying what was seen where there is none that can be read and what to set, MissingTool
    without Tesseract, BadConfiguration for an unknown zone.
    """
    parse_zone(settings.timezone)
    lumas = _of_one_size(keyframes)
    within = Box(*settings.box) if settings.box else None
    given = ClockFormat(settings.format) if settings.format else None
    places, texts = find_clock(lumas, within, given)
    if not places:
        raise NoClock(_nothing_found(keyframes, settings, texts))
    read = [read_place(place, lumas) for place in places]
    taught = [all(shown.shown is not None for shown in each) for each in zip(*(part for _, part in read), strict=True)]
    parts = [
        learn_part(place, clock_format, lumas, seen, taught)
        for place, (clock_format, seen) in zip(places, read, strict=True)
    ]
    learned = tuple(part for part in parts if part)
    if len(learned) < len(parts):
        raise NoClock(_nothing_found(keyframes, settings, texts))
    clock = LearnedClock(learned, settings.timezone, night, longitude_deg)
    used = [keyframe for keyframe in keyframes if keyframe.luma.shape == lumas[0].shape]
    return _with_readings(clock, used, [part for _, part in read])


def _of_one_size(keyframes: Sequence[Keyframe]) -> list[np.ndarray]:
    if not keyframes:
        raise NoClock("No frame could be decoded, so there is no clock to read.")
    shape = keyframes[0].luma.shape
    return [keyframe.luma for keyframe in keyframes if keyframe.luma.shape == shape]


def _nothing_found(keyframes: Sequence[Keyframe], settings: ClockSettings, texts: Sequence[str]) -> str:
    videos = ", ".join(sorted({keyframe.video for keyframe in keyframes}))
    seen = "; ".join(dict.fromkeys(texts))[:200] or "no text at all"
    where = f"inside clock_box = {', '.join(map(str, settings.box))}" if settings.box else "anywhere on the frame"
    form = f"in clock_format = {settings.format}" if settings.format else "in any known format"
    return (
        f"{videos}: no clock was found {where} {form} on {len(keyframes)} keyframes (seen: {seen}). "
        "Set clock_box (x, y, width, height in pixels) around the clock and clock_format in [camera]."
    )


def _with_readings(
    clock: LearnedClock, keyframes: Sequence[Keyframe], read: Sequence[Sequence[PartReading]]
) -> LearnedClock:
    """The clock with the keyframes' own readings, dated together."""
    own = [clock._ocr_reading(list(parts)) for parts in zip(*read, strict=True)]
    table = reading_table([(one.video, one.frame_index, reading) for one, reading in zip(keyframes, own, strict=True)])
    dated, timelines = clock._date(table.sort_values(["video", "frame_index"], ignore_index=True))
    return replace(clock, readings=dated, timelines=timelines)


def reading_table(readings: Iterable[tuple[str, int, Reading]]) -> pd.DataFrame:
    """The table that `LearnedClock.date` takes, of (video, frame_index, reading)."""
    rows = [(video, index, one.text, one.overlay_time, one.source, one.confidence) for video, index, one in readings]
    columns = ["video", "frame_index", "ocr_text", "overlay_time", "source", "confidence"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(overlay_time=table["overlay_time"].astype("datetime64[ms]"))


def _typical(confidence: pd.Series) -> float:
    return round(float(confidence.median()), 3) if len(confidence) else 0.0
