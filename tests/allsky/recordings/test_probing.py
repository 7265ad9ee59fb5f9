"""What a look at a file tells, and what it says of bad ones."""

import pytest

from allsky.recordings.video import probe, read_frames
from tests.allsky.made_videos import cut_off, write_numbered, write_sound, zero_filled


@pytest.mark.parametrize(
    ("name", "codec", "known_as"),
    [
        ("a.mp4", "libx264", "h264"),
        ("a.mkv", "libx264", "h264"),
        ("a.avi", "mpeg4", "mpeg4"),
        ("a.webm", "libvpx-vp9", "vp9"),
        ("a.ts", "mpeg2video", "mpeg2video"),
    ],
)
def test_a_sound_video_is_described(tmp_path, name, codec, known_as):
    path = write_numbered(tmp_path / name, 31, codec=codec)
    facts = probe(path)
    assert (facts.width, facts.height, facts.fps, facts.n_frames) == (160, 120, 25.0, 31)
    assert (facts.codec, facts.problem, facts.bytes) == (known_as, None, path.stat().st_size)


def test_the_size_is_that_of_the_upright_picture(tmp_path):
    facts = probe(write_numbered(tmp_path / "a.mp4", 3, rotation=90))
    assert (facts.width, facts.height) == (120, 160)


def test_an_empty_file_is_named_so(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    facts = probe(tmp_path / "a.mp4")
    assert facts.bytes == 0 and facts.n_frames is None
    assert "empty (0 bytes)" in facts.problem


def test_a_missing_file_is_told_not_raised(tmp_path):
    assert "No such file" in probe(tmp_path / "a.mp4").problem


@pytest.mark.parametrize("content", [b"hello\n" * 1000, b"\x00" * 5000, b"\xff\xd8\xff\xe0" + b"?" * 3000])
def test_what_is_not_a_video_is_told(tmp_path, content):
    (tmp_path / "a.mp4").write_bytes(content)
    facts = probe(tmp_path / "a.mp4")
    assert facts.problem is not None and facts.n_frames is None


def test_sound_without_picture_is_told(tmp_path):
    assert "no usable video stream" in probe(write_sound(tmp_path / "a.mp4")).problem


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_recording_cut_before_its_index_was_written_is_told(tmp_path, share):
    facts = probe(cut_off(write_numbered(tmp_path / "a.mp4", 60, options={"g": "1"}), share))
    assert facts.n_frames is None
    assert "cut off" in facts.problem or "not a video" in facts.problem


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_a_cut_file_counts_what_is_left(tmp_path, name):
    in_front = {"movflags": "faststart"} if name == "a.mp4" else {}
    codec, pixels = ("mjpeg", "yuvj420p") if name == "a.avi" else ("libx264", "yuv420p")
    path = write_numbered(
        tmp_path / name, 100, codec=codec, pixels=pixels, options={"g": "1"}, container_options=in_front
    )
    facts = probe(cut_off(path, 0.7))
    readable = len(list(read_frames(path)))
    assert abs(facts.n_frames - readable) <= 1
    assert f"{facts.n_frames:,} of the" in facts.problem and "cut off" in facts.problem


def test_a_video_of_which_nothing_decodes_is_told(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 40, options={"g": "10"})
    facts = probe(zero_filled(path, 0.02, 0.6))
    assert facts.n_frames is None
    assert "no frame can be decoded" in facts.problem
