"""What can be wrong with an archive, said so that a person can mend it.

Every message names the night or file, what was expected, what was found, and what to do.
"""


class AllskyError(Exception):
    """Base of every error this package raises on purpose."""


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
