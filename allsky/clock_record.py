"""How is a learned clock kept on disk?

As a JSON object for people and programs, and a picture of its glyphs. What the picture holds to eight
bits is all that reading a frame needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from allsky.clock_format import ClockFormat
from allsky.clock_part import ClockPart
from allsky.glyphs import GlyphSheet
from allsky.overlay import Box
from allsky.timeline import Timeline

# Grey of zero in the picture of shapes, which run from -1 to 1.
MID_GREY = 128


def part_record(part: ClockPart) -> dict:
    """A part as JSON, but for its shapes."""
    box = part.box
    return {
        "box": [box.x, box.y, box.width, box.height],
        "format": part.format.pattern,
        "text_height": round(part.text_height, 2),
        "polarity": "bright on dark" if part.bright else "dark on bright",
        "layouts": [
            {"layout": sheet.layout, "digits": sheet.digits, "glyph_width": sheet.width,
             "centers": [round(float(center), 3) for center in sheet.centers]}
            for sheet in part.sheets
        ],
    }  # fmt: skip


def restored_part(record: dict, rows: Iterable[np.ndarray]) -> ClockPart:
    """The part of a `part_record` and its `glyph_rows`."""
    sheets = [_sheet(layout, next(rows), record["box"][3]) for rows in [iter(rows)] for layout in record["layouts"]]
    return ClockPart(
        Box(*record["box"]),
        ClockFormat(record["format"]),
        record["text_height"],
        record["polarity"].startswith("bright"),
        tuple(sheets),
    )


def _sheet(layout: dict, row: np.ndarray, height: int) -> GlyphSheet:
    width, digits = layout["glyph_width"], layout["digits"]
    n_literals = sum(char not in "0 " for char in layout["layout"])
    shapes = row[:height, : width * (len(digits) + n_literals)].astype(np.float32) - MID_GREY
    shapes = shapes.reshape(height, -1, width).transpose(1, 0, 2)
    length = np.linalg.norm(shapes.reshape(len(shapes), -1), axis=1)
    shapes = shapes / np.maximum(length, 1e-6)[:, None, None]
    n_digits = len(digits)
    return GlyphSheet(layout["layout"], np.array(layout["centers"]), digits, shapes[:n_digits], shapes[n_digits:])


def glyph_rows(part: ClockPart) -> list[np.ndarray]:
    """A uint8 picture (h, n * width) for each sheet: its digits, then its other characters."""
    return [_row(np.concatenate([sheet.templates, sheet.literals])) for sheet in part.sheets]


def _row(shapes: np.ndarray) -> np.ndarray:
    largest = np.maximum(np.abs(shapes).reshape(len(shapes), -1).max(axis=1), 1e-6)
    grey = np.round(shapes / largest[:, None, None] * 127 + MID_GREY).astype(np.uint8)
    return grey.transpose(1, 0, 2).reshape(shapes.shape[1], -1)


def atlas(rows: list[np.ndarray]) -> np.ndarray:
    """The rows one below the other."""
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=MID_GREY) for row in rows])


def atlas_rows(picture: np.ndarray, heights: Iterable[int]) -> list[np.ndarray]:
    """The rows of an atlas, of the given heights."""
    edges = np.cumsum([0, *heights])
    return [picture[top:bottom] for top, bottom in pairwise(edges)]


def timeline_record(timeline: Timeline) -> dict:
    """A timeline as JSON, its times as UTC text."""
    utc = pd.to_datetime(timeline.seconds, unit="s", utc=True).round("ms")
    return {
        "frame_index": timeline.index.astype(int).tolist(),
        "utc": [moment.isoformat() for moment in utc],
        "stretch": timeline.run.astype(int).tolist(),
        "step_s": None if np.isnan(timeline.step_s) else round(timeline.step_s, 6),
    }


def restored_timeline(record: dict) -> Timeline:
    seconds = np.array([pd.Timestamp(moment).timestamp() for moment in record["utc"]])
    step = np.nan if record["step_s"] is None else record["step_s"]
    return Timeline(np.array(record["frame_index"], float), seconds, np.array(record["stretch"], int), step)
