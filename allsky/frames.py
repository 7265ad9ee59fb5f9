"""One decode pass of a night: every frame's clock read, one frame kept per cadence slot, masked and cropped.

Frames are dated for the moment as they pass, to choose which to write; the whole night then dates them
all, and the choice is made again from those dates. What it asks for and the pass did not write (a first
frame misread, a clock that jumped) is decoded again, so the first pass never decides what is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.clock.boxes import Box
from allsky.clock.frames_read import FramesRead
from allsky.clock.learning import LearnedClock, Reading
from allsky.errors import BadVideo, NoClock
from allsky.frame_choice import choose_frames, contested, frame_names, lost_frames, nothing_dated, of_another_night
from allsky.kept_pictures import KeptPictures
from allsky.recordings.aside import Aside
from allsky.recordings.given_clock import GivenClock
from allsky.recordings.recording import Recording, StillsRecording
from allsky.recordings.video import VideoFrame
from allsky.site import frame_ids
from allsky.sky_disk import SkyDisk
from allsky.tables import FRAMES, READINGS

Progress = Callable[[float, str], None]

# Frames the glyphs could not read go to Tesseract together after the pass: those that may be kept, and
# this many others (13 ms each, 64 to a call); what is left is dated by the fitted clock.
MOST_REREAD = 256

# Frames between two messages.
PROGRESS_EVERY = 250

CARD = "a card between the frames, not the sky"


@dataclass(frozen=True)
class NightPass:
    """What the pass of a night gives.

    `bright` (h, w) uint8 is a small map of how bright each pixel of the whole frame was.
    `frames` (FRAMES) the kept frames in order of time, `readings` (READINGS) every video frame; `strip`
    (image_size, n, 3) uint8 RGB, one column of pixels per kept frame at `strip_utc`; `problems` sentences
    on what could not be read or was contested.
    """

    frames: pd.DataFrame
    readings: pd.DataFrame
    strip: np.ndarray
    strip_utc: list[datetime]
    bright: np.ndarray
    problems: list[str]


@dataclass
class _Scan:
    """What the decode pass gathers."""

    cadence_s: float
    read: FramesRead
    pictures: KeptPictures
    correction: pd.Timedelta
    problems: list[str] = field(default_factory=list)
    taken: dict[int, bool] = field(default_factory=dict)

    def see(self, video: str, frames: Sequence[VideoFrame]) -> None:
        """Take in frames that follow each other."""
        readings = self.read.clock.read_all([frame.luma for frame in frames])
        for frame, reading in zip(frames, readings, strict=True):
            self._see(video, frame, reading)

    def _see(self, video: str, frame: VideoFrame, reading: Reading) -> None:
        if self.read.set_aside_card(video, frame.index, frame.luma, reading):
            return
        wanted = self._claim_slot(self.read.clock.provisional_utc(video, frame.index, reading), reading)
        if wanted:
            self.pictures.write(video, frame)
        self.read.add(video, frame.index, reading, wanted)

    def _claim_slot(self, utc: datetime | None, reading: Reading) -> bool:
        """Whether this frame is the first seen of its slot, or the first of it with a time of its own."""
        if utc is None:
            return False
        utc = utc + self.correction
        slot, sure = int(utc.timestamp() // self.cadence_s), reading.overlay_time is not None
        if slot in self.taken and (self.taken[slot] or not sure):
            return False
        self.taken[slot] = sure
        return True


def extract_night(
    recordings: Sequence[Recording],
    clock: LearnedClock | GivenClock,
    disk: SkyDisk,
    *,
    site_name: str,
    cadence_s: float,
    image_size: int,
    image_folder: Path,
    image_root: str,
    jpeg_quality: int = 92,
    dark_around: bool = False,
    correction_s: float = 0.0,
    threads: int = 0,
    progress: Progress | None = None,
) -> NightPass:
    """Decode a night's `recordings` once; date, choose and write its frames.

    Where the `clock` is given beforehand, only the frames to be kept are decoded.

    Kept is the first frame of each UTC slot of `cadence_s` seconds that has one: a frame whose time is not
    in doubt before one whose is, then the first video by name. Its picture, the disk's square of
    `image_size` pixels without the clock, becomes `image_folder`/<frame_id>.jpg, and `image_root`/<frame_id>.jpg is
    what FRAMES calls it. A video that cannot be read, or has frames of another size than `disk`, is left out and
    named in `problems`; so is, where `dark_around` says that the camera's frames are dark around the disk, a
    video that is light there and shows something else than the sky. `correction_s`
    seconds, which a person decided on, are added to the clock's times. `threads` decode (0: as many as FFmpeg
    likes); where every core has a night of its own, one does it with a sixth less computing. `progress` is called with
    the share done and a message.

    Raises BadVideo when no frame of any video can be read, NoClock when none can be dated.
    """
    pictures = KeptPictures(image_folder, disk, image_size, jpeg_quality, _text_boxes(clock))
    correction = pd.Timedelta(seconds=correction_s)
    recordings = sorted(recordings, key=lambda recording: recording.name)
    tell = progress or (lambda share, message: None)
    if isinstance(clock, GivenClock):
        readings, problems = clock.readings.assign(utc=clock.readings["utc"] + correction), []
    else:
        scan = _Scan(cadence_s, FramesRead(clock, MOST_REREAD), pictures, correction)
        _decode(scan, recordings, disk, threads, tell)
        if dark_around:
            for name in _other_scenes(scan.read.frames(), pictures, scan.problems):
                scan.read.forget(name)
        if not len(scan.read):
            raise BadVideo(_nothing_read(scan, recordings))
        readings, problems = _dated(scan), scan.problems
    chosen, lost = _written(pictures, recordings, readings, cadence_s, disk)
    late = dark_around and isinstance(clock, GivenClock)
    if late and (others := _other_scenes(frame_names(chosen), pictures, problems)):
        readings = readings[~readings["video"].isin(others)]
        chosen, lost = _written(pictures, recordings, readings, cadence_s, disk)
    if chosen.empty:
        raise NoClock(nothing_dated(readings, recordings))
    frames = _kept_frames(chosen, pictures, site_name, image_root)
    problems += [*lost_frames(lost, recordings), *contested(readings, cadence_s), *of_another_night(frames, clock)]
    strip = pictures.publish(list(frame_names(chosen)), list(frames["frame_id"]))
    frames, readings = (_by_file(table, recordings) for table in (frames, readings))
    return NightPass(frames, readings, strip, list(frames["utc"]), pictures.bright_moments(), problems)


def _text_boxes(clock: LearnedClock | GivenClock) -> list[Box]:
    return list(clock.boxes) if isinstance(clock, GivenClock) else [part.box for part in clock.parts]


def _by_file(table: pd.DataFrame, recordings: Sequence[Recording]) -> pd.DataFrame:
    """FRAMES or READINGS with the file and the place in it of each frame, where they had recording and place."""
    named = {recording.name: recording for recording in recordings}
    videos, indices = [], array("q")
    for name, index in frame_names(table):
        video, place = named[name].origin(index)
        videos.append(video)
        indices.append(place)
    return table.assign(video=videos, frame_index=np.array(indices, table["frame_index"].dtype))


# The pass.


def _decode(scan: _Scan, recordings: Sequence[Recording], disk: SkyDisk, threads: int, progress: Progress) -> None:
    expected = {recording.name: recording.n_frames for recording in recordings}
    total, done = max(1, sum(expected.values())), 0
    for recording in recordings:
        name, seen, odd = recording.name, 0, None
        try:
            with Aside(partial(scan.see, name)) as aside:
                for frame in recording.frames(threads):
                    if (odd := _odd_size(frame, disk)) is not None:
                        scan.problems.append(f"{name}: {odd}; it was left out")
                        break
                    aside.add(frame)
                    seen += 1
                    if seen % PROGRESS_EVERY == 0:
                        progress(min(1.0, (done + seen) / total), f"{name}: frame {seen:,} of {expected[name]:,}")
            if odd is None and seen < expected[name]:
                scan.problems.append(_damaged(recording, scan, seen))
        except BadVideo as error:
            scan.problems.append(f"{name}: left out, {error}")
        done += expected[name]


def _damaged(recording: Recording, scan: _Scan, seen: int) -> str:
    """How much of a recording could be read; of stills, the first that could not."""
    said = f"{recording.name}: damaged, {seen:,} of {recording.n_frames:,} frames could be read"
    if not isinstance(recording, StillsRecording):
        return said
    read = {index for name, index in chain(scan.read.frames(), scan.read.cards) if name == recording.name}
    first = min(index for index in range(recording.n_frames) if index not in read)
    return f"{said}; the first that could not is {recording.origin(first)[0]}"


def _other_scenes(rows: Iterable[tuple[str, int]], pictures: KeptPictures, problems: list[str]) -> list[str]:
    """Recordings among `rows` (recording, frame_index) most of whose frames are as light around the disk as within."""
    others = [name for name in sorted({row[0] for row in rows}) if pictures.share_lit_around(name) > 0.5]
    for video in others:
        problems.append(
            f"{video}: left out, it does not show the sky: it is as light around the sky disk as within, where"
            " this camera's frames are dark; remove it, or give a changed camera a [camera:YYYY-MM-DD] section"
        )
    return others


def _odd_size(frame: VideoFrame, disk: SkyDisk) -> str | None:
    height, width = frame.luma.shape
    if (width, height) == (disk.width, disk.height):
        return None
    return f"its frames are {width}x{height} where the sky disk is known in {disk.width}x{disk.height}"


def _written(
    pictures: KeptPictures,
    recordings: Sequence[Recording],
    readings: pd.DataFrame,
    cadence_s: float,
    disk: SkyDisk,
) -> tuple[pd.DataFrame, set[tuple[str, int]]]:
    """The rows of READINGS to keep, every one with its picture written, and the frames that could not be had.

    Where one that the pass did not write cannot be decoded, another frame of its slot is chosen.
    """
    lost: set[tuple[str, int]] = set()
    while True:
        had = [frame not in lost for frame in frame_names(readings)] if lost else slice(None)
        chosen = choose_frames(readings[had], cadence_s)
        missing = {frame for frame in frame_names(chosen) if not pictures.has(*frame)}
        if not missing:
            return chosen, lost
        for recording in recordings:
            wanted = [index for name, index in missing if name == recording.name]
            for frame in recording.chosen(wanted) if wanted else ():
                if _odd_size(frame, disk) is None:
                    pictures.write(recording.name, frame)
        lost |= {frame for frame in missing if not pictures.has(*frame)}


# Dating and choosing.


def _dated(scan: _Scan) -> pd.DataFrame:
    """READINGS of all frames in order of video and frame; cards are in it, without a time."""
    table = scan.read.date_all()[0]
    table["utc"] += scan.correction
    if scan.read.cards:
        cards = pd.DataFrame(sorted(scan.read.cards), columns=["video", "frame_index"])
        cards = cards.assign(source="template", confidence=0.0, clock_flag=CARD)
        table = pd.concat([table, cards.reindex(columns=READINGS.names)])
        table = table.sort_values(["video", "frame_index"], ignore_index=True)
    # Frames without cards are in order: the recordings are, and what each shows. Of a million frames no two tables
    # should be held at a time.
    arrow = READINGS.to_arrow(table)
    del table
    return arrow.to_pandas()


def _kept_frames(chosen: pd.DataFrame, pictures: KeptPictures, site_name: str, image_root: str) -> pd.DataFrame:
    names = frame_ids(site_name, chosen["utc"])
    frames = chosen.assign(
        frame_id=names,
        image=image_root + "/" + names + ".jpg",
        clock_source=chosen["source"],
        clock_residual_s=chosen["residual_s"],
        mean_luma=[pictures.mean_luma(*frame) for frame in frame_names(chosen)],
    )
    return FRAMES.to_arrow(frames[FRAMES.names]).to_pandas()


def _nothing_read(scan: _Scan, recordings: Sequence[Recording]) -> str:
    names = ", ".join(recording.name for recording in recordings)
    cards = f" ({len(scan.read.cards):,} cards without a sky)" if scan.read.cards else ""
    return f"no frame of the sky could be read from {names}{cards}: {' '.join(scan.problems)}".rstrip(": ")
