"""How far the tasks of a run are, told to whoever watches it: lines of JSON through a pipe.

The run's main process opens the pipe before it forks (pipeline/display.py), and its forks inherit the
end to write to. Nobody has to watch: without a pipe, and once its reader is gone, telling does nothing.
"""

from __future__ import annotations

import json
import os

BEGUN, GOING_ON, ENDED, SAID, ALL_DONE = "begun", "going on", "ended", "said", "all done"

# Longer lines could mix with those of other processes (pipe(7): PIPE_BUF).
LINE_BYTES = 4096


class _Pipe:
    end: int | None = None


def watched_through(end: int | None) -> None:
    """From here on this process and its forks tell through the file descriptor `end`."""
    _Pipe.end = end


def is_watched() -> bool:
    return _Pipe.end is not None


def tell(subject: str, what: str, content: float | str = "") -> None:
    """Tell that `subject` has begun, goes on (with the fraction done), has ended, said something, or is all done."""
    if _Pipe.end is None:
        return
    line = json.dumps([what, subject, content], ensure_ascii=False).encode() + b"\n"
    try:
        os.write(_Pipe.end, line if len(line) <= LINE_BYTES else _shortened(what, subject, content))
    except OSError:  # whoever watched is gone
        _Pipe.end = None


def _shortened(what: str, subject: str, content: float | str) -> bytes:
    few = LINE_BYTES // 16  # characters, each up to six bytes
    return json.dumps([what, subject[:few], f"{str(content)[:few]} ..."]).encode() + b"\n"
