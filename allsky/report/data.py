"""What does the report need to know? Everything that goes into it, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from allsky.conditions import ConditionBins
from allsky.site import Site
from allsky.statistics.tally import Tally
from allsky.tables import CONDITION_TABLE, MONTH_FRAMES, SHEET, VIDEOS


class Neighbour(NamedTuple):
    """A frame some minutes before (negative) or after an error: its image, p(positive) where it has a prediction."""

    minutes: float
    image: Path
    probability: float | None


class GalleryItem(NamedTuple):
    """One error: the frame, what kind (`fp` or `fn`), its condition, p(positive), its image and Grad-CAM overlay.

    `neighbours`: the frames about ten minutes before and after, where there are any.
    """

    frame_id: str
    outcome: str
    solar_bin: str
    lunar_bin: str
    probability: float
    image: Path
    overlay: Path
    neighbours: Sequence[Neighbour] = ()


class Problem(NamedTuple):
    """What went wrong with a night or a video (`video` None: the whole night), in one sentence."""

    night: str
    video: str | None
    sentence: str


class Keogram(NamedTuple):
    """The finished keogram of a night, a PNG."""

    night: str
    path: Path


class CameraChange(NamedTuple):
    """Where a camera epoch begins, or seems to: night, the last one before, status and cause as in EPOCHS, what changed
    in words, and both nights side by side."""

    night: str
    night_before: str
    status: str
    cause: str
    says: str
    picture: Path


@dataclass(frozen=True)
class ReportData:
    """Everything the report tells. Only `site` must be given: what is absent is said to be absent.

    - `site`: the camera's place. `classes` and `positive`: what a frame can be, and what counts as yes.
    - `bins`: the edges of the solar and lunar bins, for the methods paragraph.
    - `videos` (VIDEOS). `tally`: the counts of all frames of the report's nights, flagged ones included, and of their
      predictions, `predicted` as this report counts it. `frames` (MONTH_FRAMES): at least those that were drawn for a
      person, answered or are shown; nothing is counted by them.
    - `threshold`: from which probability a frame was counted as positive, for the text; None where the model
      decided.
    - `condition_table` (CONDITION_TABLE), None without a model.
    - `confusion` (CONFUSION): which class is taken for which by condition, None without a model.
    - `contrasts` (CONTRASTS): the conditions' rates against moonless night, None without a model.
    - `hours` (HOURS): predicted frames by night and hour; None without a model. `cloudy`: the answer that says
      cloud hides the sky, a class or a labeller's key, None where none does.
    - `occurrence`: shares `share_of_frames` and `mean_of_cell_shares`, and optionally `n_cells`; None without a model.
    - `sheet` (SHEET): the label and the audit sheet, one after the other. `labels` (LABELS as matched): None without.
    - `model_name`; `given`: whether it was trained elsewhere; `model`: the content of model.json; `history` and
      `validation`: the model's tables; None without.
    - `gallery`: the worst errors, in the order in which they are shown. `gallery_method`: what drew the maps.
    - `problems`: what went wrong after the inventory (whose own problems stand in `videos`). `notices`: sentences that
      the reader should see, such as labels matched by video and frame index.
    - `calibration` (CALIBRATION), `reliability` (RELIABILITY), `abstaining` (ABSTAINING): what the probabilities of
      audit frames are worth; None without labelled audit frames.
    - `evidence` (EVIDENCE) and `mean_maps` (MEAN_MAPS): where the model looked, in numbers; None without maps.
    - `agreement` (AGREEMENT) and `labeller_rates` (LABELLER_RATES): how far labellers agree, the rates against each.
    - `baseline`: measures on the same audit frames by method, for instance `{"EfficientNet-B1": {"accuracy": 0.94,
      "fpr": ...}, "green-pixel rule": {...}}`; shares, in the order of reading, `<measure>_low` and `<measure>_high`
      their intervals; `n_frames` and `n_nights`; a text under `note`. `rule_comparison` (RULE_COMPARISON): model and
      rule by condition.
    - `configuration`: section to key to value. `provenance`: anything that says what made this report, may be nested.
    - `keograms`: of the nights that have one. `readings` (READINGS by night): the clocks to be drawn, a few.
    - `witnesses` (TESTIMONY and `night`): what name, twilight and moon say of each night's clock.
    - `disks`: (epoch, picture of the disk drawn on a frame).
    - `camera_changes`: where the camera was replaced or moved, or seems to have been.
    - `simulated`: whether the archive was made by a program, with or without its answers.
    - `title`: heading of the page. `nights`: first and last night where the report was restricted to a range.
    """

    site: Site
    classes: tuple[str, ...] = ("aurora", "no_aurora")
    positive: str = "aurora"
    bins: ConditionBins = field(default_factory=ConditionBins)
    videos: pd.DataFrame = field(default_factory=VIDEOS.empty)
    tally: Tally = field(default_factory=Tally.none)
    frames: pd.DataFrame = field(default_factory=MONTH_FRAMES.empty)
    threshold: float | None = None
    condition_table: pd.DataFrame | None = None
    confusion: pd.DataFrame | None = None
    contrasts: pd.DataFrame | None = None
    hours: pd.DataFrame | None = None
    cloudy: str | None = None
    occurrence: Mapping[str, float] | None = None
    sheet: pd.DataFrame = field(default_factory=SHEET.empty)
    labels: pd.DataFrame | None = None
    model_name: str = ""
    given: bool = False
    model: Mapping[str, Any] | None = None
    history: pd.DataFrame | None = None
    validation: pd.DataFrame | None = None
    gallery: Sequence[GalleryItem] = ()
    gallery_method: str = "Grad-CAM"
    calibration: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None
    abstaining: pd.DataFrame | None = None
    evidence: pd.DataFrame | None = None
    mean_maps: pd.DataFrame | None = None
    agreement: pd.DataFrame | None = None
    labeller_rates: pd.DataFrame | None = None
    problems: Sequence[Problem] = ()
    notices: Sequence[str] = ()
    baseline: Mapping[str, Mapping[str, Any]] | None = None
    rule_comparison: pd.DataFrame | None = None
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    keograms: Sequence[Keogram] = ()
    readings: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    witnesses: pd.DataFrame | None = None
    disks: Sequence[tuple[str, Path]] = ()
    camera_changes: Sequence[CameraChange] = ()
    simulated: bool = False
    title: str | None = None
    nights: tuple[str, str] | None = None

    @property
    def is_predicted(self) -> bool:
        """Whether there is a model whose predictions are told, of however few frames."""
        return self.tally.predicted is not None

    @property
    def all_problems(self) -> pd.DataFrame:
        """Problems of the inventory and later ones: night, video, sentence; each once, by night."""
        broken = self.videos.loc[self.videos["problem"].notna(), ["night", "video", "problem"]]
        later = pd.DataFrame(list(self.problems), columns=["night", "video", "sentence"])
        rows = [*broken.itertuples(index=False, name=None), *later.itertuples(index=False, name=None)]
        table = pd.DataFrame(rows, columns=["night", "video", "sentence"], dtype=object).drop_duplicates()
        table = table.sort_values(["night", "video"], ignore_index=True, na_position="first")
        return table.where(table.notna(), None)

    @property
    def stills_alone(self) -> bool:
        """Whether all of the archive is folders of stills, a row of `videos` each night's of a folder."""
        return len(self.videos) > 0 and bool(self.videos["video"].str.endswith("/").all())

    @property
    def drawn(self) -> pd.DataFrame:
        """The rows of `sheet` that lie within the report's nights."""
        if self.nights is None:
            return self.sheet
        first, last = self.nights
        return self.sheet[(self.sheet["night"] >= first) & (self.sheet["night"] <= last)]

    @property
    def class_rows(self) -> pd.DataFrame:
        """The condition table's rows of the positive class; empty without a table."""
        table = CONDITION_TABLE.empty() if self.condition_table is None else self.condition_table
        return table[table["class"] == self.positive]

    @property
    def everything(self) -> Any:
        """The condition table's row of all conditions, or None."""
        rows = self.class_rows.query("solar_bin == 'All' and lunar_bin == 'All'")
        return next(rows.itertuples(), None)

    @property
    def has_errors(self) -> bool:
        """Whether any false positive or false negative rate was measured."""
        return bool(self.class_rows[["fpr", "fnr"]].notna().any(axis=None))
