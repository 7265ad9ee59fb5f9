"""What did the glyphs of each frame show, kept until the night is dated?

Few frames are asked about (unread ones, those at a leap of the clock), and which is known when all have been read. What
a frame's glyphs show takes some 200 bytes, so those of a long night go to a file that has no name and goes with its
process.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence

import numpy as np

from allsky.clock.glyphs import GlyphReading
from allsky.clock.part import PartEvidence

# Bytes that are held in memory before there is a file.
IN_MEMORY = 16 * 2**20
# Parts of a frame; of each the sheet's number, whether it is sure, bytes of text, digits; lead, presence and words.
_PARTS, _HEAD = struct.Struct("<B"), struct.Struct("<BBBBfff")
# Steps of a likeness from 0 to 1, and what stands for a shape that is not known.
_STEPS, _UNKNOWN = 127, -128


class EvidenceKept:
    """The evidence of frames, each known by its place in a temporary file; likenesses come back to a hundredth."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - open as long as this is
        self._end = 0

    def put(self, evidence: Sequence[PartEvidence]) -> int:
        """Keep a frame's evidence; its place."""
        packed = _PARTS.pack(len(evidence)) + b"".join(map(_packed, evidence))
        self._file.seek(self._end)
        self._file.write(packed)
        place, self._end = self._end, self._end + len(packed)
        return place

    def at(self, place: int) -> tuple[PartEvidence, ...]:
        """The evidence that was put at a place."""
        self._file.seek(place)
        (parts,) = _PARTS.unpack(self._file.read(_PARTS.size))
        return tuple(self._next() for _ in range(parts))

    def _next(self) -> PartEvidence:
        sheet, sure, text_bytes, n_digits, lead, presence, words = _HEAD.unpack(self._file.read(_HEAD.size))
        text = self._file.read(text_bytes).decode()
        steps = np.frombuffer(self._file.read(10 * n_digits), np.int8).reshape(n_digits, 10)
        likeness = np.where(steps == _UNKNOWN, np.nan, steps / np.float32(_STEPS))
        return PartEvidence(sheet, GlyphReading(text, likeness, lead, bool(sure), presence, words))


def _packed(evidence: PartEvidence) -> bytes:
    one, text = evidence.reading, evidence.reading.text.encode()
    steps = np.rint(one.likeness * _STEPS)
    steps[np.isnan(steps)] = _UNKNOWN
    head = _HEAD.pack(evidence.sheet, one.sure, len(text), len(steps), one.lead, one.presence, one.words)
    return head + text + steps.astype(np.int8).tobytes()
