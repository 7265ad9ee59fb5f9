"""Files of an archive, recognised and dated by their names."""

import os
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.errors import BadConfiguration
from allsky.recordings.files import (
    Listing,
    content_digest,
    instant_from_name,
    list_archive,
    list_stills,
    night_from_name,
)
from allsky.site import night_of

YELLOWKNIFE_DEG = -114.35
TROMSO_DEG = 18.96


def test_videos_are_listed_in_order_with_forward_slashes_and_other_files_apart(tmp_path):
    for name in ("b/2.MP4", "b/1.avi", "a.webm", "notes.txt", ".hidden.mp4", ".trash/old.mp4", "b/unknown.dat"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = list_archive(tmp_path)
    assert (found.videos, found.others) == (["a.webm", "b/1.avi", "b/2.MP4"], ["b/unknown.dat", "notes.txt"])


def test_names_that_are_no_utf8_are_told_apart(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    for name in (b"Nordlicht_\xe4_20240131.mp4", b"\xe4.jpg", b"\xe4.txt"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(b"x")
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"n\xe4chte"))
    found = list_archive(tmp_path)
    assert found.videos == ["a.mp4"] and not found.stills
    assert found.odd_names == [r"Nordlicht_\xe4_20240131.mp4", r"\xe4.jpg", r"n\xe4chte"]
    assert list_stills(tmp_path, ".") == []


def test_an_empty_archive_has_no_videos(tmp_path):
    assert list_archive(tmp_path) == Listing()


@pytest.mark.parametrize("place", [0, 500_000, 999_999])
def test_the_digest_changes_with_the_first_middle_and_last_bytes(tmp_path, place):
    content = bytearray(1_000_000)
    (tmp_path / "one").write_bytes(content)
    content[place] = 1
    (tmp_path / "two").write_bytes(content)
    assert content_digest(tmp_path / "one") != content_digest(tmp_path / "two")


def test_the_digest_tells_sizes_apart_and_copies_not(tmp_path):
    for name, size in (("a", 1000), ("copy", 1000), ("longer", 1001), ("empty", 0)):
        (tmp_path / name).write_bytes(bytes(size))
    digests = {name: content_digest(tmp_path / name) for name in ("a", "copy", "longer", "empty")}
    assert digests["a"] == digests["copy"]
    assert len(set(digests.values())) == 3


def test_the_date_of_an_auroramax_name_is_the_utc_date_of_the_nights_middle():
    # DESIGN of the published camera: auroramaxHD_YYYYMMDD_720p.mp4 carries the UTC (or morning) date.
    name = "2023/auroramaxHD_20230215_720p.mp4"
    for kind in ("utc", "morning"):
        assert night_from_name(name, YELLOWKNIFE_DEG, "auroramaxHD_%Y%m%d_720p.mp4", kind) == "2023-02-14"
    assert night_from_name(name, YELLOWKNIFE_DEG, "auroramaxHD_%Y%m%d_720p.mp4", "evening") == "2023-02-15"


def test_east_of_greenwich_the_nights_middle_has_the_utc_date_of_its_evening():
    assert night_from_name("20230215.mp4", TROMSO_DEG, name_date="utc") == "2023-02-15"


@given(day=st.dates(date(1990, 1, 1), date(2090, 1, 1)), thousandths=st.integers(-180_000, 179_999))
def test_a_utc_date_names_the_night_whose_middle_lies_on_it(day, thousandths):
    longitude = thousandths / 1000
    night = night_from_name(f"{day:%Y%m%d}.mp4", longitude, name_date="utc")
    # Local mean midnight, the end of the evening's date, is at 24 h - longitude / 15 of that date in UTC.
    midnight = pd.Timestamp(night) + pd.Timedelta(hours=24 - longitude / 15)
    assert midnight.date() == day
    assert night_of(midnight, longitude) == night


@pytest.mark.parametrize(
    ("name", "night"),
    [
        ("cam_2024-01-31.mkv", "2024-01-31"),
        ("cam_2024_01_31_full.mkv", "2024-01-31"),
        ("20240131.avi", "2024-01-31"),
        ("20240131/ccd.mp4", None),
        ("cam_20249931.mkv", None),
        ("12345678901234.mp4", None),
        ("night.mp4", None),
        ("2024-01-31/cam_203045.mp4", None),
        ("clip_200011.mp4", None),
        ("cam_2024-1-3.mp4", None),
    ],
)
def test_without_a_pattern_common_dates_are_guessed_from_the_files_own_name(name, night):
    assert night_from_name(name, 0.0) == night


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("sky_20240131_203045.jpg", datetime(2024, 1, 31, 20, 30, 45)),
        ("2024-01-31T20:30:45Z.png", datetime(2024, 1, 31, 20, 30, 45, tzinfo=UTC)),
        ("PXL_20240131_203045123.jpg", datetime(2024, 1, 31, 20, 30, 45)),
        ("20240131_2030.jpg", None),
        ("20240131_2030451234.jpg", None),
        ("20240131.jpg", None),
        ("img_203045.jpg", None),
    ],
)
def test_without_a_pattern_a_still_is_dated_by_whole_numbers_alone(name, instant):
    assert instant_from_name(name) == instant


def test_numbers_of_a_pattern_that_touch_have_their_full_width():
    assert instant_from_name("20240131_2030.jpg", "%Y%m%d_%H%M%S.jpg") is None
    assert instant_from_name("2024-1-3 20.5.jpg", "%Y-%m-%d %H.%M.jpg") == datetime(2024, 1, 3, 20, 5)
    assert night_from_name("203045.avi", 0.0, "%Y%m%d") is None
    assert night_from_name("3Feb2021.avi", 0.0, "%d%b%Y") == "2021-02-03"


def test_a_pattern_with_a_slash_dates_by_the_folder():
    assert night_from_name("20240131/ccd.mp4", 0.0, "%Y%m%d/ccd.mp4") == "2024-01-31"


def test_a_pattern_may_name_the_month_and_cover_part_of_the_name():
    assert night_from_name("sky 3 Feb 2021 (copy).mp4", 0.0, "%d %b %Y") == "2021-02-03"


def test_a_utc_name_with_an_hour_is_an_instant():
    pattern = "cam_%Y%m%d_%H%M.mp4"
    assert night_from_name("cam_20230215_0300.mp4", YELLOWKNIFE_DEG, pattern, "utc") == "2023-02-14"
    assert night_from_name("cam_20230215_2300.mp4", YELLOWKNIFE_DEG, pattern, "utc") == "2023-02-15"


@pytest.mark.parametrize("pattern", ["night.mp4", "%H%M.mp4", "%Y-%m", "%Q%Y%m%d"])
def test_a_pattern_without_a_date_is_refused(pattern):
    with pytest.raises(BadConfiguration, match="night_from_name"):
        night_from_name("night.mp4", 0.0, pattern)


def test_an_unknown_kind_of_date_is_refused():
    with pytest.raises(BadConfiguration, match="evening"):
        night_from_name("20240131.mp4", 0.0, name_date="local")
