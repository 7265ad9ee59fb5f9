"""The frames proposed are those the classifier doubts and the labels lack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import entropy

from allsky.labels.active_learning import THUMBNAIL, appearance, most_uncertain, propose, uncertainty

CLASSES = ("aurora", "no_aurora")


def test_uncertainty_is_the_entropy_in_units_of_its_greatest():
    p = np.array([[0.5, 0.5], [1.0, 0.0], [0.9, 0.1]])
    assert uncertainty(p) == pytest.approx([1.0, 0.0, entropy([0.9, 0.1], base=2)], abs=1e-9)
    assert uncertainty([[1 / 3, 1 / 3, 1 / 3]]) == pytest.approx([1.0])


def test_the_least_certain_come_first_and_no_night_has_all_of_them():
    p = np.array([0.5, 0.51, 0.52, 0.9, 0.6])
    frames = pd.DataFrame({"frame_id": list("abcde"), "night": list("xxxxy"), "p_aurora": p, "p_no_aurora": 1 - p})
    assert most_uncertain(frames, CLASSES, 3)["frame_id"].tolist() == ["a", "b", "c"]
    assert most_uncertain(frames, CLASSES, 3, per_night=2)["frame_id"].tolist() == ["a", "b", "e"]


def sky(folder, name: str, shade: tuple[int, int, int], size: int = 120, noise: int = 4, seed: int = 0) -> str:
    generator = np.random.default_rng(seed)
    picture = np.clip(np.array(shade) + generator.normal(0, noise, (size, size, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(picture).save(folder / f"{name}.jpg", quality=92)
    return str(folder / f"{name}.jpg")


GREEN, PURPLE, CLOUD = (30, 90, 40), (80, 40, 90), (90, 90, 95)


def test_pictures_of_one_kind_look_alike_and_of_two_kinds_do_not(tmp_path):
    paths = [sky(tmp_path, f"{place}", shade, seed=place) for place, shade in enumerate([GREEN, GREEN, PURPLE])]
    looks = appearance(paths)
    assert looks.shape == (3, 3 * THUMBNAIL**2)
    near, far = np.linalg.norm(looks[0] - looks[1]), np.linalg.norm(looks[0] - looks[2])
    assert far > 20 * near
    assert appearance([]).shape == (0, 3 * THUMBNAIL**2)


def test_what_is_labelled_already_is_not_proposed_while_something_else_is_as_doubtful(tmp_path):
    kinds = [GREEN] * 5 + [PURPLE] * 5 + [CLOUD] * 5
    looks = appearance([sky(tmp_path, f"{place}", shade, seed=place) for place, shade in enumerate(kinds)])
    labelled = appearance([sky(tmp_path, "labelled", GREEN, seed=99)])
    first, second, *_ = propose(np.ones(15), looks, labelled, 4)
    # One of each kind that is not labelled, before a second one of any.
    assert {first // 5, second // 5} == {1, 2}


def test_of_frames_that_look_alike_the_doubtful_one_is_proposed():
    looks = np.random.default_rng(1).normal(size=(4, 3))
    looks[1] = looks[0]
    assert propose([0.1, 0.9, 0.0, 0.0], looks, looks[:0], 1) == [1]


def test_no_frame_is_proposed_twice_and_no_more_than_there_are():
    looks = np.zeros((5, 3))
    assert sorted(propose(np.ones(5), looks, looks[:0], 9)) == list(range(5))
    assert propose([], np.zeros((0, 3)), np.zeros((0, 3)), 3) == []
