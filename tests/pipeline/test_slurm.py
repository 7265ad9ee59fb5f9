"""The recipe for SLURM in docs/many_machines.md, as written, with a batch system that starts jobs on this machine."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.pipeline.test_cluster import MONTH, ROOT, forget_nights

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed (pip install dask-jobqueue)")
pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "many_machines.md").read_text(encoding="utf-8")

# What SLURM's commands do as far as dask-jobqueue sees it. A job is told where it was submitted, as SLURM tells it.
SBATCH = """#!/bin/sh
for script; do :; done
number=$(($(ls "$JOBS" | wc -l) + 1))
cp "$script" "$JOBS/$number"
SLURM_JOB_ID=$number setsid sh "$JOBS/$number" >"$JOBS.$number.said" 2>&1 &
echo $! >"$JOBS.$number.pid"
echo "Submitted batch job $number"
"""
SCANCEL = """#!/bin/sh
for number; do kill -s TERM -- "-$(cat "$JOBS.$number.pid")"; touch "$JOBS.$number.cancelled"; done
"""


def block_with(word: str, language: str) -> str:
    """The one block of the page that holds `word`."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.S | re.M)
    (found,) = [block for block in blocks if word in block]
    return found


def recipe(folder: Path, port: int) -> str:
    """The page's cluster.py for a machine as small as this one."""
    text = block_with("SLURMCluster", "python")
    for told, here in {
        "cores=16": "cores=2",
        "processes=16": "processes=2",
        'interface="ib0"': 'interface="lo"',
        "/shared/me/.dask": str(folder),
        '"port": 8786': f'"port": {port}, "dashboard": False',
        "maximum_jobs=20": "maximum_jobs=1",
    }.items():
        assert text.count(told) == 1, told
        text = text.replace(told, here)
    return text


def make_certificates(folder: Path) -> None:
    """By the commands of the page."""
    commands = block_with("-keyout ca.key", "console").replace("\\\n", " ").splitlines()
    for command in commands:
        subprocess.run(command.removeprefix("$ "), shell=True, cwd=folder, check=True, capture_output=True)


def make_batch_system(folder: Path) -> dict[str, str]:
    """Two commands on the path; the environment in which they are found."""
    (folder / "jobs").mkdir()
    for name, text in {"sbatch": SBATCH, "scancel": SCANCEL}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return os.environ | {"PATH": path, "JOBS": str(folder / "jobs"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def cluster(folder: Path, port: int) -> Iterator[str]:
    """cluster.py at work meanwhile; the address that it prints. Ended as a person ends it."""
    (folder / "cluster.py").write_text(recipe(folder, port))
    command = [sys.executable, "-u", "cluster.py"]
    environment = make_batch_system(folder)
    with (folder / "cluster.said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_a_month_is_finished_by_jobs_of_the_recipe(unlabelled_chain, tmp_path):
    whole, folder = unlabelled_chain[0], tmp_path / "cluster"
    folder.mkdir()
    make_certificates(folder)
    chain = whole.copy(tmp_path / "chain")
    nights = forget_nights(chain)
    with cluster(folder, free_port()) as address:
        assert address.startswith("tls://"), (folder / "cluster.said").read_text()
        told = {"engine": "dask", "scheduler": address, "tls_ca": folder / "ca.pem"}
        for key, value in (told | {"tls_cert": folder / "host.pem", "tls_key": folder / "host.key"}).items():
            chain.configure("execution", key, str(value))
        run = chain.run("--month", MONTH, "--nights", f"{nights[0]}_{nights[-1]}", goal="MonthFrames")
        jobs = list((folder / "jobs").iterdir())
    assert run.status == 0, run.told
    assert [name for name in run.did if "Conditions" in name] == [f"NightConditions(night={night})" for night in nights]
    expected = pd.read_parquet(whole.corpus.month(MONTH))
    pd.testing.assert_frame_equal(pd.read_parquet(chain.corpus.month(MONTH)), expected)
    (job,) = [job.read_text() for job in jobs]
    assert "#SBATCH -t 08:00:00" in job and "--nthreads 1" in job and "--tls-cert host.pem" in job
    assert ended(folder)


def ended(folder: Path) -> bool:
    """Whether every job has ended, with a little patience."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if not any(alive(int(pid.read_text())) for pid in folder.glob("jobs.*.pid")):
            return True
        time.sleep(0.1)
    return False


def alive(group: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False
