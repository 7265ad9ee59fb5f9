"""The benchmarks of operations run, end with what they promise, and what they judge besides timings holds."""

from __future__ import annotations

import pytest

from tests.benchmarks.test_benchmarks import last_line

pytestmark = pytest.mark.slow


def test_killed_runs_end_like_one_that_nobody_killed():
    figures = last_line("kill")
    assert figures["kills"] >= 1
    assert (figures["differing_tables"], figures["orphans"], figures["temporaries"]) == (0, 0, 0)
    assert 0 < figures["stages_hit"] <= figures["stages"]


def test_the_cost_of_many_nights_is_told():
    figures = last_line("scale")
    promised = {"nights", "idle_local_s", "idle_luigid_s", "first_night_s", "ms_per_task", "peak_mb"}
    assert promised <= set(figures)
    assert all(figures[name] > 0 for name in promised)
