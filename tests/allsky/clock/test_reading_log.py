"""What is kept of every frame's reading comes back as it was."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from allsky.clock.glyphs import GlyphReading
from allsky.clock.part import PartEvidence
from allsky.clock.reading_log import NO_READING, Reading, ReadingLog, reading_log

START = datetime(2024, 1, 10, 20, 0, 0, 300_000)


def evidence(seed: int) -> PartEvidence:
    likeness = np.random.default_rng(seed).uniform(-1, 1, (6, 10)).astype(np.float32)
    likeness[2, 5] = np.nan
    return PartEvidence(seed % 3, GlyphReading(f"20:00:0{seed % 10} Dé", likeness, 0.25, seed % 2 == 0, 0.75, 0.5))


def reading(seed: int) -> Reading:
    moment = START + timedelta(seconds=seed)
    return Reading(f"text {seed}", moment, 0.5, evidence=(evidence(seed), evidence(seed + 1)))


def test_evidence_comes_back_to_a_hundredth():
    shown = reading_log([("a.mp4", 0, reading(4)), ("a.mp4", 1, NO_READING)]).evidence()
    back = shown(0)
    assert [one.sheet for one in back] == [1, 2]
    for one, other in zip(back, reading(4).evidence, strict=True):
        assert (one.reading.text, one.reading.sure, one.reading.present) == (
            other.reading.text,
            other.reading.sure,
            True,
        )
        assert np.allclose(one.reading.likeness, other.reading.likeness, atol=0.005, equal_nan=True)
    assert shown(1) == ()


def test_rows_come_back_in_order_corrected_and_without_the_videos_that_were_forgotten():
    log = ReadingLog()
    # More than one of its tables holds.
    for index in range(5000):
        log.add("b.mp4" if index % 5 == 0 else "a.mp4", index, reading(index))
    assert len(log) == 5000
    kept = log.forget("b.mp4")
    assert kept == [index for index in range(5000) if index % 5] and len(log) == 4000
    assert list(log.frames())[:2] == [("a.mp4", 1), ("a.mp4", 2)]
    log.correct({3000: Reading("another", START, 0.25, "ocr"), 3999: NO_READING})
    table = log.table()
    assert table["frame_index"].tolist() == kept
    assert table.loc[3000, ["video", "ocr_text", "source", "confidence"]].tolist() == ["a.mp4", "another", "ocr", 0.25]
    assert table["overlay_time"][3000] == pd.Timestamp(START)
    assert pd.isna(table["ocr_text"][3999]) and pd.isna(table["overlay_time"][3999])
    assert table["ocr_text"][2999] == f"text {kept[2999]}"
    shown = log.evidence()
    assert [shown(row)[0].reading.text for row in (0, 2999)] == [f"20:00:0{kept[row] % 10} Dé" for row in (0, 2999)]
    assert shown(3000) == shown(3999) == ()


@pytest.mark.parametrize("rows", [[], [("a.mp4", 0, NO_READING)]])
def test_a_night_of_little_has_the_columns_of_any_other(rows):
    table = reading_log(rows).table()
    expected = {"video", "frame_index", "ocr_text", "overlay_time", "source", "confidence"}
    assert set(table.columns) == expected and len(table) == len(rows)
    assert table["overlay_time"].dtype == "datetime64[ms]"


def test_evidence_of_more_frames_than_memory_is_given_comes_back_from_its_file(monkeypatch):
    monkeypatch.setattr("allsky.clock.evidence_kept.IN_MEMORY", 10_000)
    log = reading_log(("a.mp4", index, reading(index)) for index in range(300))
    shown = log.evidence()
    for row in (299, 0, 150):
        assert [one.reading.text for one in shown(row)] == [one.reading.text for one in reading(row).evidence]
