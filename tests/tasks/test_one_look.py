"""Within one look a thing is looked at once; after it, anew."""

from __future__ import annotations

import pytest

from tasks.one_look import looked, one_look


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "record"
    path.write_text("first")
    return path


def test_within_a_look_the_answer_is_of_one_moment(place):
    with one_look():
        before = looked(place, place.read_text)
        place.write_text("second")
        assert looked(place, place.read_text) == before == "first"
    assert looked(place, place.read_text) == "second"


def test_a_look_within_a_look_is_part_of_it(place):
    with one_look():
        looked(place, place.read_text)
        with one_look():
            place.write_text("second")
        assert looked(place, place.read_text) == "first"


def test_a_question_that_failed_is_asked_again(place):
    place.unlink()
    with one_look():
        with pytest.raises(FileNotFoundError):
            looked(place, place.read_text)
        place.write_text("there now")
        assert looked(place, place.read_text) == "there now"


def test_a_look_that_ended_badly_leaves_nothing_behind(place):
    with pytest.raises(RuntimeError), one_look():
        looked(place, place.read_text)
        raise RuntimeError
    place.write_text("second")
    assert looked(place, place.read_text) == "second"
