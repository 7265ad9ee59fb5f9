"""A corpus, or a model, as a file for other programs, on the command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from allsky import export
from allsky.corpus import classes_of, model_of, months_of
from allsky.errors import AllskyError, BadConfiguration
from tasks import settings
from tasks.selection import check_range

FORMATS = {".nc": "netcdf", ".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Exported:
    """The options of `allsky export`; what each means stands with the command (pipeline/cli.py)."""

    target: Path
    format: str | None = None
    model: str | None = None
    first_night: str | None = None
    last_night: str | None = None
    attributes: Sequence[str] = ()


def export_corpus(asked: Exported, tell: Callable[[str], None]) -> None:
    """`allsky export`: predictions and conditions of every frame whose time is sure, month by month into one file."""
    here = settings.current()
    check_range(asked.first_night, asked.last_night)
    # The targeted step between frames, as an ISO 8601 duration (ACDD 1.3); what the user says goes before it.
    given = {"time_coverage_resolution": f"PT{here.sampling.cadence_s:g}S"}
    kind, given = _kind(asked), given | dict(_pair(text) for text in asked.attributes)
    _require_room(asked.target, kind)
    try:
        model = model_of(here.output, asked.model)
        classes = classes_of(here.output, model) if model else ()
        months = _chosen(months_of(here.output, model), asked, here.output)
        now = pd.Timestamp.now(tz="UTC")
        said = export.global_attributes(here.site, model, version("allsky-pipeline"), now, given)
        tables = (export.exported_table(month, here.site, classes) for month in months)
        rows = _written(asked.target, kind, tables, export.variables(classes), here.site, said)
    except (FileNotFoundError, ValueError) as error:
        raise AllskyError(str(error)) from error
    tell(f"{asked.target}: {rows:,} frames{f', predictions of {model}' if model else ', no predictions yet'}")


def _kind(asked: Exported) -> str:
    kind = asked.format or FORMATS.get(asked.target.suffix.lower())
    if kind is None:
        raise BadConfiguration(f"{asked.target}: which format? End it with .nc, .csv or .parquet, or give --format.")
    return kind


def _require_room(target: Path, kind: str) -> None:
    """Raises BadConfiguration where something lies in the place of what is to be written."""
    for path in (target, *([export.csv_description(target)] if kind == "csv" else [])):
        if path.exists():
            raise BadConfiguration(f"{path} is there already: an export overwrites nothing. Name another file.")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise BadConfiguration(
            f"--attribute {text}: expected NAME=VALUE, such as institution='University of Somewhere'"
        )
    return name, value


def _chosen(months: Iterator[pd.DataFrame], asked: Exported, root: Path) -> Iterator[pd.DataFrame]:
    """The nights asked for; images by their place under the output folder, which may move."""
    first, last = asked.first_night or "0000", asked.last_night or "9999"
    for month in months:
        within = month[(month["night"] >= first) & (month["night"] <= last)]
        yield within.assign(image=within["image"].str.removeprefix(f"{root}/"))


def _written(target: Path, kind: str, tables, variables, site, attributes: Mapping[str, str | float]) -> int:
    """Write beside the target under another name, so that what has its name is whole; the number of rows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{target.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        rows = export.WRITERS[kind](part / target.name, tables, variables, site, attributes)
        for path in sorted(part.iterdir(), key=lambda path: path.name == target.name):
            path.rename(target.parent / path.name)
    finally:
        shutil.rmtree(part)
    return rows


def export_model(folder: Path, target: Path, frames: Sequence[Path], tell: Callable[[str], None]) -> None:
    """Export the model in `folder` to `target`, checked on `frames`, or on validation frames of its corpus."""
    from models.export import export_onnx, frames_beside
    from models.model_folder import load_model

    check = export_onnx(load_model(folder), target, list(frames) or frames_beside(folder))
    tell(
        f"{target}: answers like PyTorch on {check.frames} frames (largest difference of a probability "
        f"{check.largest_difference:.2g}, equal decisions {check.same_decisions:.0%})"
    )
