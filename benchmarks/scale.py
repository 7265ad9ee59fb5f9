"""An archive of ten thousand nights: what does a run cost that has nothing to do, and one that has everything to do?

The archive is synthetic: a tiny file for each night's video, and the smallest tables that the stages
would leave, with the recipes of today's settings, written through the stages' own artifacts. Measured on
it, with the scheduler that a run brings along and with luigid:

`idle_local_s`, `idle_luigid_s`: the whole command, when everything is done.
`first_night_s`: from the start of the command to the end of the first night's first task, when nothing is done
but the inventory. `ms_per_task`: CPU time of the run's main process and of luigid by the number of night tasks
(`n_tasks`, the first ones of all); `wall_ms_per_task`: wall time by the same, the fork of each task and its empty
artifacts included. `ms_per_task_late`: the same CPU time once luigid knows the tasks of all nights as done, as near the
end of a backfill. `peak_mb_busy`, `peak_mb`: memory of the largest process of the busy and of the idle run.
`takeover_s`: from SIGKILL of a worker and its children to another worker's starting the task it had in hand.
`idle_cpu_s`, `first_night_cpu_s`, …: CPU seconds of the same, which tell more where the machine does other things too.
`status_s`, `plan_s`: `allsky status` and `allsky plan`, everything done.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psutil
from side_by_side import most_mb_so_far

from pipeline.scheduler_link import remote_scheduler

HERE = Path(__file__).resolve().parent
FIRST = date(1990, 1, 1)

CONFIGURATION = """
[archive]
videos = videos
output = output
name_date = evening
settle_s = 0
[site]
name = scale
latitude = 62.4333
longitude = -114.35
timezone = America/Yellowknife
[camera]
disk_center = 160, 120
disk_radius = 100
[labels]
file = labels.csv
[execution]
workers = 2
"""


def nights(count: int) -> list[str]:
    return [str(FIRST + timedelta(days=number)) for number in range(count)]


def make_archive(folder: Path, count: int) -> None:
    """A file for each night, and the configuration."""
    (folder / "videos").mkdir(parents=True)
    for night in nights(count):
        (folder / "videos" / f"{night}.mp4").write_bytes(night.encode())
    (folder / "luigi.cfg").write_text(CONFIGURATION)


def write(folder: Path, what: str) -> None:
    """The artifacts of earlier runs: `inventory`, or `all`."""
    subprocess.run([sys.executable, str(HERE / "made_corpus.py"), what], env=environment(folder), check=True)


def environment(folder: Path) -> dict[str, str]:
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    told = {"LUIGI_CONFIG_PATH": str(folder / "luigi.cfg"), "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    return os.environ | told | {"XDG_STATE_HOME": str(folder / "state")}


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "luigi", "--module", "made_stages", *arguments]


@dataclass(frozen=True)
class Took:
    """What a command took: wall and CPU seconds, memory of its largest process; and what it said."""

    seconds: float
    cpu_s: float
    peak_mb: float
    said: str


def timed(folder: Path, *arguments: str) -> Took:
    """Run a command to its end."""
    began, log = time.monotonic(), folder / "said"
    with log.open("w") as said:
        run = subprocess.Popen(arguments, cwd=folder, env=environment(folder), stdout=said, stderr=said)
        memory = Memory(run.pid)
        used = used_by(run)
    seconds = time.monotonic() - began
    return Took(seconds, used.ru_utime + used.ru_stime, memory.most_mb(), log.read_text())


def used_by(run: subprocess.Popen) -> resource.struct_rusage:
    """Wait for the end of `run`; what it and its children used."""
    _, _, used = os.wait4(run.pid, 0)
    run.returncode = 0
    return used


class Memory:
    """The most memory that a run's largest process has had, looked at every so often: when it has ended it is too late
    to ask, and what `wait4` tells may be the memory of whoever started it."""

    EVERY_S = 0.1

    def __init__(self, pid: int) -> None:
        self._peak = 0.0
        self._watch = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self._watch.start()

    def most_mb(self) -> float:
        """Wait until the run has ended, and tell."""
        self._watch.join()
        return self._peak

    def _look(self, pid: int) -> None:
        while True:
            try:
                self._peak = max(self._peak, most_mb_so_far(pid))
            except OSError:
                return
            for child in _descendants(pid):
                with contextlib.suppress(OSError):
                    self._peak = max(self._peak, most_mb_so_far(child))
            time.sleep(self.EVERY_S)


def _descendants(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listed.read_text().split()):
                yield child
                yield from _descendants(child)


@contextlib.contextmanager
def luigid(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """luigid as `./run luigid` starts it; yields its process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "pipeline.server", "--port", port],
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/graph", timeout=2).read()
                break
            time.sleep(0.1)
        yield psutil.Process(server.pid), port
    finally:
        server.kill()
        server.wait()


def idle(folder: Path, *scheduler: str) -> Took:
    """A run that has nothing to do."""
    took = timed(folder, *command(folder, "FullCorpusReport", *scheduler))
    if "nothing to judge" not in took.said or "tasks done" in took.said:
        raise RuntimeError(f"a run with nothing to do said: {took.said[-2000:]}")
    return took


def ended(folder: Path) -> list[dict]:
    """The events of all runs so far."""
    files = sorted((folder / "output" / ".runs").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def night_tasks(folder: Path) -> list[dict]:
    return [event for event in ended(folder) if event["stage"].startswith("Night")]


def spent(*processes: psutil.Process) -> float:
    """CPU seconds of the processes themselves, without their children."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def busy(folder: Path, server: psutil.Process, port: str, seconds: float) -> dict[str, float]:
    """A run with everything to do, ended so long after its first night: when that was done, and what a task costs."""
    began, earlier = time.time(), len(night_tasks(folder))
    run = subprocess.Popen(
        command(folder, "FullCorpusReport", "--scheduler-port", port),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = Memory(run.pid)
    while len(night_tasks(folder)) == earlier:
        if run.poll() is not None or time.time() - began > 600:
            raise RuntimeError("no night was done")
        time.sleep(0.1)
    main = psutil.Process(run.pid)
    first_cpu = spent(main)
    before, cpu = len(night_tasks(folder)), spent(main, server)
    time.sleep(seconds)
    done, cpu = len(night_tasks(folder)) - before, spent(main, server) - cpu
    told = night_tasks(folder)
    # Not `run.send_signal`: of a run that has just ended it would take the account that `used_by` waits for.
    os.kill(run.pid, signal.SIGTERM)
    used_by(run)
    return {
        "first_night_s": told[earlier]["ended"] - began,
        "first_night_cpu_s": first_cpu,
        "ms_per_task": 1000 * cpu / done,
        "wall_ms_per_task": 1000 * seconds / done,
        "n_tasks": done,
        "peak_mb_busy": memory.most_mb(),
    }


def tell_of_done(port: str, count: int) -> None:
    """Let luigid know the three tasks of `count` nights as done by a run of before."""
    scheduler = remote_scheduler(f"http://127.0.0.1:{port}")
    for stage in ("NightClock", "NightFrames", "NightConditions"):
        for night in nights(count):
            told = {"family": stage, "params": {"camera": "another", "night": night}}
            scheduler.add_task(worker="before", task_id=f"{stage}_{night}", status="DONE", **told)


def takeover(folder: Path, port: str) -> float:
    """Seconds from SIGKILL of a worker and its children to the start of its task by another worker."""
    mark = folder / "held"
    runs = []
    for _ in range(2):
        environ = environment(folder) | {"ALLSKY_SCALE_HOLD": str(mark)}
        goal = command(folder, "Held", "--scheduler-port", port)
        runs.append(
            subprocess.Popen(
                goal,
                cwd=folder,
                env=environ,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        while not mark.exists():
            time.sleep(0.01)
    time.sleep(5)  # until the second one has asked for work, and waits
    first = int(mark.read_text().split()[0])
    killed = next(run for run in runs if os.getpgid(first) == run.pid)
    os.killpg(killed.pid, signal.SIGKILL)
    began = time.monotonic()
    while len(mark.read_text().split()) < 2:
        if time.monotonic() - began > 300:
            raise TimeoutError("nobody took the task over within 300 s")
        time.sleep(0.02)
    took = time.monotonic() - began
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return took


def benchmark(folder: Path, count: int, busy_s: float, whole: bool) -> dict:
    make_archive(folder, count)
    subprocess.run([sys.executable, str(HERE / "made_corpus.py"), "inventory"], env=environment(folder), check=True)
    with luigid(folder) as (server, port):
        figures: dict[str, float] = {"nights": count} | busy(folder, server, port, busy_s)
        if whole:
            tell_of_done(port, count)
            figures["ms_per_task_late"] = busy(folder, server, port, busy_s)["ms_per_task"]
        print(figures, flush=True)
    write(folder, "all")
    local = idle(folder, "--local-scheduler")
    figures |= {"idle_local_s": local.seconds, "idle_cpu_s": local.cpu_s, "peak_mb": local.peak_mb}
    allsky = str(Path(sys.executable).with_name("allsky"))
    for name in ("status", "plan"):
        told = timed(folder, allsky, name)
        figures |= {f"{name}_s": told.seconds, f"{name}_cpu_s": told.cpu_s}
    with luigid(folder) as (_, port):
        figures["idle_luigid_s"] = idle(folder, "--scheduler-port", port).seconds
        if whole:
            figures["takeover_s"] = takeover(folder, port)
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=10_000)
    parser.add_argument("--busy-s", type=float, default=60.0, help="how long tasks of a run are counted")
    parser.add_argument("--quick", action="store_true", help="forty nights, no takeover and no late tasks")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        count, busy_s = (40, 5.0) if asked.quick else (asked.nights, asked.busy_s)
        print(json.dumps(benchmark(Path(place).resolve(), count, busy_s, not asked.quick)))


if __name__ == "__main__":
    main()
