"""What is there to label: the drawn frames, the sky around them, and the answers given so far."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allsky.corpus import Corpus
from allsky.errors import BadLabels, BadModel
from allsky.labels.answers import clouds_as, match_labels, read_labels
from allsky.labels.queue import PLACE
from allsky.tables import LABELS, MONTH_FRAMES, SHEET
from tasks.settings import SIMULATED, Settings

SHOWN = ["frame_id", "night", "utc", *PLACE, "image", "solar_bin", "lunar_bin", "clock_flag"]


@dataclass(frozen=True)
class Material:
    """A corpus as a labeller meets it.

    - `frames`: MONTH_FRAMES of every kept frame. `sheet`: SHEET of the frames drawn, also for a model by its scores, a
      row per frame, under their present names, those that are gone or flagged left out.
    - `file`: the CSV of answers, which need not exist yet.
    """

    settings: Settings
    frames: pd.DataFrame
    sheet: pd.DataFrame
    file: Path

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.settings.output)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.settings.labels.classes

    @property
    def answers(self) -> tuple[str, ...]:
        """What a person may answer, besides `unsure`: every class, and a key for clouds where there is one."""
        return self.settings.labels.answers

    @property
    def usable(self) -> pd.DataFrame:
        """The frames whose time is not in doubt, in order of time."""
        return self.frames[self.frames["clock_flag"].isna()].sort_values(["night", "utc"], ignore_index=True)

    def labels(self) -> pd.DataFrame:
        """The answers in the file (LABELS), each under its frame's present name."""
        if not self.file.exists():
            return LABELS.empty().astype({"frame_index": "Int32"})
        return match_labels(read_labels(self.file, self.answers), self.frames)[0]

    def by_class(self) -> pd.DataFrame:
        """The answers as classes, as the report counts them: one about clouds as the negative class."""
        return clouds_as(self.labels(), self.settings.labels.cloud_key, self.settings.labels.negative)

    def pictures(self, frame_ids: Iterable[str]) -> pd.DataFrame:
        """What is shown of some frames, in the order asked for."""
        return self.frames.set_index("frame_id", drop=False).loc[list(frame_ids), SHOWN].reset_index(drop=True)


def open_material(settings: Settings, file: Path | None = None, *, to_read: bool = False) -> Material:
    """The corpus of these settings; `file` instead of the configured labels file, which is only read where `to_read`.

    Raises BadLabels where nothing was drawn yet, or where the labels are the simulated labeller's and a person would
    write among them.
    """
    frames = read_frames(settings)
    file = file or (settings.labels_file if to_read else labels_file(settings))
    return Material(settings, frames, _sheet(Corpus(settings.output), frames), file)


def read_frames(settings: Settings) -> pd.DataFrame:
    """MONTH_FRAMES of the whole corpus. Raises BadLabels where no month is there yet."""
    root = settings.output
    if not (root / "months").is_dir():
        raise BadLabels(
            f"There is nothing to label yet: {root} holds no frames. Run `luigi --module pipeline FullCorpusReport` (or"
            " `./run report`) first; it ends where a person has to label."
        )
    return pd.read_parquet(root / "months")[MONTH_FRAMES.names]


def labels_file(settings: Settings) -> Path:
    """The CSV that [labels] file names, to write to. Raises BadLabels where the simulated labeller writes it."""
    if settings.labels.file == SIMULATED:
        raise BadLabels(
            f"{settings.path}: [labels] file = simulated leaves the answers to the simulated labeller, and what a"
            " person added would be lost with the next run. Name a file there, or label into another one with --file."
        )
    return settings.labels_file


def _sheet(corpus: Corpus, frames: pd.DataFrame) -> pd.DataFrame:
    tables = [pd.read_parquet(path)[SHEET.names] for path in corpus.sheets]
    drawn = pd.concat([SHEET.empty(), *tables], ignore_index=True)
    drawn = drawn.drop_duplicates(PLACE).drop(columns="frame_id")
    present = frames.loc[frames["clock_flag"].isna(), ["frame_id", *PLACE]]
    return drawn.merge(present, on=PLACE)[SHEET.names]


def predictions(corpus: Corpus, model: str | None = None) -> pd.DataFrame:
    """What a model says of every frame; `model` is needed where there are several.

    Raises BadModel where there is none, or none of that name.
    """
    models = [path.name.removeprefix("model=") for path in sorted(corpus.root.glob("predictions/model=*"))]
    if model not in models and (model is not None or len(models) != 1):
        found = f"there are {', '.join(models)}: name one with --model" if models else "there are none yet"
        wanted = f"no predictions of a model '{model}'" if model else "which model's predictions?"
        raise BadModel(f"{corpus.root}: {wanted} {found.capitalize() if not model else found}.")
    return pd.read_parquet(corpus.root / "predictions" / f"model={model or models[0]}")


def stamp(path: Path) -> tuple[int, int]:
    """When a file was last written and how long it is; zeros while there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
