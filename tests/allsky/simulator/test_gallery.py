"""The pictures for the documentation."""

import cv2
import numpy as np
import pytest

from allsky.simulator import Simulation
from allsky.simulator.gallery import SIGHTS, find_sights, tiles, write_gallery

SMALL = Simulation(nights=("2023-02-11", "2023-03-10"), cadence_s=600)


def test_what_is_found_fits_its_caption():
    found = find_sights(SMALL, every=2)
    assert len(found) >= 3
    assert all(SIGHTS[caption](picture.facts) for caption, picture in found.items())


def test_real_frames_stand_before_simulated_ones(tmp_path):
    real = tmp_path / "real.png"
    cv2.imwrite(str(real), np.full((60, 80, 3), 90, dtype=np.uint8))
    captions = write_gallery(tmp_path / "gallery.png", SMALL, [real], size=100, columns=3)
    assert captions[0] == "real: real.png" and len(captions) > 3
    sheet = cv2.imread(str(tmp_path / "gallery.png"))
    assert sheet.shape == (-(-len(captions) // 3) * 100, 300, 3)
    assert sheet[40, 50].tolist() == [90, 90, 90]


def test_a_real_frame_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        write_gallery(tmp_path / "gallery.png", SMALL, [tmp_path / "missing.png"])


def test_tiles_fit_wide_and_tall_pictures():
    sheet = tiles([("", np.full((10, 40, 3), 200, np.uint8)), ("", np.full((40, 10, 3), 100, np.uint8))], 50, 2)
    assert sheet.shape == (50, 100, 3)
    assert (sheet[:12, :50] == 200).mean() > 0.9 and (sheet[:, 50:62] == 100).mean() > 0.9
