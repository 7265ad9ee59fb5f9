"""Tesseract reads many lines in one call, leaves nothing on disk, and its absence is said in one sentence."""

from io import BytesIO

import cv2
import numpy as np
import pytesseract
import pytest
from PIL import Image, ImageSequence

from allsky.clock import tesseract
from allsky.clock.tesseract import read_lines, require_tesseract
from allsky.errors import MissingTool


def page(text: str) -> np.ndarray:
    picture = np.full((60, 420), 255, np.uint8)
    cv2.putText(picture, text, (12, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 2, cv2.LINE_AA)
    return picture


def test_each_page_has_its_own_line_with_boxes_of_its_characters():
    lines = read_lines([page("12:34:56"), page("18:57"), page("2019-11-27")])
    assert [line.text for line in lines] == ["12:34:56", "18:57", "2019-11-27"]
    lefts = [char.x for char in lines[0].chars]
    assert lefts == sorted(lefts)
    assert all(0 <= char.confidence <= 1 for char in lines[0].chars)


def test_a_call_leaves_no_file_behind_even_if_it_is_killed(tmp_path, monkeypatch):
    # Nothing is written at all, so there is nothing that a killed run could leave.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    tmp_path.chmod(0o500)
    assert [line.text for line in read_lines([page("12:34:56")])] == ["12:34:56"]
    assert list(tmp_path.iterdir()) == []


def test_sixty_four_lines_go_in_one_call(monkeypatch):
    calls = []
    monkeypatch.setattr(tesseract, "_hocr", lambda stack: calls.append(len(stack)) or "")
    read_lines([np.full((8, 8), 255, np.uint8)] * 65)
    assert len(calls) == 2


def test_a_page_that_makes_tesseract_crash_costs_no_other_its_line(monkeypatch):
    read, black = tesseract._hocr, np.zeros((60, 420), np.uint8)

    def crashing(stack: bytes) -> str:
        pages = ImageSequence.Iterator(Image.open(BytesIO(stack)))
        if any(np.asarray(one).max() == 0 for one in pages):
            raise tesseract._Crashed
        return read(stack)

    monkeypatch.setattr(tesseract, "_hocr", crashing)
    lines = read_lines([page("12:34:56"), black, page("18:57"), black, page("2019-11-27")])
    assert [line.text for line in lines] == ["12:34:56", "", "18:57", "", "2019-11-27"]


def test_a_tesseract_that_always_crashes_reads_nothing(tmp_path, monkeypatch):
    script = tmp_path / "tesseract"
    script.write_text("#!/bin/sh\nkill -FPE $$\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", str(script))
    assert [line.text for line in read_lines([page("1"), page("2")])] == ["", ""]


def test_a_missing_tesseract_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-tesseract")
    for attempt in (require_tesseract, lambda: read_lines([page("1")])):
        with pytest.raises(MissingTool, match="apt install tesseract-ocr"):
            attempt()
