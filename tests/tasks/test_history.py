"""What runs have done is kept, and survives whatever happens to them."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace

import pytest

from allsky.errors import BadVideo
from tasks import history
from tasks.history import DONE, FAILED, Event


@pytest.fixture
def run(tmp_path):
    yield history.begin(tmp_path)
    history._Run.path = None


def event(night="2023-01-20", outcome=DONE, **told):
    return Event("NightFrames", {"night": night}, outcome, **told)


def test_what_was_told_is_read_back(run, tmp_path):
    events = [event(seconds=3.5, amount=7e6), event("2023-01-21", FAILED, why="no space left")]
    for one in events:
        history.tell(one)
    assert list(history.read(run)) == events
    assert history.read_all(tmp_path) == events


@pytest.mark.parametrize("said", ["the lens is fogged", "the lens is fogged\nwipe it\n" + "and dry it " * 300])
@pytest.mark.parametrize("depth", [0, 90])
def test_of_a_traceback_the_line_of_its_exception_is_kept_and_shown_however_long_it_is(run, depth, said):
    try:
        # Python writes a frame that repeats itself once: each call in a place of its own.
        frames = "\n".join(f"def call{number}():\n    call{number + 1}()" for number in range(depth))
        exec(f"{frames}\ndef call{depth}():\n    raise RuntimeError({said!r})\ncall0()", {})
    except RuntimeError as error:
        why = history.why_of(error)
    history.tell(event(outcome=FAILED, why=why))
    [told] = history.read(run)
    assert len(told.why) <= history.WHY_CHARACTERS < len(why) or told.why == why
    assert history.reason(told.why) == history.reason(why) == "RuntimeError: the lens is fogged"


def test_of_an_error_that_was_foreseen_its_words_are_told(run):
    error = BadVideo("a.mp4: the file is empty (0 bytes)")
    history.tell(event(outcome=FAILED, why=history.why_of(error)))
    [told] = history.read(run)
    assert history.reason(told.why) == told.why == str(error)
    assert history.reason("  \n") == "no reason was told"


def _tell_many(number):
    for _ in range(100):
        history.tell(event(str(number), why="x" * 1500))


def test_processes_that_tell_at_once_mix_no_lines(run):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_tell_many, args=(number,)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(list(history.read(run))) == 400


def test_a_line_that_a_power_cut_left_half_is_passed_over(run):
    history.tell(event())
    with run.open("a") as file:
        file.write('{"stage": "NightFr')
    assert len(list(history.read(run))) == 1


def test_a_failure_counts_until_the_task_is_done():
    first, later = event(outcome=FAILED, why="no space left", ended=1.0), event(ended=2.0)
    task = ("NightFrames", ("night", "2023-01-20"))
    assert history.failures([first]) == {task: "no space left"}
    assert history.failures([first, later]) == {}


def of_a_month(nights: str, outcome: str, why: str = "") -> Event:
    return Event("MonthKeograms", {"month": "2023-01", "model": "none", "nights": nights}, outcome, why=why)


@pytest.mark.parametrize(
    "ends, why",
    [
        ([of_a_month("2023-01-20_2023-01-22", FAILED, "cut short")], "cut short"),
        ([of_a_month("2023-01-25,2023-01-27", FAILED, "cut short")], None),
        ([of_a_month("all", FAILED, "cut short")], "cut short"),
        ([of_a_month("all", FAILED, "cut short"), of_a_month("2023-01-21", DONE)], None),
        ([of_a_month("all", FAILED, "cut short"), of_a_month("2023-01-22_", DONE)], "cut short"),
        ([of_a_month("2023-01-21", FAILED, "cut short"), of_a_month("all", DONE)], None),
        ([of_a_month("all", DONE), of_a_month("2023-01-21", FAILED, "cut short")], "cut short"),
        ([of_a_month("all", FAILED, "a full disk"), of_a_month("2023-01-21", FAILED, "cut short")], "cut short"),
        ([of_a_month("2023-01-21", FAILED, "cut short"), of_a_month("last:9", DONE)], "cut short"),
        ([of_a_month("2023-01-21", FAILED), of_a_month("all", DONE), of_a_month("2023-01-21", FAILED, "cut")], "cut"),
    ],
)
def test_a_night_failed_where_the_latest_part_that_holds_it_did(ends, why):
    ends = [replace(event, ended=float(number)) for number, event in enumerate(ends)]
    asked = {"month": "2023-01", "model": "none", "nights": "2023-01-21"}
    assert history.Ends(ends).failure("MonthKeograms", asked) == why
    assert history.Ends(ends).failure("MonthKeograms", asked | {"month": "2023-02"}) is None


def test_a_night_that_failed_at_first_and_was_done_with_its_month_is_no_failure_of_the_run():
    failed = of_a_month("2023-01-21", FAILED, "cut short")
    assert history.failures([failed]) == {failed.task: "cut short"}
    assert history.failures([failed, of_a_month("all", DONE)]) == {}


def test_only_the_latest_runs_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "RUNS_KEPT", 3)
    folder = tmp_path / ".runs"
    folder.mkdir()
    for year in range(2001, 2010):
        (folder / f"{year}0101T000000Z~host~1.jsonl").touch()
    latest = history.begin(tmp_path)
    history._Run.path = None
    latest.touch()
    assert [path.name[:4] for path in sorted(folder.iterdir())][:-1] == ["2008", "2009"]


def test_where_no_run_has_begun_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    history.tell(event())
    assert list(tmp_path.iterdir()) == []
