"""The settings in force.

They come from exactly one file: the one that `LUIGI_CONFIG_PATH` names, else `luigi.cfg` in
the working directory. Relative paths in it are relative to the file.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pandas as pd

from allsky.clock.learning import ClockSettings
from allsky.clock.ledger import correction_s, read_ledger
from allsky.clock.zones import parse_zone
from allsky.conditions import ConditionBins
from allsky.errors import BadConfiguration
from allsky.labels.roles import ROLES
from allsky.site import Site
from allsky.sky_disk import SkyDisk
from models.recipe import TrainingRecipe
from tasks.configuration import nearest, parse, read_section
from tasks.sections import (
    SECTIONS,
    SIMULATED,
    Archive,
    Camera,
    Comparison,
    Conditions,
    Execution,
    Explanation,
    Inference,
    Labels,
    Leakage,
    Report,
    Sampling,
    SimulationSection,
    SiteSection,
    Training,
)

# Sections that belong to Luigi itself (its configuration page lists them) and pass unread.
LUIGI_SECTIONS = frozenset(
    """core scheduler worker retcode execution_summary email batch_notifier sendgrid smtp task_history resources
    metrics prometheus datadog logging cors task_visibility luigi-daemon batch""".split()  # noqa: SIM905
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
    comparison: Comparison = field(default_factory=Comparison)
    leakage: Leakage = field(default_factory=Leakage)
    report: Report = field(default_factory=Report)
    execution: Execution = field(default_factory=Execution)
    simulation: SimulationSection = field(default_factory=SimulationSection)

    def resolve(self, path: str) -> Path:
        """A path of the configuration file, relative to that file, absolute."""
        return (self.path.parent / Path(path).expanduser()).resolve()

    @functools.cached_property
    def output(self) -> Path:
        return self.resolve(self.archive.output)

    @property
    def simulated(self) -> bool:
        return self.archive.videos == SIMULATED

    @functools.cached_property
    def videos(self) -> Path:
        return self.output / "simulated" / "videos" if self.simulated else self.resolve(self.archive.videos)

    @functools.cached_property
    def labels_file(self) -> Path:
        if self.labels.file == SIMULATED:
            return self.output / "simulated" / "labels.csv"
        return self.resolve(self.labels.file)

    @functools.cached_property
    def site(self) -> Site:
        section = self.site_section
        return Site(section.name, section.latitude, section.longitude, section.elevation_m, section.timezone)

    @functools.cached_property
    def bins(self) -> ConditionBins:
        return ConditionBins(**dataclasses.asdict(self.conditions))

    def camera(self, night: str) -> Camera:
        """The camera in force on `night`: [camera], overridden by the latest [camera:DATE] not after it."""
        return [camera for since, camera in self.cameras if since <= night][-1]

    @property
    def drawing(self) -> dict[str, Any]:
        """How nights get their roles and frames are drawn: the key and the shares."""
        labels = self.labels
        shares = (labels.training_share, labels.validation_share, labels.audit_share)
        return {"seed": labels.seed, "shares": dict(zip(ROLES, shares, strict=True))}

    @property
    def training_recipe(self) -> TrainingRecipe:
        given = dataclasses.asdict(self.training)
        keys = {field.name for field in dataclasses.fields(TrainingRecipe)} & set(given)
        if self.training.weights not in ("imagenet", "none"):
            given["weights"] = str(self.resolve(self.training.weights))
        return TrainingRecipe(
            **{key: given[key] for key in keys}, classes=self.labels.classes, positive=self.labels.positive
        )

    def disk(self, night: str, size: tuple[int, int]) -> SkyDisk | None:
        """The sky disk given for `night` in frames of `size` (width, height); None where it is to be found."""
        camera = self.camera(night)
        if camera.disk_center is None or camera.disk_radius is None:
            return None
        return SkyDisk(*camera.disk_center, camera.disk_radius, *size)

    def clock(self, night: str) -> ClockSettings:
        """What is known beforehand of the clock burned in on `night`."""
        camera = self.camera(night)
        return ClockSettings(camera.clock_box, camera.clock_format, camera.clock_timezone or self.site.timezone)

    @functools.cached_property
    def clock_ledger(self) -> pd.DataFrame:
        """The corrections of the clock that somebody decided on; read once."""
        return read_ledger(self.resolve(self.archive.clock_ledger))

    def correction_s(self, night: str) -> float:
        """Seconds that are added to the clock's times of `night`."""
        return correction_s(self.clock_ledger, night)

    def camera_since(self, night: str) -> str:
        """The date of the [camera:DATE] section in force on `night`; empty for [camera] itself."""
        return [since for since, _ in self.cameras if since <= night][-1]

    def as_table(self) -> dict[str, dict[str, Any]]:
        """Every section and key with the value in force, for provenance."""
        named = {name: getattr(self, _ATTRIBUTES.get(name, name)) for name in SECTIONS if name != "camera"}
        named |= {f"camera:{since}" if since else "camera": camera for since, camera in self.cameras}
        return {name: dataclasses.asdict(section) for name, section in named.items()}


_ATTRIBUTES = {"site": "site_section"}


def load(path: Path) -> Settings:
    """The settings of one file. Raises BadConfiguration naming the key, and the nearest known one."""
    path = path.resolve()
    if not path.is_file():
        raise BadConfiguration(
            f"no configuration at {path}: expected the file that LUIGI_CONFIG_PATH names, or luigi.cfg in this folder"
        )
    given = parse(path)
    _reject_unknown_sections(given, path)
    sections: dict[str, Any] = {
        _ATTRIBUTES.get(name, name): read_section(kind, name, given.get(name, {}), path)
        for name, kind in SECTIONS.items()
        if name != "camera"
    }
    settings = Settings(path=path, cameras=_cameras(given, path), **sections)
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
    for one, other in itertools.combinations((*labels.answers, "unsure"), 2):
        if one.casefold() == other.casefold():
            raise BadConfiguration(
                f"{path}: [labels] the answers {one} and {other} are the same to a sheet of labels, which takes no"
                " notice of case; give them different names"
            )
    if labels.cloudy in {labels.positive, "unsure"} or (labels.cloud_key and len(labels.classes) > 2):
        others = " or ".join(name for name in labels.classes if name != labels.positive)
        own = ", the name of a further answer" if len(labels.classes) == 2 else ""
        raise BadConfiguration(f"{path}: [labels] cloudy = {labels.cloudy}: expected {others}{own}, or no such key")
    if labels.file == SIMULATED and not settings.simulated:
        raise BadConfiguration(f"{path}: [labels] file = simulated answers for [archive] videos = simulated only")
    _check_execution(settings)
    for kind in ("bins", "training_recipe", "clock_ledger"):
        try:
            getattr(settings, kind)
        except BadConfiguration as error:
            raise BadConfiguration(f"{path}: {error}") from None
    for since, camera in settings.cameras:
        if (camera.disk_center is None) != (camera.disk_radius is None):
            raise BadConfiguration(
                f"{path}: [camera{':' + since if since else ''}] give both disk_center and disk_radius, or neither"
            )


def _check_execution(settings: Settings) -> None:
    execution, path = settings.execution, settings.path
    if execution.scheduler and not execution.scheduler.startswith(("tcp://", "tls://")):
        raise BadConfiguration(
            f"{path}: [execution] scheduler = {execution.scheduler}: expected tls://HOST:PORT, or tcp://HOST:PORT"
        )
    files = {key: getattr(execution, key) for key in ("tls_ca", "tls_cert", "tls_key")}
    absent = [key for key, file in files.items() if not (file and settings.resolve(file).is_file())]
    if (execution.scheduler or "").startswith("tls://") and absent:
        raise BadConfiguration(
            f"{path}: [execution] scheduler = {execution.scheduler} needs files of TLS: name one that is there with"
            f" {', '.join(absent)} (docs/many_machines.md)"
        )


def _check_zone(zone: str, path: Path) -> None:
    try:
        parse_zone(zone)
    except BadConfiguration:
        raise BadConfiguration(
            f"{path}: no time zone is called '{zone}'{nearest(zone, available_timezones())}"
        ) from None


class _Assumed:
    settings: Settings | None = None


def assume(settings: Settings) -> None:
    """Let this process take these settings, whatever file lies here (tasks/snapshot.py)."""
    _Assumed.settings = settings
    current.cache_clear()


@functools.cache
def current() -> Settings:
    """The settings in force in this process (read once)."""
    return _Assumed.settings or load(Path(os.environ.get("LUIGI_CONFIG_PATH", "luigi.cfg")))
