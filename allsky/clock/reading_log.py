"""What does a frame's overlay show, and what do those of all frames, in little memory?

A video may have a million frames, and all of them are dated together. Each is kept as a row of Arrow tables, some 60
bytes, and the evidence of its glyphs apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from allsky.clock.evidence_kept import EvidenceKept
from allsky.clock.part import PartEvidence

_WORD = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema([
    ("video", _WORD),
    ("frame_index", pa.int64()),
    ("ocr_text", pa.string()),
    ("overlay_time", pa.timestamp("ms")),
    ("source", _WORD),
    ("confidence", pa.float64()),
    ("evidence", pa.int64()),
])  # fmt: skip
# Rows that are gathered before they become a table.
_CHUNK = 2048
# What the glyphs of each row of a table show.
EvidenceOf = Callable[[int], tuple[PartEvidence, ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one frame's overlay shows: the text, the naive time (None where it is not sure), how sure that is (0 to 1);
    `crops` of the overlay where it is in doubt, and the `evidence` of its glyphs."""

    text: str | None
    overlay_time: datetime | None
    confidence: float
    source: str = "template"
    crops: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)
    evidence: tuple[PartEvidence, ...] = field(default=(), repr=False, compare=False)


NO_READING = Reading(None, None, 0.0)


class ReadingLog:
    """The readings of a night's frames, a row each, in the order in which they were seen."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []
        self._latest: list[tuple] = []
        self._evidence = EvidenceKept()

    def __len__(self) -> int:
        return sum(map(len, self._tables)) + len(self._latest)

    def add(self, video: str, frame_index: int, reading: Reading) -> None:
        """Take in the reading of the next frame."""
        self._latest.append((video, frame_index, *self._told(reading)))
        if len(self._latest) == _CHUNK:
            self._close()

    def frames(self) -> Iterator[tuple[str, int]]:
        """Video and frame index of each row."""
        self._close()
        for table in self._tables:
            yield from zip(table["video"].to_pylist(), table["frame_index"].to_pylist(), strict=True)

    def forget(self, video: str) -> list[int]:
        """Drop the rows of a video; the numbers that those which stay had before."""
        kept = [row for row, (name, _) in enumerate(self.frames()) if name != video]
        self._tables = [table.filter(pc.not_equal(table["video"].cast(pa.string()), video)) for table in self._tables]
        return kept

    def correct(self, readings: Mapping[int, Reading]) -> None:
        """Take other readings instead of those at some rows."""
        self._close()
        first = 0
        for number, table in enumerate(self._tables):
            new = {row - first: one for row, one in readings.items() if first <= row < first + len(table)}
            first += len(table)
            if new:
                rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
                for row, one in new.items():
                    rows[row] = (*rows[row][:2], *self._told(one))
                self._tables[number] = _table(rows)

    def table(self) -> pd.DataFrame:
        """The table that `LearnedClock.date` takes: video, frame_index, ocr_text, overlay_time, source, confidence."""
        whole = self._whole()
        # Words that are always the same are one object each; texts stay as Arrow has them.
        told = whole.drop_columns(["ocr_text", "evidence"]).to_pandas().astype({"video": object, "source": object})
        return told.assign(ocr_text=pd.array(whole["ocr_text"], pd.ArrowDtype(pa.string())))

    def evidence(self) -> EvidenceOf:
        """What the glyphs of each row of `table` show, as of now."""
        places, kept = self._whole()["evidence"].to_numpy(), self._evidence
        return lambda row: kept.at(int(places[row]))

    def _whole(self) -> pa.Table:
        self._close()
        return pa.concat_tables(self._tables) if self._tables else _SCHEMA.empty_table()

    def _told(self, reading: Reading) -> tuple:
        place = self._evidence.put(reading.evidence)
        return reading.text, reading.overlay_time, reading.source, reading.confidence, place

    def _close(self) -> None:
        if self._latest:
            self._tables.append(_table(self._latest))
            self._latest = []


def reading_log(readings: Iterable[tuple[str, int, Reading]]) -> ReadingLog:
    """The log of (video, frame_index, reading)."""
    log = ReadingLog()
    for video, frame_index, reading in readings:
        log.add(video, frame_index, reading)
    return log


def _table(rows: Sequence[tuple]) -> pa.Table:
    arrays = [pa.array(column, kind.type) for column, kind in zip(zip(*rows, strict=True), _SCHEMA, strict=True)]
    return pa.table(arrays, schema=_SCHEMA)
