"""What somebody said of a clock beforehand: where on the frames it stands, how it is written, and its zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.text_rows import SMALLEST_TEXT
from allsky.errors import BadConfiguration, NoClock

# x, y, width and height in pixels.
GivenBox = tuple[int, int, int, int]
# A date and a time may stand apart.
MOST_PLACES = 2


@dataclass(frozen=True)
class ClockSettings:
    """What is given of the clock: `boxes` in which it stands (x, y, width, height; none to find it; two where date and
    time stand apart), `formats` as strftime patterns (none to find them; two for a date and a time that stand apart,
    in either order), `timezone` of the clock where the overlay names none."""

    boxes: tuple[GivenBox, ...] = ()
    formats: tuple[str, ...] = ()
    timezone: str = "UTC"

    def given_formats(self) -> tuple[ClockFormat, ...]:
        """The formats as those that texts are read in; raises BadConfiguration where they are none."""
        try:
            return given_clock_formats(self.formats)
        except ValueError as error:
            raise BadConfiguration(f"[camera] clock_format: {error}.") from error


def given_clock_formats(patterns: Sequence[str]) -> tuple[ClockFormat, ...]:
    """Formats that somebody has written; raises ValueError where no time of day could be read in them."""
    for pattern in patterns:
        if len(pattern) > 1 and pattern[0] == pattern[-1] and pattern[0] in "\"'":
            raise ValueError(f"the clock format {pattern} is expected without the quotes around it")
    written = tuple(map(ClockFormat, patterns))
    without_time = [one for one in written if not one.directives & {"H", "I"}]
    if len(written) == 1 and without_time:
        raise ValueError(
            f"the clock format {patterns[0]!r} has no time of day (%H, or %I and %p); where that stands apart from the "
            "date give both formats"
        )
    if len(written) > MOST_PLACES or (len(written) == MOST_PLACES and not _date_and_time(written)):
        raise ValueError(f"several clock formats are those of a date and of a time apart from it, not {list(patterns)}")
    return written


def _date_and_time(written: Sequence[ClockFormat]) -> bool:
    timed = [one for one in written if one.directives & {"H", "I"}]
    return len(timed) == 1 and not timed[0].shows_date and all(one.directives for one in written)


def clock_box(text: str) -> GivenBox:
    """The box that somebody has written, as x, y, width, height with commas between them; raises ValueError where these
    are none."""
    try:
        x, y, width, height = (round(float(part)) for part in text.split(","))
    except ValueError:
        raise ValueError("expected x, y, width, height in pixels, four numbers separated by commas") from None
    if min(x, y) < 0 or min(width, height) <= 0:
        raise ValueError("expected x, y, width, height in pixels, none of them negative")
    return x, y, width, height


def given_boxes(given: Sequence[GivenBox], shape: tuple[int, ...], file: str) -> tuple[Box, ...]:
    """The boxes (x, y, width, height) in which the clock is said to be, as far as they lie on frames of this `shape`
    (H, W, ...). Raises NoClock, naming the `file`, where no text has room in one of them."""
    height, width = shape[:2]
    boxes = tuple(Box(*one).within(width, height) for one in given)
    for one, box in zip(given, boxes, strict=True):
        if min(box.width, box.height) < SMALLEST_TEXT:
            raise NoClock(
                f"{file}: the clock_box {', '.join(map(str, one))} (x, y, width, height) lies outside its frames "
                f"of {width}x{height}; measure it on one of its frames, or leave it out for the clock to be found"
            )
    return boxes
