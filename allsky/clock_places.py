"""What does Tesseract read at the places of the clock on all keyframes, and in which format?

All places of all keyframes go to Tesseract in one call. Where little comes of it they go once more, in another
guise. The format is the one that fits the whole lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allsky.clock_format import ClockFormat
from allsky.clock_order import commonest_formats, possible_formats
from allsky.clock_part import PartReading, part_readings
from allsky.clock_recognition import recognise
from allsky.clock_search import Place
from allsky.errors import NoClock
from allsky.overlay import read_crops
from allsky.tesseract import TextLine

# Where fewer lines than this share show a clock, Tesseract is given them in another guise.
FEW_READ = 0.7


class AmbiguousDate(NoClock):
    """A clock whose day, month and short year could stand in several orders: the `formats` that remain, for `text`."""

    def __init__(self, message: str, formats: Sequence[ClockFormat] = (), text: str = "") -> None:
        super().__init__(message)
        self.formats, self.text = tuple(formats), text


@dataclass(frozen=True)
class PlaceReading:
    """A place, the format of its text, and what was read there on each keyframe."""

    place: Place
    format: ClockFormat
    readings: list[PartReading]


def read_places(
    places: Sequence[Place], lumas: Sequence[np.ndarray], given: ClockFormat | None, night: str | None
) -> list[PlaceReading]:
    """What is read at `places` on the frames `lumas`; of one place alone if that turns out to show date and time.

    Raises AmbiguousDate naming the possible formats where nothing tells them apart.
    """
    places = [place.widened(lumas[0].shape) for place in places]
    lines = _lines(places, lumas)
    answers = []
    for place, own in zip(places, lines):
        form = given or _format_of(place, [line.text for line in own], night)
        answers.append(PlaceReading(place, form, part_readings(own, form)))
    full = [one for one in answers if one.format.shows_date and one.format.shows_time]
    return full[:1] or answers


def _lines(places: Sequence[Place], lumas: Sequence[np.ndarray]) -> list[list[TextLine]]:
    """The line of each place on each frame, the better of two guises where one does not do."""
    lines = _read(places, lumas, other_guise=False)
    shown = [[_shows(place, line) for line in own] for place, own in zip(places, lines)]
    if np.mean(shown) >= FEW_READ:
        return lines
    again = _read(places, lumas, other_guise=True)
    return [
        [one if read or not _shows(place, other) else other for one, other, read in zip(*three)]
        for place, *three in zip(places, lines, again, shown)
    ]


def _shows(place: Place, line: TextLine) -> bool:
    return any(each.search(line.text) for each in place.formats)


def _read(places: Sequence[Place], lumas: Sequence[np.ndarray], other_guise: bool) -> list[list[TextLine]]:
    """One call for each guise; places seldom differ in it."""
    answers: dict[int, list[TextLine]] = {}
    styles = {number: _other(place.style) if other_guise else place.style for number, place in enumerate(places)}
    for style in sorted(set(styles.values())):
        own = [number for number in styles if styles[number] == style]
        crops = [places[number].box.crop(luma) for number in own for luma in lumas]
        of_each = [places[number] for number in own for _ in lumas]
        lines = read_crops(crops, [one.text_height for one in of_each], [one.bright for one in of_each], style)
        for place, number in enumerate(own):
            answers[number] = lines[place * len(lumas) : (place + 1) * len(lumas)]
    return [answers[number] for number in range(len(places))]


def _other(style: str) -> str:
    return "grey" if style == "ink" else "ink"


def _format_of(place: Place, texts: Sequence[str], night: str | None) -> ClockFormat:
    every = [*place.formats, *(found.format for text in texts for found in recognise(text))]
    left = possible_formats(commonest_formats(every, texts), texts, night)
    if len(left) != 1:
        common = left or commonest_formats(every, texts)
        example = next((text for text in texts if common[0].search(text)), texts[0])
        raise AmbiguousDate(
            f"The clock shows {example!r}, which could be read as {' or '.join(each.pattern for each in common)}, and "
            "neither the file's name nor a midnight tells which; set [camera] clock_format to the right one.",
            common,
            example,
        )
    return left[0]
