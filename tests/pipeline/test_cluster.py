"""Nights done by the workers of a cluster: what one machine alone would have done, whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest
from distributed import Client, Scheduler, SpecCluster, Worker, get_worker

from allsky.corpus import model_of
from tasks import history
from tasks.dask_engine import Batch
from tasks.night_work import Account
from tasks.snapshot import Snapshot, UnfitWorker
from tests.pipeline.chain import Chain, Run

ROOT = Path(__file__).resolve().parents[2]
MONTH = "2023-01"
# Of so many nights one cannot be done, and one is in the hands of a worker that dies.
COUNT = 3


def forget_nights(chain: Chain) -> list[str]:
    """Remove everything that was made of the month's first nights; these nights."""
    output = chain.folder / "output"
    nights = sorted(path.name.removeprefix("night=") for path in (output / "frames").glob(f"night={MONTH}-*"))[:COUNT]
    places = [place for night in nights for place in output.glob(f"*/night={night}")]
    for place in [*places, output / "months" / f"month={MONTH}"]:
        shutil.rmtree(place)
    return nights


def kill_a_worker(chain: Chain, run: subprocess.Popen) -> str:
    """SIGKILL the first process that is writing something of a night; the night."""
    while run.poll() is None:
        for marker in (chain.folder / "output" / ".running").glob("*.json"):
            with contextlib.suppress(OSError, ValueError):
                nights = [
                    place.split("night=")[1][:10] for place in json.loads(marker.read_text()) if "night=" in place
                ]
                if nights:
                    os.kill(int(marker.name.split("~")[1]), signal.SIGKILL)
                    return nights[0]
        time.sleep(0.005)
    pytest.fail("no worker wrote anything of a night")


@pytest.mark.slow
def test_a_dead_workers_night_is_done_elsewhere_and_one_that_cannot_be_done_is_named(unlabelled_chain, tmp_path):
    whole = unlabelled_chain[0]
    chain = whole.copy(tmp_path / "chain")
    nights = forget_nights(chain)
    asked = ("--month", MONTH, "--nights", f"{nights[0]}_{nights[-1]}")
    in_the_way = chain.folder / "output" / "conditions" / f"night={nights[-1]}"
    in_the_way.write_text("not a folder")
    for key, value in {"engine": "dask", "workers": "2", "retries": "1"}.items():
        chain.configure("execution", key, value)

    command = chain.command(*asked, goal="MonthFrames")
    with (tmp_path / "said").open("w") as said:
        run = subprocess.Popen(command, cwd=chain.folder, env=chain.environment, stdout=said, stderr=said)
        killed = kill_a_worker(chain, run)
        run.wait(timeout=600)
    told = Run(run.returncode, (tmp_path / "said").read_text())
    assert told.status == 1
    assert f"1 of {COUNT} nights were not done (NightConditions {nights[-1]}: " in told.told
    assert told.told.count(f"NightConditions {nights[-1]} failed on 127.0.0.1 and is tried again") == 1
    done = [f"NightConditions(night={night})" for night in nights[:-1]]
    assert [name for name in told.did if name.startswith("NightConditions")] == done
    assert killed in nights

    # Mended, one machine finds that night alone to do, and the month is what it was.
    in_the_way.unlink()
    chain.configure("execution", "engine", "local")
    assert chain.run(*asked, goal="MonthFrames").did == [
        f"MonthFrames(month={MONTH}, nights={nights[0]}_{nights[-1]})",
        f"NightConditions(night={nights[-1]})",
    ]
    pd.testing.assert_frame_equal(
        pd.read_parquet(chain.corpus.month(MONTH)), pd.read_parquet(whole.corpus.month(MONTH))
    )


def test_a_scheduler_that_never_answers_is_an_error_after_the_set_time(unlabelled_chain, tmp_path):
    shutil.copytree(unlabelled_chain[0].folder, tmp_path / "chain", ignore=shutil.ignore_patterns("output", "truth"))
    chain = Chain(tmp_path / "chain")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        for key, value in {"engine": "dask", "scheduler": address, "scheduler_timeout_s": "1"}.items():
            chain.configure("execution", key, value)
        run = chain.run()
    assert run.status == 2, run.told
    assert f"the Dask scheduler at {address} did not answer within 1 s ([execution] scheduler" in run.told
    assert run.did == []


def test_a_cluster_of_its_own_that_does_not_start_is_an_error_after_the_set_time_and_leaves_no_process(
    unlabelled_chain, tmp_path
):
    shutil.copytree(unlabelled_chain[0].folder, tmp_path / "chain", ignore=shutil.ignore_patterns("output", "truth"))
    chain = Chain(tmp_path / "chain")
    for key, value in {"engine": "dask", "workers": "3", "start_timeout_s": "0.01"}.items():
        chain.configure("execution", key, value)
    run = chain.run()
    assert run.status == 2, run.told
    assert "own Dask cluster of 3 workers did not start within 0.01 s ([execution] start_timeout_s)" in run.told
    assert run.did == []
    assert [process.cmdline() for process in psutil.process_iter() if working_in(process, chain.folder)] == []


def working_in(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return Path(process.cwd()) == folder
    return False


def test_a_worker_with_other_code_refuses():
    snapshot = Snapshot(settings=None, inventory=None, code="another", mark="m")  # type: ignore[arg-type]
    with pytest.raises(UnfitWorker, match="install the same version"):
        snapshot.adopt()


@dataclass(frozen=True)
class Noting:
    """Work of a night that only notes which worker does it, for a run that knows all it has to."""

    night: str
    mark: str = "this run"
    share: int = 1

    def adopt(self) -> None:
        """Nothing is to be learnt."""

    def do(self) -> None:
        history.tell(history.Event(get_worker().name, {"share": str(self.share)}, history.DONE))


@pytest.mark.parametrize("announced, doing, share", [({"GPU": 1}, {"with"}, "6"), ({}, {"with", "without"}, "3")])
def test_nights_for_a_gpu_go_to_workers_that_announce_one_else_anywhere(announced, doing, share):
    options = {"nthreads": 1, "dashboard": False}
    workers = {
        "without": {"cls": Worker, "options": options},
        "with": {"cls": Worker, "options": {**options, "resources": announced}},
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0}}
    with SpecCluster(workers, scheduler) as cluster, Client(cluster) as client:
        batch = Batch(client, Noting("any"), gpu=True)
        for work in batch.shared_out([Noting(f"2023-01-{number + 10}") for number in range(6)]):
            batch.hand_over(work)
        done = list(batch.accounts())
    assert sorted(work.night for work, _ in done) == [f"2023-01-{number + 10}" for number in range(6)]
    events = [event for _, account in done for event in account.events]
    assert {event.stage for event in events} <= doing
    assert {event.parameters["share"] for event in events} == {share}
    assert all(account.failure == "" and len(account.events) == 1 for _, account in done)


@dataclass(frozen=True)
class FailsWithGpu(Noting):
    """A night that the worker with the GPU cannot do."""

    def do(self) -> None:
        if get_worker().name == "with":
            raise OSError("this host's disk is full")
        super().do()


def test_a_gpus_night_that_failed_on_one_host_is_done_on_another_without():
    accounts = done_by_two_hosts(FailsWithGpu, 4, gpu=True)
    assert [account.failure for account in accounts] == [""] * 4
    assert {event.stage for account in accounts for event in account.events} == {"without"}


@dataclass(frozen=True)
class FailsOnUnfitHost(Noting):
    """A night that takes a while; where the archive is not mounted it fails at once."""

    def do(self) -> None:
        if get_worker().name == "with":
            logging.getLogger("allsky").warning("%s: the archive is not mounted here", self.night)
            raise OSError("no archive")
        time.sleep(0.15)
        super().do()


def test_a_host_where_nights_fail_at_once_does_not_take_them_back(monkeypatch):
    told: list[Account] = []
    monkeypatch.setattr(Account, "tell", lambda account: told.append(account))
    accounts = done_by_two_hosts(FailsOnUnfitHost, 16, gpu=False)
    assert [account.failure for account in accounts] == [""] * 16
    # What was said on the first try is told, and each night had one there at most.
    said = [message for account in told for _, message, _ in account.said if message.endswith("not mounted here")]
    assert said and len(set(said)) == len(said)


@dataclass(frozen=True)
class Waits(Noting):
    """A night that the worker without a GPU never ends in time."""

    def do(self) -> None:
        if get_worker().name == "without":
            time.sleep(5)
        super().do()


def test_a_night_whose_named_workers_have_all_gone_is_done_by_those_that_there_are():
    with gpu_and_two_hosts() as client:
        batch, work = Batch(client, Waits("any"), gpu=False), Waits("2023-01-10")
        batch._failed_on[work] = {"127.0.0.1"}
        batch.hand_over(work)
        (address,) = [address for address, host in batch._hosts().items() if host == "127.0.0.2"]
        client.retire_workers([address], remove=True, close_workers=True)
        ((_, account),) = batch.accounts()
    assert account.failure == ""
    assert [event.stage for event in account.events] == ["with"]


@contextlib.contextmanager
def gpu_and_two_hosts():
    """A client of a cluster whose only worker with a GPU has 127.0.0.1, another 127.0.0.2 for a host of its own."""
    options = {"nthreads": 1, "dashboard": False}
    workers = {
        "with": {"cls": Worker, "options": {**options, "host": "127.0.0.1", "resources": {"GPU": 1}}},
        "without": {"cls": Worker, "options": {**options, "host": "127.0.0.2"}},
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0}}
    with SpecCluster(workers, scheduler) as cluster, Client(cluster) as client:
        yield client


def done_by_two_hosts(kind: type[Noting], count: int, gpu: bool) -> list[Account]:
    """What is told of so many nights of a kind of work."""
    with gpu_and_two_hosts() as client:
        batch = Batch(client, kind("any"), gpu=gpu)
        for number in range(count):
            batch.hand_over(kind(f"2023-01-{number + 10}"))
        return [account for _, account in batch.accounts()]


A_NIGHT_OF_MANY = """
from tasks.month_predictions import MonthPredictions, _loaded
from tasks.night_work import NightWork
from tasks.train_classifier import model_folder, model_recipe

model, night = {model!r}, {night!r}
task = MonthPredictions(month=night[:7], model=model)
assert not task.landed(night)
NightWork(MonthPredictions, tuple(task.param_kwargs.items()), night, share=31).do()
assert task.landed(night)
predictor, _ = _loaded(model_folder(model), model_recipe(model), task.settings.inference)
print(predictor._expected)
"""


@pytest.mark.slow
def test_a_worker_makes_a_model_ready_for_its_share_of_the_month_not_for_its_first_night(chain):
    model = model_of(chain.corpus.root)
    path = next(
        path for path in sorted(chain.corpus.root.glob("predictions/*/*/*.parquet")) if len(pd.read_parquet(path))
    )
    n_frames = len(pd.read_parquet(path))
    path.unlink()
    command = [sys.executable, "-c", A_NIGHT_OF_MANY.format(model=model, night=path.stem)]
    done = subprocess.run(command, env=chain.environment, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.stdout.split()[-1:] == [str(31 * n_frames)], done.stderr
