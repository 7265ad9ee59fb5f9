"""Recordings that run over a noon: each night gets its own frames, to the frame."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from allsky.clock.learning import ClockSettings, Keyframe, learn_clock
from allsky.frames import extract_night
from allsky.recordings.inventory import take_inventory, usable
from allsky.recordings.nights import Stretch, nights_by_clock
from allsky.recordings.recording import VideoRecording
from allsky.simulator import demo_simulation
from allsky.site import night_of
from allsky.sky_disk import SkyDisk
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


def test_a_video_that_can_no_longer_be_read_keeps_the_nights_that_its_frames_told(tmp_path):
    (tmp_path / "winter.mp4").write_bytes(b"no video any more")
    taken = [tmp_path, ["winter.mp4"], lambda name: None, lambda name: pytest.fail("nothing to read")]
    assert take_inventory(*taken)["night"].isna().all()
    videos = take_inventory(*taken, nights_before={"winter.mp4": NIGHTS, "summer.mp4": ["2023-07-01"]})
    assert videos["night"].tolist() == list(NIGHTS) and videos["problem"].notna().all()
    assert not len(usable(videos))


def test_a_stretch_gives_its_own_frames_with_their_place_in_the_whole_video(two_nights):
    recording, (first, second), _ = two_nights
    for start, count in ((0, first), (first, second)):
        stretch = replace(recording, stretch=(start, count))
        wanted = list(range(start, start + count))
        assert [frame.index for frame in stretch.frames()] == wanted
        taught = [frame.index for frame in stretch.keyframes()]
        assert len(taught) >= 12 and set(taught) <= set(wanted)
        assert [frame.index for frame in stretch.ends()] == [start, start + count - 1]
        assert stretch.n_frames == count


def test_each_night_keeps_its_own_frames_dated_exactly_and_none_is_lost(two_nights, tmp_path):
    recording, _, found = two_nights
    lens = demo_simulation().camera.lens
    disk = SkyDisk(lens.center_x, lens.center_y, lens.radius, *demo_simulation().camera.frame_size)
    kept = []
    for night, first, count in found:
        stretch = replace(recording, stretch=(first, count))
        keyframes = [Keyframe(stretch.name, frame.index, frame.luma.copy()) for frame in stretch.keyframes()]
        clock = learn_clock(keyframes, CLOCK, night, LONGITUDE_DEG)
        folder = {"image_folder": tmp_path / night, "image_root": f"images/night={night}"}
        passed = extract_night([stretch], clock, disk, site_name="S", cadence_s=60, image_size=48, **folder)
        assert passed.problems == [] and passed.frames["clock_flag"].isna().all()
        assert set(night_of(passed.frames["utc"], LONGITUDE_DEG)) == {night}
        kept.append(passed.frames)
    frames = pd.concat(kept, ignore_index=True)
    assert frames["frame_index"].tolist() == list(range(recording.n_frames))
    # The simulator takes a frame each whole hour while it is dark.
    assert (frames["utc"] == frames["utc"].dt.floor("h")).all() and frames["utc"].is_unique
