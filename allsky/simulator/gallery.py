"""Pictures of what the simulator makes, and of simulated beside real frames, for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from allsky.simulator.archive import Simulation, frame_times, sky_pictures
from allsky.simulator.overlay import TextLine, draw_text
from allsky.simulator.scene import Picture

# What a gallery looks for, in order: a caption, and which frames it fits.
SIGHTS: dict[str, Callable[[dict], bool]] = {
    "bright aurora": lambda facts: facts["contrast_to_noise"] > 40 and facts["cloud_fraction"] < 0.1,
    "faint aurora": lambda facts: 7 < facts["contrast_to_noise"] < 12 and facts["cloud_fraction"] < 0.1,
    "aurora through cloud": lambda facts: facts["visible"] == "aurora" and facts["cloud_fraction"] > 0.6,
    "aurora under the moon": lambda facts: facts["visible"] == "aurora" and facts["moon_altitude_deg"] > 15,
    "clear, no aurora": lambda facts: (
        facts["contrast_to_noise"] < 1 and facts["cloud_fraction"] < 0.02 and _dark(facts)
    ),
    "cloud lit by aurora": lambda facts: (
        facts["visible"] == "no aurora" and facts["aurora_brightness_rayleigh"] > 2e4 and facts["cloud_fraction"] > 0.9
    ),
    "moonlit cloud": lambda facts: facts["moon_altitude_deg"] > 15 and 0.3 < facts["cloud_fraction"] < 0.8,
    "twilight": lambda facts: facts["sun_altitude_deg"] > -11,
}


def _dark(facts: dict) -> bool:
    return facts["sun_altitude_deg"] < -18 and facts["moon_altitude_deg"] < 0


def find_sights(simulation: Simulation, every: int = 7) -> dict[str, Picture]:
    """The first frame that fits each of `SIGHTS`, looking at every so-manyth frame of each night; not all need be
    found.
    """
    found: dict[str, Picture] = {}
    for picture in _walk(simulation, every):
        for caption in SIGHTS.keys() - found.keys():
            if SIGHTS[caption](picture.facts):
                found[caption] = picture
                break
        if len(found) == len(SIGHTS):
            break
    return {caption: found[caption] for caption in SIGHTS if caption in found}


def _walk(simulation: Simulation, every: int) -> Iterator[Picture]:
    for night in simulation.nights:
        yield from sky_pictures(simulation, night, frame_times(simulation, night)[::every])


def tiles(pictures: Sequence[tuple[str, np.ndarray]], size: int, columns: int) -> np.ndarray:
    """Pictures (h, w, 3) with their captions, each fitted into a square of `size` pixels, in rows of `columns`."""
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * size, columns * size, 3), dtype=np.uint8)
    for place, (caption, picture) in enumerate(pictures):
        scale = size / max(picture.shape[:2])
        shape = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        tile = sheet[place // columns * size :, place % columns * size :]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        tile[: shape[1], : shape[0]] = cv2.resize(picture, shape, interpolation=how)
        draw_text(tile, TextLine("", 4, 2, max(size // 20, 9), "DejaVuSans"), caption)
    return sheet


def write_gallery(
    path: Path, simulation: Simulation, real_frames: Sequence[Path] = (), size: int = 240, columns: int = 4
) -> list[str]:
    """Write a PNG of simulated frames, after the `real_frames` (pictures on disk) if there are any; return the
    captions.

    Raises FileNotFoundError naming a real frame that cannot be read.
    """
    shown = [(f"real: {frame.name}", _read(frame)) for frame in map(Path, real_frames)]
    shown += [(caption, picture.rgb) for caption, picture in find_sights(simulation).items()]
    cv2.imwrite(str(path), cv2.cvtColor(tiles(shown, size, columns), cv2.COLOR_RGB2BGR))
    return [caption for caption, _ in shown]


def _read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(f"{path}: not a picture that can be read; give a PNG or JPEG frame")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
