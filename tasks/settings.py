"""Every key a user can set, with its default and its meaning; and the settings in force.

The settings come from exactly one file: the one that `LUIGI_CONFIG_PATH` names, else `luigi.cfg` in
the working directory. Relative paths in it are relative to the file.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from allsky.conditions import ConditionBins
from allsky.errors import BadConfiguration
from allsky.clock import ClockSettings
from allsky.fisheye import SkyDisk
from allsky.site import Site
from models.recipe import AUGMENTATIONS, STRATEGIES, TrainingRecipe
from tasks.configuration import (
    either,
    nearest,
    numbers,
    one_of,
    option,
    parse,
    positive_real,
    positive_whole,
    read_section,
    real,
    share,
    text,
    whole,
    words,
    yes_or_no,
)

SIMULATED = "simulated"
BINS = ConditionBins()
PUBLISHED = TrainingRecipe()


@dataclass(frozen=True)
class Archive:
    videos: str = option(SIMULATED, text, "folder of the videos (searched recursively), or `simulated`: the demonstration archive is made first")
    output: str = option("output", text, "folder that receives everything; one camera's alone")
    night_from_name: str | None = option(
        None, either(text, none=None), "strptime pattern of the date in a video's name, such as `auroramaxHD_%Y%m%d_720p`; without it a date is looked for in the name, then on a keyframe"
    )
    name_date: str = option("utc", one_of("utc", "evening", "morning"), "whether that date is the UTC date, the night's evening or its morning")
    settle_s: float = option(600.0, real, "a file changed within this many seconds waits for the next run (it may still be growing)")


@dataclass(frozen=True)
class SiteSection:
    name: str = option("", text, "short name of the camera, without blanks; begins every frame_id")
    latitude: float = option(float("nan"), real, "degrees north (WGS84)")
    longitude: float = option(float("nan"), real, "degrees east of Greenwich")
    elevation_m: float = option(0.0, real, "height in metres")
    timezone: str = option("UTC", text, "IANA name of the site's time zone, `UTC`, or an offset such as `-07:00`")


@dataclass(frozen=True)
class Camera:
    disk_center: tuple[float, float] | None = option(None, either(numbers(2), auto=None), "centre of the sky disk, `x, y` in pixels of the video frame, or `auto`")
    disk_radius: float | None = option(None, either(positive_real, auto=None), "radius of the sky disk in pixels of the video frame, or `auto`")
    image_size: int = option(720, positive_whole, "side of the square images that are kept, in pixels")
    clock_box: tuple[float, ...] | None = option(None, either(numbers(4), auto=None), "box around the burned-in clock, `x, y, width, height` in pixels, or `auto`")
    clock_format: str | None = option(None, either(text, auto=None), "strftime format of the burned-in clock, or `auto`")
    clock_timezone: str | None = option(None, either(text, site=None), "zone of the clock where the overlay names none; the site's where absent")
    lens: str = option("equidistant", text, "`equidistant`, `equisolid`, `stereographic` or `orthographic`")
    radius_zenith_angle_deg: float = option(90.0, positive_real, "zenith angle at the disk's edge, in degrees")
    zenith: tuple[float, float] | None = option(None, either(numbers(2), auto=None), "the zenith, `x, y` in pixels; the disk's centre where absent")
    north_deg: float | None = option(None, either(real, unknown=None), "geographic north, in degrees clockwise from the image's up")
    east: str = option("left", one_of("left", "right"), "side on which east lies when north is up")
    orientation: str = option("unknown", one_of("given", "unknown"), "whether `north_deg` and `east` are known")


@dataclass(frozen=True)
class Sampling:
    cadence_s: int = option(60, positive_whole, "one frame is kept per this many seconds of UTC")
    jpeg_quality: int = option(92, positive_whole, "JPEG quality of the kept images, 1 to 100")


@dataclass(frozen=True)
class Conditions:
    night_below_deg: float = option(BINS.night_deg, real, "`Night` when the sun's altitude is at or below this")
    astronomical_below_deg: float = option(BINS.astronomical_deg, real, "`Astronomical` up to this altitude of the sun")
    nautical_below_deg: float = option(BINS.nautical_deg, real, "`Nautical` up to this altitude of the sun")
    civil_below_deg: float = option(BINS.civil_deg, real, "`Civil` up to this altitude of the sun, `Day` above")
    full_elongation_deg: float = option(BINS.full_elongation, real, "`Moon_Full` from this elongation (180 = full)")
    full_altitude_deg: float = option(BINS.full_altitude, real, "and with the moon above this altitude")
    quarter_elongation_deg: float = option(BINS.quarter_elongation, real, "`Moon_Quarter` from this elongation")
    quarter_altitude_deg: float = option(BINS.quarter_altitude, real, "and with the moon above this altitude")


@dataclass(frozen=True)
class Labels:
    file: str = option("labels.csv", text, "CSV of a person's answers, or `simulated` (demonstration archive only)")
    classes: tuple[str, ...] = option(("aurora", "no_aurora"), words, "the classes a frame can be labelled with; `unsure` is always allowed besides")
    positive: str = option("aurora", text, "the class that counts as positive")
    per_night: int = option(20, positive_whole, "frames drawn for labelling from a training or validation night (at most half its dark moonless frames)")
    per_cell: int = option(6, positive_whole, "frames drawn from each solar x lunar cell of an audit night")
    training_share: float = option(0.50, share, "share of nights that train")
    validation_share: float = option(0.15, share, "share of nights that choose epoch, temperature and threshold")
    audit_share: float = option(0.35, share, "share of nights that measure")
    seed: int = option(0, whole, "key of the draw; another one gives other nights and frames")


@dataclass(frozen=True)
class Training:
    """The keys besides `model` and `name` are those of `models.recipe.TrainingRecipe`, which explains them."""

    model: str | None = option(None, either(text, train=None), "folder of an existing model, used instead of training")
    name: str | None = option(None, either(text, backbone=None), "name of the model; the backbone's where absent")
    backbone: str = option(PUBLISHED.backbone, text, "any classifier of torchvision.models by name")
    weights: str = option(PUBLISHED.weights, text, "`imagenet`, `none`, or a file of weights of the backbone")
    strategy: str = option(PUBLISHED.strategy, one_of(*STRATEGIES), "what is trained when")
    image_size: int = option(PUBLISHED.image_size, positive_whole, "side of the network's input, in pixels")
    epochs_frozen: int = option(PUBLISHED.epochs_frozen, whole, "epochs with the backbone frozen")
    epochs_full: int = option(PUBLISHED.epochs_full, whole, "epochs of the whole network")
    batch_size: int = option(PUBLISHED.batch_size, positive_whole, "images in a training step")
    learning_rate: float = option(PUBLISHED.learning_rate, positive_real, "highest rate from scratch, or frozen")
    fine_tuning_rate: float = option(PUBLISHED.fine_tuning_rate, positive_real, "highest rate of pretrained weights")
    warm_up: float = option(PUBLISHED.warm_up, share, "share of a stage's steps in which the rate rises")
    weight_decay: float = option(PUBLISHED.weight_decay, real, "weight decay of AdamW")
    label_smoothing: float = option(PUBLISHED.label_smoothing, share, "share of the target spread over all classes")
    augment: str = option(PUBLISHED.augment, one_of(*AUGMENTATIONS), "`sky` (turn, flip, expose, blur) or `none`")
    averaging: float = option(PUBLISHED.averaging, share, "decay of a running mean of the weights; 0 keeps none")
    patience: int = option(PUBLISHED.patience, whole, "epochs without improvement before training stops; 0 is never")
    seed: int = option(PUBLISHED.seed, whole, "seed of everything random in training")


@dataclass(frozen=True)
class Inference:
    engine: str = option("auto", text, "`auto` or the name of an engine, such as `float32`")
    batch_size: int = option(32, positive_whole, "images in a batch")


@dataclass(frozen=True)
class Explanation:
    method: str = option("GradCAM", text, "method of the grad-cam library")
    worst: int = option(2, positive_whole, "errors of each kind shown per condition")


@dataclass(frozen=True)
class Report:
    threshold: float | None = option(None, either(share, model=None), "probability from which a frame counts as positive in the report; the model's own where absent")
    title: str | None = option(None, either(text, auto=None), "heading of the page")


@dataclass(frozen=True)
class Execution:
    engine: str = option("local", one_of("local"), "where the computing is done")
    workers: int | None = option(None, either(positive_whole, auto=None), "processes at once; the machine's cores where absent")


@dataclass(frozen=True)
class SimulationSection:
    nights: int | None = option(None, either(positive_whole, auto=None), "nights of the demonstration archive; its own number where absent")
    cadence_s: float | None = option(None, either(positive_real, auto=None), "seconds of sky between its frames")
    seed: int = option(0, whole, "seed of its weather, aurora and noise")


SECTIONS = {
    "archive": Archive,
    "site": SiteSection,
    "camera": Camera,
    "sampling": Sampling,
    "conditions": Conditions,
    "labels": Labels,
    "training": Training,
    "inference": Inference,
    "explanation": Explanation,
    "report": Report,
    "execution": Execution,
    "simulation": SimulationSection,
}

# Sections that belong to Luigi itself (its configuration page lists them) and pass unread.
LUIGI_SECTIONS = frozenset(
    "core scheduler worker retcode execution_summary email batch_notifier sendgrid smtp task_history resources "
    "metrics prometheus datadog logging cors task_visibility luigi-daemon batch".split()
)
_CAMERA_FROM = re.compile(r"camera:(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Settings:
    """All sections, and the file they came from."""

    path: Path
    archive: Archive = field(default_factory=Archive)
    site_section: SiteSection = field(default_factory=SiteSection)
    cameras: tuple[tuple[str, Camera], ...] = (("", Camera()),)
    sampling: Sampling = field(default_factory=Sampling)
    conditions: Conditions = field(default_factory=Conditions)
    labels: Labels = field(default_factory=Labels)
    training: Training = field(default_factory=Training)
    inference: Inference = field(default_factory=Inference)
    explanation: Explanation = field(default_factory=Explanation)
    report: Report = field(default_factory=Report)
    execution: Execution = field(default_factory=Execution)
    simulation: SimulationSection = field(default_factory=SimulationSection)

    def resolve(self, path: str) -> Path:
        """A path of the configuration file, relative to that file, absolute."""
        return (self.path.parent / Path(path).expanduser()).resolve()

    @property
    def output(self) -> Path:
        return self.resolve(self.archive.output)

    @property
    def simulated(self) -> bool:
        return self.archive.videos == SIMULATED

    @property
    def videos(self) -> Path:
        return self.output / "simulated" / "videos" if self.simulated else self.resolve(self.archive.videos)

    @property
    def labels_file(self) -> Path:
        if self.labels.file == SIMULATED:
            return self.output / "simulated" / "labels.csv"
        return self.resolve(self.labels.file)

    @property
    def site(self) -> Site:
        section = self.site_section
        return Site(section.name, section.latitude, section.longitude, section.elevation_m, section.timezone)

    @property
    def bins(self) -> ConditionBins:
        return ConditionBins(*dataclasses.astuple(self.conditions))

    def camera(self, night: str) -> Camera:
        """The camera in force on `night`: [camera], overridden by the latest [camera:DATE] not after it."""
        return [camera for since, camera in self.cameras if since <= night][-1]

    @property
    def training_recipe(self) -> TrainingRecipe:
        given = dataclasses.asdict(self.training)
        keys = {field.name for field in dataclasses.fields(TrainingRecipe)} & set(given)
        if self.training.weights not in ("imagenet", "none"):
            given["weights"] = str(self.resolve(self.training.weights))
        return TrainingRecipe(**{key: given[key] for key in keys}, classes=self.labels.classes, positive=self.labels.positive)

    def disk(self, night: str, size: tuple[int, int]) -> SkyDisk | None:
        """The sky disk given for `night` in frames of `size` (width, height); None where it is to be found."""
        camera = self.camera(night)
        if camera.disk_center is None or camera.disk_radius is None:
            return None
        return SkyDisk(*camera.disk_center, camera.disk_radius, *size)

    def clock(self, night: str) -> ClockSettings:
        """What is known beforehand of the clock burned in on `night`."""
        camera = self.camera(night)
        box = tuple(round(value) for value in camera.clock_box) if camera.clock_box else None
        return ClockSettings(box, camera.clock_format, camera.clock_timezone or self.site.timezone)

    def camera_since(self, night: str) -> str:
        """The date of the [camera:DATE] section in force on `night`; empty for [camera] itself."""
        return [since for since, _ in self.cameras if since <= night][-1]

    def as_table(self) -> dict[str, dict[str, Any]]:
        """Every section and key with the value in force, for provenance."""
        named = {name: getattr(self, _ATTRIBUTES.get(name, name), None) for name in SECTIONS if name != "camera"}
        named |= {f"camera:{since}" if since else "camera": camera for since, camera in self.cameras}
        return {name: dataclasses.asdict(section) for name, section in named.items()}


_ATTRIBUTES = {"site": "site_section"}


def load(path: Path) -> Settings:
    """The settings of one file. Raises BadConfiguration naming the key, and the nearest known one."""
    path = path.resolve()
    if not path.is_file():
        raise BadConfiguration(
            f"no configuration at {path}: expected the file named by LUIGI_CONFIG_PATH, or luigi.cfg in the working folder"
        )
    given = parse(path)
    _reject_unknown_sections(given, path)
    sections = {
        _ATTRIBUTES.get(name, name): read_section(kind, name, given.get(name, {}), path)
        for name, kind in SECTIONS.items()
        if name != "camera"
    }
    settings = Settings(path=path, cameras=_cameras(given, path), **sections)  # type: ignore[arg-type]
    _check(settings)
    return settings


def _reject_unknown_sections(given: Mapping[str, Any], path: Path) -> None:
    for name in given:
        if name not in SECTIONS and name not in LUIGI_SECTIONS and not _CAMERA_FROM.fullmatch(name):
            known = {*SECTIONS, "camera:YYYY-MM-DD"}
            raise BadConfiguration(f"{path}: unknown section [{name}]{nearest(name, known)}")


def _cameras(given: Mapping[str, Mapping[str, str]], path: Path) -> tuple[tuple[str, Camera], ...]:
    keys = dict(given.get("camera", {}))
    cameras = [("", read_section(Camera, "camera", keys, path))]
    for name in sorted(name for name in given if _CAMERA_FROM.fullmatch(name)):
        keys |= given[name]
        cameras.append((name.removeprefix("camera:"), read_section(Camera, name, keys, path)))
    return tuple(cameras)


def _check(settings: Settings) -> None:
    """What no single key can tell."""
    site, labels, path = settings.site, settings.labels, settings.path
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", site.name):
        raise BadConfiguration(f"{path}: [site] name = '{site.name}': expected letters, digits, dots and hyphens")
    if not (-90 <= site.latitude_deg <= 90 and -180 <= site.longitude_deg <= 360):
        raise BadConfiguration(
            f"{path}: [site] latitude and longitude are needed, in degrees north (-90 to 90) and east (-180 to 360)"
        )
    for zone in {site.timezone, *(camera.clock_timezone for _, camera in settings.cameras if camera.clock_timezone)}:
        _check_zone(zone, path)
    if abs(labels.training_share + labels.validation_share + labels.audit_share - 1) > 1e-9:
        raise BadConfiguration(f"{path}: [labels] training_share, validation_share and audit_share must add up to 1")
    if len(set(labels.classes)) < 2 or labels.positive not in labels.classes or "unsure" in labels.classes:
        raise BadConfiguration(
            f"{path}: [labels] needs at least two different classes, `positive` one of them and none called unsure;"
            f" found classes = {', '.join(labels.classes)} and positive = {labels.positive}"
        )
    if labels.file == SIMULATED and not settings.simulated:
        raise BadConfiguration(f"{path}: [labels] file = simulated answers for [archive] videos = simulated only")
    for since, camera in settings.cameras:
        if (camera.disk_center is None) != (camera.disk_radius is None):
            raise BadConfiguration(
                f"{path}: [camera{':' + since if since else ''}] give both disk_center and disk_radius, or neither"
            )


def _check_zone(zone: str, path: Path) -> None:
    if zone == "UTC" or re.fullmatch(r"[+-]\d{2}:?\d{2}", zone):
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        from zoneinfo import available_timezones

        raise BadConfiguration(
            f"{path}: no time zone is called '{zone}'{nearest(zone, available_timezones())}"
        ) from None


@functools.cache
def current() -> Settings:
    """The settings in force in this process (read once)."""
    return load(Path(os.environ.get("LUIGI_CONFIG_PATH", "luigi.cfg")))
