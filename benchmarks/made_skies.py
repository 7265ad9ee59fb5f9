"""What the benchmarks are run on: nights of video with a clock burned in, and labelled pictures of skies.

The skies are the simulator's, at the size of the published camera (1280x720). A simulated picture takes 0.1 s, so
between a few of them the others are faded, with noise that changes from frame to frame: decoding, cropping,
reading the clock and compressing cost what they cost on a real night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from allsky.clock.zones import parse_zone
from allsky.pictures import inscribed_disk
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.cameras import AURORAMAX
from allsky.simulator.overlay import draw_text
from allsky.simulator.recording import encode, place
from allsky.simulator.simulation import YELLOWKNIFE, Simulation
from allsky.sky_disk import SkyDisk

NIGHT = "2023-02-05"
SITE = YELLOWKNIFE
CLOCK_FORMAT = "%Y-%m-%d %H:%M:%S %Z"
# Where the clock of the simulated AuroraMAX camera stands: x, y, width, height.
CLOCK_BOX = (8, 674, 400, 42)
DISK = SkyDisk(639.5, 359.5, 360.0, 1280, 720)

# Every 250 frames a keyframe, x264's own default; one thread, so that equal frames give equal bytes.
X264 = {"preset": "veryfast", "crf": "23", "threads": "1"}


@dataclass(frozen=True)
class Film:
    """A night's video and what is true of it: `utc` of every frame, `overlay` as burned in."""

    path: Path
    utc: pd.DatetimeIndex
    overlay: list[str]


def skies(n: int, night: str = NIGHT) -> list[np.ndarray]:
    """`n` pictures (720, 720, 3) from all over a simulated night."""
    simulation = Simulation(nights=(night,), camera=AURORAMAX)
    utc = frame_times(simulation, night)
    chosen = utc[np.linspace(0, len(utc) - 1, n).astype(int)]
    return [picture.rgb for picture in sky_pictures(simulation, night, chosen)]


def film(path: Path, n_frames: int, step_s: int = 6, n_skies: int = 24, night: str = NIGHT, crf: int = 23) -> Film:
    """A 1280x720 video of `night` from 05:00 UTC of the next day on, a frame every `step_s` seconds.

    The lower `crf`, x264's quality, the more of the grain is kept: at 23 little (1 kB a frame), at 18 some (6 kB),
    which takes twice as long to decode.
    """
    start = pd.Timestamp(night, tz="UTC") + pd.Timedelta("29h")
    utc = pd.date_range(start, periods=n_frames, freq=f"{step_s}s")
    local = utc.tz_convert(parse_zone(SITE.timezone))
    overlay = [moment.strftime(CLOCK_FORMAT) for moment in local]
    encode(path, _frames(skies(n_skies, night), overlay), "libx264", X264 | {"crf": str(crf)})
    return Film(path, utc, overlay)


def _frames(pictures: list[np.ndarray], overlay: list[str]) -> Iterator[np.ndarray]:
    grain = np.random.default_rng(1).integers(0, 7, (720 + 64, 1280 + 64, 3), dtype=np.uint8)
    whole = [place(picture, AURORAMAX.lens, *AURORAMAX.frame_size) for picture in pictures]
    for number, text in enumerate(overlay):
        at = number * (len(whole) - 1) / max(1, len(overlay))
        k, share = int(at), at % 1.0
        frame = cv2.addWeighted(whole[k], 1.0 - share, whole[min(k + 1, len(whole) - 1)], share, 0.0)
        x, y = (number * 37) % 64, (number * 23) % 64
        frame = cv2.add(frame, np.ascontiguousarray(grain[y : y + 720, x : x + 1280]))
        draw_text(frame, AURORAMAX.overlay[0], text)
        draw_text(frame, AURORAMAX.overlay[1], AURORAMAX.overlay[1].text.format(site=SITE.name))
        yield frame


def write_skies(folder: Path, n: int, n_skies: int = 12) -> list[Path]:
    """`n` different pictures of the sky as the chain keeps them: JPEG, 720 pixels square, black outside the disk."""
    rng = np.random.default_rng(2)
    drawn = skies(n_skies)
    paths = []
    for number in range(n):
        gain = rng.uniform(0.7, 1.3)
        turned = np.rot90(drawn[number % n_skies], number // n_skies % 4)
        paths.append(folder / f"sky_{number:04d}.jpg")
        _write(paths[-1], turned * gain + rng.normal(0, 3, (720, 720, 1)))
    return paths


def small_skies(n: int, size: int, n_skies: int = 24, at_once: int = 256) -> Iterator[np.ndarray]:
    """`n` different pictures of the sky, uint8 (up to `at_once`, size, size, 3): each otherwise turned and exposed."""
    rng = np.random.default_rng(5)
    drawn = [cv2.resize(sky, (size, size), interpolation=cv2.INTER_AREA) for sky in skies(n_skies)]
    disk = inscribed_disk(size)[..., None]
    for start in range(0, n, at_once):
        whole = []
        for number in range(start, min(n, start + at_once)):
            noisy = np.rot90(drawn[number % n_skies], number // n_skies % 4) * rng.uniform(0.6, 1.5)
            whole.append(((noisy + rng.normal(0, 3, (size, size, 3))) * disk).clip(0, 255).astype(np.uint8))
        yield np.stack(whole)


def labelled_skies(folder: Path, n_train: int, n_validation: int, seed: int = 3) -> pd.DataFrame:
    """Pictures with a green arc (aurora) or a grey one (none), and the split that names them."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_train + n_validation):
        aurora = number % 2 == 0
        _write(folder / f"frame{number}.jpg", _arc(aurora, rng))
        part = "train" if number < n_train else "validation"
        label = "aurora" if aurora else "no_aurora"
        rows.append((f"made_{number:04d}", f"2024-{part[0] == 'v':02d}", label, part, 1.0, f"frame{number}.jpg"))
    return pd.DataFrame(rows, columns=["frame_id", "night", "label", "split", "weight", "image"])


def _arc(aurora: bool, rng: np.random.Generator) -> np.ndarray:
    picture = np.full((720, 720, 3), rng.uniform(10, 40), np.float32)
    centre = tuple(rng.integers(240, 480, 2).tolist())
    radius, start = int(rng.uniform(150, 430)), rng.uniform(0, 360)
    colour = (40, 160, 60) if aurora else (110, 100, 110)
    cv2.ellipse(picture, centre, (radius, radius), 0, start, start + 120, colour, 60)
    return picture + rng.normal(0, 8, (720, 720, 1))


def _write(path: Path, rgb: np.ndarray) -> None:
    picture = (rgb * inscribed_disk(720)[..., None]).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
