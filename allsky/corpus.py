"""Where every artifact of a corpus lies, and how to read a whole corpus back.

`Corpus` is the one home of every path template; `open_corpus` joins frames, conditions and
predictions of one or several cameras in one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from allsky.tables import MONTH_FRAMES

NO_MODEL = "none"


@dataclass(frozen=True)
class Corpus:
    """The output folder of one camera."""

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root))

    # One per corpus.

    @property
    def record(self) -> Path:
        return self.root / ".corpus.json"

    @property
    def videos(self) -> Path:
        return self.root / "inventory" / "videos.parquet"

    @property
    def sources(self) -> Path:
        return self.root / "inventory" / ".sources.parquet"

    @property
    def stills(self) -> Path:
        return self.root / "inventory" / ".stills.parquet"

    @property
    def sheet(self) -> Path:
        return self.root / "labels" / "sheet.parquet"

    @property
    def audit_sheet(self) -> Path:
        return self.root / "labels" / "audit.parquet"

    @property
    def scored_sheets(self) -> list[Path]:
        """The sheets that were drawn for models, by what these say of audit frames."""
        return sorted(self.root.glob("labels/scored/model=*/audit.parquet"))

    @property
    def sheets(self) -> list[Path]:
        """Every sheet of frames to label that there is."""
        return [path for path in (self.sheet, self.audit_sheet, *self.scored_sheets) if path.exists()]

    @property
    def split(self) -> Path:
        return self.root / "labels" / "split.parquet"

    @property
    def retired(self) -> Path:
        return self.root / "retired"

    @property
    def comparison(self) -> Path:
        return self.root / "comparison"

    @property
    def leakage(self) -> Path:
        return self.root / "leakage"

    @property
    def epochs(self) -> Path:
        return self.root / "epochs" / "epochs.parquet"

    @property
    def looks(self) -> Path:
        return self.root / "epochs" / ".looks.parquet"

    @property
    def epoch_pictures(self) -> Path:
        return self.root / "epoch_pictures"

    # One per camera epoch.

    def disk(self, epoch: str) -> Path:
        return self.root / "sky_disk" / f"epoch={epoch}" / "disk.parquet"

    def mask_folder(self, epoch: str) -> Path:
        return self.root / "masks" / f"epoch={epoch}"

    # One per night.

    def clock(self, night: str) -> Path:
        return self.root / "clock" / f"night={night}" / "clock.parquet"

    def overlay_folder(self, night: str) -> Path:
        return self.root / "overlay" / f"night={night}"

    def frames(self, night: str) -> Path:
        return self.root / "frames" / f"night={night}" / "frames.parquet"

    def readings(self, night: str) -> Path:
        return self.root / "readings" / f"night={night}" / "readings.parquet"

    def image_folder(self, night: str) -> Path:
        return self.root / "images" / f"night={night}"

    def strip_folder(self, night: str) -> Path:
        return self.root / "strips" / f"night={night}"

    def conditions(self, night: str) -> Path:
        return self.root / "conditions" / f"night={night}" / "conditions.parquet"

    def witnesses(self, night: str) -> Path:
        return self.root / "witnesses" / f"night={night}" / "witnesses.parquet"

    def log(self, night: str) -> Path:
        return self.root / "logs" / night[:7] / f"{night}.log"

    # One per month.

    def month(self, month: str) -> Path:
        return self.root / "months" / f"month={month}" / "frames.parquet"

    # One per model.

    def scored_sheet(self, model: str) -> Path:
        return self.root / "labels" / "scored" / f"model={model}" / "audit.parquet"

    def model_folder(self, model: str) -> Path:
        return self.root / "models" / model

    def predictions(self, model: str, night: str) -> Path:
        return self.root / "predictions" / f"model={model}" / f"month={night[:7]}" / f"{night}.parquet"

    def features(self, model: str, night: str) -> Path:
        return self.root / "features" / f"model={model}" / f"month={night[:7]}" / f"{night}.parquet"

    def gradcam_folder(self, model: str) -> Path:
        return self.root / "gradcam" / f"model={model}"

    def keogram_folder(self, model: str, night: str) -> Path:
        return self.root / "keograms" / f"model={model}" / f"night={night}"

    def report_folder(self, model: str, nights: str = "") -> Path:
        folder = self.root / "report" / f"model={model}"
        return folder / f"nights={nights}" if nights else folder

    def night_artifacts(self, night: str) -> list[Path]:
        """Everything that belongs to `night` alone and exists."""
        named = [self.root / top / f"night={night}" for top in NIGHT_ROOTS]
        of_models = [
            *self.root.glob(f"keograms/model=*/night={night}"),
            *self.root.glob(f"predictions/model=*/month={night[:7]}/{night}.parquet"),
            *self.root.glob(f"features/model=*/month={night[:7]}/{night}.parquet"),
        ]
        return [path for path in [*named, *of_models] if path.exists()]

    def stored_nights(self) -> set[str]:
        """Nights of which anything is stored."""
        return {path.name.removeprefix("night=") for top in NIGHT_ROOTS for path in self.root.glob(f"{top}/night=*")}


NIGHT_ROOTS = ("clock", "overlay", "frames", "readings", "images", "strips", "conditions", "witnesses")


def open_corpus(outputs: str | Path | Iterable[str | Path], model: str | None = None) -> pd.DataFrame:
    """One tidy table of every kept frame: when, where on disk, sun, moon, conditions, predictions.

    `outputs` is an output folder or several, one per camera. The columns are those of the months'
    table (`allsky.tables.MONTH_FRAMES`), `camera` (the site's name) and, where there are
    predictions, `p_<class>` and `predicted` of `model` (by default the one of the latest report).
    `image` is made absolute. Frames without a prediction have nulls there.

    Raises FileNotFoundError where a folder holds no corpus, ValueError for a model that it does not have, or where none
    of several has been reported on.
    """
    roots = [outputs] if isinstance(outputs, str | Path) else list(outputs)
    if not roots:
        raise ValueError("open_corpus needs an output folder, or several; it was given an empty list")
    return pd.concat([_open_one(Path(root), model) for root in roots], ignore_index=True)


def _open_one(root: Path, model: str | None) -> pd.DataFrame:
    months = list(months_of(root, model_of(root, model)))
    return pd.concat(months, ignore_index=True) if months else MONTH_FRAMES.empty().assign(camera="")


def months_of(root: Path, model: str | None) -> Iterator[pd.DataFrame]:
    """The table of `open_corpus`, a month at a time; `model` as `model_of` tells, None without predictions."""
    for path in sorted((root / "months").glob("month=*/frames.parquet")):
        frames = pd.read_parquet(path)[MONTH_FRAMES.names]
        frames["camera"] = frames["frame_id"].str.rsplit("_", n=1).str[0]
        frames["image"] = [str(root / image) for image in frames["image"]]
        yield frames if model is None else _with_predictions(frames, root, model, path.parent.name)


def _with_predictions(frames: pd.DataFrame, root: Path, model: str, month: str) -> pd.DataFrame:
    columns = ["frame_id", "predicted", *(f"p_{name}" for name in classes_of(root, model))]
    said = [pd.read_parquet(path)[columns] for path in sorted(_of_model(root, model).glob(f"{month}/*.parquet"))]
    if not said:
        return frames.assign(**dict.fromkeys(columns[1:]))
    return frames.merge(pd.concat(said, ignore_index=True), on="frame_id", how="left")


def _of_model(root: Path, model: str) -> Path:
    return root / "predictions" / f"model={model}"


def classes_of(root: Path, model: str) -> tuple[str, ...]:
    """The classes that a model's predictions have probabilities of, in order."""
    first = next(iter(sorted(_of_model(root, model).rglob("*.parquet"))))
    return tuple(name.removeprefix("p_") for name in pq.read_schema(first).names if name.startswith("p_"))


def model_of(root: Path, wanted: str | None = None) -> str | None:
    """The model whose predictions are read: `wanted`, else the only one, or of several that of the latest report.

    None where there are no predictions. Raises as `open_corpus` does.
    """
    if not (root / "months").is_dir():
        raise FileNotFoundError(f"{root} holds no corpus: expected the folder 'months' that a run writes there")
    models = [path.name.removeprefix("model=") for path in sorted(root.glob("predictions/model=*"))]
    if wanted is not None and wanted not in models:
        raise ValueError(f"{root} holds no predictions of {wanted!r}; its models are: {', '.join(models) or 'none'}")
    if wanted or len(models) <= 1:
        return wanted or next(iter(models), None)
    reports = [path for model in models for path in root.glob(f"report/model={model}/report.html")]
    if not reports:
        raise ValueError(f"{root} holds predictions of several models, name one: {', '.join(models)}")
    return max(reports, key=lambda path: path.stat().st_mtime_ns).parent.name.removeprefix("model=")
