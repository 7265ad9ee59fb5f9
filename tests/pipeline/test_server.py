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

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(port: int) -> bool:
    data = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/graph", timeout=2).read()
    return json.loads(data) == {"response": {}}


@pytest.fixture
def server(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "pipeline.server", "--port", str(port)]
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if answers(port):
                break
        except OSError:
            time.sleep(0.2)
    else:
        process.kill()
        pytest.fail((tmp_path / "log").read_text())
    yield process, port
    process.terminate()
    process.wait(timeout=30)


def test_luigid_listens_on_this_machine_only_and_keeps_its_state(server, tmp_path):
    process, port = server
    listening = [c.laddr for c in psutil.Process(process.pid).net_connections("inet") if c.status == "LISTEN"]
    assert listening == [("127.0.0.1", port)]
    process.terminate()
    process.wait(timeout=30)
    assert (tmp_path / "allsky" / "luigid.pickle").stat().st_size > 0
