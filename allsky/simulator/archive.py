"""Writes the archive: one video and one truth table a night."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as parquet

from allsky.ephemeris import sun_and_moon
from allsky.simulator import faults as injected
from allsky.simulator.faults import Fault
from allsky.simulator.lens import Lens
from allsky.simulator.nature import draw_night, instants
from allsky.simulator.overlay import Card, TextLine, card_picture, draw_text, zone_of
from allsky.simulator.scene import build_scene, take_picture
from allsky.simulator.sensor import Sensor
from allsky.simulator.truth import TRUTH
from allsky.site import Site, night_bounds

YELLOWKNIFE = Site("YKNF", 62.4333, -114.35, 206.0, "America/Edmonton")

# How the frames are compressed: fast, at the quality of the archives met; one thread, so that the same seed gives the same bytes.
X264 = {"preset": "veryfast", "crf": "21", "threads": "1", "g": "30"}
FRAMES_PER_SECOND = 25


@dataclass(frozen=True)
class Simulation:
    """An archive to simulate.

    `nights` are dates of evenings; a frame is taken every `cadence_s` seconds while the sun is below
    `sun_below_deg`; `frame_size` is (width, height) in pixels. The first line of `overlay` is the clock, in the zone `clock_timezone`
    (the site's where None). `magnetic_declination_deg` is that of Yellowknife (NOAA World Magnetic Model 2020: 14.6 degrees east
    in 2023).
    """

    nights: tuple[str, ...]
    site: Site = YELLOWKNIFE
    cadence_s: int = 60
    frame_size: tuple[int, int] = (320, 240)
    seed: int = 1
    lens: Lens = Lens(159.5, 117.0, 114.0, north_deg=12.0)
    sensor: Sensor = Sensor()
    overlay: tuple[TextLine, ...] = (TextLine("%Y-%m-%d %H:%M:%S %Z", 4, 223, 13),)
    clock_timezone: str | None = None
    cards: tuple[Card, ...] = ()
    faults: tuple[Fault, ...] = ()
    sun_below_deg: float = -9.0
    magnetic_declination_deg: float = 14.6
    codec: str = "libx264"
    codec_options: dict[str, str] = field(default_factory=lambda: dict(X264), hash=False)


def demo_simulation() -> Simulation:
    """The archive built into the program: 36 nights at Yellowknife over two winters, four minutes a frame."""
    seasons = [pd.date_range("2023-01-03", periods=18, freq="5D"), pd.date_range("2024-01-04", periods=18, freq="5D")]
    nights = tuple(str(night.date()) for season in seasons for night in season)
    return Simulation(nights=nights, cadence_s=240, seed=2023, cards=(Card(frames=2),))


def video_name(simulation: Simulation, night: str) -> str:
    """Name of the night's file: site and date of the evening."""
    return f"{simulation.site.name}_{night.replace('-', '')}.mp4"


def frame_times(simulation: Simulation, night: str) -> pd.DatetimeIndex:
    """UTC of the frames of `night`, whole multiples of the cadence after its noon."""
    first, last = night_bounds(night, simulation.site.longitude_deg)
    step = pd.Timedelta(seconds=simulation.cadence_s)
    utc = pd.date_range(first.ceil(step), last, freq=step, inclusive="left")
    dark = sun_and_moon(utc, simulation.site)["sun_altitude_deg"].to_numpy() < simulation.sun_below_deg
    return utc[dark]


def simulate_night(simulation: Simulation, night: str, videos_folder: Path, truth_folder: Path) -> None:
    """Write `<videos_folder>/<site>_YYYYMMDD.mp4` and `<truth_folder>/night=<night>/truth.parquet`.

    Each file appears whole or not at all; the same simulation writes the same bytes. A night without darkness gets neither.
    """
    video = Path(videos_folder) / video_name(simulation, night)
    table = Path(truth_folder) / f"night={night}" / "truth.parquet"
    rows = []
    frames = _record(simulation, night, video.name, rows)
    first = next(frames, None)
    if first is None:
        return
    for folder in (video.parent, table.parent):
        folder.mkdir(parents=True, exist_ok=True)
    partial = video.with_name(f".{video.stem}.{os.getpid()}.mp4")
    try:
        _encode(partial, simulation, first, frames)
        injected.spoil(injected.of_night(simulation.faults, night), partial)
        os.replace(partial, video)
    finally:
        partial.unlink(missing_ok=True)
    _write_table(pd.DataFrame(rows), table)


def _write_table(rows: pd.DataFrame, path: Path) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        parquet.write_table(TRUTH.to_arrow(rows), partial, compression="zstd")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _record(simulation: Simulation, night: str, video: str, rows: list[dict]) -> Iterator[np.ndarray]:
    """The video's frames in order, cards among them; `rows` gains the truth of each."""
    blank = dict.fromkeys(TRUTH.names)
    width, height = simulation.frame_size
    taken = _pictures(simulation, night)
    count = len(_filmed(simulation, night))
    if count == 0:
        return
    pending = sorted(simulation.cards, key=lambda card: card.where)
    for k in range(count + 1):
        while pending and (k == count or pending[0].where * count <= k):
            card = pending.pop(0)
            for _ in range(card.frames):
                rows.append(blank | {"video": video, "frame_index": len(rows), "card": True})
                yield card_picture(card, width, height)
        if k < count:
            frame, facts = next(taken)
            rows.append(blank | facts | {"video": video, "frame_index": len(rows), "card": False})
            yield frame


def _filmed(simulation: Simulation, night: str) -> pd.DatetimeIndex:
    utc = frame_times(simulation, night)
    if len(utc) == 0:
        return utc
    wrong = injected.of_night(simulation.faults, night)
    return utc[injected.keep_frames(wrong, utc.as_unit("ms").asi8 / 1000.0)]


def _pictures(simulation: Simulation, night: str) -> Iterator[tuple[np.ndarray, dict]]:
    """Each filmed frame with its clock burned in, and its truth."""
    utc = _filmed(simulation, night)
    wrong = injected.of_night(simulation.faults, night)
    sky_frames = sky_pictures(simulation, night, utc)
    shown = injected.shown_index(wrong, len(utc))
    last = None
    for k in range(len(utc)):
        square = next(sky_frames) if shown[k] == k else None
        if square is not None:
            frame, facts = _compose(simulation, wrong, square, utc[k], k, len(utc))
            last = (frame, facts)
        frame, facts = last
        fault = injected.touches(wrong, facts["overlay_text"] is not None, k, len(utc), int(shown[k]))
        yield frame, facts | {"fault": fault}


def sky_pictures(simulation: Simulation, night: str, utc: pd.DatetimeIndex):
    """The sky at each of `utc`: Pictures of the square about the circle, before anything is burned in."""
    scene = build_scene(simulation.lens, simulation.sensor, simulation.seed, simulation.magnetic_declination_deg)
    duration = (utc[-1] - utc[0]).total_seconds()
    nature = draw_night(
        simulation.seed, night, duration, simulation.site.latitude_deg, simulation.sensor.white_balance
    )
    for now in instants(nature, simulation.site, utc, simulation.seed):
        yield take_picture(scene, nature, now)


def _compose(simulation: Simulation, wrong, picture, utc: pd.Timestamp, k: int, n: int) -> tuple[np.ndarray, dict]:
    width, height = simulation.frame_size
    frame = injected.room(width, height, k) if "not_a_sky" in wrong else place(picture.rgb, simulation.lens, width, height)
    zone = zone_of(simulation.clock_timezone or simulation.site.timezone)
    clock = injected.shown_time(wrong, utc.to_pydatetime(), zone, k, n)
    text = _burn(frame, simulation, picture.facts, clock)
    return frame, picture.facts | {"utc": utc, "overlay_text": text}


def place(square: np.ndarray, lens: Lens, width: int, height: int) -> np.ndarray:
    """`square` put where the circle of `lens` lies in a frame (height, width, 3); what leaves the frame is cut."""
    frame = np.zeros((height, width, 3), dtype=np.uint8)
    size = square.shape[0]
    left, top = round(lens.center_x - lens.radius + 0.5), round(lens.center_y - lens.radius + 0.5)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, width), min(top + size, height)
    frame[y0:y1, x0:x1] = square[y0 - top : y1 - top, x0 - left : x1 - left]
    return frame


def _burn(frame: np.ndarray, simulation: Simulation, facts: dict, clock: datetime | None) -> str | None:
    """Burn the overlay in; what the clock line says, or None."""
    said = None
    for number, line in enumerate(simulation.overlay):
        if clock is None and "%" in line.text:
            continue
        stamped = (clock or datetime(2000, 1, 1, tzinfo=UTC)).strftime(line.text)
        text = stamped.format(exposure=f"{facts['exposure_s']:.3f}", gain=f"{facts['gain']:.1f}", site=simulation.site.name)
        draw_text(frame, line, text)
        said = text if number == 0 else said
    return said


def _encode(path: Path, simulation: Simulation, first: np.ndarray, rest: Iterator[np.ndarray]) -> None:
    """Write the frames as a video; flags keep the encoder's and the muxer's clocks out of the file."""
    width, height = simulation.frame_size
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(simulation.codec, rate=Fraction(FRAMES_PER_SECOND), options=simulation.codec_options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.thread_count = 1
        for frame in itertools.chain([first], rest):
            container.mux(stream.encode(_yuv(frame)))
        container.mux(stream.encode(None))


def _yuv(frame: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420), format="yuv420p")


def with_faults(simulation: Simulation, *faults: Fault) -> Simulation:
    """The same archive with these things going wrong."""
    return replace(simulation, faults=simulation.faults + faults)
