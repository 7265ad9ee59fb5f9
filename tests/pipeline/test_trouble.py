"""A full disk, two runs at once, a luigid that is killed: a run says what is wrong, and ends well once it is mended."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.chain import RAN, Chain
from tests.pipeline.test_killed_runs import tables_under
from tests.pipeline.test_server import free_port, start_server

pytestmark = pytest.mark.slow

NIGHTS = 2


@pytest.fixture
def fresh(unlabelled_chain, tmp_path) -> Chain:
    """The first nights of the archive, nothing done yet."""
    whole = unlabelled_chain[0].folder
    chain = Chain(tmp_path / "fresh")
    (chain.folder / "videos").mkdir(parents=True)
    shutil.copy(whole / "luigi.cfg", chain.folder)
    for video in sorted((whole / "videos").iterdir())[:NIGHTS]:
        shutil.copy(video, chain.folder / "videos")
    return chain


def frames_of(chain: Chain) -> dict:
    """The tables of frames and of what is told of them."""
    return {place: table for place, table in tables_under(chain).items() if place.startswith(("frames/", "months/"))}


def begin(chain: Chain, **given) -> subprocess.Popen:
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(chain.command(), cwd=chain.folder, env=chain.environment, **pipe, **given)


def no_large_files() -> None:
    """As on a full disk: whatever would make a file longer than this fails."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))


def test_a_full_disk_is_told_once_a_stage_and_leaves_nothing_half(fresh):
    run = begin(fresh, preexec_fn=no_large_files)
    told, _ = run.communicate(timeout=300)
    assert run.returncode == 1, told
    assert "takes no more (File too large): make room there" in told and "Traceback" not in told, told
    left = [path for path in (fresh.folder / "output").rglob("*") if ".tmp~" in path.name]
    assert left == []
    again = fresh.run()
    assert again.status == 4, again.told
    assert len(frames_of(fresh)) == NIGHTS + 1


def test_a_luigid_that_never_answers_ends_the_run_with_what_to_do(fresh):
    fresh.configure("core", "rpc_retry_attempts", "2")
    fresh.configure("core", "rpc_retry_wait", "1")
    run = Chain(fresh.folder, ("--scheduler-port", str(free_port()))).run()
    assert run.status == 1, run.told
    assert "Traceback" not in run.told and "Warning" not in run.told, run.told
    assert run.told.count("Connection refused)") >= 2
    assert run.told.rstrip().splitlines()[-1].startswith("allsky: Errors (2 attempts) when connecting")
    assert "start it (./run luigid)" in run.told and "take --local-scheduler" in run.told


def test_two_runs_at_once_share_the_work_and_survive_the_death_of_luigid(fresh, tmp_path):
    port = free_port()
    server = start_server(port, tmp_path)
    shared = Chain(fresh.folder, scheduler=("--scheduler-port", str(port)))
    runs = [begin(shared), begin(shared)]
    while not list((fresh.folder / "output").glob("inventory/videos.parquet")):
        assert all(run.poll() is None for run in runs)
    server.kill()
    server.wait()
    server = start_server(port, tmp_path)
    told = [run.communicate(timeout=300)[0] for run in runs]
    server.kill()
    server.wait()
    assert [run.returncode for run in runs] == [4, 4], told
    nights = [(stage, parameters) for stage, parameters in RAN.findall("".join(told)) if stage == "NightFrames"]
    assert len(nights) == len(set(nights)) == NIGHTS, told


def test_a_damaged_line_in_the_history_keeps_nobody_from_planning(fresh):
    runs = fresh.folder / "output" / ".runs"
    runs.mkdir(parents=True)
    (runs / "20230101T000000Z~host~1.jsonl").write_text('{"stage": "Nig')
    answer = subprocess.run(
        [str(Path(sys.executable).with_name("allsky")), "plan"],
        cwd=fresh.folder, env=fresh.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 0 and "NightFrames" in answer.stdout, answer.stderr
