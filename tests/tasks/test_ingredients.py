"""What an artifact is made of, and what a person is told when that has changed."""

from __future__ import annotations

from tasks.ingredients import changes, digest, outline

RECIPE = digest("something")


def told(before, now):
    return changes(outline(before), outline(now))


def test_nothing_is_told_of_what_is_equal_once_it_was_stored():
    # JSON knows no tuples: what was stored is compared with what is computed.
    assert told({"disk": (160.0, 116.0)}, {"disk": [160.0, 116.0]}) == []


def test_a_number_is_told_with_what_it_was():
    assert told({"disk": [160, 116, 105]}, {"disk": [160, 116, 110]}) == ["disk: [160, 116, 105] -> [160, 116, 110]"]


def test_of_settings_only_the_changed_ones_are_told():
    before = {"bins": {"night_deg": -18, "nautical_deg": -6}}
    assert told(before, {"bins": {"night_deg": -18, "nautical_deg": -9.5}}) == ["bins nautical_deg: -6 -> -9.5"]


def test_of_recipes_files_and_long_lists_only_the_name_is_told():
    assert told({"frames": RECIPE}, {"frames": digest("else")}) == ["frames"]
    assert told({"files": ["a.mp4", 1]}, {"files": ["a.mp4", 2]}) == ["files"]
    assert told({"nights": list(range(1000))}, {"nights": list(range(1001))}) == ["nights"]


def test_an_outline_is_short_however_long_the_ingredients():
    assert len(str(outline({"nights": {str(night): RECIPE for night in range(10_000)}}))) < 100
