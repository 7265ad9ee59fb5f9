"""What clocks show, on the command line: for people to read, or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from allsky.clock.look import FirstLook, ShownTime, look_at
from allsky.errors import BadConfiguration, BadVideo


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


def show_clocks(paths: Sequence[Path], frames: str | None, as_json: bool, tell: Callable[[str], None]) -> int:
    """Tell what the clock of each file shows; the number of files that could not be read."""
    wanted, unreadable = asked_frames(frames), 0
    for path in paths:
        try:
            look = look_at(path, wanted)
        except BadVideo as error:
            unreadable += 1
            look = FirstLook(path, [ShownTime(None, reason=str(error))])
        for line in _json_lines(look) if as_json else _lines(look):
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


def _lines(look: FirstLook) -> list[str]:
    """The look in words: what was found, then a line a frame."""
    return [str(look.path), *(f"  {sentence}" for sentence in look.sentences), *map(_line, look.frames)]


def _line(shown: ShownTime) -> str:
    where = "" if shown.frame_index is None else f"frame {shown.frame_index:>6}  "
    if shown.overlay_time is None and shown.time_only is None:
        return f"  {where}no time: {shown.reason}"
    time = shown.overlay_time.isoformat(" ") if shown.overlay_time else f"{shown.time_only} on an unknown date"
    others = [moment.isoformat(" ") for moment in shown.candidates if moment != shown.overlay_time]
    remarks = [f"or {' or '.join(others)}" if others else "", shown.reason or ""]
    words = "; ".join(remark for remark in (f"confidence {shown.confidence:.2f}", *remarks) if remark)
    return f"  {where}{time} {shown.zone or '(no zone read)'}  {words}"
