"""The sky of an all-sky camera, in plain functions over arrays and tables.

No Luigi, no PyTorch, no configuration, no printing: usable on its own. What most scripts need is offered here and
loaded when it is first asked for, so that `import allsky` costs nothing; everything else is in its module.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allsky.conditions import ConditionBins, observing_conditions
    from allsky.corpus import Corpus, open_corpus
    from allsky.disk_search import find_sky_disk
    from allsky.ephemeris import sun_and_moon
    from allsky.errors import AllskyError
    from allsky.fisheye import Lens
    from allsky.geomagnetic import magnetic_local_time
    from allsky.keograms import keogram
    from allsky.recordings.video import read_frames, read_keyframes
    from allsky.site import Site, night_bounds, night_of
    from allsky.sky_disk import SkyDisk, square_crop

__version__ = version("allsky-pipeline")

__all__ = [
    "AllskyError",
    "ConditionBins",
    "Corpus",
    "Lens",
    "Site",
    "SkyDisk",
    "find_sky_disk",
    "keogram",
    "magnetic_local_time",
    "night_bounds",
    "night_of",
    "observing_conditions",
    "open_corpus",
    "read_frames",
    "read_keyframes",
    "square_crop",
    "sun_and_moon",
]

_HOMES = {
    "allsky.conditions": ("ConditionBins", "observing_conditions"),
    "allsky.corpus": ("Corpus", "open_corpus"),
    "allsky.disk_search": ("find_sky_disk",),
    "allsky.ephemeris": ("sun_and_moon",),
    "allsky.errors": ("AllskyError",),
    "allsky.fisheye": ("Lens",),
    "allsky.geomagnetic": ("magnetic_local_time",),
    "allsky.keograms": ("keogram",),
    "allsky.site": ("Site", "night_bounds", "night_of"),
    "allsky.sky_disk": ("SkyDisk", "square_crop"),
    "allsky.recordings.video": ("read_frames", "read_keyframes"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'allsky' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
