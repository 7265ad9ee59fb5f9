"""One decode pass of a night: every frame's clock read, one frame kept per cadence slot, masked and cropped.

Frames are dated for the moment as they pass, to choose which to write; the whole night then dates them
all, and the choice is made again from those dates. What it asks for and the pass did not write (a first
frame misread, a clock that jumped) is decoded again, so the first pass never decides what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.clock.learning import LearnedClock, Reading, reading_table
from allsky.errors import BadVideo, NoClock
from allsky.kept_pictures import KeptPictures
from allsky.recordings.video import VideoFrame, probe, read_chosen, read_frames
from allsky.site import frame_ids, night_of
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

    `frames` (FRAMES) the kept frames in order of time, `readings` (READINGS) every video frame; `strip`
    (image_size, n, 3) uint8 RGB, one column of pixels per kept frame at `strip_utc`; `problems` sentences
    on what could not be read or was contested.
    """

    frames: pd.DataFrame
    readings: pd.DataFrame
    strip: np.ndarray
    strip_utc: list[datetime]
    problems: list[str]


@dataclass
class _Scan:
    """What the decode pass gathers."""

    cadence_s: float
    clock: LearnedClock
    pictures: KeptPictures
    rows: list[tuple[str, int, Reading]] = field(default_factory=list)
    cards: set[tuple[str, int]] = field(default_factory=set)
    doubtful: dict[int, Reading] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    taken: dict[int, bool] = field(default_factory=dict)
    correction: pd.Timedelta = field(default_factory=pd.Timedelta)

    def see(self, video: str, frame: VideoFrame) -> None:
        reading = self.clock.read(frame.luma)
        # Where the clock is in its place, however doubtful, there is no card.
        if reading.overlay_time is None and not reading.crops and self.clock.is_card(frame.luma):
            self.cards.add((video, frame.index))
            return
        wanted = self._claim_slot(self.clock.provisional_utc(video, frame.index, reading), reading)
        if wanted:
            self.pictures.write(video, frame)
        if reading.overlay_time is None and reading.crops:
            if wanted or len(self.doubtful) < MOST_REREAD:
                self.doubtful[len(self.rows)] = reading
            reading = replace(reading, crops=())
        self.rows.append((video, frame.index, reading))

    def forget(self, video: str) -> None:
        kept = [row for row, (name, _, _) in enumerate(self.rows) if name != video]
        self.doubtful = {new: self.doubtful[old] for new, old in enumerate(kept) if old in self.doubtful}
        self.rows = [self.rows[row] for row in kept]

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
    videos: Sequence[tuple[str, Path]],
    clock: LearnedClock,
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
    progress: Progress | None = None,
) -> NightPass:
    """Decode a night's `videos` (name relative to the archive, path) once; date, choose and write its frames.

    Kept is the first frame of each UTC slot of `cadence_s` seconds that has one: a frame whose time is not
    in doubt before one whose is, then the first video by name. Its picture, the disk's square of
    `image_size` pixels without the clock, becomes `image_folder`/<frame_id>.jpg, and `image_root`/<frame_id>.jpg is
    what FRAMES calls it. A video that cannot be read, or has frames of another size than `disk`, is left out and
    named in `problems`; so is, where `dark_around` says that the camera's frames are dark around the disk, a
    video that is light there and shows something else than the sky. `correction_s`
    seconds, which a person decided on, are added to the clock's times. `progress` is called with the share done and a
    message.

    Raises BadVideo when no frame of any video can be read, NoClock when none can be dated.
    """
    pictures = KeptPictures(image_folder, disk, image_size, jpeg_quality, [part.box for part in clock.parts])
    scan = _Scan(cadence_s, clock, pictures, correction=pd.Timedelta(seconds=correction_s))
    videos = sorted((name, Path(path)) for name, path in videos)
    _decode(scan, videos, disk, progress or (lambda share, message: None))
    if dark_around:
        _leave_out_other_scenes(scan)
    if not scan.rows:
        raise BadVideo(_nothing_read(scan, videos))
    readings = _dated(scan)
    chosen = choose_frames(readings, cadence_s)
    if chosen.empty:
        raise NoClock(_nothing_dated(readings, videos))
    _decode_missing(scan, videos, chosen)
    chosen = chosen[[pictures.has(*frame) for frame in _frame_names(chosen)]].reset_index(drop=True)
    frames = _kept_frames(chosen, pictures, site_name, image_root)
    scan.problems += [*_contested(readings, cadence_s), *_of_another_night(frames, clock)]
    strip = pictures.publish(list(_frame_names(chosen)), list(frames["frame_id"]))
    return NightPass(frames, readings, strip, list(frames["utc"]), scan.problems)


# The pass.


def _decode(scan: _Scan, videos: Sequence[tuple[str, Path]], disk: SkyDisk, progress: Progress) -> None:
    expected = {name: probe(path).n_frames or 0 for name, path in videos}
    total, done = max(1, sum(expected.values())), 0
    for name, path in videos:
        seen = 0
        try:
            for frame in read_frames(path):
                if (odd := _odd_size(frame, disk)) is not None:
                    scan.problems.append(f"{name}: {odd}; it was left out")
                    break
                scan.see(name, frame)
                seen += 1
                if seen % PROGRESS_EVERY == 0:
                    progress(min(1.0, (done + seen) / total), f"{name}: frame {seen:,} of {expected[name]:,}")
            else:
                if seen < expected[name]:
                    scan.problems.append(f"{name}: damaged, {seen:,} of {expected[name]:,} frames could be read")
        except BadVideo as error:
            scan.problems.append(f"{name}: left out, {error}")
        done += expected[name]


def _leave_out_other_scenes(scan: _Scan) -> None:
    """Forget videos most of whose frames are as light around the disk as within."""
    for video in sorted({name for name, _, _ in scan.rows}):
        if scan.pictures.share_lit_around(video) > 0.5:
            scan.forget(video)
            scan.problems.append(
                f"{video}: left out, it does not show the sky: it is as light around the sky disk as within, where"
                " this camera's frames are dark; remove it, or give a changed camera a [camera:YYYY-MM-DD] section"
            )


def _odd_size(frame: VideoFrame, disk: SkyDisk) -> str | None:
    height, width = frame.luma.shape
    if (width, height) == (disk.width, disk.height):
        return None
    return f"its frames are {width}x{height} where the sky disk is known in {disk.width}x{disk.height}"


def _decode_missing(scan: _Scan, videos: Sequence[tuple[str, Path]], chosen: pd.DataFrame) -> None:
    """Write the pictures of chosen frames that the pass did not write."""
    missing = [frame for frame in _frame_names(chosen) if not scan.pictures.has(*frame)]
    for name, path in videos:
        wanted = [index for video, index in missing if video == name]
        for frame in read_chosen(path, wanted) if wanted else ():
            scan.pictures.write(name, frame)


def _frame_names(table: pd.DataFrame) -> Iterable[tuple[str, int]]:
    return zip(table["video"], table["frame_index"].astype(int))


# Dating and choosing.


def _dated(scan: _Scan) -> pd.DataFrame:
    """READINGS of all frames in order of video and frame; cards are in it, without a time."""
    for row, reading in zip(scan.doubtful, scan.clock.reread([r.crops for r in scan.doubtful.values()])):
        if reading.overlay_time is not None:
            scan.rows[row] = (*scan.rows[row][:2], reading)
    dated = scan.clock.date(reading_table(scan.rows))
    dated["utc"] += scan.correction
    cards = pd.DataFrame(sorted(scan.cards), columns=["video", "frame_index"])
    cards = cards.assign(source="template", confidence=0.0, clock_flag=CARD)
    both = pd.concat([dated, cards.reindex(columns=READINGS.names)], ignore_index=True) if len(cards) else dated
    both = READINGS.to_arrow(both).to_pandas()
    return both.sort_values(["video", "frame_index"], ignore_index=True)


def choose_frames(readings: pd.DataFrame, cadence_s: float) -> pd.DataFrame:
    """The rows of READINGS to keep, in order of time: the first of each UTC slot of `cadence_s` that has one.

    A frame without a flag comes before one with, then the first video by name, then the earlier frame.
    Frames without a time are not kept.
    """
    dated = readings[readings["utc"].notna()]
    order = dated.assign(slot=_slots(dated, cadence_s), flagged=dated["clock_flag"].notna())
    order = order.sort_values(["slot", "flagged", "video", "utc", "frame_index"])
    return order.drop_duplicates("slot").sort_values("utc")[READINGS.names].reset_index(drop=True)


def _slots(dated: pd.DataFrame, cadence_s: float) -> np.ndarray:
    milliseconds = dated["utc"].astype("datetime64[ms, UTC]").astype("int64").to_numpy()
    return milliseconds // round(cadence_s * 1000)


def _kept_frames(chosen: pd.DataFrame, pictures: KeptPictures, site_name: str, image_root: str) -> pd.DataFrame:
    names = frame_ids(site_name, chosen["utc"])
    frames = chosen.assign(
        frame_id=names,
        image=image_root + "/" + names + ".jpg",
        clock_source=chosen["source"],
        clock_residual_s=chosen["residual_s"],
        mean_luma=[pictures.mean_luma(*frame) for frame in _frame_names(chosen)],
    )
    return FRAMES.to_arrow(frames[FRAMES.names]).to_pandas()


# What there is to say.


def _contested(readings: pd.DataFrame, cadence_s: float) -> list[str]:
    """A sentence for each pair of videos with frames in the same slots."""
    sure = readings[readings["utc"].notna() & readings["clock_flag"].isna()]
    slots = {video: set(_slots(rows, cadence_s).tolist()) for video, rows in sure.groupby("video")}
    said = []
    for first in sorted(slots):
        for second in sorted(slots):
            if first < second and (shared := slots[first] & slots[second]):
                said.append(f"{first} and {second} overlap in {len(shared):,} frames' times; {first} was kept there")
    return said


def _of_another_night(frames: pd.DataFrame, clock: LearnedClock) -> list[str]:
    """A sentence where the clock says another night than the videos' name."""
    sure = frames[frames["clock_flag"].isna()]
    nights = pd.Series(night_of(sure["utc"], clock.longitude_deg), dtype=object)
    strange = nights[nights != clock.night].value_counts()
    if clock.night is None or strange.empty:
        return []
    return [
        f"{strange.sum():,} of {len(sure):,} frames are of another night by their clock (most of {strange.index[0]}): "
        "if the date in the videos' names is not the UTC date, set [archive] name_date to evening or morning; if the "
        "clock shows another zone, set [camera] clock_timezone"
    ]


def _nothing_read(scan: _Scan, videos: Sequence[tuple[str, Path]]) -> str:
    names = ", ".join(name for name, _ in videos)
    cards = f" ({len(scan.cards):,} cards without a sky)" if scan.cards else ""
    return f"no frame of the sky could be read from {names}{cards}: {' '.join(scan.problems)}".rstrip(": ")


def _nothing_dated(readings: pd.DataFrame, videos: Sequence[tuple[str, Path]]) -> str:
    names = ", ".join(name for name, _ in videos)
    return (
        f"none of the {len(readings):,} frames of {names} could be dated by its clock; "
        "look at the night's clock picture and set [camera] clock_box and clock_format"
    )
