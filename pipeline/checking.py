"""Is the configuration what its owner meant, and is what it names there?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from allsky.clock.zones import own_times, parse_zone
from allsky.errors import BadConfiguration, BadModel, MissingTool
from allsky.recordings.files import list_archive
from allsky.site import DEGREES_PER_HOUR, Site
from models.description import read_description
from tasks import scan, settings
from tasks.sections import Training
from tasks.settings import Settings
from tasks.train_classifier import existing_model

# A longitude is doubted where the opposite one is nearer to the middle of the site's zone by so many degrees: zones
# reach far to the west of their middle (Spain's by 24 degrees), and there the opposite is nearer by less.
CLEARLY_NEARER_DEG = 20.0


@dataclass(frozen=True)
class Checked:
    """What a configuration means, as text, and what no run could do without (`missing`)."""

    text: str
    missing: tuple[str, ...]

    def require(self) -> None:
        """Raises BadConfiguration where something is missing."""
        if self.missing:
            raise BadConfiguration("; ".join(self.missing))


def checked() -> Checked:
    """What the configuration means, in short, then every key with its value.

    Raises BadConfiguration for what no run could begin with.
    """
    here = settings.current()
    archive, missing = _archive(here)
    lines = [f"{here.path}: camera {here.site.name}", *_summary(here, archive)]
    if doubt := longitude_in_doubt(here.site):
        lines.append(f"  IN DOUBT {doubt}")
    for section, keys in here.as_table().items():
        lines += ["", f"[{section}]", *(f"  {key} = {_shown(value)}" for key, value in keys.items())]
    wanting = (*_missing_model(here), *_missing_weights(here), *_unknown_backbone(here.training.backbone))
    return Checked("\n".join(lines), (*missing, *wanting))


def _shown(value: Any) -> str:
    if value is None:
        return "(not set: found, or its default)"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


# In short.


def _summary(here: Settings, archive: str) -> Iterator[str]:
    site = here.site
    north, east = _degrees(site.latitude_deg, "N", "S"), _degrees(site.longitude_deg, "E", "W")
    yield f"  site     {north}, {east}, {site.elevation_m:g} m, zone {site.timezone}"
    yield f"  archive  {archive}"
    yield f"  clock    a time for which no zone is shown counts as {_zones(here)}"
    yield f"  output   {here.output}"
    yield f"  labels   {_labels(here)}"
    yield f"  model    {_model(here)}"


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g} {positive if value >= 0 else negative}"


def _archive(here: Settings) -> tuple[str, list[str]]:
    """What the archive's folder holds, and why no run could take it."""
    if here.simulated:
        return "simulated when the chain is run", []
    try:
        scan.listed(here.videos)
    except BadConfiguration as error:
        return f"MISSING: nothing that a run could take in {here.videos}", [str(error)]
    found = list_archive(here.videos)
    dated = f"stills, dated by their {here.archive.stills_time}" if here.archive.stills_time else "stills passed over"
    stills = f", {found.n_stills:,} {dated}" if found.n_stills else ""
    told = f"{len(found.videos):,} videos in {here.videos}{stills}, and {len(found.others):,} other files"
    return "; ".join([told, *scan.why_odd(found.odd_names)]), []


def _zones(here: Settings) -> str:
    """The zone of a clock that names none, from each [camera:DATE] on."""
    zones = [(since, camera.clock_timezone or here.site.timezone) for since, camera in here.cameras]
    changes = [one for place, one in enumerate(zones) if place == 0 or one[1] != zones[place - 1][1]]
    told = ", ".join(f"{zone} from {since} on" if since else zone for since, zone in changes)
    by_itself = any(camera.clock_timezone for _, camera in here.cameras)
    return told + ("" if by_itself else ", the site's; set [camera] clock_timezone where it runs in another")


def _labels(here: Settings) -> str:
    if here.labels.file == settings.SIMULATED:
        return "simulated"
    there = "is there" if here.labels_file.exists() else "is not there yet; the first run says what to label"
    return f"{here.labels_file} {there}"


def _model(here: Settings) -> str:
    folder = existing_model()
    if folder is None:
        return f"{here.training.backbone}, trained from the labels"
    return f"{folder} {'is there' if (folder / 'model.json').is_file() else 'MISSING, or no model folder'}"


# What is wrong, and what may be.


def _missing_model(here: Settings) -> list[str]:
    folder = existing_model()
    if folder is None:
        return []
    if not (folder / "model.json").is_file():
        return [f"[training] model: {folder} is no model's folder; name one that holds a model.json, or none"]
    try:
        read_description(folder).require_classes(here.labels.classes, here.labels.positive)
    except BadModel as problem:
        return [f"[training] model: {problem}"]
    return []


def _missing_weights(here: Settings) -> list[str]:
    weights = here.training_recipe.weights
    if weights in ("imagenet", "none") or existing_model() is not None or Path(weights).is_file():
        return []
    return [f"[training] weights: there is no file {weights}; name an existing one, `imagenet` or `none`"]


def _unknown_backbone(name: str) -> list[str]:
    if existing_model() is not None or name == Training().backbone:
        return []
    from models.network import check_backbone  # PyTorch takes seconds to begin, and the default's name is known

    try:
        check_backbone(name)
    except (BadConfiguration, MissingTool) as problem:
        return [f"[training] {problem}"]
    return []


def longitude_in_doubt(site: Site) -> str | None:
    """Why the sign of the site's longitude may be wrong: the opposite one fits the site's zone far better."""
    zone = parse_zone(site.timezone)
    hours = min(offset for _, offset in own_times(zone, datetime(2024, 1, 1))).total_seconds() / 3600
    middle = hours * DEGREES_PER_HOUR
    own, opposite = (abs(math.remainder(sign * site.longitude_deg - middle, 360)) for sign in (1, -1))
    if own - opposite < CLEARLY_NEARER_DEG:
        return None
    return (
        f"[site] longitude = {site.longitude_deg:g} is {own:.0f} degrees from the middle of {site.timezone} "
        f"(UTC{hours:+g}), {-site.longitude_deg:g} would be {opposite:.0f}: east is positive, west negative"
    )
