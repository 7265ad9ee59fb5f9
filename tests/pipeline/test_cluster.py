"""Nights done by the workers of a cluster: what one machine alone would have done, whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

import pandas as pd
import pytest
from distributed import Client, Scheduler, SpecCluster, Worker, get_worker

from tasks import history
from tasks.dask_engine import Batch
from tasks.snapshot import Snapshot, UnfitWorker
from tests.pipeline.chain import Chain, Run

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


def test_a_worker_with_other_code_refuses():
    snapshot = Snapshot(settings=None, inventory=None, code="another", mark="m")  # type: ignore[arg-type]
    with pytest.raises(UnfitWorker, match="install the same version"):
        snapshot.adopt()


@dataclass(frozen=True)
class Noting:
    """Work of a night that only notes which worker does it, for a run that knows all it has to."""

    night: str
    mark: str = "this run"

    def adopt(self) -> None:
        """Nothing is to be learnt."""

    def do(self) -> None:
        history.tell(history.Event(get_worker().name, {}, history.DONE))


@pytest.mark.parametrize("announced, doing", [({"GPU": 1}, {"with"}), ({}, {"with", "without"})])
def test_nights_for_a_gpu_go_to_workers_that_announce_one_else_anywhere(announced, doing):
    options = {"nthreads": 1, "dashboard": False}
    workers = {
        "without": {"cls": Worker, "options": options},
        "with": {"cls": Worker, "options": {**options, "resources": announced}},
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0}}
    with SpecCluster(workers, scheduler) as cluster, Client(cluster) as client:
        batch = Batch(client, Noting("any"), gpu=True)
        for number in range(6):
            batch.hand_over(Noting(f"2023-01-{number + 10}"))
        done = list(batch.accounts())
    assert sorted(work.night for work, _ in done) == [f"2023-01-{number + 10}" for number in range(6)]
    assert {event.stage for _, account in done for event in account.events} <= doing
    assert all(account.failure == "" and len(account.events) == 1 for _, account in done)
