import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.pictures import BadImage, inscribed_disk, jpeg_size, read_picture, read_pictures


def write(path, rgb):
    assert cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return path


def smooth(height, width):
    y, x = np.indices((height, width), np.float32)
    return np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], -1).astype(np.uint8)


@given(width=st.integers(1, 300), height=st.integers(1, 300))
def test_the_header_tells_the_size(width, height):
    data = cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))[1].tobytes()
    assert jpeg_size(data) == (width, height)


@pytest.mark.parametrize("size", [720, 360, 240, 128, 96, 90])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_reading_small_equals_reading_whole_and_shrinking(tmp_path, size, suffix):
    path = write(tmp_path / f"sky{suffix}", smooth(720, 720))
    small, whole = read_picture(path, size), read_picture(path)
    expected = cv2.resize(whole, (size, size), interpolation=cv2.INTER_AREA)
    assert small.shape == (size, size, 3)
    assert np.abs(small.astype(int) - expected).max() <= 6


def test_red_stays_red(tmp_path):
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    assert read_picture(write(tmp_path / "red.jpg", red), 16)[8, 8].argmax() == 0


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_file_of_sixteen_bits_may_hold_twelve(tmp_path, bits):
    grey = smooth(64, 64)[..., 0]
    values = grey if bits == 8 else grey.astype(np.uint16) << (bits - 8)
    assert cv2.imwrite(str(tmp_path / "raw.png"), values)
    assert (read_picture(tmp_path / "raw.png") == grey[..., None]).all()


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_what_is_no_picture_is_named(tmp_path, content):
    (tmp_path / "frame.jpg").write_bytes(content)
    with pytest.raises(BadImage, match=r"frame\.jpg"):
        read_picture(tmp_path / "frame.jpg", 32)


def test_a_truncated_jpeg_is_refused_though_decoders_would_show_a_part(tmp_path):
    path = write(tmp_path / "frame.jpg", smooth(200, 200))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadImage, match="damaged"):
        read_picture(path, 64)


def test_a_jpeg_with_notes_of_its_camera_behind_its_end_is_whole(tmp_path):
    path = write(tmp_path / "frame.jpg", smooth(200, 200))
    plain = read_picture(path)
    path.write_bytes(path.read_bytes() + b"camera 7, 12 C" + bytes(800) + b"\x12\x13")
    assert (read_picture(path) == plain).all()


def test_a_truncated_jpeg_is_refused_though_the_small_picture_in_its_header_is_whole(tmp_path):
    path, small = (write(tmp_path / name, smooth(size, size)) for name, size in (("frame.jpg", 200), ("small.jpg", 16)))
    whole, thumbnail = path.read_bytes(), small.read_bytes()
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    path.write_bytes(whole[:2] + segment + whole[2:])
    assert read_picture(path).shape == (200, 200, 3)
    path.write_bytes(whole[:2] + segment + whole[2:-200])
    with pytest.raises(BadImage, match="damaged"):
        read_picture(path)


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(BadImage, match=r"absent\.jpg cannot be read"):
        read_picture(tmp_path / "absent.jpg", 64)


def test_batches_come_in_order_and_the_last_may_be_short(tmp_path):
    paths = [write(tmp_path / f"{n}.png", np.full((32, 32, 3), n, np.uint8)) for n in range(23)]
    batches = list(read_pictures(paths, 16, batch_size=5, ahead=2))
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    assert np.concatenate(batches)[:, 8, 8, 0].tolist() == list(range(23))
    assert list(read_pictures([], 16, batch_size=5)) == []


def test_the_disk_touches_the_edges_and_not_the_corners():
    disk = inscribed_disk(64)
    assert disk[0, 31] and disk[31, 63]
    assert not disk[0, 0]
    assert disk.mean() == pytest.approx(np.pi / 4, abs=0.01)
