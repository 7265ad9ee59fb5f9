"""Every frame of the real THEMIS videos is dated exactly: frame k shows the first overlay + 3 k seconds
(README of the shared data)."""

import pandas as pd
import pytest

from allsky.clock.learning import ClockSettings, LearnedClock, learn_clock, reading_log
from allsky.recordings.recording import VideoRecording
from allsky.recordings.teaching import teaching_frames
from allsky.recordings.video import read_frames

FIRST_OVERLAY = {
    "themis_fsmi_20150326.mp4": ("2015-03-26 06:07:00", (140, 409, 153, 20)),
    "themis_fsmi_20150326_600px.mp4": ("2015-03-26 06:07:00", (44, 538, 153, 20)),
    "themis_rank_20170915.mp4": ("2017-09-15 02:32:00", (92, 585, 152, 18)),
}


@pytest.mark.parametrize("video", FIRST_OVERLAY)
@pytest.mark.parametrize("given", [True, False], ids=["given", "auto"])
def test_every_frame_is_dated_exactly(shared_data, video, given):
    first, box = FIRST_OVERLAY[video]
    path = shared_data / "real" / video
    settings = ClockSettings((box,), ("%Y-%m-%d %H:%M:%S",), "UTC") if given else ClockSettings()
    learned = learn_clock(teaching_frames([VideoRecording(video, path)]), settings, None, -111.93)
    clock = LearnedClock.restore(learned.to_json(), learned.glyph_atlas())
    log = reading_log((video, frame.index, clock.read(frame.luma)) for frame in read_frames(path))
    dated = clock.date(log.table(), evidence=log.evidence())[0]
    expected = pd.Timestamp(first, tz="UTC") + pd.to_timedelta(3 * dated["frame_index"], unit="s")
    assert (dated["utc"] == expected).all()
    assert dated["clock_flag"].isna().all()
