"""`allsky clock` reads any picture or video before anything is configured, and abstains rather than guess."""

import json
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.made_clocks import Clip, Text, draw, evenly, write_clip
from pipeline.cli import main

START = datetime(2021, 3, 7, 2, 17, 10)


def clock(*arguments: object) -> list[dict]:
    """The objects that the command prints."""
    answer = CliRunner().invoke(main, ["clock", "--json", *map(str, arguments)])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return [json.loads(line) for line in answer.stdout.splitlines()]


def picture(folder, *texts: tuple[Text, str]):
    """A picture of a grey sky with these words on it."""
    frame = np.random.default_rng(0).normal(45.0, 4.0, (300, 520))
    for text, words in texts:
        draw(frame, text, words)
    path = folder / "picture.png"
    cv2.imwrite(str(path), np.clip(frame, 0, 255).astype(np.uint8))
    return path


# As programs in the field write them: KHO, NIPR, RMS, AllskyTeam, UKMON, Mognet (see docs/science/clock.md).
SHOWN = {
    "UK001L 2021-03-07 02:17:10 UTC": ("UTC", 1),
    "20210307 02:17:10": (None, 1),
    "Sun 7 Mar 2021 02:17:10 BST": ("BST", 1),
    "2021-03-07 02:17:10.5 004512": (None, 1),
    "2021-03-07 2:17:10 AM": (None, 1),
    "2021-03-07 02:17:10(UT)": ("UT", 1),
    "CAM1 07/03/2021 02:17:10": (None, 2),
}


@pytest.mark.parametrize("words", SHOWN)
def test_a_picture_is_read_to_the_second(tmp_path, words):
    zone, meanings = SHOWN[words]
    (shown,) = clock(picture(tmp_path, (Text("", 12, 10, 15), words)))
    assert (shown["overlay_time"], shown["zone"]) == ("2021-03-07T02:17:10", zone)
    assert len(shown["candidates"] or [None]) == meanings
    assert set(shown) >= {"file", "frame_index", "box", "confidence", "reason"}


def test_date_and_time_in_opposite_corners_are_taken_together(tmp_path):
    path = picture(tmp_path, (Text("", 8, -8, 14), "2021-03-07"), (Text("", -8, -8, 14), "02:17:10 UT"))
    (shown,) = clock(path)
    assert (shown["overlay_time"], shown["zone"]) == ("2021-03-07T02:17:10", "UT")


def test_of_two_clocks_the_one_in_utc_is_read(tmp_path):
    local, utc = "2021-03-06 19:17:10 MST", "2021-03-07 02:17:10 UTC"
    (shown,) = clock(picture(tmp_path, (Text("", 8, 8, 15), local), (Text("", 8, -8, 15), utc)))
    assert (shown["overlay_time"], shown["zone"]) == ("2021-03-07T02:17:10", "UTC")


def test_yellow_text_over_the_dark_and_a_pale_sky_is_read(tmp_path):
    noise = np.random.default_rng(0).normal(0.0, 3.0, (300, 520))
    rgb = np.stack([np.where(np.arange(520) < 150, 8.0, 222.0) + noise] * 3, axis=-1)
    for channel, grey in enumerate((245, 225, 20)):
        draw(rgb[..., channel], Text("", 12, 10, 15, grey=grey), "2021-03-07 02:17:10")
    cv2.imwrite(str(tmp_path / "yellow.png"), np.clip(rgb[..., ::-1], 0, 255).astype(np.uint8))
    assert clock(tmp_path / "yellow.png")[0]["overlay_time"] == "2021-03-07T02:17:10"


def test_a_clock_without_a_date_tells_its_time_only(tmp_path):
    (shown,) = clock(picture(tmp_path, (Text("", 12, 10, 15), "time - 18:57")))
    assert (shown["overlay_time"], shown["time_only"]) == (None, "18:57:00")


@pytest.mark.parametrize("words", ["Exposure 15.000000", "LLA=(62.82, -92.11, 0.00)", "Gain 250"])
def test_a_picture_without_a_clock_is_abstained_from(tmp_path, words):
    (shown,) = clock(picture(tmp_path, (Text("", 12, 10, 15), words)))
    assert shown["overlay_time"] is None
    assert shown["time_only"] is None
    assert shown["reason"]


def test_smeared_digits_of_two_exposures_are_abstained_from(tmp_path):
    both = [(Text("", 12, 10, 15), f"2021-03-07 0{k}:{17 + 5 * k}:{10 + 7 * k}") for k in (2, 3)]
    assert clock(picture(tmp_path, *both))[0]["overlay_time"] is None


def test_a_weekday_that_is_not_the_dates_is_abstained_from(tmp_path):
    (shown,) = clock(picture(tmp_path, (Text("", 12, 10, 15), "Tue 7 Mar 2021 02:17:10")))
    assert shown["overlay_time"] is None
    assert "weekday" in shown["reason"]


def test_a_date_that_is_still_to_come_is_abstained_from(tmp_path):
    (shown,) = clock(picture(tmp_path, (Text("", 12, 10, 15), "2091-03-07 02:17:10")))
    assert shown["overlay_time"] is None
    assert "still to come" in shown["reason"]


def test_frames_of_a_video_are_read_as_asked(tmp_path):
    times = evenly(START, 20, 40)
    path = write_clip(tmp_path / "night.mp4", Clip(times, (Text("%Y-%m-%d %H:%M:%S"),)))
    shown = clock("--frames", "0,25,39,40", path)
    assert [one["overlay_time"] for one in shown] == [*(times[k].isoformat() for k in (0, 25, 39)), None]
    assert len(clock("--frames", "all", path)) == 40


@pytest.mark.parametrize("zone", ["", " UTC", " (UT)"])
def test_day_and_month_of_a_video_that_could_be_swapped_are_both_given(tmp_path, zone):
    path = write_clip(tmp_path / "night.mp4", Clip(evenly(START, 20, 30), (Text("%d/%m/%Y %H:%M:%S" + zone),)))
    (shown,) = clock("--frames", "3", path)
    assert shown["candidates"] == ["2021-03-07T02:18:10", "2021-07-03T02:18:10"]
    named = path.rename(tmp_path / "night_20210703.mp4")
    assert clock("--frames", "3", named)[0]["overlay_time"] == "2021-07-03T02:18:10"


def test_seconds_since_the_video_began_are_no_clock(tmp_path):
    start = datetime(2000, 1, 1)
    times = tuple(start + timedelta(seconds=k / 25) for k in range(75))
    path = write_clip(tmp_path / "test.mp4", Clip(times, (Text("%H:%M:%S"),)))
    assert [(one["overlay_time"], one["time_only"]) for one in clock("--frames", "0,50", path)] == [(None, None)] * 2


def test_what_is_no_video_is_said_to_be_none(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("no video")
    answer = CliRunner().invoke(main, ["clock", str(path)])
    assert answer.exit_code == 1
    assert "not a video" in answer.stdout


def test_frames_that_are_no_numbers_are_refused(tmp_path):
    answer = CliRunner().invoke(main, ["clock", "--frames", "first", str(tmp_path)])
    assert answer.exit_code == 2


def test_a_folder_of_stills_is_read_as_a_video_is(tmp_path):
    for number in range(12):
        frame = np.random.default_rng(number).normal(45.0, 4.0, (300, 520))
        moment = START + timedelta(seconds=30 * number)
        draw(frame, Text("", 12, 10, 15), f"{moment:%Y-%m-%d %H:%M:%S} UTC")
        cv2.imwrite(str(tmp_path / f"sky_{number}.png"), np.clip(frame, 0, 255).astype(np.uint8))
    shown = clock("--frames", "all", tmp_path)
    assert [one["file"] for one in shown] == [str(tmp_path / f"sky_{number}.png") for number in range(12)]
    assert [one["overlay_time"] for one in shown] == [
        (START + timedelta(seconds=30 * number)).isoformat() for number in range(12)
    ]


def test_a_still_of_another_size_is_left_out_of_a_folder_and_said_to_be(tmp_path):
    for number in range(8):
        frame = np.full((300, 520), 45, np.float64)
        draw(frame, Text("", 12, 10, 15), f"{START + timedelta(seconds=30 * number):%Y-%m-%d %H:%M:%S} UTC")
        cv2.imwrite(str(tmp_path / f"sky_{number}.png"), frame.astype(np.uint8))
    cv2.imwrite(str(tmp_path / "zoom.png"), np.full((200, 260), 45, np.uint8))
    *skies, other = clock("--frames", "all", tmp_path)
    assert [one["overlay_time"] for one in skies] == [
        (START + timedelta(seconds=30 * number)).isoformat() for number in range(8)
    ]
    assert other["file"].endswith("zoom.png")
    assert other["overlay_time"] is None
    assert other["reason"]
