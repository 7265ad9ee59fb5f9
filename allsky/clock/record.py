"""How is a learned clock kept on disk?

As a JSON object for people and programs, and a picture of its glyphs. What the picture holds to eight
bits is all that reading a frame needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pandas as pd

from allsky.clock.boxes import Box
from allsky.clock.formats import ClockFormat
from allsky.clock.glyphs import UNKNOWN, GlyphSheet, is_digit_place, unit
from allsky.clock.hold import Hold
from allsky.clock.part import ClockPart
from allsky.clock.spacing import Spacing
from allsky.clock.timeline import Timeline

# Grey of zero in the picture of shapes, which run from -1 to 1.
MID_GREY = 128


def part_record(part: ClockPart) -> dict:
    """A part as JSON, but for its shapes."""
    box = part.box
    return {
        "box": [box.x, box.y, box.width, box.height],
        "format": part.format.pattern,
        "text_height": round(part.text_height, 2),
        "style": part.style,
        "polarity": "bright on dark" if part.bright else "dark on bright",
        "rows": list(part.rows),
        "level": round(part.level, 2),
        "spacing": asdict(part.spacing) if part.spacing else None,
        "hold": {"x": part.hold.x, "patch": part.hold.patch.tolist()} if part.hold else None,
        "layouts": [_layout_record(sheet) for sheet in part.sheets],
    }


def _layout_record(sheet: GlyphSheet) -> dict:
    return {
        "layout": sheet.layout,
        "glyph_width": sheet.width,
        "centers": np.round(sheet.centers, 3).tolist(),
        "known": ["".join(map(str, row)) for row in sheet.known],
        "usual_fit": np.round(sheet.usual_fit, 4).tolist(),
    }


def sheet_heights(record: dict) -> list[int]:
    """Rows of the atlas that each sheet of a `part_record` takes: one for each digit place, and two more."""
    return [(len(layout["known"]) + 2) * record["box"][3] for layout in record["layouts"]]


def restored_part(record: dict, blocks: Iterable[np.ndarray]) -> ClockPart:
    """The part of a `part_record` and its `glyph_blocks`."""
    sheets = [_sheet(layout, block, record["box"][3]) for layout, block in zip(record["layouts"], blocks, strict=True)]
    spacing, hold = record["spacing"], record["hold"]
    return ClockPart(
        box=Box(*record["box"]),
        format=ClockFormat(record["format"]),
        text_height=record["text_height"],
        bright=record["polarity"].startswith("bright"),
        style=record["style"],
        sheets=tuple(sheets),
        rows=tuple(record["rows"]),
        level=record["level"],
        spacing=Spacing(tuple(spacing["wider"]), spacing["anchor"], spacing["room"]) if spacing else None,
        hold=Hold(np.array(hold["patch"], np.uint8), hold["x"]) if hold else None,
    )


def _sheet(layout: dict, block: np.ndarray, height: int) -> GlyphSheet:
    width = layout["glyph_width"]
    known = np.array([[int(char) for char in row] for row in layout["known"]], np.int8)
    cells = _cells(block, height, width)
    n_literals = int((~is_digit_place(layout["layout"])).sum())
    shapes = cells[: len(known), :10] * (known != UNKNOWN)[:, :, None, None]
    return GlyphSheet(
        layout["layout"],
        np.array(layout["centers"]),
        width,
        shapes,
        known,
        cells[len(known), :10],
        cells[len(known) + 1, :n_literals],
        np.array(layout["usual_fit"]),
    )


def _cells(block: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shapes (rows, columns, height, width) of a block of the atlas."""
    columns = block.shape[1] // width
    grey = block[:, : columns * width].astype(np.float32) - MID_GREY
    cells = grey.reshape(-1, height, columns, width).transpose(0, 2, 1, 3)
    return unit(cells.reshape(*cells.shape[:2], -1), 1e-6).reshape(cells.shape)


def glyph_blocks(part: ClockPart) -> list[np.ndarray]:
    """A uint8 picture for each sheet: a row for each digit place with its ten digits, one with the digits as seen
    anywhere, one with the other characters."""
    return [_block(sheet) for sheet in part.sheets]


def _block(sheet: GlyphSheet) -> np.ndarray:
    rows = [*sheet.shapes, sheet.common, sheet.literals]
    columns = max(len(row) for row in rows)
    grid = np.zeros((len(rows), columns, sheet.height, sheet.width), np.float32)
    for number, row in enumerate(rows):
        grid[number, : len(row)] = row
    largest = np.maximum(np.abs(grid).max(axis=(2, 3), keepdims=True), 1e-6)
    grey = np.round(grid / largest * 127 + MID_GREY).astype(np.uint8)
    return grey.transpose(0, 2, 1, 3).reshape(len(rows) * sheet.height, columns * sheet.width)


def atlas(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """The blocks one below the other."""
    width = max(block.shape[1] for block in blocks)
    return np.vstack([np.pad(one, ((0, 0), (0, width - one.shape[1])), constant_values=MID_GREY) for one in blocks])


def atlas_blocks(picture: np.ndarray, heights: Iterable[int]) -> list[np.ndarray]:
    """The blocks of an atlas, of the given heights."""
    edges = np.cumsum([0, *heights])
    return [picture[top:bottom] for top, bottom in pairwise(edges)]


def timeline_record(timeline: Timeline) -> dict:
    """A timeline as JSON, its times as UTC text."""
    utc = pd.to_datetime(timeline.seconds, unit="s", utc=True).round("ms")
    return {
        "frame_index": timeline.index.astype(int).tolist(),
        "utc": [moment.isoformat() for moment in utc],
        "stretch": timeline.stretch.tolist(),
        "segment": timeline.segment.tolist(),
        "step_s": None if np.isnan(timeline.step_s) else round(timeline.step_s, 6),
    }


def restored_timeline(record: dict) -> Timeline:
    seconds = np.array([pd.Timestamp(moment).timestamp() for moment in record["utc"]])
    step = np.nan if record["step_s"] is None else record["step_s"]
    stretch, segment = np.array(record["stretch"], int), np.array(record["segment"], int)
    return Timeline(np.array(record["frame_index"], float), seconds, stretch, segment, step)
