"""`allsky clock` reads any picture or video before anything is configured, and abstains rather than guess."""

import json
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.made_clocks import Clip, Text, draw, evenly, frames, write_clip
from pipeline.cli import main

START = datetime(2021, 3, 7, 2, 17, 10)


def clock(*arguments: object) -> list[dict]:
    """The objects that the command prints."""
    answer = CliRunner().invoke(main, ["clock", "--json", *map(str, arguments)])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return [json.loads(line) for line in answer.stdout.splitlines()]


def told(*arguments: object) -> list[str]:
    """The lines that the command prints for people."""
    return CliRunner().invoke(main, ["clock", *map(str, arguments)]).stdout.splitlines()


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


@pytest.mark.parametrize("words", ["27I2-2G22 2:54:39", "2712.2022 2:54:39"])
def test_an_hour_that_may_have_lost_a_digit_beside_unread_numbers_is_abstained_from(tmp_path, words):
    (shown,) = clock(picture(tmp_path, (Text("", 12, 10, 15), words)))
    assert (shown["overlay_time"], shown["time_only"]) == (None, None)


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


def test_a_damaged_picture_is_said_to_be(tmp_path):
    frame = np.random.default_rng(0).normal(45.0, 4.0, (300, 520))
    draw(frame, Text("", 12, 10, 15), f"{START}")
    cv2.imwrite(str(tmp_path / "sky.jpg"), frame.astype(np.uint8))
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "sky.jpg").read_bytes()[:-3000])
    answer = CliRunner().invoke(main, ["clock", str(tmp_path / "cut.jpg")])
    assert answer.exit_code == 1
    assert "cut.jpg: it is cut off" in answer.stdout


def test_frames_that_are_no_numbers_are_refused(tmp_path):
    answer = CliRunner().invoke(main, ["clock", "--frames", "first", str(tmp_path)])
    assert answer.exit_code == 2


def write_still(path, moment: datetime, size: tuple[int, int] = (300, 520)) -> None:
    frame = np.random.default_rng(moment.second).normal(45.0, 4.0, size)
    draw(frame, Text("", 12, 10, 15), f"{moment:%Y-%m-%d %H:%M:%S} UTC")
    cv2.imwrite(str(path), np.clip(frame, 0, 255).astype(np.uint8))


def test_a_folder_of_stills_is_read_as_a_video_is(tmp_path):
    times = [START + timedelta(seconds=30 * number) for number in range(12)]
    for number, moment in enumerate(times):
        write_still(tmp_path / f"sky_{number}.png", moment)
    shown = clock("--frames", "all", tmp_path)
    assert [one["file"] for one in shown] == [str(tmp_path / f"sky_{number}.png") for number in range(12)]
    assert [one["overlay_time"] for one in shown] == [moment.isoformat() for moment in times]


@pytest.fixture(scope="module")
def odd_stills(tmp_path_factory):
    """A folder of stills taken at no even pace, a picture of another size and one cut off among them; and the times."""
    folder = tmp_path_factory.mktemp("stills")
    steps = np.random.default_rng(1).integers(20, 900, 12).cumsum()
    times = {f"sky_{number:02d}.png": START + timedelta(seconds=int(step)) for number, step in enumerate(steps)}
    for name, moment in times.items():
        write_still(folder / name, moment)
    times["zoom.png"] = START
    write_still(folder / "zoom.png", START, size=(200, 400))
    (folder / "cut.png").write_bytes((folder / "sky_03.png").read_bytes()[:-2000])
    return folder, times


def test_stills_at_no_even_pace_and_of_other_sizes_are_each_read_and_a_damaged_one_is_said_to_be(odd_stills):
    folder, times = odd_stills
    shown = {one["file"].rpartition("/")[2]: one for one in clock("--frames", "all", folder)}
    assert {name: one["overlay_time"] for name, one in shown.items()} == {
        "cut.png": None, **{name: moment.isoformat() for name, moment in times.items()}
    }  # fmt: skip
    assert shown["cut.png"]["reason"] == "it is cut off (its end is missing)"
    assert "it is 400x200 pixels where most of its folder are 520x300" in shown["zoom.png"]["reason"]
    assert {one["zone"] for name, one in shown.items() if name != "cut.png"} == {"UTC"}


def test_what_is_found_is_told_with_pace_and_zone_and_the_names_of_stills(odd_stills):
    folder, times = odd_stills
    lines = told("--frames", "1,2,99", folder)
    assert lines[0] == str(folder)
    assert "'%Y-%m-%d %H:%M:%S %Z' at x" in lines[1]
    assert "12 frames, at no even pace; 12 read" in lines[2]
    assert lines[3] == "  zone: UTC, as shown"
    assert lines[4].startswith(f"  sky_00.png    {times['sky_00.png']}  confidence")
    assert lines[6].endswith("no time: there is no such frame, the last one is 13")


def test_of_a_picture_it_is_told_where_its_clock_is_and_in_which_format(tmp_path):
    path = picture(tmp_path, (Text("", 8, -8, 14), "07/03/2021"), (Text("", -8, -8, 14), "02:17:10 EST"))
    file, found, read = told(path)
    assert file == str(path)
    # Beside a zone of North America the month comes first.
    assert found.startswith("  clock: %m/%d/%Y at x ") and " and '%H:%M:%S %Z' at x " in found
    assert read.startswith("  2021-07-03 02:17:10  zone EST")
    # What could not be believed has no place to copy.
    smeared = picture(tmp_path, (Text("", 12, 10, 15), "27I2-2G22 2:54:39"))
    assert not any(line.startswith("  clock:") for line in told(smeared))


def test_a_clock_that_names_no_zone_is_said_to_and_what_a_run_takes(tmp_path):
    path = write_clip(tmp_path / "night.mp4", Clip(evenly(START, 20, 30), (Text("%d/%m/%Y %H:%M:%S"),)))
    lines = told("--frames", "3", path)
    assert "day and month could be swapped" in lines[2] and "'%m/%d/%Y %H:%M:%S'" in lines[2]
    assert "zone: none is shown; a run takes [camera] clock_timezone" in lines[4]


def test_where_no_clock_is_found_it_is_said_once_with_what_would_help(tmp_path):
    path = write_clip(tmp_path / "night.mp4", Clip(evenly(START, 20, 30), (Text("Gain 250"), Text("ISO 3200", y=40))))
    lines = told(path)
    assert "no clock was found on" in lines[1] and "'ISO 3200'" in lines[1] and "Gain" not in lines[1]
    assert lines[2].startswith("  no time on the 5 frames looked at")
    assert "--box X,Y,WIDTH,HEIGHT" in lines[3]
    assert len(lines) == 4


def test_a_box_and_a_format_say_where_and_how_the_clock_is_written(tmp_path):
    both = (Text("", 8, 8, 15), "2021-03-06 19:17:10"), (Text("", 8, -8, 15), "03/07/2021 02:17:10")
    path = picture(tmp_path, *both)
    assert clock("--box", "0,270,520,30", "--format", "%m/%d/%Y %H:%M:%S", path)[0]["overlay_time"] == START.isoformat()
    assert clock("--box", "0,0,520,40", path)[0]["overlay_time"] == "2021-03-06T19:17:10"


CORNERS = (Text("%d/%m/%Y", 8, 8, 15), Text("%H:%M:%S", -8, -8, 15))
OTHER_CORNERS = (Text("%Y-%m-%d", -8, 8, 15), Text("%H:%M", 8, -8, 15))


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_a_date_and_a_time_that_stand_apart_are_given_a_box_and_a_format_each(tmp_path, kind):
    """In the other two corners stand another date and another time, which would do as well."""
    clip = Clip(evenly(START, 20, 30), CORNERS + OTHER_CORNERS, (520, 300))
    path = write_clip(tmp_path / "night.mp4", clip)
    if kind == "picture":
        path = tmp_path / "sky.png"
        cv2.imwrite(str(path), next(frames(clip)))
    boxes = ("--box", "400,266,120,34", "--box", "0,0,150,30")
    formats = ("--format", "%m/%d/%Y", "--format", "%H:%M:%S")
    read = clock("--frames", "0", *boxes, *formats, path)[0]
    assert read["overlay_time"] == START.replace(month=START.day, day=START.month).isoformat()
    if kind == "video":
        assert "no clock was found" in told("--format", "%Y/%j", "--format", "%H:%M:%S", path)[1]


def test_a_date_in_one_corner_whose_day_and_month_could_be_swapped_comes_with_both(tmp_path):
    path = write_clip(tmp_path / "night.mp4", Clip(evenly(START, 20, 30), CORNERS, (520, 300)))
    read = clock("--frames", "0", path)[0]
    assert read["overlay_time"] == START.isoformat()
    assert read["candidates"] == [START.isoformat(), START.replace(month=START.day, day=START.month).isoformat()]
    assert told(path)[2].endswith(
        "the format is %d/%m/%Y or %m/%d/%Y; set [camera] clock_format to the right one and, on a line below it, to "
        "%H:%M:%S"
    )


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_a_box_outside_the_frame_is_refused_with_its_size(tmp_path, kind):
    path = picture(tmp_path, (Text("", 8, 8, 15), f"{START}"))
    if kind == "video":
        path = write_clip(tmp_path / "night.mp4", Clip(evenly(START, 20, 12), (Text("%H:%M:%S"),), (520, 300)))
    answer = CliRunner().invoke(main, ["clock", "--box", "0,700,100,20", str(path)])
    assert answer.exit_code == 1
    assert f"{path.name}: the clock_box 0, 700, 100, 20" in answer.stdout and "520x300" in answer.stdout


@pytest.mark.parametrize(
    "wrong",
    [("--box", "1,2,3"), ("--box", "left"), ("--box", "-5,0,9,9"), ("--format", "%Q"), ("--format", "foo")],
    ids=str,
)
def test_a_box_or_format_that_is_none_is_refused(tmp_path, wrong):
    answer = CliRunner().invoke(main, ["clock", *wrong, str(tmp_path)])
    assert answer.exit_code == 2
    assert f"{wrong[0]} {wrong[1]}: expected" in answer.stderr
