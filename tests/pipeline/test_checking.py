"""`allsky check` says what the configuration means, and what of it is not there."""

import os
import subprocess
import sys

CONFIGURATION = """
[archive]
videos = videos
[site]
name = somewhere
latitude = 60
longitude = -110
[training]
model = models/none
"""


def check(folder):
    (folder / "luigi.cfg").write_text(CONFIGURATION)
    environment = os.environ | {"LUIGI_CONFIG_PATH": str(folder / "luigi.cfg")}
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "check"]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_what_is_not_there_is_said_before_anything_runs(tmp_path):
    answer = check(tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert f"videos: MISSING, there is no folder {tmp_path / 'videos'}" in answer.stdout
    assert "labels.csv is not there yet" in answer.stdout
    assert f"model: {tmp_path / 'models' / 'none'} is MISSING" in answer.stdout
    assert "disk_center = (not set" in answer.stdout


def test_videos_are_counted(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a_20240101.mp4").write_bytes(b"")
    (tmp_path / "videos" / "notes.txt").write_bytes(b"")
    assert f"videos: 1 in {tmp_path / 'videos'}, and 1 other files" in check(tmp_path).stdout
