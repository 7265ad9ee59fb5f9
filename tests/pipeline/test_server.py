"""luigid as `./run luigid` starts it: on this machine only, told what Luigi has to be told, its state kept."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.pipeline.chain import Chain

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(port: int) -> bool:
    data = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/graph", timeout=2).read()
    return "response" in json.loads(data)


def start_server(port: int, folder: Path) -> subprocess.Popen:
    """luigid, once it answers; its state and log lie in `folder`."""
    command = [sys.executable, "-m", "pipeline.server", "--port", str(port)]
    environment = os.environ | {"XDG_STATE_HOME": str(folder)}
    log = (folder / "log").open("w+")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    until = time.monotonic() + 60
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
    process.wait(timeout=30)


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
    process.wait(timeout=30)
    assert (tmp_path / "allsky" / "luigid.pickle").stat().st_size > 0
