"""A clean video costs at most four calls of Tesseract, counted from the keyframes to the dated frames."""

from datetime import datetime

import pytest

from allsky.clock import tesseract
from allsky.clock.learning import ClockSettings, learn_clock
from allsky.fisheye import SkyDisk
from allsky.frames import extract_night
from allsky.recordings.recording import VideoRecording
from allsky.recordings.teaching import teaching_frames
from benchmarks.made_clocks import Clip, Text, evenly, write_clip

MOST_CALLS = 4
TIMES = evenly(datetime(2015, 3, 26, 1, 58), 6.0, 60)
LAYOUTS = {
    "date and time": [Text("%Y-%m-%d %H:%M:%S"), Text("Fort Smith", y=30)],
    "opposite corners": [Text("%d %b %Y", 8, 8), Text("%H:%M:%S", -9, -9)],
    "a time alone": [Text("time - %H:%M:%S"), Text("Exposure {e} s", y=30)],
    "no year": [Text("%d %b %H:%M:%S", height=14)],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_clean_video_takes_at_most_four_calls(tmp_path, monkeypatch, layout):
    calls: list[int] = []
    ask = tesseract._one_call
    monkeypatch.setattr(tesseract, "_one_call", lambda pages: calls.append(len(pages)) or ask(pages))
    path = write_clip(tmp_path / "clean.mp4", Clip(TIMES, tuple(LAYOUTS[layout])))
    keyframes = teaching_frames([VideoRecording(path.name, path)])
    clock = learn_clock(keyframes, ClockSettings(), "2015-03-25", 0.0)
    disk = SkyDisk(159.5, 119.5, 115.0, 320, 240)
    kept = {"cadence_s": 60, "image_size": 32, "image_folder": tmp_path / "images", "image_root": "images"}
    night = extract_night([VideoRecording(path.name, path)], clock, disk, site_name="Fort", **kept)
    assert list(night.readings["utc"].dt.tz_localize(None)) == list(TIMES)
    assert night.readings["clock_flag"].isna().all()
    assert 2 <= len(calls) <= MOST_CALLS
