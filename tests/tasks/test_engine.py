"""On one machine, too, a night that cannot be done keeps no other night of its month from being done."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os

import pytest

from allsky.corpus import NO_MODEL
from allsky.errors import AllskyError
from allsky.pictures import BadImage
from tasks import dask_engine, history, night_work
from tasks.artifacts import FolderArtifact, UnwritableOutput
from tasks.base import EXPLAINED
from tasks.dask_engine import DaskEngine
from tasks.engine import NAMED, Engine, NightsNotDone
from tasks.night_work import Account, NotSeen
from tasks.periods import LandingMonthStage

NIGHTS = [f"2023-01-{day}" for day in range(20, 30)]


class Sketches(LandingMonthStage):
    """A folder a night, but for those that `wrong` has an error for."""

    wrong: dict[str, Exception] = {}
    ready: list[tuple[list[str], int]] = []

    def night_artifacts(self, night):
        return {"": FolderArtifact(self.corpus.keogram_folder(NO_MODEL, night))}

    def night_ingredients(self, night):
        return {"night": night}

    def make_ready(self, nights, expected):
        self.ready.append((nights, expected))

    def produce_night(self, night, output):
        if night in self.wrong:
            raise self.wrong[night]
        (output.path / "sketch.txt").write_text(night)


@pytest.fixture
def sketches(empty_archive, tmp_path, monkeypatch):
    monkeypatch.setattr(Sketches, "wrong", {})
    monkeypatch.setattr(Sketches, "ready", [])
    run = history.begin(tmp_path / "output")
    yield Sketches(month="2023-01"), run
    history._Run.path = None


def landed(stage: Sketches) -> list[str]:
    return [night for night in NIGHTS if stage.landed(night)]


def failed(stage: Sketches) -> NightsNotDone:
    """Let this machine do the nights, and the stage tell of what went wrong, as Luigi would."""
    with pytest.raises(NightsNotDone) as told:
        Engine().land(stage, NIGHTS)
    return told.value


def test_every_other_night_lands_and_the_failure_names_those_that_did_not(sketches):
    stage, _ = sketches
    stage.wrong.update({NIGHTS[0]: ValueError("no strip\nat all"), NIGHTS[4]: BadImage("a.jpg is cut short")})
    error = failed(stage)
    assert landed(stage) == [night for night in NIGHTS if night not in stage.wrong]
    assert str(error).startswith(
        f"2 of 10 nights were not done (Sketches {NIGHTS[0]}: ValueError: no strip; "
        f"Sketches {NIGHTS[4]}: a.jpg is cut short); the others are"
    )


def test_what_nights_share_is_made_ready_once_for_all_of_them(sketches):
    stage, _ = sketches
    Engine().land(stage, NIGHTS)
    assert landed(stage) == NIGHTS
    assert stage.ready == [(NIGHTS, len(NIGHTS))]


def test_only_so_many_nights_are_named(sketches):
    stage, _ = sketches
    stage.wrong.update({night: BadImage("cut short") for night in NIGHTS})
    assert f"; and {len(NIGHTS) - NAMED} more)" in str(failed(stage))


@pytest.mark.parametrize("wrong, again", [(ValueError("no strip"), True), (BadImage("a.jpg is cut short"), False)])
def test_what_nobody_foresaw_is_tried_again_and_what_a_person_must_mend_is_not(sketches, wrong, again):
    stage, _ = sketches
    stage.wrong[NIGHTS[3]] = wrong
    error = failed(stage)
    assert error.again == again
    assert stage.on_failure(error).startswith(EXPLAINED) != again


def test_a_full_disk_ends_the_month_at_once(sketches, tmp_path):
    stage, _ = sketches
    stage.wrong[NIGHTS[1]] = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(UnwritableOutput, match="make room there"):
        Engine().land(stage, NIGHTS)
    assert landed(stage) == NIGHTS[:1]


def test_the_history_has_a_failure_for_each_night_and_none_for_the_others(sketches):
    stage, run = sketches
    stage.wrong.update({NIGHTS[0]: ValueError("no strip"), NIGHTS[4]: BadImage("a.jpg is cut short")})
    stage.on_failure(failed(stage))
    ends = history.Ends(history.read(run))
    told = {
        night: why
        for night in NIGHTS
        if (why := ends.failure("Sketches", {"month": "2023-01", "nights": night})) is not None
    }
    assert {night: history.reason(why) for night, why in told.items()} == {
        NIGHTS[0]: "ValueError: no strip",
        NIGHTS[4]: "a.jpg is cut short",
    }


def test_a_failure_of_the_whole_month_is_one_of_all_its_nights(sketches):
    stage, run = sketches
    stage.on_failure(AllskyError("the model is missing"))
    [event] = history.read(run)
    assert (event.parameters["nights"], event.why) == ("all", "the model is missing")


class Ended:
    """A cluster's batch of nights that have ended: `wrong` failed, and all others were done."""

    wrong = NIGHTS[0]

    def __init__(self, client, snapshot, gpu):
        self.works = []

    def shared_out(self, works):
        return works

    def hand_over(self, work):
        self.works.append(work)

    def accounts(self):
        for work in self.works:
            yield work, Account("a host", failure="no strip" if work.night == self.wrong else "")


def test_a_night_that_failed_is_named_beside_one_that_was_done_elsewhere_and_is_not_seen_here(sketches, monkeypatch):
    stage, _ = sketches
    monkeypatch.setattr(dask_engine, "connected", contextlib.nullcontext)
    monkeypatch.setattr(dask_engine, "Batch", Ended)
    monkeypatch.setattr(night_work.time, "monotonic", itertools.count(step=1000).__next__)
    with pytest.raises(NightsNotDone) as told:
        DaskEngine().land(stage, NIGHTS[:2])
    assert told.value.failures[Sketches.__name__, NIGHTS[0]] == "no strip"
    assert "not seen on" in told.value.failures[Sketches.__name__, NIGHTS[1]]
    with pytest.raises(NotSeen):
        DaskEngine().land(stage, NIGHTS[1:2])
