"""Corrections that a person decided on."""

import pytest

from allsky.clock.ledger import COLUMNS, correction_s, read_ledger
from allsky.errors import BadConfiguration

HEAD = ",".join(COLUMNS)


def ledger(tmp_path, *lines, head=HEAD):
    (tmp_path / "ledger.csv").write_text("\n".join([head, *lines]) + "\n")
    return read_ledger(tmp_path / "ledger.csv")


def test_no_file_corrects_nothing(tmp_path):
    assert correction_s(read_ledger(tmp_path / "none.csv"), "2024-01-01") == 0


def test_the_nights_of_a_line_are_corrected_and_no_others(tmp_path):
    read = ledger(
        tmp_path, "2024-03-10,2024-03-31,3600,summer time forgotten,ann", "2024-05-01,2024-05-01,-86400,date,ann"
    )
    nights = ["2024-03-09", "2024-03-10", "2024-03-31", "2024-04-01", "2024-05-01"]
    assert [correction_s(read, night) for night in nights] == [0, 3600, 3600, 0, -86400]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2024-03-10,2024-03-40,3600,why,ann", "line 2.*2024-03-40"),
        ("2024-3-10,2024-03-31,3600,why,ann", "line 2.*'2024-3-10' is no night"),
        ("2024-03-10,2024-03-11,inf,why,ann", "add_s"),
        ("2024-03-10,2024-03-09,3600,why,ann", "before the first"),
        ("2024-03-10,2024-03-11,an hour,why,ann", "add_s"),
        ("2024-03-10,2024-03-11,3600,,ann", "reason"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path, line, said):
    with pytest.raises(BadConfiguration, match=said):
        ledger(tmp_path, line)


def test_a_night_is_corrected_once(tmp_path):
    with pytest.raises(BadConfiguration, match="2024-03-20 is corrected by two lines"):
        ledger(tmp_path, "2024-03-20,2024-03-31,60,b,ann", "2024-03-10,2024-03-20,3600,a,ann")


def test_another_table_is_refused_with_what_is_wanted(tmp_path):
    with pytest.raises(BadConfiguration, match="first_night,last_night"):
        ledger(tmp_path, "2024-03-10,3600", head="night,seconds")
