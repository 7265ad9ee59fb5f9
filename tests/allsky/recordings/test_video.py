"""Frames of a video: each once, in order, with its own index, whatever the codec and the damage."""

import itertools

import av
import numpy as np
import pytest

from allsky.errors import BadVideo
from allsky.recordings.video import probe, read_chosen, read_frames, read_keyframes
from tests.allsky.made_videos import (
    cut_off,
    numbered_picture,
    shown_number,
    write_numbered,
    write_sound,
    write_video,
    zero_filled,
)

QUIET = {"x265-params": "log-level=none"}

KINDS = {
    "h264 with B-frames": ("a.mp4", {"options": {"g": "20", "bf": "2"}}),
    "h264 in avi, which has no display times": ("a.avi", {"options": {"g": "20", "bf": "2"}}),
    "h264 in matroska": ("a.mkv", {"options": {"g": "20"}}),
    "hevc of 10 bits": ("a.mp4", {"codec": "libx265", "pixels": "yuv420p10le", "options": QUIET}),
    "vp9": ("a.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
    "mpeg-4 part 2 in avi": ("a.avi", {"codec": "mpeg4"}),
    "motion jpeg in avi": ("a.avi", {"codec": "mjpeg", "pixels": "yuvj420p"}),
    "motion jpeg in mov": ("a.mov", {"codec": "mjpeg", "pixels": "yuvj422p"}),
    "mpeg-4 part 2 in avi with B-frames": ("a.avi", {"codec": "mpeg4", "options": {"g": "4", "bf": "2"}}),
    "mpeg-2 in a transport stream": ("a.ts", {"codec": "mpeg2video"}),
    "mpeg-2 in open groups": ("a.mkv", {"codec": "mpeg2video", "options": {"g": "6", "bf": "2"}}),
    "hevc in open groups": ("a.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=10"}}),
    "h264 in open groups": ("a.mp4", {"options": {"x264-params": "open-gop=1:keyint=10:bframes=2:scenecut=0"}}),
    "lossless rgb of odd size": ("a.mkv", {"codec": "ffv1", "pixels": "bgr0", "size": (161, 121)}),
}


@pytest.fixture(params=KINDS)
def numbered(request, tmp_path):
    name, how = KINDS[request.param]
    return write_numbered(tmp_path / name, 45, **how)


def test_every_frame_is_read_once_in_order_with_its_own_index(numbered):
    frames = [(frame.index, shown_number(frame.luma)) for frame in read_frames(numbered)]
    assert frames == [(number, number) for number in range(45)]


def test_keyframes_carry_the_index_they_show(numbered):
    frames = read_keyframes(numbered, at_least=8, at_most=12)
    assert 8 <= len(frames) <= 12
    indices = [frame.index for frame in frames]
    assert indices == [shown_number(frame.luma) for frame in frames] == sorted(set(indices))


def test_luma_and_colour_agree_with_what_was_encoded(numbered):
    height, width = next(read_frames(numbered)).luma.shape
    frame = next(itertools.islice(read_frames(numbered), 5, None))
    wanted = numbered_picture(5, width, height)
    assert np.abs(frame.rgb().astype(int) - wanted).mean() < 4
    assert frame.luma.dtype == np.uint8
    # The plane itself, in studio range (ITU-R BT.601: 16 + 219/255 of full) or full range.
    studio, full = 16 + 219 / 255 * 60, 60
    assert min(abs(np.median(frame.luma) - level) for level in (studio, full)) < 2


def test_colours_are_in_rgb_order(tmp_path):
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    frame = next(read_frames(write_video(tmp_path / "red.mp4", [red] * 3)))
    assert frame.rgb()[32, 32, 0] > 240 and frame.rgb()[32, 32, 1:].max() < 15


def test_frames_of_irregular_times_are_counted_in_order(tmp_path):
    times = [0, 5, 400, 401, 3000, 3040, 9000, 9001, 9500, 20000]
    path = write_numbered(tmp_path / "vfr.mkv", 10, times_ms=times, options={"bf": "2"})
    assert [(f.index, shown_number(f.luma)) for f in read_frames(path)] == [(k, k) for k in range(10)]


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_rotated_video_is_read_upright(tmp_path, rotation):
    # A display matrix turns the stored picture counter-clockwise (FFmpeg, libavutil/display.h), so storing a
    # picture turned clockwise and asking for the turn back shows it as it was.
    upright = numbered_picture(341)
    stored = np.rot90(upright, -rotation // 90)
    path = write_video(tmp_path / "turned.mp4", [stored] * 3, rotation=rotation)
    frame = next(read_frames(path))
    assert frame.luma.shape == upright.shape[:2]
    assert shown_number(frame.luma) == 341
    assert frame.rgb().shape == upright.shape


def test_many_keyframes_are_thinned_evenly_from_first_to_last(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 200, options={"g": "5", "bf": "2", "sc_threshold": "0"})
    frames = read_keyframes(path, at_least=4, at_most=5)
    assert [frame.index for frame in frames] == [0, 50, 100, 145, 195]
    assert all(frame.key and shown_number(frame.luma) == frame.index for frame in frames)


def test_frames_behind_keyframes_show_other_digits_than_every_tenth_does(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 200, options={"g": "10", "bf": "2", "sc_threshold": "0"})
    frames = read_keyframes(path, at_least=4, at_most=7, most_behind=4)
    behind = [frame.index % 10 for frame in frames]
    # The packets that follow a keyframe hold, with two B-frames, the third frame before the first and second.
    assert len(frames) == 7 and all(shown_number(frame.luma) == frame.index for frame in frames)
    assert behind[0] == behind[5] == 0 and len(set(behind)) >= 3
    assert [frame.index - shift for frame, shift in zip(frames, behind, strict=True)] == [
        frame.index for frame in read_keyframes(path, at_least=4, at_most=7)
    ]


def test_no_frame_is_taken_behind_the_next_keyframe(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 40, options={"g": "2", "bf": "0", "sc_threshold": "0"})
    assert [frame.index for frame in read_keyframes(path, 4, 5, most_behind=9)] == [0, 11, 21, 29, 39]


def test_where_no_order_is_known_frames_are_counted_from_the_start(tmp_path):
    path = write_numbered(tmp_path / "a.avi", 60, codec="mpeg4", options={"g": "5", "bf": "2", "sc_threshold": "0"})
    frames = read_keyframes(path, at_least=4, at_most=5, most_behind=2)
    assert [frame.index for frame in frames] == [0, 16, 32, 44, 59]
    assert [shown_number(frame.luma) for frame in frames] == [0, 16, 32, 44, 59]


def test_a_video_with_one_keyframe_gives_other_frames_as_well(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 60, options={"g": "600", "sc_threshold": "0"})
    frames = read_keyframes(path, at_least=7)
    assert [frame.index for frame in frames] == [0, 10, 20, 30, 39, 49, 59]
    assert [shown_number(frame.luma) for frame in frames] == [0, 10, 20, 30, 39, 49, 59]


def test_a_video_of_one_frame_gives_that_one(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 1)
    assert [frame.index for frame in read_keyframes(path)] == [0]


def test_chosen_frames_are_those_asked_for(numbered):
    wanted = [3, 4, 19, 20, 21, 40, 44, 99]
    frames = [(frame.index, shown_number(frame.luma)) for frame in read_chosen(numbered, wanted)]
    assert frames == [(k, k) for k in wanted[:-1]]


def test_a_stretch_from_the_middle_on_has_all_its_frames(numbered):
    frames = [(frame.index, shown_number(frame.luma)) for frame in read_chosen(numbered, range(17, 45))]
    assert frames == [(k, k) for k in range(17, 45)]


def test_a_program_stream_that_gives_two_frames_one_time_is_read_alike_whole_and_in_part(tmp_path):
    path = write_numbered(tmp_path / "a.mpg", 300, codec="mpeg2video", options={"g": "15", "bf": "2"})
    whole = {frame.index: shown_number(frame.luma) for frame in read_frames(path)}
    assert sorted(whole.values()) == list(range(300))
    assert {frame.index: shown_number(frame.luma) for frame in read_chosen(path, range(100, 300))} == {
        index: number for index, number in whole.items() if 100 <= index < 300
    }


def test_a_video_whose_frames_are_all_spoilt_is_refused_by_name(tmp_path):
    path = write_numbered(tmp_path / "a.avi", 40, codec="mpeg4", options={"g": "5", "bf": "2"})
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for place, size in packets:
        content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    with pytest.raises(BadVideo, match=r"^a\.avi: no frame can be decoded"):
        read_keyframes(path)


# Damage.


def test_frames_after_a_hole_keep_their_own_index(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 200, options={"g": "10", "bf": "2", "sc_threshold": "0"})
    frames = list(read_frames(zero_filled(path, 0.40, 0.45)))
    sound = [frame for frame in frames if not 70 <= frame.index < 110]
    assert len(sound) == 160
    assert all(shown_number(frame.luma) == frame.index for frame in sound)


def test_a_hole_that_hides_packets_costs_their_frames_only(tmp_path):
    path = write_numbered(tmp_path / "a.mkv", 200, codec="mjpeg", pixels="yuvj420p")
    frames = list(read_frames(zero_filled(path, 0.40, 0.45)))
    assert 180 < len(frames) < 200
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert [shown_number(frame.luma) for frame in frames[-90:]] == list(range(110, 200))


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
@pytest.mark.parametrize("name", ["a.mkv", "a.avi", "a.webm", "a.mp4"])
def test_a_cut_file_gives_the_frames_it_holds(tmp_path, name, share):
    codec = {"a.avi": "mjpeg", "a.webm": "libvpx-vp9"}.get(name, "libx264")
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    in_front = {"movflags": "faststart"} if name == "a.mp4" else {}
    path = write_numbered(
        tmp_path / name, 100, codec=codec, pixels=pixels, container_options=in_front, options={"g": "2", "bf": "0"}
    )
    numbers = [(frame.index, shown_number(frame.luma)) for frame in read_frames(cut_off(path, share))]
    assert 25 * share < len(numbers) < 100
    assert all(index == number for index, number in numbers[:-1])


@pytest.mark.parametrize("reader", [read_frames, read_keyframes])
@pytest.mark.parametrize("kind", ["empty", "text", "sound", "missing", "cut before its index", "a folder"])
def test_what_is_no_video_is_refused_at_once_by_name(tmp_path, kind, reader):
    path = tmp_path / "night.mp4"
    if kind == "a folder":
        path.mkdir()
    elif kind == "sound":
        write_sound(path)
    elif kind == "cut before its index":
        cut_off(write_numbered(path, 30), 0.5)
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"this is not a video\n" * 100)
    with pytest.raises(BadVideo, match=r"^night\.mp4: "):
        reader(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv", "a.webm"])
def test_files_spoilt_at_random_are_read_in_order_or_refused(tmp_path, name):
    codec = {"a.avi": "mpeg4", "a.webm": "libvpx-vp9"}.get(name, "libx264")
    sound = write_numbered(tmp_path / name, 60, codec=codec, options={"g": "10"}).read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(25):
        spoilt = bytearray(sound)
        for place in rng.integers(0, len(sound), rng.choice([1, 5, 50])):
            spoilt[place] ^= 1 << rng.integers(8)
        path = tmp_path / f"spoilt{name[1:]}"
        path.write_bytes(spoilt[: rng.integers(len(sound) // 10, len(sound))])
        assert probe(path).bytes == path.stat().st_size
        for reader in (read_frames, read_keyframes):
            try:
                indices = [frame.index for frame in reader(path)]
            except BadVideo:
                continue
            assert indices == sorted(set(indices))
