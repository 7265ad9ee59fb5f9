"""Recordings that run over a noon: each night gets its own frames, to the frame."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from allsky.clock.learning import ClockSettings
from allsky.recordings.inventory import take_inventory, usable
from allsky.recordings.nights import Stretch, nights_by_clock
from allsky.recordings.recording import VideoRecording
from allsky.simulator import demo_simulation
from tests.allsky.made_stills import filmed
from tests.allsky.made_videos import write_video

NIGHTS = ("2023-02-04", "2023-02-05")
LONGITUDE_DEG = -114.35
CLOCK = ClockSettings(timezone="America/Edmonton")


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory) -> tuple[VideoRecording, list[int], list[Stretch]]:
    """One video with the frames of two nights, how many each has, and what is found of them."""
    folder = tmp_path_factory.mktemp("two")
    frames, counts = [], []
    for night in NIGHTS:
        simulation = replace(demo_simulation(), nights=(night,), cadence_s=3600, cards=(), faults=())
        own, _ = filmed(simulation, night, folder / night)
        frames, counts = frames + own, [*counts, len(own)]
    path = write_video(folder / "winter.mp4", frames, options={"g": "7", "crf": "18"})
    recording = VideoRecording("winter.mp4", path)
    return recording, counts, nights_by_clock(recording, CLOCK, LONGITUDE_DEG)


def test_the_frame_at_which_the_night_changes_is_found(two_nights):
    _, (first, second), found = two_nights
    assert found == [
        Stretch(NIGHTS[0], 0, first),
        Stretch(NIGHTS[1], first, second),
    ]


def test_the_inventory_has_a_row_for_each_night_and_keeps_what_it_knows(two_nights):
    recording, (first, second), found = two_nights
    asked = []

    def by_clock(name):
        asked.append(name)
        return found

    def taken(known=None):
        return take_inventory(recording.path.parent, ["winter.mp4"], lambda name: None, by_clock, known)

    videos = usable(taken())
    assert videos[["night", "first_frame", "n_frames"]].to_numpy().tolist() == [
        [NIGHTS[0], 0, first],
        [NIGHTS[1], first, second],
    ]
    again = taken({"winter.mp4": videos.to_dict("records")})
    pd.testing.assert_frame_equal(again, videos)
    assert asked == ["winter.mp4"]


def test_a_stretch_gives_its_own_frames_with_their_place_in_the_whole_video(two_nights):
    recording, (first, second), _ = two_nights
    for start, count in ((0, first), (first, second)):
        stretch = replace(recording, stretch=(start, count))
        wanted = list(range(start, start + count))
        assert [frame.index for frame in stretch.frames()] == wanted
        assert {frame.index for frame in stretch.keyframes()} <= set(wanted)
        assert [frame.index for frame in stretch.ends()] == [start, start + count - 1]
        assert stretch.n_frames == count
