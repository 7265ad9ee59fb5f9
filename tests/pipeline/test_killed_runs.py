"""A run that is killed leaves nothing half done, no process and no temporary file once it is resumed."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time

import pandas as pd
import psutil
import pytest

from tests.pipeline.chain import Chain

pytestmark = pytest.mark.slow

KILLS = 5


def inputs_only(chain: Chain, folder) -> Chain:
    """The archive, its labels and its configuration, nothing done yet."""
    shutil.copytree(chain.folder, folder, ignore=shutil.ignore_patterns("output"))
    return Chain(folder)


def processes_of(chain: Chain) -> list[psutil.Process]:
    """Processes that run this chain: those whose working directory is its folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(chain.folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_after(chain: Chain, seconds: float) -> None:
    """Start a run and SIGKILL its main process after so long, or when it ends."""
    process = subprocess.Popen(
        chain.command(), cwd=chain.folder, env=chain.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 10
    while processes_of(chain) and time.monotonic() < deadline:
        time.sleep(0.05)


def tables_under(chain: Chain) -> dict[str, pd.DataFrame]:
    """Every table of an output folder by its place; places named by a model's recipe are alike on both sides."""
    output = chain.folder / "output"
    return {
        str(path.relative_to(output)): pd.read_parquet(path, partitioning=None)
        for path in sorted(output.rglob("*.parquet"))
        if not path.name.startswith(".")
    }


def test_a_run_killed_at_random_moments_ends_like_one_that_was_not(finished_chain, tmp_path):
    whole, _ = finished_chain
    chain = inputs_only(whole, tmp_path / "killed")
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    for _ in range(KILLS):
        kill_after(chain, moments.uniform(2.0, 15.0))
        assert processes_of(chain) == [], f"an orphan outlived its run (seed {seed})"
    run = chain.run()
    assert run.status == 0, run.told
    assert processes_of(chain) == []
    left = [path for path in (chain.folder / "output").rglob("*") if ".tmp~" in path.name]
    assert left == [], f"seed {seed}"
    assert list((chain.folder / "output" / ".running").iterdir()) == []

    expected, got = tables_under(whole), tables_under(chain)
    assert sorted(got) == sorted(expected), f"seed {seed}"
    for place, table in expected.items():
        if not place.startswith("models/"):
            pd.testing.assert_frame_equal(got[place], table, obj=f"{place} (seed {seed})")
