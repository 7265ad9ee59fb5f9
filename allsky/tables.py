"""Every public column: its name, type, unit and meaning, said once.

Those of the stages stand here, those of the report in `allsky.result_tables`; what a table is, in `allsky.columns`.
"""

from __future__ import annotations

from collections.abc import Sequence

from allsky.columns import HALVES, NAIVE_TIME, REAL, SHORT, TEXT, TIME, TRUTH, WHOLE, Column, Table, chosen, columns
from allsky.result_tables import (
    AGREEMENT,
    CONDITION_TABLE,
    CONFUSION,
    CONTRASTS,
    HOURS,
    LABELLER_RATES,
    RESULT_TABLES,
    RULE_COMPARISON,
)

__all__ = [
    "AGREEMENT",
    "ALL_TABLES",
    "CONDITIONS",
    "CONDITION_TABLE",
    "CONFUSION",
    "CONTRASTS",
    "EXPORTED",
    "FEATURES",
    "FRAMES",
    "HOURS",
    "LABELLER_RATES",
    "LABELS",
    "MONTH_FRAMES",
    "PREDICTIONS",
    "READINGS",
    "REAL",
    "RULE_COMPARISON",
    "SHEET",
    "SHORT",
    "SKY_DISKS",
    "SPLIT",
    "TEXT",
    "TIME",
    "TRUTH",
    "VIDEOS",
    "WHOLE",
    "Column",
    "Table",
    "with_probabilities",
]

_FRAME_ID = Column("frame_id", TEXT, "", "site name and UTC of the frame, <site>_<YYYYMMDDTHHMMSSZ>")
_UTC = Column("utc", TIME, "UTC", "when the frame was taken")
_NIGHT = Column("night", TEXT, "", "date of the night's evening, YYYY-MM-DD (local mean solar time, noon to noon)")
_VIDEO = Column("video", TEXT, "", "path of the video (or still) relative to the archive, with forward slashes")
_FRAME_INDEX = Column(
    "frame_index", SHORT, "", "index of the frame in its video, from 0, in order of display; of a still 0"
)

VIDEOS = Table(
    "videos",
    "a video of the archive, or a folder's stills, in one night",
    (
        _NIGHT,
        Column("video", TEXT, "", "path of the video relative to the archive; a folder of stills ends with a slash"),
        *columns(
            ("bytes", WHOLE, "byte", "size of the file, or of the night's stills together"),
            ("width", SHORT, "pixel", "width of a video frame; null when unreadable"),
            ("height", SHORT, "pixel", "height of a video frame; null when unreadable"),
            ("fps", REAL, "1/s", "nominal playback rate, which says nothing about the sky's time; null of stills"),
            ("first_frame", SHORT, "", "index of the night's first frame; 0 unless the video runs over several nights"),
            ("n_frames", SHORT, "", "number of the night's frames, or sound stills; null when unreadable"),
            ("codec", TEXT, "", "name of the codec, as FFmpeg calls it; of stills `mjpeg` or `png`"),
            ("problem", TEXT, "", "what is wrong with the video, one sentence, or null"),
        ),
    ),
)

SKY_DISKS = Table(
    "disk",
    "the sky disk of one camera epoch",
    columns(
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
        *columns(
            ("ocr_text", TEXT, "", "the overlay's text as read, or the time that name or EXIF tell; or null"),
            ("overlay_time", NAIVE_TIME, "", "the time as burned in (or told), without a zone, or null"),
        ),
        _UTC,
        *columns(
            ("source", TEXT, "", "`ocr`, `template` or `interpolated`; of stills also `name` or `exif`"),
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
        *columns(
            ("clock_source", TEXT, "", "`ocr`, `template` or `interpolated`; of stills also `name` or `exif`"),
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
        *columns(
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

TESTIMONY = Table(
    "witnesses",
    "what one witness says of a night's times",
    columns(
        ("witness", TEXT, "", "`file name`, `twilight` or `moon`"),
        ("verdict", TEXT, "", "`agrees`, `contradicts` or `not checked`"),
        ("offset_s", REAL, "s", "by how much the clock seems ahead, where the witness can tell; else null"),
        ("offset_low_s", REAL, "s", "least offset that fits about as well"),
        ("offset_high_s", REAL, "s", "greatest offset that fits about as well"),
        ("says", TEXT, "", "in words"),
    ),
)

SHEET = Table(
    "sheet",
    "a frame drawn for a person to label",
    (
        _FRAME_ID,
        _NIGHT,
        *columns(
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
        *columns(
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
        *columns(
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

FEATURES = Table(
    "features",
    "what a network made of one kept, unflagged frame: what entered its last layer",
    (
        _FRAME_ID,
        Column("features", HALVES, "", "numbers in the order of the network's; as many as its last layer takes"),
    ),
)

_OF_SKY = [name for name in CONDITIONS.names if name not in ("frame_id", "utc")]
EXPORTED = Table(
    "exported",
    "a kept frame whose time is sure, as `allsky export` writes it; a model's `p_<class>` and `predicted` follow",
    (
        *chosen(MONTH_FRAMES.columns, "utc", "frame_id", "night", "image", *_OF_SKY),
        Column("magnetic_local_time_h", REAL, "h", "magnetic local time at the height of the aurora over the site"),
        *chosen(MONTH_FRAMES.columns, "clock_residual_s", "mean_luma"),
    ),
    open_ended=True,
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
    FEATURES,
    *RESULT_TABLES,
)


def with_probabilities(classes: Sequence[str]) -> Table:
    """The predictions table of a model with these classes, its probability columns in their place."""
    probabilities = [Column(f"p_{name}", REAL, "", f"calibrated probability of {name}") for name in classes]
    fixed = chosen(PREDICTIONS.columns, "frame_id", "night", "utc")
    return Table("predictions", PREDICTIONS.row, (*fixed, *probabilities, *PREDICTIONS.columns[3:]))
