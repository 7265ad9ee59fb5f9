"""What do the glyphs of a night's frames say of the times that these may show?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
import pandas as pd

from allsky.clock.glyph_witness import Witness
from allsky.clock.glyphs import GlyphVotes
from allsky.clock.part import ClockPart, PartEvidence
from allsky.clock.reading_log import EvidenceOf


def night_witness(parts: Sequence[ClockPart], readings: pd.DataFrame, evidence: EvidenceOf) -> Witness:
    """What the glyphs of the rows of `readings` (as of `ReadingLog.table`), of a clock of these `parts`, say of times;
    nothing where there are none, or a time cannot be written. `evidence` is what those of each row show."""
    glyphs = _NightGlyphs(parts, readings["ocr_text"].notna().to_numpy(), evidence)
    impossible = np.zeros(len(readings), bool)
    dated_by_glyphs = readings["overlay_time"].notna() & (readings["source"] == "template")
    for row in map(int, np.flatnonzero(~dated_by_glyphs)):
        impossible[row] = _shows_no_time(parts, evidence(row))
    return Witness(glyphs.support, glyphs.familiar, impossible)


class _NightGlyphs:
    """The glyphs of a night's rows, of which `is_read` says whether Tesseract or glyphs read a text there."""

    def __init__(self, parts: Sequence[ClockPart], is_read: np.ndarray, evidence: EvidenceOf) -> None:
        self.parts, self.is_read, self.evidence = parts, is_read, evidence
        # A row is asked about several times in turn.
        self._votes = lru_cache(maxsize=1)(self._votes_of)

    def support(self, row: int, moment: datetime) -> float:
        """How far the glyphs of a row speak for a naive time: as far as those of the part that does least (-1 to 1)."""
        parts = [votes.support(text) if text else 0.0 for votes, text in self._written(row, moment)]
        return min(1.0, *parts) if parts and self.is_read[row] else 0.0

    def familiar(self, row: int, moment: datetime) -> bool:
        """Whether each digit of a naive time was seen at its place."""
        parts = self._written(row, moment)
        return bool(parts) and all(text and votes.familiar(text) for votes, text in parts)

    def _written(self, row: int, moment: datetime) -> list[tuple[GlyphVotes, str | None]]:
        """The votes of each part of a row, and the part's text as it would show the moment."""
        return [(votes, part.format.written_like(text, moment)) for part, text, votes in self._votes(row)]

    def _votes_of(self, row: int) -> list[tuple[ClockPart, str, GlyphVotes]]:
        """The parts of a row, what their glyphs show and how far these vote for each digit."""
        seen = zip(self.parts, self.evidence(row), strict=False)
        return [(part, one.reading.text, part.votes(one)) for part, one in seen]


def _shows_no_time(parts: Sequence[ClockPart], evidence: Sequence[PartEvidence]) -> bool:
    """Whether the glyphs of a frame surely show what is neither a time nor a date."""
    surely = bool(evidence) and all(one.reading.sure and one.reading.present for one in evidence)
    return surely and any(not part.format.search(one.reading.text) for part, one in zip(parts, evidence, strict=True))
