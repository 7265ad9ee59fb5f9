"""`allsky check` says what the configuration means, what of it is in doubt, and fails for what is not there."""

import os
import subprocess
import sys

import pytest

from allsky.site import Site
from pipeline.checking import longitude_in_doubt

CONFIGURATION = """
[archive]
videos = videos
[site]
name = somewhere
latitude = 60
longitude = -110
timezone = America/Edmonton
"""


def check(folder, *more: str, configuration: str = CONFIGURATION):
    (folder / "luigi.cfg").write_text("\n".join([configuration, *more]))
    return allsky(folder, "check")


def allsky(folder, *words: str):
    environment = os.environ | {"LUIGI_CONFIG_PATH": str(folder / "luigi.cfg")}
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a_20240101.mp4").write_bytes(b"")
    (tmp_path / "videos" / "notes.txt").write_bytes(b"")
    return tmp_path


def test_what_is_not_there_is_said_before_anything_runs_and_fails(tmp_path):
    answer = check(tmp_path, "[training]", "model = models/none")
    assert answer.returncode == 2
    assert f"there is no folder {tmp_path / 'videos'}" in answer.stderr
    assert f"{tmp_path / 'models' / 'none'} is no model's folder" in answer.stderr
    assert "labels.csv is not there yet" in answer.stdout
    assert "disk_center = (not set" in answer.stdout


def test_a_video_whose_name_no_table_can_hold_is_named(archive):
    with open(os.path.join(os.fsencode(archive / "videos"), b"Nordlicht_\xe4_20240131.mp4"), "wb"):
        pass
    assert r"1 file left out, with a name that is no UTF-8: Nordlicht_\xe4_20240131.mp4" in check(archive).stdout


def test_weights_and_a_model_that_cannot_be_used_fail(archive):
    answer = check(archive, "[training]", "weights = nowhere.pth")
    assert answer.returncode == 2
    assert f"there is no file {archive / 'nowhere.pth'}; name an existing one" in answer.stderr
    (archive / "m").mkdir()
    (archive / "m" / "model.json").write_text("{}")
    answer = check(archive, "[training]", "model = m")
    assert answer.returncode == 2 and "does not describe a model" in answer.stderr


def test_a_folder_without_a_video_fails_with_what_to_do(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "sky.jpg").write_bytes(b"")
    answer = check(tmp_path)
    assert answer.returncode == 2
    assert "set [archive] stills_time" in answer.stderr


def test_a_misspelt_backbone_is_told_with_the_nearest_one(archive):
    answer = check(archive, "[training]", "backbone = resnet43")
    assert answer.returncode == 2
    assert "[training] backbone = 'resnet43' is no classifier of torchvision" in answer.stderr
    assert "did you mean resnet34" in answer.stderr
    assert check(archive, "[training]", "backbone = resnet34").returncode == 0


def test_it_begins_with_a_summary_and_goes_on_with_every_key(archive):
    answer = check(archive)
    assert answer.returncode == 0, answer.stderr
    summary, details = answer.stdout.split("\n\n", 1)
    lines = summary.splitlines()
    assert len(lines) == 7
    assert lines[1].split() == ["site", "60", "N,", "110", "W,", "0", "m,", "zone", "America/Edmonton"]
    assert f"1 videos in {archive / 'videos'}, and 1 other files" in lines[2]
    assert details.startswith("[archive]")
    assert "  videos = videos" in details


@pytest.mark.parametrize(
    ("more", "zone"),
    [
        ((), "America/Edmonton, the site's; set [camera] clock_timezone where it runs in another"),
        (("[camera]", "clock_timezone = UTC"), "UTC"),
        (("[camera:2024-02-01]", "clock_timezone = -07:00"), "America/Edmonton, -07:00 from 2024-02-01 on"),
    ],
)
def test_the_zone_of_a_clock_that_shows_none_is_said(archive, more, zone):
    assert f"clock    a time for which no zone is shown counts as {zone}\n" in check(archive, *more).stdout


# Sites of real cameras and towns (degrees east; IANA zone), in zones that reach far from their middle among them.
TRUE = {
    "Yellowknife": (-114.35, "America/Edmonton"),
    "Longyearbyen": (16.0, "Europe/Oslo"),
    "Vigo": (-8.7, "Europe/Madrid"),
    "Kashgar": (76.0, "Asia/Shanghai"),
    "Reykjavik": (-21.9, "Atlantic/Reykjavik"),
    "Kangerlussuaq": (-50.7, "America/Nuuk"),
    "Syowa": (39.6, "Asia/Riyadh"),
    "UTC": (100.0, "UTC"),
}
FLIPPED = ("Yellowknife", "Longyearbyen", "Kashgar", "Kangerlussuaq", "Syowa")


@pytest.mark.parametrize("place", TRUE)
def test_a_longitude_is_doubted_only_where_its_opposite_fits_the_zone_far_better(place):
    longitude, zone = TRUE[place]
    assert longitude_in_doubt(Site(place, 60.0, longitude, 0.0, zone)) is None
    doubt = longitude_in_doubt(Site(place, 60.0, -longitude, 0.0, zone))
    assert (doubt is not None) == (place in FLIPPED)


def test_a_longitude_in_doubt_is_said_in_the_summary(archive):
    assert "IN DOUBT" not in check(archive).stdout
    said = check(archive, configuration=CONFIGURATION.replace("-110", "110")).stdout
    assert "IN DOUBT [site] longitude = 110" in said and "-110 would be 5: east is positive" in said


def test_status_names_the_setting_that_keeps_a_night_waiting_and_what_to_do(archive):
    check(archive)
    why = "1 file changed within the last 600 s ([archive] settle_s)"
    assert why in allsky(archive, "status").stdout
    of_the_night = allsky(archive, "status", "--night", "2024-01-01")
    assert of_the_night.returncode == 2
    assert why in of_the_night.stderr and "a_20240101.mp4; set settle_s = 0" in of_the_night.stderr
