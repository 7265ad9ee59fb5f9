"""What was done for one night, and what was said about it: a log a night, under `logs/`."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger("allsky")

# Nights of one output may be done on several machines.
_FORMAT = logging.Formatter(f"%(asctime)s {socket.gethostname()} %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
_FORMAT.converter = time.gmtime


@contextlib.contextmanager
def night_log(path: Path) -> Iterator[Callable[[str], None]]:
    """Whatever is logged meanwhile goes into the night's log too, a failure with its traceback.

    Yields a function that writes into the night's log alone.
    """
    handler = _handler(path)
    handler.setFormatter(_FORMAT)
    logger.addHandler(handler)
    try:
        yield lambda text: _write(handler, logging.INFO, text)
    except Exception as error:
        _write(handler, logging.ERROR, repr(error), error)
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()


class _Quiet(logging.FileHandler):
    """Says nothing where nothing can be written: the night's work tells it better."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Go on without."""


def _handler(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _Quiet(path, encoding="utf-8")
    except OSError:
        return logging.NullHandler()


def _write(handler: logging.Handler, level: int, text: str, error: Exception | None = None) -> None:
    traceback = (type(error), error, error.__traceback__) if error else None
    handler.handle(logger.makeRecord(logger.name, level, "", 0, text, (), traceback))
