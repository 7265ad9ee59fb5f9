"""What can be wrong with an archive, said so that a person can mend it.

Every message names the night or file, what was expected, what was found, and what to do.
"""

from __future__ import annotations

from typing import Any


class AllskyError(Exception):
    """Base of every error this package raises on purpose. Any of them reaches another process as it was raised."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Python's own way calls the class with `args`, which are the message; a class that words its message itself
        # takes something else, and whoever waits for a process that failed so may wait for ever.
        return _as_raised, (type(self), self.args), self.__dict__


def _as_raised(kind: type[AllskyError], args: tuple[Any, ...]) -> AllskyError:
    return kind.__new__(kind, *args)


class BadVideo(AllskyError):
    """A file that cannot be read as a video."""


class NoClock(AllskyError):
    """A night whose burned-in clock cannot be found or read."""


class NotASky(AllskyError):
    """Frames in which no sky disk can be found."""


class BadConfiguration(AllskyError):
    """A configuration that cannot mean what it says."""


class BadLabels(AllskyError):
    """Labels that do not fit the frames or the classes."""


class BadModel(AllskyError):
    """A model, or its weights, that cannot be used."""


class MissingTool(AllskyError):
    """A program that must be installed beside this package."""
