"""luigid as `./run luigid` starts it: on this machine only, told what Luigi has to be told, its state kept."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from luigi.rpc import RemoteScheduler

from tests.pipeline.chain import Chain

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(port: int) -> bool:
    data = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/graph", timeout=2).read()
    return "response" in json.loads(data)


def start_server(port: int, folder: Path, **told: str) -> subprocess.Popen:
    """luigid, once it answers; its state and log lie in `folder`."""
    command = [sys.executable, "-m", "pipeline.server", "--port", str(port)]
    environment = os.environ | {"XDG_STATE_HOME": str(folder)} | told
    log = (folder / "log").open("w+")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            if answers(port):
                return process
        except OSError:
            time.sleep(0.2)
    process.kill()
    pytest.fail((folder / "log").read_text())


@pytest.fixture
def server(tmp_path):
    port = free_port()
    process = start_server(port, tmp_path)
    yield process, port
    process.terminate()
    process.wait(timeout=120)


@pytest.mark.slow
def test_what_a_person_has_mended_is_done_by_the_next_run(server, unlabelled_chain, tmp_path):
    # luigid alone would refuse for a day what a run has given up.
    _, port = server
    chain = unlabelled_chain[0].copy(tmp_path / "chain")
    chain = Chain(chain.folder, scheduler=("--scheduler-port", str(port)))
    chain.configure("camera", "disk_radius", "3000")
    run = chain.run("--epoch", "2023-01-20", goal="SkyDisk")
    # Once when it happens, once in the account at the end.
    assert run.status == 1 and run.told.count("does not fit the 320x240 frame") == 2, run.told
    chain.configure("camera", "disk_radius", "110")
    run = chain.run("--epoch", "2023-01-20", goal="SkyDisk")
    assert (run.status, run.stages) == (0, {"SkyDisk"}), run.told


def test_luigid_listens_on_this_machine_only_and_keeps_its_state(server, tmp_path):
    process, port = server
    listening = [c.laddr for c in psutil.Process(process.pid).net_connections("inet") if c.status == "LISTEN"]
    assert listening == [("127.0.0.1", port)]
    process.terminate()
    process.wait(timeout=120)
    assert (tmp_path / "allsky" / "luigid.pickle").stat().st_size > 0


def asked(port: int, path: str) -> str:
    return urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10).read().decode()


def do_a_night(port: int, night: str) -> None:
    """What a run's worker tells luigid of a night's task that it does."""
    scheduler = RemoteScheduler(f"http://127.0.0.1:{port}")
    task = {"worker": "a run", "task_id": f"NightFrames_{night}", "family": "NightFrames", "params": {"night": night}}
    scheduler.add_task(**task, resources={"decode": 1})
    assert scheduler.get_work(worker="a run", host="here")["task_id"] == task["task_id"]
    scheduler.add_task(**task, status="DONE")


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(timeout=120)


def test_luigid_knows_its_resources_counts_for_prometheus_and_remembers_over_a_restart(tmp_path):
    (tmp_path / "luigi.cfg").write_text("[resources]\ndecode = 7\n")
    port = free_port()
    process = start_server(port, tmp_path, LUIGI_CONFIG_PATH=str(tmp_path / "luigi.cfg"))
    try:
        told = {one["name"]: one["num_total"] for one in json.loads(asked(port, "api/resource_list"))["response"]}
        do_a_night(port, "2023-01-20")
        metrics = asked(port, "metrics").splitlines()
    finally:
        stop(process)
    assert told == {"decode": 7, "gpu": max(1, len(list(Path("/dev").glob("nvidia[0-9]*"))))}
    assert 'luigi_task_done_total{family="NightFrames"} 1.0' in metrics

    process = start_server(port, tmp_path)
    try:
        do_a_night(port, "2023-01-21")
        shown = asked(port, "history/by_name/NightFrames")
    finally:
        stop(process)
    assert "2023-01-20" in shown and "2023-01-21" in shown
    with closing(sqlite3.connect(tmp_path / "allsky" / "luigid.sqlite")) as history:
        told = history.execute(
            "select value, event_name from task_events join task_parameters using (task_id) order by task_events.id"
        ).fetchall()
    assert told == [(night, what) for night in ("2023-01-20", "2023-01-21") for what in ("PENDING", "RUNNING", "DONE")]
