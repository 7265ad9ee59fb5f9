"""Burned-in text and cards."""

import numpy as np
import pytest

from allsky.simulator.overlay import Card, TextLine, card_picture, draw_text


def drawn(line: TextLine, text: str = "21:35:00") -> np.ndarray:
    frame = np.full((60, 160, 3), 40, dtype=np.uint8)
    draw_text(frame, line, text)
    return frame


def inked(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero(np.abs(frame.astype(int) - 40).max(axis=2) > 60)


def test_text_stands_where_it_is_told_to():
    rows, columns = inked(drawn(TextLine("", 10, 20, 14)))
    assert 10 <= columns.min() <= 13 and 20 <= rows.min() <= 25 and rows.max() < 36


def test_negative_places_count_from_the_right_and_bottom():
    rows, columns = inked(drawn(TextLine("", -4, -4, 14)))
    assert 150 <= columns.max() <= 156 and 50 <= rows.max() <= 58


def test_text_takes_its_colour_and_backing():
    frame = drawn(TextLine("", 10, 20, 14, colour=(255, 200, 0), backing=(0, 0, 90)))
    assert (frame == (0, 0, 90)).all(axis=2).sum() > 300
    assert (np.abs(frame.astype(int) - (255, 200, 0)).max(axis=2) < 40).any()


def test_text_outside_the_frame_is_cut_not_an_error():
    assert (drawn(TextLine("", 500, 500, 14)) == 40).all()
    rows, _ = inked(drawn(TextLine("", 10, 52, 14)))
    assert rows.max() == 59


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "cmtt10", "STIXGeneral"])
def test_fonts_of_other_looks_are_at_hand(font):
    assert len(inked(drawn(TextLine("", 5, 5, 16, font)))[0]) > 40


def test_a_card_has_text_on_its_background():
    picture = card_picture(Card("CAMERA OFF"), 320, 240)
    assert picture.shape == (240, 320, 3)
    assert (picture == (12, 16, 40)).all(axis=2).mean() > 0.8
    assert (picture.min(axis=2) > 200).sum() > 100
