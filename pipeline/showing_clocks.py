"""What clocks show, on the command line: for people to read, or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from allsky.clock.given import ClockSettings, GivenBox, clock_box, given_clock_formats
from allsky.errors import BadConfiguration, BadVideo, NoClock
from allsky.first_look.look import NOTHING_GIVEN, FirstLook, ShownTime, look_at


def asked_frames(text: str | None) -> Sequence[int] | str | None:
    """The frames that `--frames` names: `all`, or numbers with commas between them."""
    if text is None or text == "all":
        return text
    try:
        return [_frame_number(part) for part in text.split(",")]
    except ValueError:
        raise BadConfiguration(f"--frames {text}: expected `all`, or frame numbers from 0 such as 0,25,100") from None


def _frame_number(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError(text)
    return number


def given_clock(boxes: Sequence[str], patterns: Sequence[str]) -> ClockSettings:
    """What each `--box` and `--format` say of the clock."""
    try:
        given_clock_formats(patterns)
    except ValueError as error:
        expected = "expected a strftime format such as '%Y-%m-%d %H:%M:%S'"
        raise BadConfiguration(f"--format {' --format '.join(patterns)}: {expected} ({error})") from None
    return ClockSettings(tuple(map(_asked_box, boxes)), tuple(patterns))


def _asked_box(text: str) -> GivenBox:
    try:
        return clock_box(text)
    except ValueError:
        raise BadConfiguration(f"--box {text}: expected X,Y,WIDTH,HEIGHT in pixels, such as 0,700,240,20") from None


def show_clocks(
    paths: Sequence[Path],
    frames: str | None,
    as_json: bool,
    tell: Callable[[str], None],
    given: ClockSettings = NOTHING_GIVEN,
) -> int:
    """Tell what the clock of each file shows; the number of files that could not be read."""
    wanted, unreadable = asked_frames(frames), 0
    for path in paths:
        try:
            look = look_at(path, wanted, given)
        except (BadVideo, NoClock) as error:
            unreadable += 1
            look = FirstLook(path, [ShownTime(None, reason=str(error))], learned=True)
        for line in _json_lines(look) if as_json else _lines(look, given):
            tell(line)
    return unreadable


def _json_lines(look: FirstLook) -> list[str]:
    return [json.dumps(_record(look.file_of(shown), shown)) for shown in look.frames]


def _record(path: Path, shown: ShownTime) -> dict:
    box = shown.box
    return {
        "file": str(path),
        "frame_index": shown.frame_index,
        "overlay_time": shown.overlay_time.isoformat() if shown.overlay_time else None,
        "zone": shown.zone,
        "box": [box.x, box.y, box.width, box.height] if box else None,
        "confidence": shown.confidence,
        "reason": shown.reason,
        "candidates": [moment.isoformat() for moment in shown.candidates] or None,
        "time_only": shown.time_only.isoformat() if shown.time_only else None,
    }


# In words.

WHERE_TO_LOOK = (
    "where you see a clock, say where and how it is written: --box X,Y,WIDTH,HEIGHT (pixels) and --format (strftime),"
    " each twice where date and time stand apart; a run takes both from [camera] clock_box and clock_format"
)


def _lines(look: FirstLook, given: ClockSettings) -> list[str]:
    """The look in words: what was found, what is said of the zone, a line a frame, and what would help."""
    hint = (
        [] if look.learned or given != NOTHING_GIVEN or all(shown.tells for shown in look.frames) else [WHERE_TO_LOOK]
    )
    zones = {shown.zone for shown in look.frames if shown.tells}
    one_zone = zones.pop() or "" if look.learned and len(zones) == 1 else None
    told = [*look.sentences, *_zone(one_zone, given), *_frames(look, one_zone is None), *hint]
    return [str(look.path), *(f"  {line}" for line in told)]


def _zone(zone: str | None, given: ClockSettings) -> list[str]:
    """What there is to say of the zone that all frames show: its word, or an empty one."""
    if zone is None:
        return []
    if not zone and given.formats and not any(each.shows_zone for each in given.given_formats()):
        return ["zone: none is looked for, since no --format has %Z or %z; a run takes [camera] clock_timezone"]
    shown = f"{zone}, as shown" if zone else "none is shown; a run takes [camera] clock_timezone, or else the site's"
    return [f"zone: {shown}"]


def _frames(look: FirstLook, with_zone: bool) -> list[str]:
    """A line a frame; one for all where none of them tells a time, for the same reason."""
    reasons = {shown.reason for shown in look.frames}
    if len(reasons) == 1 and len(look.frames) > 1 and not any(shown.tells for shown in look.frames):
        return [f"no time on the {len(look.frames)} frames looked at: {reasons.pop()}"]
    names = [_name(look, shown) for shown in look.frames]
    widest = max(map(len, names), default=0)
    return [
        f"{name:<{widest}}  {_shown(shown, with_zone)}".lstrip() for name, shown in zip(names, look.frames, strict=True)
    ]


def _name(look: FirstLook, shown: ShownTime) -> str:
    """What a frame is called: a still by its file, a picture that is the whole file not at all."""
    if shown.frame_index is None or look.picture:
        return ""
    return look.still(shown) or f"frame {shown.frame_index:>6}"


def _shown(shown: ShownTime, with_zone: bool) -> str:
    if not shown.tells:
        return f"no time: {shown.reason}"
    time = shown.overlay_time.isoformat(" ") if shown.overlay_time else f"{shown.time_only} on an unknown date"
    others = [moment.isoformat(" ") for moment in shown.candidates if moment != shown.overlay_time]
    zone = f"zone {shown.zone}" if shown.zone else "no zone shown"
    remarks = [zone if with_zone else "", f"confidence {shown.confidence:.2f}", *(f"or {other}" for other in others)]
    return f"{time}  {'; '.join(filter(None, [*remarks, shown.reason]))}"
