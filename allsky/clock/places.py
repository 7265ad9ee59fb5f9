"""What does Tesseract read at the places of the clock on all keyframes, and in which format?

All places of all keyframes go to Tesseract in one call. Where little comes of it they go once more, in another
guise. The format is the one that fits the whole lot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from allsky.clock.formats import ClockFormat
from allsky.clock.guises import STYLES, read_crops
from allsky.clock.mending import legible
from allsky.clock.missed_digits import cut_short
from allsky.clock.month_names import with_true_month
from allsky.clock.order import commonest_formats, mostly_of_night, possible_formats, told_by_night, with_seconds
from allsky.clock.part_reading import PartReading, part_readings, well_boxed
from allsky.clock.recognition import Recognised, recognise, stands_alone
from allsky.clock.search import Place, shows_clock, widened
from allsky.clock.tesseract import TextLine
from allsky.clock.zones import looks_like_utc
from allsky.errors import NoClock

# Where fewer lines than this share show a clock, Tesseract is given them in another guise.
FEW_READ = 0.7
# What a line shows: a date or a time, all that there is to show, or a date with a time.
FULL, MOMENT = 2, 3
# What boxes that tell the characters' places are worth beside that: they settle between guises that show as much.
WELL_PLACED = 0.25
# The same of characters that are all surely read (none mended, such as the S of `OS May`), and of a zone: one guise
# reads `urc` where another reads UTC.
SURELY_READ, ZONED = 0.15, 0.05
# Boxes of less than this share of the digits tell too little.
MOSTLY_PLACED = 0.85
# So many readings with date and time are no chance.
FEWEST_FULL = 3
# A word counts that stands behind more than this share of the clocks.
MOSTLY_SEEN = 0.5
# Places that share this much of the smaller one are one line.
ONE_LINE = 0.5


class AmbiguousDate(NoClock):
    """A clock whose day, month and short year could stand in several orders: the `formats` that remain, for `text`."""

    def __init__(self, message: str, formats: Sequence[ClockFormat], text: str) -> None:
        super().__init__(message)
        self.formats, self.text = tuple(formats), text


class DateOfNoNight(NoClock):
    """A clock whose day, month and short year show in no order a day of the night that the file's name tells."""


@dataclass(frozen=True)
class PlaceReading:
    """A place, the format of its text, and what was read there on each keyframe."""

    place: Place
    format: ClockFormat
    readings: list[PartReading]

    @property
    def unread_zone(self) -> str | None:
        """What stands behind the clock on most keyframes where that could be UTC, badly read."""
        if self.format.shows_zone or not self.format.shows_time:
            return None
        behind = [one.line.text[one.shown.end :] for one in self.readings if one.shown]
        words = [word for text in behind if (word := looks_like_utc(text))]
        return words[0] if len(words) > MOSTLY_SEEN * len(behind) else None


def read_places(
    places: Sequence[Place],
    lumas: Sequence[np.ndarray],
    given: Sequence[ClockFormat],
    night: str | None,
    texts: Sequence[str] = (),
    likelier: Sequence[ClockFormat] = (),
    every_guise: bool = False,
) -> list[PlaceReading]:
    """What is read at `places` on the frames `lumas`; of one place alone if that turns out to show date and time.
    `texts` are what was read there before; of formats that nothing tells apart the first of those `likelier` is taken.
    One guise will do where it is well read, unless `every_guise` is asked for.

    Raises AmbiguousDate naming the possible formats where nothing tells them apart, DateOfNoNight where none of them
    shows a day of the night in any guise, NoClock where nothing tells two months apart that were read for each other.
    """
    places = widened(places, lumas[0])
    guises = _guises(places, lumas, given, every_guise)

    def shown() -> list[PlaceReading]:
        return _place_readings(places, guises, lumas, given, night, texts, likelier)

    try:
        return shown()
    except DateOfNoNight:
        if len(guises) == len(STYLES):
            raise
        # One guise may misread a digit of the date on all frames.
        guises = _every_guise(places, lumas, given, guises)
        return shown()


def _place_readings(
    places: Sequence[Place],
    guises: Sequence[list[list[TextLine]]],
    lumas: Sequence[np.ndarray],
    given: Sequence[ClockFormat],
    night: str | None,
    texts: Sequence[str],
    likelier: Sequence[ClockFormat],
) -> list[PlaceReading]:
    """What the lines of each place show, read in one guise or more."""
    answers = []
    for number, place in enumerate(places):
        ranked = _fullest(place, [guise[number] for guise in guises], lumas)
        form, (best, *others) = (place.formats[0], ranked) if given else _settled(place, ranked, night, likelier)
        others_read = [*texts, *(line.text for guise in others for line in guise)]
        form = form if given else with_seconds(form, [*(line.text for line in best), *others_read])
        best = with_true_month(place, best, form, others_read, lumas, night)
        answers.append(PlaceReading(place, form, part_readings(best, form, others)))
    full = [one for one in answers if one.format.shows_date and one.format.shows_time]
    return full[:1] or answers


def _guises(
    places: Sequence[Place], lumas: Sequence[np.ndarray], given: Sequence[ClockFormat], every: bool
) -> list[list[list[TextLine]]]:
    """The line of each place on each frame, in one guise if that will do, in all of them if not."""
    first = _read(places, lumas, 0)
    guises = [_mended(first, given)]
    return _every_guise(places, lumas, given, guises) if every or not _well_read(places, first, lumas) else guises


def _every_guise(
    places: Sequence[Place],
    lumas: Sequence[np.ndarray],
    given: Sequence[ClockFormat],
    known: Sequence[list[list[TextLine]]],
) -> list[list[list[TextLine]]]:
    """The guises that are known, and those not read yet."""
    rest = range(len(known), len(STYLES))
    return [*known, *(_mended(_read(places, lumas, turn), given) for turn in rest)]


def _mended(guise: Sequence[Sequence[TextLine]], given: Sequence[ClockFormat]) -> list[list[TextLine]]:
    return [[legible(line, lambda text: shows_clock(text, given)) for line in own] for own in guise]


def _fullest(place: Place, guises: Sequence[Sequence[TextLine]], lumas: Sequence[np.ndarray]) -> list[list[TextLine]]:
    """The lines of a place in the guise that shows most (in another one where that shows nothing: a guise that garbles
    many is wrong in some), and then in the others. Of guises that show as much the one whose boxes tell most."""
    told = np.array([[_worth_of(one) for one in _told(place, lines, lumas)] for lines in guises])
    order = np.argsort(-told.sum(axis=1), kind="stable")
    ranked, shown = [guises[number] for number in order], told[order].argmax(axis=0)
    return [[ranked[guise][frame] for frame, guise in enumerate(shown)], *map(list, ranked[1:])]


def _well_read(places: Sequence[Place], lines: Sequence[Sequence[TextLine]], lumas: Sequence[np.ndarray]) -> bool:
    """Whether most lines show what is looked for, a date with the time (but where these stand apart), and where each
    of its characters stands."""
    apart = len(places) > 1 and places[0].box.overlap(places[1].box) < ONE_LINE
    wanted = 1 if apart else FULL
    well = [
        one.fullness >= wanted and one.well_placed
        for place, own in zip(places, lines, strict=True)
        for one in _told(place, own, lumas)
    ]
    return bool(np.mean(well) >= FEW_READ)


class _Told(NamedTuple):
    """What a line shows: MOMENT for date and time, FULL for a time that is all there is to show (a garbled date looks
    like other words), 1 for a date or a time, or where a number was missed, 0 for none, or where one was missed of a
    date or a time; whether the boxes of most of the clock's digits tell where these stand; whether all characters are
    surely read, and whether a zone is."""

    fullness: int
    well_placed: bool
    surely_read: bool
    zoned: bool


def _worth_of(told: _Told) -> float:
    return told.fullness + WELL_PLACED * told.well_placed + SURELY_READ * told.surely_read + ZONED * told.zoned


def _told(place: Place, lines: Sequence[TextLine], lumas: Sequence[np.ndarray]) -> list[_Told]:
    """What each line of a place tells."""
    answers = []
    for line, luma in zip(lines, lumas, strict=True):
        found = _found_in(place, line.text)
        fullness = max((_worth(place, one, line, luma) for one in found), default=0)
        longest = max(found, key=lambda one: one.shown.end - one.shown.start, default=None)
        reading = PartReading(line, longest.shown if longest else None)
        zoned = any(one.shown.zone for one in found)
        answers.append(_Told(fullness, _well_placed(reading), reading.teaches, zoned))
    return answers


def _well_placed(reading: PartReading) -> bool:
    chars = reading.chars
    digits = [char.text.isdigit() for char in chars]
    return any(digits) and bool(well_boxed(chars)[digits].mean() >= MOSTLY_PLACED)


def _found_in(place: Place, text: str) -> list[Recognised]:
    return recognise(text) + [Recognised(each, shown) for each in place.formats if (shown := each.search(text))]


def _worth(place: Place, found: Recognised, line: TextLine, luma: np.ndarray) -> int:
    worth = MOMENT if found.shown.moment else FULL if _is_all(found, line.text) else 1
    crop, reading = place.box.crop(luma), PartReading(line, found.shown)
    short_year = "y" in found.format.directives
    whole_years = any("Y" in each.directives for each in place.formats)
    cut = (short_year and (whole_years or _begins_within_number(line.text, found))) or cut_short(
        crop, reading, place.text_height, place.bright, short_year
    )
    return min(worth - 1, 1) if cut else worth


def _begins_within_number(text: str, found: Recognised) -> bool:
    """Whether what is shown begins right behind a digit and a mark: of `201,3-08-20` the 3 is no day."""
    return bool(re.search(r"\d[.,'\"°`]$", text[: found.shown.start]))


def _is_all(found: Recognised, text: str) -> bool:
    """Whether a time, perhaps with a day and month, is all that a line shows."""
    return found.shown.clock is not None and stands_alone(text, found)


def _read(places: Sequence[Place], lumas: Sequence[np.ndarray], turn: int) -> list[list[TextLine]]:
    """The places in the guise in which each was found, or another one; one call for each guise."""
    answers: dict[int, list[TextLine]] = {}
    styles = {number: _style(place, turn) for number, place in enumerate(places)}
    for style in sorted(set(styles.values())):
        own = [number for number in styles if styles[number] == style]
        crops = [places[number].box.crop(luma) for number in own for luma in lumas]
        of_each = [places[number] for number in own for _ in lumas]
        lines = read_crops(crops, [one.text_height for one in of_each], [one.bright for one in of_each], style)
        for place, number in enumerate(own):
            answers[number] = lines[place * len(lumas) : (place + 1) * len(lumas)]
    return [answers[number] for number in range(len(places))]


def _style(place: Place, turn: int) -> str:
    return [place.style, *(style for style in STYLES if style != place.style)][turn]


def _settled(
    place: Place, guises: Sequence[list[TextLine]], night: str | None, likelier: Sequence[ClockFormat]
) -> tuple[ClockFormat, list[list[TextLine]]]:
    """The format that a place's lines show in the first of the `guises`, and these. Where that shows no day of the
    night a digit of the date is misread in it, and another that shows one on most lines stands in front instead."""
    texts = [[line.text for line in lines] for lines in guises]
    try:
        return _format_of(place, texts[0], night, likelier), list(guises)
    except DateOfNoNight:
        for number in range(1, len(guises)):
            with suppress(NoClock):  # Another guise may garble the date.
                form = _format_of(place, texts[number], night, likelier)
                if night and mostly_of_night(form, texts[number], night):
                    return form, [guises[number], *guises[:number], *guises[number + 1 :]]
        raise


def _format_of(place: Place, texts: Sequence[str], night: str | None, likelier: Sequence[ClockFormat]) -> ClockFormat:
    every = [*place.formats, *(found.format for text in texts for found in recognise(text))]
    if any("p" in each.directives for each in place.formats):
        # Where it was found it showed AM or PM; another guise may garble them, and then all of a day is half of it.
        every = [each for each in every if "H" not in each.directives]
    full = [each for each in every if each.shows_date and each.shows_time]
    if any(each in place.formats for each in full) and len(full) >= FEWEST_FULL:
        # A date that is garbled on most frames is a date all the same.
        every = full
    common = commonest_formats(every, texts)
    left = possible_formats(common, texts, night)
    if len(left) != 1 and night:
        left = told_by_night(every, texts, night) or left
    if len(left) != 1:
        common = left or common
        if settled := next((each for each in likelier if each in common), None):
            return settled
        example = next((text for text in texts if common[0].search(text)), texts[0])
        patterns = " or ".join(each.pattern for each in common)
        said = f"The clock shows {example!r}, which"
        if not left:
            raise DateOfNoNight(
                f"{said} is no day of the night {night} that the file's name tells, if read as {patterns}: digits of "
                "it are misread, or the name tells another date; set [camera] clock_format if the clock is right."
            )
        raise AmbiguousDate(
            f"{said} could be read as {patterns}, and neither the file's name nor a midnight tells which; set [camera] "
            "clock_format to the right one.",
            common,
            example,
        )
    return left[0]
