"""Which nights a person means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.errors import BadConfiguration
from tasks.selection import check_range, described, selected

NIGHTS = ["2023-01-20", "2023-01-21", "2023-01-25", "2023-02-03", "2023-02-04"]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("all", NIGHTS),
        ("2023-01-21", ["2023-01-21"]),
        ("2023-01-21,2023-02-04", ["2023-01-21", "2023-02-04"]),
        ("2023-01-21_2023-02-03", ["2023-01-21", "2023-01-25", "2023-02-03"]),
        ("2023-01-25_", ["2023-01-25", "2023-02-03", "2023-02-04"]),
        ("_2023-01-20, last:1", ["2023-01-20", "2023-02-04"]),
        ("last:2", ["2023-02-03", "2023-02-04"]),
        ("last:99", NIGHTS),
        ("2023-01-22", []),
    ],
)
def test_nights_ranges_and_the_latest_are_understood(text, chosen):
    assert selected(text, NIGHTS) == chosen


@pytest.mark.parametrize("text", ["", "yesterday", "2023-1-20", "2023-01-32", "last:0", "last:", "20230120"])
def test_what_names_no_nights_is_refused_with_what_would(text):
    with pytest.raises(BadConfiguration, match="expected a date like 2023-01-31"):
        selected(text, NIGHTS)


@given(st.sets(st.sampled_from(NIGHTS), min_size=1))
def test_a_description_is_read_back_as_the_same_nights(nights):
    assert selected(described(sorted(nights), NIGHTS), NIGHTS) == sorted(nights)


def test_neighbours_are_described_as_a_range():
    assert described(NIGHTS[:2] + NIGHTS[4:], NIGHTS) == "2023-01-20_2023-01-21,2023-02-04"
    assert described(NIGHTS, NIGHTS) == "all"


@pytest.mark.parametrize("first, last", [("2023-1-5", None), (None, "yesterday"), ("2023-02-01", "2023-01-01")])
def test_a_range_that_is_none_is_refused(first, last):
    with pytest.raises(BadConfiguration, match=r"--(first|last)-night"):
        check_range(first, last)
    check_range("2023-01-05", last=None)
