"""Text is freed of the sky that its outlines enclose, and guises settle what one of them misreads."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from allsky.clock import places
from allsky.clock.guises import GUISES, STYLES, boxed_by_pieces, read_crops
from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from allsky.clock.tesseract import Char, TextLine
from allsky.clock.text_rows import between_outlines, text_lines
from benchmarks.made_clocks import Clip, Text, draw, evenly, frames

WORDS = "20141102 01:00:47"


def outlined(height: int, sky: float, font: str = "DejaVuSansMono", words: str = WORDS) -> np.ndarray:
    frame = np.random.default_rng(3).normal(sky, 2.0, (height + 16, 260))
    draw(frame, Text("", 30, 7, height, font, outline=0), words)
    return np.clip(frame, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sky", [110.0, 160.0])
def test_outlined_text_is_drawn_without_its_sky(sky):
    page = GUISES["outlined"].draw(outlined(12, sky), 12, True)
    assert page[:5].min() == page[-3:].min() == page[:, :25].min() == 255
    assert 0.03 < (page < 128).mean() < 0.15


def test_outlined_text_is_read_without_its_sky():
    assert read_crops([outlined(12, 118.0)], [12], [True], "outlined")[0].text == WORDS


def test_text_that_lies_half_over_a_bright_disk_is_as_black_there_as_beside_it():
    ground = np.repeat(np.where(np.arange(260) < 130, 6.0, 170.0)[None], 28, axis=0)
    frame = ground.copy()
    draw(frame, Text("", 8, 8, 12, "DejaVuSansMono"), "2011-08-21T00:06:20")
    text = (frame - ground) / (255 - ground) > 0.7
    crop = np.clip(frame, 0, 255).astype(np.uint8)

    def darkness(name: str) -> tuple[float, float]:
        page = 255 - GUISES[name].draw(crop, 12, True)
        return page[:, 8:120][text[:, 8:120]].mean(), page[:, 140:][text[:, 140:]].mean()

    beside, over = darkness("even")
    assert over == pytest.approx(beside, rel=0.1) and beside > 150
    beside, over = darkness("ink")
    assert over < 0.5 * beside


def page_of(pieces: list[tuple[int, int]]) -> np.ndarray:
    page = np.full((30, 120), 255.0)
    for left, right in pieces:
        page[5:25, left:right] = 0
    return page


def line_at(text: str, centers: list[float], width: float = 11.0) -> TextLine:
    blank = Char(" ", 0.0, 5.0, 0.0, 20.0, 1.0)
    left = iter(centers)
    return TextLine(
        tuple(blank if char == " " else Char(char, next(left) - (width - 1) / 2, 5, width, 20, 0.9) for char in text)
    )


PIECES = [(10, 20), (24, 28), (33, 45), (50, 56), (62, 74)]


def test_boxes_beside_the_ink_become_those_of_its_pieces():
    """Zoo clip 75452: of `2019-09-15` in a font with serifs each 9 had its box between the letters."""
    boxed = boxed_by_pieces(line_at("21 9-0", [15, 26, 31, 48, 68]), page_of(PIECES))
    assert boxed.text == "21 9-0"
    chars = [char for char in boxed.chars if char.text != " "]
    assert [(char.x, char.width) for char in chars] == [(left, right - left) for left, right in PIECES]
    assert [char.center for char in chars] == [14.5, 25.5, 38.5, 52.5, 67.5]
    assert [char.confidence for char in chars] == [0.9] * 5


@pytest.mark.parametrize(
    ("centers", "pieces"),
    [
        ([15, 26, 36, 55, 68], PIECES),  # within their ink, if not in its middle
        ([15, 26, 31, 48, 68], PIECES[:4]),  # two letters touch
        ([15, 26, 31, 48, 68], [*PIECES, (90, 93)]),  # something else is there
        ([15, 26, 31, 48, 68], [(10, 28), *PIECES[2:], (90, 93)]),  # two letters touch, and something else is there
        ([15, 26, 31, 48, 68], [*PIECES[1:], (90, 102)]),  # one was not seen
    ],
)
def test_boxes_stay_where_they_stand_on_ink_or_its_pieces_are_not_the_letters(centers, pieces):
    line = line_at("21 9-0", centers)
    assert boxed_by_pieces(line, page_of(pieces)) is line


@pytest.mark.parametrize("font", ["plain", "simplex", "DejaVuSerif"])
def test_thin_outlined_text_on_a_bright_sky_is_read_without_the_sky_between_its_letters(font):
    words = ["2010-02-07 21:43:27", "22 Mar 2017 22:37:32", "2014/10/15 23:24:42"]
    crops = [outlined(11, 140.0, font, one) for one in words]
    assert [line.text for line in read_crops(crops, [11] * 3, [True] * 3, "outlined")] == words


def test_outlines_in_one_row_are_those_of_one_text_however_many_pieces_it_is_found_in():
    """Zoo clip 61395: at the frame's upper edge capitals and figures are cut to other heights than small letters."""
    frame = np.random.default_rng(3).normal(150.0, 2.0, (60, 320))
    draw(frame, Text("", 0, 0, 10, "STIXGeneral", outline=0), "Mon 27 Mar 2017 22:37:32")
    luma = np.clip(frame, 0, 255).astype(np.uint8)
    rows = text_lines(luma)
    outlines = max(line.box.width for line in rows if not line.bright)
    assert all(line.box.width < outlines for line in rows if line.bright)
    assert [line.box.width for line in between_outlines(luma, rows) if line.bright] == [outlines]
    # Dark letters are no outlines.
    draw(frame, Text("", 0, 30, 14, "DejaVuSans", grey=0), "Mon 27 Mar 2017 22:37:32")
    both = np.clip(frame, 0, 255).astype(np.uint8)
    assert [line.box.width for line in between_outlines(both, text_lines(both))] == [outlines]


def test_where_one_guise_misreads_a_digit_on_most_keyframes_all_guises_are_asked(monkeypatch):
    """Zoo clip 60818: an hour of `20` was read as 29, 22 and 23, most of which are hours."""
    texts = (Text("%Y-%m-%d %H:%M:%S", 8, 8, 14),)
    clip = Clip(evenly(datetime(2022, 8, 23, 20, 35, 24), 90.0, 12), texts)
    keyframes = [Keyframe("night.mp4", number, luma) for number, luma in enumerate(frames(clip))]
    asked = []

    def misread(crops, text_heights, bright, style):
        asked.append(style)
        lines = read_crops(crops, text_heights, bright, style)
        if style != STYLES[0]:
            return lines
        hours = "29", "22", "29", "21", "20", "23"
        return [with_hour(line, hours[number % len(hours)]) for number, line in enumerate(lines)]

    monkeypatch.setattr(places, "read_crops", misread)
    clock = learn_clock(keyframes, ClockSettings(timezone="UTC"), None, 0.0)
    assert len(set(asked)) > 3
    expected = pd.to_datetime(pd.Series(clip.times, dtype="datetime64[us]"))
    assert (clock.readings["overlay_time"].to_numpy() == expected.to_numpy()).all()
    assert clock.readings["clock_flag"].isna().all()


def test_where_one_guise_garbles_the_zone_that_another_reads_the_other_is_believed(monkeypatch):
    """A camera's `UTC` that is read as `urc` on all frames, where nothing else is in doubt."""
    clip = Clip(evenly(datetime(2023, 3, 19, 4, 59, 40), 5.0, 12), (Text("%Y-%m-%d %H:%M:%S UTC", 8, 8, 14),))
    keyframes = [Keyframe("night.mp4", number, luma) for number, luma in enumerate(frames(clip))]

    def misread(crops, text_heights, bright, style):
        lines = read_crops(crops, text_heights, bright, style)
        return [with_word(line, "UTC", "urc") for line in lines] if style == STYLES[0] else lines

    monkeypatch.setattr(places, "read_crops", misread)
    clock = learn_clock(keyframes, ClockSettings(timezone="Europe/Oslo"), None, 0.0)
    assert clock.unread_zone is None and clock.readings["clock_flag"].isna().all()
    assert (clock.readings["utc"].dt.tz_localize(None) == clock.readings["overlay_time"]).all()


def with_word(line: TextLine, word: str, other: str) -> TextLine:
    at = line.text.find(word)
    chars = [
        replace(char, text=other[place - at]) if at >= 0 and at <= place < at + len(word) else char
        for place, char in enumerate(line.chars)
    ]
    return TextLine(tuple(chars))


def with_hour(line: TextLine, hour: str) -> TextLine:
    """The line with another hour in front of its minutes."""
    return with_word(line, line.text[line.text.index(":") - 2 :][:2] + ":", hour + ":")
