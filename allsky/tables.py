"""Every public column: its name, type, unit and meaning, said once.

A `Table` turns a data frame into the Arrow table that is stored and back, so that two nights
written years apart have the same schema and `pandas.read_parquet` reads them as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

TIME = pa.timestamp("ms", tz="UTC")
NAIVE_TIME = pa.timestamp("ms")
TEXT = pa.string()
REAL = pa.float64()
WHOLE = pa.int64()
SHORT = pa.int32()
TRUTH = pa.bool_()


@dataclass(frozen=True)
class Column:
    """One column of a stored table."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A stored table: what a row is, and its columns in order.

    `open_ended` tables (predictions, one column per class) keep columns beyond the declared ones.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    open_ended: bool = False

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])

    def empty(self) -> pd.DataFrame:
        """A data frame with this table's columns and no rows."""
        return self.schema.empty_table().to_pandas()

    def to_arrow(self, frame: pd.DataFrame) -> pa.Table:
        """`frame` with this table's columns in this order and of these types.

        Raises ValueError naming what is missing or unknown.
        """
        missing = [name for name in self.names if name not in frame.columns]
        extra = [name for name in frame.columns if name not in self.names]
        if missing or (extra and not self.open_ended):
            raise ValueError(f"table {self.name}: missing columns {missing}, unknown columns {extra}")
        schema = self.schema
        for name in extra:
            schema = schema.append(pa.field(name, pa.Array.from_pandas(frame[name]).type))
        return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)


def _columns(*rows: tuple[str, pa.DataType, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


def _chosen(source: Sequence[Column], *names: str) -> tuple[Column, ...]:
    by_name = {column.name: column for column in source}
    return tuple(by_name[name] for name in names)


_FRAME_ID = Column("frame_id", TEXT, "", "site name and UTC of the frame, <site>_<YYYYMMDDTHHMMSSZ>")
_UTC = Column("utc", TIME, "UTC", "when the frame was taken")
_NIGHT = Column("night", TEXT, "", "date of the night's evening, YYYY-MM-DD (local mean solar time, noon to noon)")
_VIDEO = Column("video", TEXT, "", "path of the video relative to the archive, with forward slashes")
_FRAME_INDEX = Column("frame_index", SHORT, "", "index of the frame within its video, from 0, in display order")

VIDEOS = Table(
    "videos",
    "a video (or folder of stills) of the archive",
    (
        _NIGHT,
        _VIDEO,
        *_columns(
            ("bytes", WHOLE, "byte", "size of the file"),
            ("width", SHORT, "pixel", "width of a video frame; null when unreadable"),
            ("height", SHORT, "pixel", "height of a video frame; null when unreadable"),
            ("fps", REAL, "1/s", "nominal playback rate, which says nothing about the sky's time"),
            ("n_frames", SHORT, "", "number of frames; null when unreadable"),
            ("codec", TEXT, "", "name of the video codec, as FFmpeg calls it"),
            ("problem", TEXT, "", "what is wrong with the video, one sentence, or null"),
        ),
    ),
)

SKY_DISKS = Table(
    "disk",
    "the sky disk of one camera epoch",
    _columns(
        ("center_x", REAL, "pixel", "x of the disk's centre in the video frame, pixel centres at whole numbers"),
        ("center_y", REAL, "pixel", "y of the disk's centre in the video frame"),
        ("radius", REAL, "pixel", "radius of the disk"),
        ("width", SHORT, "pixel", "width of the video frame"),
        ("height", SHORT, "pixel", "height of the video frame"),
        ("source", TEXT, "", "`given` in the configuration, or `found` in the frames"),
        ("confidence", REAL, "", "0 to 1; of a given disk, the share of frames looked at that are dark around it"),
        ("picture_x", SHORT, "pixel", "left edge of the camera's picture, where it is only a part of the frame"),
        ("picture_y", SHORT, "pixel", "top edge of the camera's picture"),
        ("picture_width", SHORT, "pixel", "width of the camera's picture; 0 for the whole frame"),
        ("picture_height", SHORT, "pixel", "height of the camera's picture; 0 for the whole frame"),
        ("nights", TEXT, "", "the nights it was found in, separated by blanks"),
    ),
)

READINGS = Table(
    "readings",
    "the clock of one video frame",
    (
        _VIDEO,
        _FRAME_INDEX,
        *_columns(
            ("ocr_text", TEXT, "", "the overlay's text as read, or null"),
            ("overlay_time", NAIVE_TIME, "", "the time as burned in, without a zone, or null"),
        ),
        _UTC,
        *_columns(
            ("source", TEXT, "", "`ocr`, `template` or `interpolated`"),
            ("confidence", REAL, "", "0 to 1, how sure the reading is"),
            ("residual_s", REAL, "s", "reading minus fitted clock; null without a reading"),
            ("clock_flag", TEXT, "", "why this time is in doubt, or null"),
        ),
    ),
)

FRAMES = Table(
    "frames",
    "a kept frame",
    (
        _FRAME_ID,
        _UTC,
        Column("image", TEXT, "", "path of the masked square image, relative to the output folder"),
        _VIDEO,
        _FRAME_INDEX,
        *_columns(
            ("clock_source", TEXT, "", "`ocr`, `template` or `interpolated`"),
            ("clock_residual_s", REAL, "s", "reading minus fitted clock; null without a reading"),
            ("clock_flag", TEXT, "", "why the time is in doubt, or null; flagged frames are not used further"),
            ("mean_luma", REAL, "", "mean luma inside the sky disk, 0 to 255"),
        ),
    ),
)

CONDITIONS = Table(
    "conditions",
    "the sky's conditions at one kept frame",
    (
        _FRAME_ID,
        _UTC,
        *_columns(
            ("sun_altitude_deg", REAL, "degree", "topocentric altitude of the sun's centre, airless"),
            ("sun_azimuth_deg", REAL, "degree", "azimuth of the sun, from north through east"),
            ("moon_altitude_deg", REAL, "degree", "topocentric altitude of the moon's centre, airless"),
            ("moon_azimuth_deg", REAL, "degree", "azimuth of the moon, from north through east"),
            ("moon_phase_deg", REAL, "degree", "ecliptic longitude of the moon past the sun, 0 to 360, new = 0"),
            ("moon_illuminated_fraction", REAL, "", "illuminated fraction of the moon's disk, 0 to 1"),
            ("solar_bin", TEXT, "", "`Night`, `Astronomical`, `Nautical`, `Civil` or `Day`"),
            ("lunar_bin", TEXT, "", "`No_Moon`, `Moon_Quarter` or `Moon_Full`"),
        ),
    ),
)

MONTH_FRAMES = Table(
    "month_frames",
    "a kept frame with its conditions",
    (_NIGHT, *FRAMES.columns, *CONDITIONS.columns[2:]),
)

SHEET = Table(
    "sheet",
    "a frame drawn for a person to label",
    (
        _FRAME_ID,
        _NIGHT,
        *_columns(
            ("role", TEXT, "", "`training`, `validation` or `audit`: the role of its night"),
            ("stratum", TEXT, "", "the group it was drawn from"),
            ("inclusion_probability", REAL, "", "probability with which it was drawn, above 0 to 1"),
            ("drawn_for_model", TEXT, "", "the model whose scores defined the stratum, or null"),
        ),
        _VIDEO,
        _FRAME_INDEX,
    ),
)

LABELS = Table(
    "labels",
    "a person's answer for one frame (CSV)",
    (
        _FRAME_ID,
        *_columns(
            ("label", TEXT, "", "one of the configured classes, or `unsure`"),
            ("labeller", TEXT, "", "who answered; `adjudicated` for the answer on which disagreeing labellers settled"),
            ("time", TEXT, "UTC", "when it was answered, ISO 8601"),
        ),
        _VIDEO,
        _FRAME_INDEX,
        Column("note", TEXT, "", "anything the labeller wished to add"),
    ),
)

SPLIT = Table(
    "split",
    "a labelled frame used for training or validation",
    (
        _FRAME_ID,
        _NIGHT,
        *_columns(
            ("label", TEXT, "", "its class"),
            ("split", TEXT, "", "`train` or `validation`"),
            ("weight", REAL, "", "sampling weight, the inverse of the inclusion probability"),
        ),
    ),
)

PREDICTIONS = Table(
    "predictions",
    "a model's answer for one kept, unflagged frame; a column p_<class> for each class stands before `predicted`",
    (_FRAME_ID, _NIGHT, _UTC, Column("predicted", TEXT, "", "the class by the model's own threshold")),
    open_ended=True,
)

_RATE = "weighted; null where not measured"
_STATUS = "`measured` (30 of these nights or more), `few nights` (5 to 29) or `not measured`"
_OUTSIDE = "corrected by the audit, in nights outside training; null under 40 audit nights"

CONDITION_TABLE = Table(
    "condition_table",
    "a cell (solar x lunar), a margin (bin = `All`) or everything",
    _columns(
        ("solar_bin", TEXT, "", "solar bin or `All`"),
        ("lunar_bin", TEXT, "", "lunar bin or `All`"),
        ("class", TEXT, "", "the class counted as positive"),
        ("n_frames", WHOLE, "", "predicted frames"),
        ("n_nights", WHOLE, "", "nights with a predicted frame"),
        ("n_positive", WHOLE, "", "frames predicted positive"),
        ("positive_ratio", REAL, "", "share of frames predicted positive, n_positive / n_frames"),
        ("positive_ratio_low", REAL, "", "lower end of its 95 % interval"),
        ("positive_ratio_high", REAL, "", "upper end of its 95 % interval"),
        ("n_labelled", WHOLE, "", "audit frames labelled, unsure not counted"),
        ("n_audit_nights", WHOLE, "", "audit nights with a labelled frame"),
        ("n_unsure", WHOLE, "", "audit frames labelled unsure"),
        ("tp", WHOLE, "", "labelled positive, predicted positive (raw count)"),
        ("fp", WHOLE, "", "labelled negative, predicted positive (raw count)"),
        ("tn", WHOLE, "", "labelled negative, predicted negative (raw count)"),
        ("fn", WHOLE, "", "labelled positive, predicted negative (raw count)"),
        ("fpr", REAL, "", f"false positive rate, {_RATE}"),
        ("fpr_low", REAL, "", "lower end of its 95 % interval"),
        ("fpr_high", REAL, "", "upper end of its 95 % interval"),
        ("fpr_nights", WHOLE, "", "audit nights with a frame labelled negative, the nights `fpr` stands on"),
        ("fpr_status", TEXT, "", _STATUS),
        ("fnr", REAL, "", f"false negative rate, {_RATE}"),
        ("fnr_low", REAL, "", "lower end of its 95 % interval"),
        ("fnr_high", REAL, "", "upper end of its 95 % interval"),
        ("fnr_nights", WHOLE, "", "audit nights with a frame labelled positive, the nights `fnr` stands on"),
        ("fnr_status", TEXT, "", _STATUS),
        ("precision", REAL, "", _RATE),
        ("precision_low", REAL, "", "lower end of its 95 % interval"),
        ("precision_high", REAL, "", "upper end of its 95 % interval"),
        ("recall", REAL, "", f"1 - fnr, {_RATE}"),
        ("recall_low", REAL, "", "lower end of its 95 % interval"),
        ("recall_high", REAL, "", "upper end of its 95 % interval"),
        ("f1", REAL, "", _RATE),
        ("f1_low", REAL, "", "lower end of its 95 % interval by resampling nights; null under 40 audit nights"),
        ("f1_high", REAL, "", "upper end of its 95 % interval"),
        ("corrected_ratio", REAL, "", f"share that a labeller would call positive, {_OUTSIDE}"),
        ("corrected_low", REAL, "", "lower end of its 95 % interval"),
        ("corrected_high", REAL, "", "upper end of its 95 % interval"),
        ("corrected_frames", WHOLE, "", "predicted frames of nights outside training, which it stands on"),
        ("corrected_nights", WHOLE, "", "nights outside training with a predicted frame"),
        ("corrected_audit_nights", WHOLE, "", "those of them with an answered audit frame, unsure counted"),
        ("rogan_gladen", REAL, "", "the same share from sensitivity and specificity; null also where they say little"),
        ("rogan_gladen_low", REAL, "", "lower end of its 95 % interval, by resampling nights"),
        ("rogan_gladen_high", REAL, "", "upper end of its 95 % interval"),
        ("interval_method", TEXT, "", "how the intervals of the error rates were computed"),
        ("status", TEXT, "", "that of the rate with more nights; each rate has its own"),
    ),
)

CONTRASTS = Table(
    "contrasts",
    "an error rate of one condition against that of moonless night",
    _columns(
        ("kind", TEXT, "", "`stated beforehand` (the two published claims) or `exploratory`"),
        ("rate", TEXT, "", "`fpr` or `fnr`"),
        ("solar_bin", TEXT, "", "solar bin"),
        ("lunar_bin", TEXT, "", "lunar bin"),
        ("value", REAL, "", "the rate there; null where either is not measured"),
        ("reference", REAL, "", "the rate at Night x No_Moon"),
        ("difference", REAL, "", "value - reference"),
        ("low", REAL, "", "lower end of its 95 % interval"),
        ("high", REAL, "", "upper end of its 95 % interval"),
        ("p", REAL, "", "two-sided p-value of no difference, by inverting the interval; 1e-6 at least"),
        ("p_adjusted", REAL, "", "adjusted by Holm (stated beforehand) or Benjamini and Hochberg (exploratory)"),
        ("verdict", TEXT, "", "`supported`, `contradicted` (of a claim), `higher`, `lower`, or `not decidable`"),
        ("detectable", REAL, "", "smallest difference that would be seen with a chance of 80 %"),
        ("n_nights", WHOLE, "", "audit nights the rate there stands on"),
        ("reference_nights", WHOLE, "", "audit nights the reference stands on"),
    ),
)

CONFUSION = Table(
    "confusion",
    "a label and a prediction in one condition, a margin (bin = `All`) or all",
    _columns(
        ("solar_bin", TEXT, "", "solar bin or `All`"),
        ("lunar_bin", TEXT, "", "lunar bin or `All`"),
        ("label", TEXT, "", "what the audit frames were labelled"),
        ("predicted", TEXT, "", "what they were predicted as"),
        ("n_frames", WHOLE, "", "audit frames of that label so predicted (raw count)"),
        ("share", REAL, "", "their weighted share of the label's frames; null on fewer than 5 nights"),
        ("n_nights", WHOLE, "", "audit nights with a frame of that label"),
    ),
)

RULE_COMPARISON = Table(
    "rule_comparison",
    "the model and the green-pixel rule on the audit frames of one condition, or of all (bin = `All`)",
    _columns(
        ("solar_bin", TEXT, "", "solar bin or `All`"),
        ("lunar_bin", TEXT, "", "lunar bin or `All`"),
        ("n_frames", WHOLE, "", "audit frames labelled, unsure not counted"),
        ("n_nights", WHOLE, "", "their nights"),
        ("model", REAL, "", "share that the model decides rightly, weighted; null on fewer than 5 nights"),
        ("model_low", REAL, "", "lower end of its 95 % interval"),
        ("model_high", REAL, "", "upper end of its 95 % interval"),
        ("rule", REAL, "", "share that the rule decides rightly, weighted"),
        ("rule_low", REAL, "", "lower end of its 95 % interval"),
        ("rule_high", REAL, "", "upper end of its 95 % interval"),
        ("difference", REAL, "", "model - rule, paired by night"),
        ("difference_low", REAL, "", "lower end of its 95 % interval"),
        ("difference_high", REAL, "", "upper end of its 95 % interval"),
    ),
)

AGREEMENT = Table(
    "agreement",
    "two labellers on the frames that both answered",
    _columns(
        ("first", TEXT, "", "a labeller"),
        ("second", TEXT, "", "another"),
        ("answers", TEXT, "", "`all` (unsure is an answer too) or `sure` (frames that neither called unsure)"),
        ("n_frames", WHOLE, "", "frames that both answered"),
        ("n_nights", WHOLE, "", "their nights"),
        ("agreement", REAL, "", "share of them with equal answers"),
        ("agreement_low", REAL, "", "lower end of its 95 % interval; null with fewer than 5 nights"),
        ("agreement_high", REAL, "", "upper end of its 95 % interval"),
        ("kappa", REAL, "", "Cohen's kappa; null where both gave one answer only"),
        ("kappa_low", REAL, "", "lower end of its 95 % interval; null with fewer than 5 nights"),
        ("kappa_high", REAL, "", "upper end of its 95 % interval"),
    ),
)

LABELLER_RATES = Table(
    "labeller_rates",
    "a condition's error rates as one labeller's answers, or the settled ones, give them",
    (
        *_columns(
            ("judge", TEXT, "", "a labeller, or `settled`: each frame's one answer, adjudicated where it was"),
            ("frames", TEXT, "", "`theirs` (every audit frame the judge answered) or `shared` (answered by several)"),
        ),
        *_chosen(
            CONDITION_TABLE.columns,
            *("solar_bin", "lunar_bin", "class", "n_labelled", "n_audit_nights", "n_unsure", "tp", "fp", "tn", "fn"),
            *("fpr", "fpr_low", "fpr_high", "fnr", "fnr_low", "fnr_high", "status"),
        ),
    ),
)

ALL_TABLES = (
    VIDEOS,
    SKY_DISKS,
    READINGS,
    FRAMES,
    CONDITIONS,
    MONTH_FRAMES,
    SHEET,
    LABELS,
    SPLIT,
    PREDICTIONS,
    CONDITION_TABLE,
    CONTRASTS,
    CONFUSION,
    RULE_COMPARISON,
    AGREEMENT,
    LABELLER_RATES,
)


def with_probabilities(classes: Sequence[str]) -> Table:
    """The predictions table of a model with these classes, its probability columns in their place."""
    probabilities = [Column(f"p_{name}", REAL, "", f"calibrated probability of {name}") for name in classes]
    fixed = _chosen(PREDICTIONS.columns, "frame_id", "night", "utc")
    return Table("predictions", PREDICTIONS.row, (*fixed, *probabilities, *PREDICTIONS.columns[3:]))
