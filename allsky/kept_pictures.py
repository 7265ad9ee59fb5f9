"""The pictures of a night being read: cropped and written as they pass, named when their time is known.

On disk, not in memory: a night of any length costs a few numbers and one column of pixels a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from allsky.bright_moments import MomentsSeen
from allsky.clock.boxes import Box
from allsky.errors import BadVideo
from allsky.recordings.video import VideoFrame
from allsky.sky_disk import SkyDisk, lit_around, square_crop


@dataclass(frozen=True)
class _Picture:
    path: Path
    column: np.ndarray
    mean_luma: float
    lit_around: bool


class KeptPictures:
    """Pictures (JPEG, `size` x `size`) of the frames that may be kept, in `folder`.

    What lies in the boxes of the `clock` is black in them, so that no classifier can learn from a date or an hour.
    """

    def __init__(self, folder: Path, disk: SkyDisk, size: int, jpeg_quality: int, clock: Iterable[Box] = ()) -> None:
        self._folder, self._disk, self._size, self._quality = Path(folder), disk, size, jpeg_quality
        self._clock = tuple(clock)
        sky = self._square(np.full((disk.height, disk.width), 255, np.uint8)) > 127
        self._sky, self._sky_pixels = np.where(sky, np.uint8(255), np.uint8(0)), max(1, int(sky.sum()))
        self._moments = MomentsSeen()
        self._pictures: dict[tuple[str, int], _Picture] = {}
        self._folder.mkdir(parents=True, exist_ok=True)

    def has(self, video: str, index: int) -> bool:
        return (video, index) in self._pictures

    def mean_luma(self, video: str, index: int) -> float:
        """Mean luma of the sky in the picture, 0 to 255."""
        return self._pictures[video, index].mean_luma

    def share_lit_around(self, video: str) -> float:
        """Share of a video's pictures that are as light around the disk as within."""
        lit = [picture.lit_around for (name, _), picture in self._pictures.items() if name == video]
        return sum(lit) / max(1, len(lit))

    def write(self, video: str, frame: VideoFrame) -> None:
        """Crop and write a frame under a provisional, hidden name; a still that has gone since it was looked at is not
        written, and `has` says so."""
        try:
            picture = self._square(frame.rgb())
        except BadVideo:
            return
        self._moments.add(frame.luma)
        path = self._folder / f".{len(self._pictures)}.jpg"
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
        path.write_bytes(coded.tobytes())
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        # Five times as quick as `cv2.mean` with a mask.
        mean = cv2.sumElems(cv2.bitwise_and(luma, self._sky))[0] / self._sky_pixels
        column, lit = picture[:, self._size // 2].copy(), lit_around(frame.luma, self._disk)
        self._pictures[video, frame.index] = _Picture(path, column, mean, lit)

    def bright_moments(self) -> np.ndarray:
        """How bright each pixel of the whole frame was in the frames written, uint8, small."""
        return self._moments.picture()

    def _square(self, frame: np.ndarray) -> np.ndarray:
        """The disk's square of `frame`, which is changed: the clock's boxes become black."""
        for box in self._clock:
            box.crop(frame)[:] = 0
        return square_crop(frame, self._disk, self._size)

    def publish(self, frames: Sequence[tuple[str, int]], frame_ids: Sequence[str]) -> np.ndarray:
        """Give these frames' pictures their names, remove all others; the strip of their middle columns."""
        kept = [self._pictures.pop(frame) for frame in frames]
        for picture, frame_id in zip(kept, frame_ids):
            picture.path.rename(self._folder / f"{frame_id}.jpg")
        for picture in self._pictures.values():
            picture.path.unlink()
        self._pictures.clear()
        return np.stack([picture.column for picture in kept], axis=1)
