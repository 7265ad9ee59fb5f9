"""Where is the clock burned into this night's videos, and how is it read?

`learn_clock` lets Tesseract read a few keyframes, in two calls, and learns the clock's place, format, zone and
glyphs from them. The `LearnedClock` it returns reads and dates every frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from allsky.clock.formats import ClockFormat
from allsky.clock.given import ClockSettings, given_boxes
from allsky.clock.learned import LearnedClock
from allsky.clock.part import ClockPart
from allsky.clock.part_learning import learn_part
from allsky.clock.part_reading import PartReading
from allsky.clock.part_witness import with_refused
from allsky.clock.places import PlaceReading, read_places
from allsky.clock.reading_log import NO_READING, Reading, ReadingLog, reading_log
from allsky.clock.search import find_clock
from allsky.clock.spacing import Spacing
from allsky.clock.tesseract import TextLine
from allsky.clock.zones import parse_zone
from allsky.errors import NoClock

__all__ = [
    "NO_READING",
    "ClockSettings",
    "Keyframe",
    "LearnedClock",
    "Reading",
    "ReadingLog",
    "learn_clock",
    "reading_log",
]


# Keyframes that must be left to teach when others are not believed.
FEWEST_TEACHERS = 3
# Share of the keyframes that may be disbelieved.
FEW_DOUBTED = 0.25
# Where fewer of them than this share are believed, their places are read in every guise.
FEW_BELIEVED = 0.7
# Of what was read where no clock was found, so many texts with so many digits are told.
TEXTS_TOLD, FEWEST_DIGITS = 3, 4


class NothingFound(NoClock):
    """Frames on which no clock was found; `most_like` says which texts on them might have been one."""

    def __init__(self, message: str, most_like: str = "") -> None:
        super().__init__(message)
        self.most_like = most_like


class NoDate(NoClock):
    """A clock that shows no whole date where nothing else tells one; `texts` it shows."""

    def __init__(self, message: str, texts: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.texts = tuple(texts)


@dataclass(frozen=True)
class Keyframe:
    """A frame to learn from: `luma` (H, W), and the place it has in which video."""

    video: str
    frame_index: int
    luma: np.ndarray


def learn_clock(
    keyframes: Sequence[Keyframe],
    settings: ClockSettings,
    night: str | None,
    longitude_deg: float,
    likelier: Sequence[ClockFormat] = (),
) -> LearnedClock:
    """The clock of the night whose `keyframes` these are. Of formats that nothing tells apart the first of those
    `likelier` is taken.

    Raises NoClock saying what was seen where there is none that can be read and what to set, MissingTool
    without Tesseract, BadConfiguration for an unknown zone or format.
    """
    parse_zone(settings.timezone)
    used = _of_one_size(keyframes)
    lumas = [keyframe.luma for keyframe in used]
    within = given_boxes(settings.boxes, lumas[0].shape, _videos(used))
    given = settings.given_formats()
    places, texts = find_clock(lumas, within, given)
    if not places:
        raise _nothing_found(used, settings, texts)

    def taught(read: Sequence[PlaceReading]) -> LearnedClock | None:
        unread = None if given else next((word for one in read if (word := one.unread_zone)), None)
        return _taught(read, used, LearnedClock((), settings.timezone, night, longitude_deg, unread))

    read = read_places(places, lumas, given, night, texts, likelier)
    clock = taught(read)
    in_doubt = _share_believed(clock) < FEW_BELIEVED or (clock is not None and clock.unread_zone is not None)
    if in_doubt and not any(one.others for place in read for one in place.readings):
        # One guise that reads most lines may read the same digit, or the zone, wrongly in all of them.
        with suppress(NoClock):  # All guises may leave open what one of them settled.
            again = taught(read_places(places, lumas, given, night, texts, likelier, every_guise=True))
            clock = max(clock, again, key=_sureness)
    if clock is None:
        raise _nothing_found(used, settings, texts)
    if clock.readings["overlay_time"].isna().all():
        raise NoDate(_no_date(used, clock), clock.readings["ocr_text"].dropna().tolist())
    return clock


def _sureness(clock: LearnedClock | None) -> tuple[float, bool]:
    """How sure a clock is of the keyframes' times, to a tenth of them, and whether of its zone, too."""
    return round(_share_believed(clock), 1), clock is not None and clock.unread_zone is None


def _share_believed(clock: LearnedClock | None) -> float:
    """The share of keyframes whose time the clock believes."""
    if clock is None or clock.readings.empty:
        return 0.0
    return float((clock.readings["overlay_time"].notna() & clock.readings["clock_flag"].isna()).mean())


def _taught(read: Sequence[PlaceReading], keyframes: Sequence[Keyframe], blank: LearnedClock) -> LearnedClock | None:
    """The `blank` clock with the parts that the keyframes teach, taught again without keyframes that their own fit does
    not believe; None where one of the places teaches nothing."""
    believed = np.ones(len(keyframes), bool)
    evening = date.fromisoformat(blank.night) if blank.night else None
    days = [evening + timedelta(days=more) for more in range(-1, 3)] if evening else []
    clock = None
    for _ in range(2):
        lumas = [keyframe.luma for keyframe in keyframes]
        parts = _parts(read, lumas, believed, days)
        if not all(parts):
            return clock
        clock = replace(blank, parts=with_refused([part for part in parts if part]))
        clock, doubted = _with_readings(clock, keyframes, [one.readings for one in read])
        # Where many are not believed it is the fit that may be wrong, and they know better.
        if not doubted.any() or (~doubted).sum() < FEWEST_TEACHERS or doubted.mean() > FEW_DOUBTED:
            return clock
        believed = ~doubted
    return clock


def _parts(
    read: Sequence[PlaceReading], lumas: Sequence[np.ndarray], believed: np.ndarray, days: Sequence[date]
) -> list[ClockPart | None]:
    """The part of each place (None where it teaches nothing), all known by their strokes or all by their brightness."""

    def learn(one: PlaceReading, by_level: bool | None = None, lent: Spacing | None = None) -> ClockPart | None:
        return learn_part(one.place, one.format, lumas, _unless(believed, one.readings), days, by_level, lent)

    parts = [learn(one) for one in read]
    # A date hardly ever changes, so that its time tells how wide its digits are.
    lent = next((part.spacing for part in parts if part and part.spacing), None)
    if lent:
        parts = [learn(one, None, lent) if part and not part.spacing else part for one, part in zip(read, parts)]
    alike = len({part is not None and part.level > 0 for part in parts}) == 1
    return parts if alike else [learn(one, True, lent) for one in read]


def _unless(believed: np.ndarray, seen: Sequence[PartReading]) -> list[PartReading]:
    """The readings, those of frames that are not believed as lines that show nothing."""
    return [one if sure else PartReading(TextLine(()), None) for one, sure in zip(seen, believed, strict=True)]


def _of_one_size(keyframes: Sequence[Keyframe]) -> list[Keyframe]:
    if not keyframes:
        raise NoClock("No frame could be decoded, so there is no clock to read.")
    shape = keyframes[0].luma.shape
    return [keyframe for keyframe in keyframes if keyframe.luma.shape == shape]


def _with_readings(
    clock: LearnedClock, keyframes: Sequence[Keyframe], seen: Sequence[Sequence[PartReading]]
) -> tuple[LearnedClock, np.ndarray]:
    """The clock with the keyframes' readings, dated together (by their glyphs where these are sure, else as Tesseract
    read them), and whether each keyframe was read but not believed."""
    rows = []
    for number, keyframe in enumerate(keyframes):
        own = clock.read(keyframe.luma)
        own = own if own.overlay_time else clock.ocr_reading([part[number] for part in seen])
        rows.append((keyframe.video, keyframe.frame_index, replace(own, source="ocr")))
    log = reading_log(rows)
    dated, timelines = clock.date(log.table(), evidence=log.evidence())
    doubted = (dated["overlay_time"].notna() & dated["clock_flag"].notna()).to_numpy()
    ordered = dated.sort_values(["video", "frame_index"], ignore_index=True)
    return replace(clock, readings=ordered, timelines=timelines), doubted


def _nothing_found(keyframes: Sequence[Keyframe], settings: ClockSettings, texts: Sequence[str]) -> NothingFound:
    likest = sorted(dict.fromkeys(text for text in texts if _digits(text) >= FEWEST_DIGITS), key=_digits, reverse=True)
    seen = likest[:TEXTS_TOLD]
    boxes = " and ".join(", ".join(map(str, box)) for box in settings.boxes)
    where = f"inside clock_box = {boxes}" if boxes else "anywhere on the frame"
    form = f"in clock_format = {' and '.join(settings.formats)}" if settings.formats else "in any known format"
    most_like = f"most like one: {', '.join(map(repr, seen))}" if seen else "nor any text with numbers like a clock's"
    advice = "Set clock_box (x, y, width, height in pixels) around the clock and clock_format in [camera]."
    if settings.formats:
        advice = "Compare clock_format in [camera] with what the frames show, or set it to auto."
    found = f"no clock was found {where} {form} on {len(keyframes)} keyframes ({most_like})"
    return NothingFound(f"{_videos(keyframes)}: {found}. {advice}", most_like)


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def _no_date(keyframes: Sequence[Keyframe], clock: LearnedClock) -> str:
    shown = clock.readings["ocr_text"].dropna()
    return (
        f"{_videos(keyframes)}: the clock ({shown.iloc[0] if len(shown) else 'unread'}) shows no full date and the "
        "file's name tells none, or none that its times fall into; set [archive] night_from_name."
    )


def _videos(keyframes: Sequence[Keyframe]) -> str:
    return ", ".join(sorted({keyframe.video for keyframe in keyframes}))
