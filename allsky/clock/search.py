"""Where on the frame does the clock stand, and in what format?

Rows of text found on a few keyframes go to Tesseract in one call; those that read as a date, a time or
both are the candidates. A date and a time in different places are taken together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from allsky.clock.boxes import Box, union
from allsky.clock.formats import ClockFormat
from allsky.clock.guises import STYLES, read_crops
from allsky.clock.ink import strokes
from allsky.clock.mending import legible
from allsky.clock.recognition import Recognised, recognise, stands_alone
from allsky.clock.tesseract import TextLine
from allsky.clock.text_rows import LEAST_CONTRAST, Line, between_outlines, text_lines
from allsky.spread import spread

FRAMES_SEARCHED = 3
MOST_LINES = 48
# Text of fewer digits is hardly a date that was not made out; a year or `ISO 3200` has four.
DIGITS_OF_A_DATE = 5
# ... unless it breaks off so many text heights, of which two are the margin, before its row does.
UNREAD_ROOM = 4.0
# What is about to begin, to end, to rise or to set at the time that stands behind it.
EVENT = re.compile(r"(?i:rise|set|start|begin|end|dawn|dusk|noon|transit|auf-?gang|unter-?gang)s?\s?[:=>-]?\s*$")
UTC_WORDS = frozenset({"UTC", "UT", "GMT", "Z"})
# A place is read with this many text heights more on either side: some characters, or a whole time.
BESIDE_FULL, BESIDE_PART = 5, 14
# Two places on one line more than so many text heights apart are two texts (three blanks of one are no wider). Where
# the second is set to the right edge, digits that differ in width move it against the first.
WELL_APART = 2.5
# The rest of a word that the end of a place cuts through is no wider than so many text heights, its strokes have this
# share of the others' contrast, and so many text heights without any end it.
WIDEST_CUT, CUT_SHARE, WORDS_APART = 4.0, 0.5, 0.6
# Lines of one block of text begin so many text heights below each other, at most; no frame is larger than this.
LINE_APART, FAR = 2.0, (100_000, 100_000)
# Digits are no higher than the marks they were read from by this, or their boxes took in more; nor are marks than their
# digits, or they are something else.
TALLEST = 1.4
# Lines that share so much of the smaller one stand at one place.
ONE_PLACE = 0.5


@dataclass(frozen=True)
class Place:
    """A place on the frame that shows the clock, or its date or time alone: its box, the height of its
    letters in pixels, whether they are bright on dark, the style in which Tesseract could read it, the formats its
    text could be in, likeliest first, and from where to where the characters read in the box reach (all of it where
    that is not said; a text with a ground has a wider one)."""

    box: Box
    text_height: float
    bright: bool
    style: str
    formats: tuple[ClockFormat, ...]
    span: tuple[float, float] | None = None

    def widened(self, shape: tuple[int, ...]) -> Place:
        """The place with what stands beside it: the marks of a faint clock may have been found in part only, and beside
        a date alone its time may stand."""
        full = any(each.shows_date and each.shows_time for each in self.formats)
        beside = round((BESIDE_FULL if full else BESIDE_PART) * self.text_height)
        return replace(self, box=self.box.grown(beside, 0, shape[1], shape[0]))

    def is_well_apart(self, other: Place) -> bool:
        """Whether another place on the same line, as it was found, is a text of its own."""
        rows = min(self.box.bottom, other.box.bottom) - max(self.box.y, other.box.y)
        (left, right), (others_left, others_right) = (one.span or (one.box.x, one.box.right) for one in (self, other))
        gap = max(left - others_right, others_left - right)
        return rows > 0 and gap > WELL_APART * self.text_height

    def kept_from(self, other: Place, found: Box) -> Place:
        """The place, `found` before it was widened, not reaching into `other`, found well apart on the same line: a
        time cut through is read as another one."""
        if not replace(self, box=found).is_well_apart(other):
            return self
        left = max(self.box.x, other.box.right) if other.box.x < found.x else self.box.x
        right = min(self.box.right, other.box.x) if other.box.x > found.x else self.box.right
        return replace(self, box=Box(left, self.box.y, right - left, self.box.height))


def widened(places: Sequence[Place], luma: np.ndarray) -> list[Place]:
    """The places on a frame `luma` (H, W), each with what stands beside it but for the others that stand well apart
    from it, and no character cut through."""
    answers = []
    for place in places:
        wide = place.widened(luma.shape)
        for other in places:
            wide = wide if other is place else wide.kept_from(other, place.box)
        answers.append(replace(wide, box=_uncut(wide, luma)))
    return answers


def _uncut(place: Place, luma: np.ndarray) -> Box:
    """The place's box, wider by the rest of a word that its end cuts through: of `PM` an F was left, and the evening
    became the morning."""
    box, most = place.box, round(WIDEST_CUT * place.text_height)
    around = box.grown(most, 0, luma.shape[1], luma.shape[0])
    ink = strokes(around.crop(luma), place.text_height, place.bright).max(axis=0).astype(float)
    inked = ink > CUT_SHARE * np.percentile(ink, 90)
    gap = max(round(WORDS_APART * place.text_height), 1)
    left = _edge(inked[::-1], around.right - box.x, gap)
    right = _edge(inked, box.right - around.x, gap)
    return Box(around.right - left, box.y, around.x + right - (around.right - left), box.height)


def _edge(inked: np.ndarray, edge: int, gap: int) -> int:
    """The first column from `edge` on behind which `gap` columns have no ink, or the picture ends; `edge` where none
    is."""
    for column in range(edge, len(inked) + 1):
        if not inked[max(column - 1, 0) : column - 1 + gap].any():
            return column
    return edge


@dataclass(frozen=True)
class _Seen:
    """A line of a frame, as Tesseract read it in one style, and what that shows."""

    line: Line
    style: str
    text: TextLine
    found: tuple[Recognised, ...]

    def at_the_place_of(self, other: _Seen) -> bool:
        """Whether it stands where another one does and looks alike."""
        alike = self.line.bright == other.line.bright and self.style == other.style
        return alike and self.line.box.overlap(other.line.box) > ONE_PLACE


class _Worth(NamedTuple):
    """What speaks for a place as the clock's, the weightier first: how often it was seen and how much of a clock it
    shows, whether its marks are as high as the digits that were read (the ground of a text is a mark, too), and how
    sure Tesseract is of it."""

    seen_and_shown: int
    well_sized: bool
    confidence: float


def find_clock(
    lumas: Sequence[np.ndarray],
    within: Sequence[Box] = (),
    given: Sequence[ClockFormat] = (),
    contrast: int = LEAST_CONTRAST,
    styles: Sequence[str] = STYLES,
) -> tuple[list[Place], list[str]]:
    """The places that together show the clock, and every text that was seen (for the message when there is none).

    `lumas` are frames (H, W) of one size; `within` limits the search; the formats `given`, if any, are the
    only ones looked for, and all of them; `contrast` is how far text stands out, `styles` the guises tried one after
    the other. No places where no date with a time, or time alone, was seen.

    Raises MissingTool without Tesseract.
    """
    frames = [lumas[place] for place in spread(len(lumas), FRAMES_SEARCHED)]
    rows = [_lines(luma, within, contrast) for luma in frames]
    places, texts = _read_rows(frames, rows, given, styles)
    if len(places) < max(len(given), 1):
        # Outlines are one row with the text between them, which alone may be of several: its letters are cut, or small.
        rows = [list(between_outlines(*one, contrast)) for one in zip(frames, rows, strict=True)]
        places, more = _read_rows(frames, rows, given, styles) if any(rows) else (places, [])
        texts += more
    return places if len(places) >= len(given) else [], texts


def _read_rows(
    frames: Sequence[np.ndarray], rows: Sequence[Sequence[Line]], given: Sequence[ClockFormat], styles: Sequence[str]
) -> tuple[list[Place], list[str]]:
    """The places of a clock among the `rows` of each frame, and every text that was seen."""
    lines = [(luma, line) for luma, own in zip(frames, rows, strict=True) for line in own]
    seen: list[_Seen] = []
    places: list[Place] = []
    for style in styles:
        seen += _read_lines(lines, style, given)
        places = _places(seen)
        dated = any(one.shows_date for place in places for one in place.formats)
        settled = dated and _seen_on_most(places, seen, len(frames)) and not _of_one_row(places, seen)
        # Between the letters of one polarity stands what looks like text of the other.
        settled &= len({place.bright for place in places}) == 1
        if settled or (places and not dated and _no_more_numbers(seen)):
            break
    return places, [one.text.text for one in seen if one.text.text]


def _seen_on_most(places: Sequence[Place], seen: Sequence[_Seen], n_frames: int) -> bool:
    """Whether what the places show was seen on most frames in one guise: in another guise more may be legible."""
    styles = {place.style for place in places}
    kinds = {"full"} if len(places) == 1 else {"date", "time"}
    counts = Counter((one.style, _kind(one)) for one in seen)
    return all(max(counts[style, kind] for style in styles) > n_frames / 2 for kind in kinds)


def _of_one_row(places: Sequence[Place], seen: Sequence[_Seen]) -> bool:
    """Whether a date and a time were read in pieces of one row of text, of which no guise yet showed the whole."""
    pieces = len(places) > 1 and not places[0].is_well_apart(places[1])
    rows = [one.line.box for one in seen] if pieces else []
    return any(all(place.box.overlap(row) > ONE_PLACE for place in places) for row in rows)


def _no_more_numbers(seen: Sequence[_Seen]) -> bool:
    """Whether a time is all that was seen, and nothing else could be a date that was not made out."""
    return all(
        any(stands_alone(one.text.text, each) for each in one.found)
        if one.found
        else sum(char.isdigit() for char in one.text.text) < DIGITS_OF_A_DATE and not _breaks_off(one)
        for one in seen
    )


def _breaks_off(one: _Seen) -> bool:
    """Whether a row of which digits were read goes on far beyond what was: the rim of the disk runs through it."""
    inked = [char for char in one.text.chars if char.text.strip()]
    if not any(char.text.isdigit() for char in inked):
        return False
    span = inked[-1].x + inked[-1].width - inked[0].x
    return one.line.box.width - span > UNREAD_ROOM * one.line.text_height


def _places(seen: Sequence[_Seen]) -> list[Place]:
    """The one place of a full clock, or those of a date and a time that stand apart, or of a time alone."""
    kinds = {kind: _best_place([one for one in seen if _kind(one) == kind]) for kind in ("full", "date", "time")}
    if kinds["full"]:
        return [kinds["full"]]
    if kinds["date"] and kinds["time"]:
        kinds["time"] = _nearest(kinds["date"], [one for one in seen if _kind(one) == "time"])
    return [place for place in (kinds["date"], kinds["time"]) if place] if kinds["time"] else []


def _read_lines(lines: Sequence[tuple[np.ndarray, Line]], style: str, given: Sequence[ClockFormat]) -> list[_Seen]:
    """What Tesseract reads on lines of frames, in one call."""
    crops = [line.box.crop(luma) for luma, line in lines]
    texts = read_crops(crops, [line.text_height for _, line in lines], [line.bright for _, line in lines], style)
    texts = [legible(text, lambda shown: shows_clock(shown, given)) for text in texts]
    return [_Seen(line, style, text, clocks_in(text.text, given)) for (_, line), text in zip(lines, texts, strict=True)]


def _lines(luma: np.ndarray, within: Sequence[Box], contrast: int) -> list[Line]:
    """Candidate rows, the likeliest first; in given boxes also each box as a whole."""
    if not within:
        return sorted(text_lines(luma, contrast), key=lambda line: -line.box.width / line.text_height)[:MOST_LINES]
    lines = []
    for box in within:
        inside = text_lines(np.ascontiguousarray(box.crop(luma)), contrast)[:MOST_LINES]
        lines += [replace(line, box=line.box.moved(box.x, box.y)) for line in inside]
        lines += [Line(box, 0.7 * box.height, bright) for bright in (True, False)]
    return lines


def shows_clock(text: str, given: Sequence[ClockFormat] = ()) -> bool:
    """Whether `text` shows date and time, or all that a given format has."""
    return any(given or found.shown.moment for found in clocks_in(text, given))


def clocks_in(text: str, given: Sequence[ClockFormat] = ()) -> tuple[Recognised, ...]:
    """What `text` shows in the formats that are given, or in any."""
    if not given:
        return tuple(one for one in recognise(text) if not _is_of_an_event(text, one))
    return tuple(Recognised(each, shown) for each in given if (shown := each.search(text)))


def _is_of_an_event(text: str, found: Recognised) -> bool:
    """Whether what is shown is a time alone that stands behind the name of an event: `Sunrise 05:38`."""
    return not found.format.shows_date and bool(EVENT.search(text[: found.shown.start]))


def _kind(one: _Seen) -> str:
    formats = [found.format for found in one.found]
    if any(each.shows_time and each.shows_date for each in formats):
        return "full"
    return "time" if any(each.shows_time for each in formats) else "date" if formats else "none"


def _nearest(day: Place, times: list[_Seen]) -> Place | None:
    """Of times the one right beside a date, or right above or below it, where one stands there, and of these one as
    bright; else the best: that of a status line, or a second clock, may be the fuller one."""
    beside = day.box.grown(round(BESIDE_FULL * day.text_height), round(LINE_APART * day.text_height), *FAR)
    near = [one for one in times if one.line.box.overlap(beside) > ONE_PLACE]
    alike = [one for one in near if one.line.bright == day.bright]
    return _best_place(alike or near or times)


def _best_place(seen: list[_Seen]) -> Place | None:
    """The place seen most often in one format, the fullest first where several are."""
    groups: list[list[_Seen]] = []
    for one in seen:
        group = next((group for group in groups if one.at_the_place_of(group[0])), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return _place(max(groups, key=_worth)) if groups else None


def _worth(group: list[_Seen]) -> _Worth:
    length = max(_letters(one.text.text[found.shown.start : found.shown.end]) for one in group for found in one.found)
    confidence = float(np.median([char.confidence for one in group for char in one.text.chars]))
    # Of two clocks the one in UTC leaves nothing open.
    utc = any(found.shown.zone in UTC_WORDS for one in group for found in one.found)
    digits = [char.height / one.line.text_height for one in group for char in one.text.chars if char.text.isdigit()]
    well_sized = 1 / TALLEST <= float(np.median(digits)) <= TALLEST
    return _Worth(len(group) + length + utc, well_sized, confidence)


def _letters(text: str) -> int:
    return sum(not char.isspace() for char in text)


def _place(group: list[_Seen]) -> Place:
    box = union([one.line.box for one in group])
    height = float(np.median([one.line.text_height for one in group]))
    counted = Counter(found.format for one in group for found in one.found)
    formats = tuple(each for each, _ in counted.most_common())
    ends = [(one.line.box.x + char.x, one.line.box.x + char.x + char.width) for one in group for char in one.text.chars]
    span = (min(left for left, _ in ends), max(right for _, right in ends))
    return Place(box, height, group[0].line.bright, group[0].style, formats, span)
