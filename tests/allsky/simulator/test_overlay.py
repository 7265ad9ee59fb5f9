"""Burned-in text and cards."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pytest

from allsky.simulator.overlay import Card, TextLine, card_picture, draw_text, zone_of


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


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("UTC", 0.0), ("-07:00", -7.0), ("+05:30", 5.5), ("America/Edmonton", -7.0), ("Asia/Tokyo", 9.0)],
)
def test_zones_are_names_or_offsets(zone, hours):
    winter = datetime(2023, 1, 14, tzinfo=UTC)
    assert winter.astimezone(zone_of(zone)).utcoffset().total_seconds() == hours * 3600


def test_a_zone_that_does_not_exist_is_an_error():
    with pytest.raises(ZoneInfoNotFoundError):
        zone_of("Mars/Olympus")
