"""Folders of stills: looked at cheaply, dated by name or EXIF, read in the order in which people count."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from allsky.errors import BadConfiguration, BadVideo
from allsky.recordings.files import instant_from_name, list_archive, list_stills, still_digest
from allsky.recordings.nights import Stretch
from allsky.recordings.still_dating import EXIF, NAME, OVERLAY, StillDating
from allsky.recordings.still_inventory import rows_of_stills, stills_digest, stills_of_folder, with_nights
from allsky.recordings.still_times import NEVER, TWICE, utc_of_stills
from allsky.recordings.stills import StillsRecording, look_at_still
from tests.allsky.made_stills import write_still
from tests.allsky.made_videos import cut_off, numbered_picture, shown_number

EDMONTON = ZoneInfo("America/Edmonton")
YELLOWKNIFE_DEG = -114.35


def dating(how: str, pattern: str | None = None) -> StillDating:
    return StillDating(how, lambda date: EDMONTON, YELLOWKNIFE_DEG, pattern)


def looked_at(root, folder, how, pattern=None, known=None):
    files = list_stills(root, folder)
    digests = [still_digest(root / folder / file.name) for file in files]
    return stills_of_folder(root, folder, files, digests, dating(how, pattern), known)


# Reading.


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_stills_are_frames_in_the_order_in_which_people_count(tmp_path, suffix):
    for number in (1, 2, 3, 10, 20):
        write_still(tmp_path / f"img_{number}{suffix}", numbered_picture(number))
    stills = StillsRecording("./", tmp_path, tuple(file.name for file in list_stills(tmp_path, "./")))
    assert [(frame.index, shown_number(frame.luma)) for frame in stills.frames()] == list(enumerate((1, 2, 3, 10, 20)))
    assert [shown_number(frame.luma) for frame in stills.chosen({1, 4, 99})] == [2, 20]
    assert stills.origin(3) == (f"img_10{suffix}", 0)
    frame = next(stills.frames())
    assert np.abs(frame.rgb().astype(int) - numbered_picture(1)).mean() < 4


def test_a_still_on_its_side_is_read_upright(tmp_path):
    # EXIF 2.3, orientation 6: the stored picture is to be turned clockwise by a quarter.
    upright = numbered_picture(341)
    path = write_still(tmp_path / "a.jpg", np.rot90(upright), orientation=6)
    assert (look_at_still(path).width, look_at_still(path).height) == (160, 120)
    frame = next(StillsRecording("./", tmp_path, ("a.jpg",)).frames())
    assert shown_number(frame.luma) == 341 and frame.rgb().shape == upright.shape


def test_a_damaged_still_is_passed_over_and_a_folder_of_them_refused(tmp_path):
    for number in range(3):
        write_still(tmp_path / f"{number}.jpg", numbered_picture(number))
    cut_off(tmp_path / "1.jpg", 0.6)
    stills = StillsRecording("night/", tmp_path, ("0.jpg", "1.jpg", "2.jpg"))
    assert [frame.index for frame in stills.frames()] == [0, 2]
    with pytest.raises(BadVideo, match="night/: none of its stills can be decoded"):
        list(StillsRecording("night/", tmp_path, ("1.jpg",)).frames())


def test_the_end_mark_of_a_png_makes_no_jpeg_whole(tmp_path):
    path = write_still(tmp_path / "a.jpg", np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-2] + b"IEND")  # OpenCV makes up what is missing of it
    assert look_at_still(path).problem == "it is cut off (its end is missing)"
    with pytest.raises(BadVideo, match="none of its stills can be decoded"):
        list(StillsRecording("./", tmp_path, (path.name,)).frames())


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_is_wrong_with_a_still_is_told_without_decoding_it(tmp_path, suffix):
    path = write_still(tmp_path / f"a{suffix}", np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8))
    assert (look_at_still(path).width, look_at_still(path).problem) == (320, None)
    cut_off(path, 0.7)
    assert look_at_still(path).problem == "it is cut off (its end is missing)"
    path.write_bytes(b"")
    assert "empty" in look_at_still(path).problem
    path.write_text("clouds all week")
    assert "cannot be read as JPEG or PNG" in look_at_still(path).problem
    assert "cannot be read" in look_at_still(tmp_path / "nowhere.jpg").problem


# Dating.


@pytest.mark.parametrize(
    ("offset", "subsec", "expected"),
    [
        ("", "", datetime(2024, 1, 31, 23, 5, 12)),
        ("", "25", datetime(2024, 1, 31, 23, 5, 12, 250_000)),
        ("-07:00", "5", datetime(2024, 1, 31, 23, 5, 12, 500_000, timezone(timedelta(hours=-7)))),
        ("nonsense", "", datetime(2024, 1, 31, 23, 5, 12)),
    ],
)
def test_exif_tells_the_original_time_with_its_offset_and_fraction(tmp_path, offset, subsec, expected):
    path = write_still(tmp_path / "a.jpg", numbered_picture(1), datetime(2024, 1, 31, 23, 5, 12), offset, subsec)
    assert look_at_still(path, with_exif=True).taken == expected
    assert look_at_still(path).taken is None


@pytest.mark.parametrize(
    ("name", "pattern", "instant"),
    [
        ("image-20240131230512.jpg", None, datetime(2024, 1, 31, 23, 5, 12)),
        ("a/2024-01-31_23-05-12.png", None, datetime(2024, 1, 31, 23, 5, 12)),
        ("sky_20240131T230512Z.jpg", None, datetime(2024, 1, 31, 23, 5, 12, tzinfo=UTC)),
        ("sky_20240131T230512Z_0001.jpg", None, datetime(2024, 1, 31, 23, 5, 12, tzinfo=UTC)),
        ("20240131.jpg", None, None),
        ("IMG_0001.jpg", None, None),
        ("20240131/23h05m12.jpg", "%Y%m%d/%Hh%Mm%S", datetime(2024, 1, 31, 23, 5, 12)),
        ("31.01.24 11.05.12 PM.jpg", "%d.%m.%y %I.%M.%S %p", datetime(2024, 1, 31, 23, 5, 12)),
        (
            "20240131_230512+0100.jpg",
            "%Y%m%d_%H%M%S%z",
            datetime(2024, 1, 31, 23, 5, 12, tzinfo=timezone(timedelta(hours=1))),
        ),
    ],
)
def test_a_name_tells_an_instant(name, pattern, instant):
    assert instant_from_name(name, pattern) == instant


@pytest.mark.parametrize("pattern", ["%Y%m%d.jpg", "%H%M%S.jpg", "%I%M%S_%Y%m%d"])
def test_a_pattern_without_a_date_or_a_time_of_day_is_refused(pattern):
    with pytest.raises(BadConfiguration, match="stills_name"):
        instant_from_name("20240131.jpg", pattern)


def test_local_times_become_utc_and_a_skipped_hour_is_flagged():
    # Alberta, 2024-03-10 (tzdata): 02:00 MST is followed by 03:00 MDT.
    shown = [datetime(2024, 3, 10, 1, 30), datetime(2024, 3, 10, 2, 30), datetime(2024, 3, 10, 3, 30), None]
    utc, flags = utc_of_stills(shown, lambda date: EDMONTON)
    assert utc.dt.strftime("%H:%M").tolist()[:3] == ["08:30", "09:30", "09:30"] and pd.isna(utc[3])
    assert flags == [None, NEVER, None, None]


def test_the_repeated_hour_is_told_apart_by_a_step_back_and_flagged_without():
    # Alberta, 2024-11-03: 01:59:59 MDT is followed by 01:00 MST.
    minutes = [0, 30, 60, 90, 60, 90, 120]
    shown = [datetime(2024, 11, 3) + timedelta(minutes=minute) for minute in minutes]
    utc, flags = utc_of_stills(shown, lambda date: EDMONTON)
    assert utc.dt.strftime("%H:%M").tolist() == ["06:00", "06:30", "07:00", "07:30", "08:00", "08:30", "09:00"]
    assert flags == [None] * 7
    _, flags = utc_of_stills(shown[:4], lambda date: EDMONTON)
    assert flags == [None, None, TWICE, TWICE]


def test_a_still_without_a_time_does_not_part_the_repeated_hour():
    hour = datetime(2024, 11, 3, 1)
    shown = [hour.replace(minute=30), None, hour.replace(minute=31), None, hour.replace(minute=5)]
    utc, flags = utc_of_stills(shown, lambda date: EDMONTON)
    assert utc.dropna().dt.strftime("%H:%M").tolist() == ["07:30", "07:31", "08:05"]
    assert flags == [None] * 5 and utc.isna().tolist() == [False, True, False, True, False]


# The inventory.


def test_a_folder_with_two_nights_has_a_row_for_each_and_names_what_is_wrong(tmp_path):
    times = [datetime(2024, 1, 31, 20), datetime(2024, 2, 1, 5), datetime(2024, 2, 1, 22), datetime(2024, 2, 2, 4)]
    for number, moment in enumerate(times):
        write_still(tmp_path / "all" / f"sky_{moment:%Y%m%d_%H%M%S}.jpg", numbered_picture(number))
    cut_off(tmp_path / "all" / "sky_20240201_220000.jpg", 0.97)
    write_still(tmp_path / "all" / "keogram_20240201_235959.jpg", numbered_picture(1, 400, 120))
    write_still(tmp_path / "all" / "logo.png", numbered_picture(1))
    stills = looked_at(tmp_path, "all/", NAME)
    rows = pd.DataFrame(rows_of_stills(stills)).set_index("night")
    assert rows.loc["2024-01-31", ["video", "n_frames", "width", "codec"]].tolist() == ["all/", 2, 160, "mjpeg"]
    assert pd.isna(rows.loc["2024-01-31", "problem"])
    second = rows.loc["2024-02-01"]
    assert second["n_frames"] == 1
    for said in ("2 of 3 stills", "keogram_20240201_235959.jpg: it is 400x120", "220000.jpg: it is cut off"):
        assert said in second["problem"]
    [(_, lost)] = [row for row in rows.iterrows() if row[0] is None or pd.isna(row[0])]
    assert "logo.png: its name tells no date and time" in lost["problem"] and pd.isna(lost["n_frames"])


def test_the_digest_of_a_night_changes_with_its_own_stills_alone(tmp_path):
    def digests():
        stills = looked_at(tmp_path, "./", NAME)
        return {night: stills_digest(some) for night, some in stills.groupby("night")}

    for day in (1, 2):
        for hour in (20, 22):
            write_still(tmp_path / f"2024010{day}_{hour}0000.jpg", numbered_picture(10 * day + hour))
    before = digests()
    write_still(tmp_path / "20240101_200000.jpg", numbered_picture(99))
    replaced = digests()
    write_still(tmp_path / "20240102_233000.jpg", numbered_picture(98))
    added = digests()
    assert replaced["2024-01-01"] != before["2024-01-01"] and replaced["2024-01-02"] == before["2024-01-02"]
    assert added["2024-01-01"] == replaced["2024-01-01"] and added["2024-01-02"] != replaced["2024-01-02"]


def test_stills_that_have_not_changed_are_not_opened_again(tmp_path):
    for hour in (20, 21):
        path = write_still(tmp_path / f"{hour}.jpg", numbered_picture(hour), datetime(2024, 1, 1, hour))
    before = looked_at(tmp_path, "./", EXIF)
    files = list_stills(tmp_path, "./")
    path.unlink()  # what is opened now cannot be read
    after = stills_of_folder(tmp_path, "./", files, before["digest"].tolist(), dating(EXIF), before)
    pd.testing.assert_frame_equal(after, before)


def test_damaged_stills_dated_by_an_overlay_belong_to_the_night_around_them(tmp_path):
    for number in range(5):
        write_still(tmp_path / f"{number}.jpg", numbered_picture(number))
    cut_off(tmp_path / "1.jpg", 0.6)
    stills = with_nights(looked_at(tmp_path, "./", OVERLAY), [Stretch("2024-01-01", 0, 2), Stretch("2024-01-02", 2, 2)])
    assert stills["night"].tolist() == ["2024-01-01"] * 3 + ["2024-01-02"] * 2
    assert [row["n_frames"] for row in rows_of_stills(stills)] == [2, 2]


def test_stills_and_videos_are_listed_apart(tmp_path):
    for name in ("b/2.JPG", "b/10.png", "b/1.jpeg", "a.mp4", "c.png", ".hidden.jpg", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = list_archive(tmp_path)
    named = {folder: [still.name for still in stills] for folder, stills in found.stills.items()}
    assert named == {"./": ["c.png"], "b/": ["1.jpeg", "2.JPG", "10.png"]}
    assert (found.videos, found.others, found.n_stills) == (["a.mp4"], ["b/notes.txt"], 4)
