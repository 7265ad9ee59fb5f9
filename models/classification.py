"""What does a model say of any picture, from whatever camera?

Each picture is masked and cropped as frames are for training, once its sky is found (allsky.loose_pictures).
Pictures of one size in one folder are taken to be of one camera: the disk that they share is found together, which
single dark frames may not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image

from allsky.errors import BadConfiguration, NotASky
from allsky.loose_pictures import GIVEN, LooseSky, shared_disk, sky_of, spread_over
from allsky.pictures import BadImage, inscribed_disk, read_picture
from allsky.recordings.files import VIDEO_SUFFIXES
from allsky.sky_disk import SkyDisk, check_disk, square_crop
from models.description import MAP_ENDING
from models.explanation import Explainer, overlay
from models.inference import Predictor
from models.model_folder import Model

# Side of the pictures that maps are drawn on, in pixels.
DRAWN_SIZE = 480

# Orientations in which width and height change places (Exif 2.32, table 6).
_TURNED = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class Answer:
    """What a model says of one picture.

    `p` are probabilities by class, `predicted` the class it decides for (None where it abstains). Of a picture that is
    no night sky, or cannot be read, `p` and `predicted` are None and `problem` says what is wrong; `unreadable` tells
    the latter. `disk` says how the sky was found; `map` is the file with the heat map.
    """

    file: str
    p: dict[str, float] | None = None
    predicted: str | None = None
    abstain: bool = False
    problem: str | None = None
    disk: str | None = None
    map: str | None = None
    unreadable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """`file`, `p`, `predicted`, `abstain`, and what else there is to say."""
        told = {"file": self.file, "p": self.p, "predicted": self.predicted, "abstain": self.abstain}
        more = {"disk": self.disk, "map": self.map, "problem": self.problem}
        return told | {name: value for name, value in more.items() if value is not None}


class Classifier:
    """A model that answers for loose pictures.

    `disk` (x, y, radius) in pixels of the pictures is used instead of looking for one. `method` draws the map of the
    positive class beside each picture, or in `folder`.
    """

    def __init__(
        self,
        model: Model,
        disk: tuple[float, float, float] | None = None,
        method: str | None = None,
        folder: Path | None = None,
    ):
        self.model, self.disk, self.folder = model, disk, folder
        self._predictor = Predictor(model, "float32")
        self._explainer = Explainer(model, method) if method else None
        self._maps: dict[Path, Path] = {}

    def __call__(self, paths: Sequence[Path]) -> Iterator[Answer]:
        """An answer for each picture, in order."""
        shared = {} if self.disk else _shared_disks(paths)
        self._maps = map_files(paths, self.folder)
        for path in paths:
            yield self._answer(path, shared)

    def _answer(self, path: Path, shared: Mapping[tuple, SkyDisk | None]) -> Answer:
        try:
            rgb = read_picture(path)
            given = self._given(rgb) if self.disk else shared.get((path.parent, rgb.shape[1::-1]))
            sky = sky_of(rgb, given, max(DRAWN_SIZE, self.model.description.image_size))
        except BadImage as error:
            return Answer(str(path), problem=_why_unread(path, error), unreadable=True)
        except NotASky as error:
            return Answer(str(path), abstain=True, problem=str(error))
        return self._of_sky(path, rgb, sky)

    def _of_sky(self, path: Path, rgb: np.ndarray, sky: LooseSky) -> Answer:
        seen = _as_in_training(path, rgb, sky, self.model.description.image_size)
        probabilities = self._predictor.answer(seen[None])
        described = self.model.description
        abstain = bool(described.abstains(probabilities)[0])
        answer = Answer(
            str(path),
            {name: round(float(p), 6) for name, p in zip(described.classes, probabilities[0], strict=True)},
            None if abstain else str(described.decide(probabilities)[0]),
            abstain,
            disk=_in_words(sky),
        )
        if self._explainer is None:
            return answer
        return replace(answer, map=str(self._draw(path, self._explainer(seen[None])[0], sky)))

    def _draw(self, path: Path, heat: np.ndarray, sky: LooseSky) -> Path:
        """The square and the square under its map, side by side in one file."""
        drawn = overlay(sky.square, heat, sky=inscribed_disk(len(sky.square)))
        target = self._maps[path]
        coded = cv2.imencode(".jpg", np.hstack([sky.square, drawn])[..., ::-1])[1]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(coded.tobytes())
        except OSError as error:
            raise BadConfiguration(
                f"the map {target} cannot be written ({error.strerror}); name a folder with --maps"
            ) from None
        return target

    def _given(self, rgb: np.ndarray) -> SkyDisk:
        assert self.disk is not None
        disk = SkyDisk(*self.disk, rgb.shape[1], rgb.shape[0], GIVEN)
        try:
            check_disk(disk)
        except BadConfiguration as error:
            said = str(error).partition(";")[0]
            raise BadConfiguration(f"--disk: {said}; give it in pixels of the picture") from None
        return disk


def _why_unread(path: Path, error: BadImage) -> str:
    if path.suffix.lower() in VIDEO_SUFFIXES and path.exists():
        return f"{path} is a video: expected pictures, as a run keeps them of its frames"
    return str(error).partition("; ")[0]


def map_files(paths: Iterable[Path], folder: Path | None) -> dict[Path, Path]:
    """The file of each picture's map: beside it or in `folder`, named after it, with as much of its path as it takes
    for no two to be one.
    """
    paths = list(dict.fromkeys(paths))
    for name in (lambda path: path.stem, lambda path: path.name, _folder_and_name, _whole_path):
        targets = {path: (folder or path.parent) / f"{name(path)}{MAP_ENDING}" for path in paths}
        if len(set(targets.values())) == len(paths):
            break
    return targets


def _as_in_training(path: Path, rgb: np.ndarray, sky: LooseSky, size: int) -> np.ndarray:
    """The picture at the network's size (size, size, 3): a frame of a corpus exactly as training reads it."""
    if sky.disk is None:
        return read_picture(path, size)
    return square_crop(rgb, sky.disk, size)


def _shared_disks(paths: Sequence[Path]) -> dict[tuple, SkyDisk | None]:
    """The disk of each camera, by folder and size of its pictures."""
    cameras: dict[tuple, list[Path]] = {}
    for path in paths:
        with (
            suppress(OSError, Image.DecompressionBombError),
            Image.open(path) as picture,
        ):  # what cannot be read is met again, and said
            cameras.setdefault((path.parent, _upright_size(picture)), []).append(path)
    return {
        camera: shared_disk(list(_readable(spread_over(members))))
        for camera, members in cameras.items()
        if len(members) > 1
    }


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height once the picture is turned as its EXIF data ask, which `read_picture` does too."""
    width, height = picture.size
    turned = picture.getexif().get(ExifTags.Base.Orientation) in _TURNED
    return (height, width) if turned else (width, height)


def _readable(paths: Sequence[Path]) -> Iterator[np.ndarray]:
    for path in paths:
        with suppress(BadImage):
            yield read_picture(path)


def _in_words(sky: LooseSky) -> str:
    if sky.disk is None:
        return sky.found
    return f"{sky.disk.source}: {sky.disk.center_x:.0f}, {sky.disk.center_y:.0f}, radius {sky.disk.radius:.0f}"


def _folder_and_name(path: Path) -> str:
    return "_".join(path.parts[-2:])


def _whole_path(path: Path) -> str:
    return "_".join(path.resolve().parts[1:])
