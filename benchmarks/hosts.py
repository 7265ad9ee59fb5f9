"""Nights done by several hosts, of which one is killed and one cut off: is the result that of one machine?

The hosts are network namespaces of this machine, each with a name, an address and a link of its own to a switch
(a bridge in another namespace); nothing of it reaches any network besides. A head runs the Dask scheduler and the run
itself, three hosts run a worker each, one of which announces a GPU (there is none: it shows where predictions go).
All share the file system, as hosts would by NFS. While a month's nights are under way one host is killed with
everything on it, and another one's link goes down, each with a night in hand; what was cut off goes on computing and
writing, which no network file system would let it: a harder trial than the real thing.

Last line: `hosts` with workers; `killed` and `cut_off` of them; `done_twice`, artifacts of nights that were put in
their place more than once; `computed_twice`, stages of nights that were computed more than once (a night that was
cut off is begun again elsewhere, and only one of the two may count); `missing` artifacts and `differing_tables`
against a run on this machine alone; `elsewhere`, nights of predictions that another host than the one with the GPU
did.

Needs Linux, root, `ip` of iproute2, `unshare` and `openssl`; where something of it is missing it says so and ends.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from made_small_archive import contents, differing, environment, make_archive, told_of

HEAD, GPU_HOST, KILLED, CUT_OFF = "head", "second", "first", "third"
WORKERS = (KILLED, GPU_HOST, CUT_OFF)
ADDRESS = {HEAD: "10.77.0.1", KILLED: "10.77.0.11", GPU_HOST: "10.77.0.12", CUT_OFF: "10.77.0.13"}
PORT = 8786
# So long a silent connection stays open (Dask's own: 30 s, and 11 at least), and a moment may take to come.
SILENT_S, PATIENCE_S = 15, 1200.0
# Five nights and four, of two months; by the keyed hash of their dates some train, one validates, others are audited.
NIGHTS = (("2023-01-14", "2023-01-18"), ("2023-02-01", "2023-02-04"))
# Every table of a night, and of what is a folder its record.
RECORDS = ("*/night=*/*.parquet", "*/night=*/.recipe.json", "keograms/*/*/.recipe.json", "predictions/*/*/*.parquet")
# How a night's log tells that a stage of it was done.
STAGE_DONE = re.compile(r" INFO (\w+\(.*\))(?:  [\d.]+ s)?$", re.MULTILINE)


def why_not() -> str:
    """What is missing for it on this machine; nothing where it can be done."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for program in ("ip", "unshare", "openssl"):
        if shutil.which(program) is None:
            return f"`{program}` is not installed (iproute2, util-linux, openssl)"
    tried = subprocess.run(["ip", "netns", "add", name("tried")], capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", name("tried")], capture_output=True)
    return tried.stderr.strip()


def name(host: str) -> str:
    return f"allsky-{os.getpid()}-{host}"


def ip(*arguments: str, inside: str | None = None) -> None:
    within = ["-n", name(inside)] if inside else []
    subprocess.run(["ip", *within, *arguments], check=True)


@contextlib.contextmanager
def network() -> Iterator[None]:
    """The namespaces, each with a link to the switch."""
    made = []
    try:
        for host in ("switch", HEAD, *WORKERS):
            ip("netns", "add", name(host))
            made.append(host)
            ip("link", "set", "lo", "up", inside=host)
        ip("link", "add", "bridge", "type", "bridge", inside="switch")
        ip("link", "set", "bridge", "up", inside="switch")
        for host in (HEAD, *WORKERS):
            ip("link", "add", "eth0", "type", "veth", "peer", "name", host, "netns", name("switch"), inside=host)
            ip("addr", "add", f"{ADDRESS[host]}/24", "dev", "eth0", inside=host)
            ip("link", "set", "eth0", "up", inside=host)
            ip("link", "set", host, "master", "bridge", "up", inside="switch")
        yield
    finally:
        for host in made:
            subprocess.run(["ip", "netns", "del", name(host)])


def make_certificates(folder: Path) -> dict[str, str]:
    """An authority, and one certificate signed by it; as `docs/many_machines.md` makes them."""
    openssl = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-batch", "-days", "2"]
    authority = ["-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"]
    signed = [
        "-x509",
        "-subj",
        "/CN=host",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-keyout",
        "host.key",
        "-out",
        "host.pem",
    ]
    for arguments in (authority, signed):
        subprocess.run([*openssl, *arguments], cwd=folder, check=True, capture_output=True)
    return {"tls_ca": "ca.pem", "tls_cert": "host.pem", "tls_key": "host.key"}


class Hosts:
    """What runs on the hosts."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.running: dict[str, subprocess.Popen] = {}

    def start(self, host: str, *command: str, log: str | None = None, **told: str) -> subprocess.Popen:
        """`command` on `host`, with a process group of its own and the host's name."""
        named = ["unshare", "--uts", "sh", "-c", f'hostname {host} && exec "$@"', "sh"]
        dask = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": f"{SILENT_S}s"}
        with (self.folder / f"{log or host}.log").open("a") as said:
            process = subprocess.Popen(
                ["ip", "netns", "exec", name(host), *named, *command],
                cwd=self.folder,
                env=environment(self.folder) | dask | told,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.running[log or host] = process
        return process

    def start_cluster(self) -> None:
        keys = {"tls_ca": "--tls-ca-file", "tls_cert": "--tls-cert", "tls_key": "--tls-key"}
        tls = [word for key, file in make_certificates(self.folder).items() for word in (keys[key], file)]
        dask = [sys.executable, "-m", "dask"]
        address = f"tls://{ADDRESS[HEAD]}:{PORT}"
        self.start(HEAD, *dask, "scheduler", *tls, "--host", address, "--no-dashboard", log="scheduler")
        for host in WORKERS:
            gpu = ["--resources", "GPU=1"] if host == GPU_HOST else []
            self.start(host, *dask, "worker", address, *tls, *gpu, "--nthreads", "1", "--no-dashboard")

    def kill(self, host: str) -> None:
        os.killpg(self.running[host].pid, signal.SIGKILL)
        self.running.pop(host).wait()

    def cut_off(self, host: str) -> None:
        ip("link", "set", host, "down", inside="switch")

    def stop(self) -> None:
        for host in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                self.kill(host)


def in_hand(output: Path, host: str) -> set[str]:
    """Nights that a process of `host` is writing."""
    places: list[str] = []
    for marker in (output / ".running").glob(f"{host}~*.json"):
        with contextlib.suppress(OSError, ValueError):
            places += json.loads(marker.read_text())
    return {place.split("night=")[1][:10] for place in places if "night=" in place}


def records(output: Path) -> dict[str, tuple[int, int]]:
    """What lies in the places of the nights' records, told apart from whatever takes its place."""
    found = {}
    for pattern in RECORDS:
        for path in output.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                found[str(path.relative_to(output))] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found


class Watcher(threading.Thread):
    """Sees what is put in the places of records while a run goes on, and when nights begin and end."""

    def __init__(self, output: Path):
        super().__init__(daemon=True)
        self.seen: dict[str, set[tuple[int, int]]] = {}
        self._output = output
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.02):
            self._look()

    def _look(self) -> None:
        for place, what in records(self._output).items():
            self.seen.setdefault(place, set()).add(what)

    def end(self) -> None:
        self._ended.set()
        self.join()
        self._look()


def wait_until(run: subprocess.Popen, moment: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not moment():
        if run.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{what} did not come before the run ended")
        time.sleep(0.002)


def harm(hosts: Hosts, run: subprocess.Popen, output: Path) -> dict[str, str]:
    """Kill one host and cut another one off, each with a night in hand; the nights."""
    hit = {}
    for host, do in ((KILLED, hosts.kill), (CUT_OFF, hosts.cut_off)):
        wait_until(run, lambda host=host: bool(in_hand(output, host)), f"a night in hand of {host}")  # type: ignore[misc]
        hit[host] = min(in_hand(output, host))
        do(host)
        print(f"{host} is gone while it has {hit[host]} in hand", flush=True)
    return hit


def command(goal: list[str]) -> list[str]:
    return [sys.executable, "-m", "luigi", "--module", "pipeline", *goal, "--local-scheduler"]


def alone(folder: Path, goal: list[str]) -> Path:
    """The output of a run on this machine alone."""
    ran = subprocess.run(
        command(goal),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3600,
    )
    if ran.returncode != 0:
        raise RuntimeError(f"the run on this machine alone ended with {ran.returncode}:\n{ran.stdout[-3000:]}")
    return (folder / "output").rename(folder / "alone")


def configure(folder: Path) -> None:
    keys = {"engine": "dask", "scheduler": f"tls://{ADDRESS[HEAD]}:{PORT}", "workers": "2", "shared_lag_s": "20"}
    keys |= {"tls_ca": "ca.pem", "tls_cert": "host.pem", "tls_key": "host.key"}
    with (folder / "luigi.cfg").open("a") as file:
        file.write("\n".join(["[execution]", *(f"{key} = {value}" for key, value in keys.items())]) + "\n")


def computed_twice(output: Path) -> int:
    """How many stages of nights were computed more than once, whoever's result counts."""
    told = (
        (log.stem, stage) for log in (output / "logs").rglob("*.log") for stage in STAGE_DONE.findall(log.read_text())
    )
    return sum(count > 1 for count in Counter(told).values())


def predicted_elsewhere(output: Path) -> int:
    """How many nights of predictions another host did than the one that announces a GPU."""
    logs = "".join(log.read_text() for log in (output / "logs").rglob("*.log"))
    return sum(host != GPU_HOST for host in re.findall(r"Z (\S+) INFO MonthPredictions\(", logs))


def use_model(folder: Path, model: Path) -> None:
    """Let runs predict with a trained model instead of training one."""
    shutil.copytree(model, folder / model.name)
    path = folder / "luigi.cfg"
    path.write_text(path.read_text().replace("[training]\n", f"[training]\nmodel = {model.name}\n"))


def benchmark(folder: Path, goal: list[str], nights: list[str], model: Path | None = None) -> dict:
    make_archive(folder, nights)
    if model:
        use_model(folder, model)
    expected = alone(folder, goal)
    configure(folder)
    output, hosts = folder / "output", Hosts(folder)
    with network():
        try:
            hosts.start_cluster()
            watcher = Watcher(output)
            watcher.start()
            run = hosts.start(HEAD, *command(goal), log="run")
            harm(hosts, run, output)
            status = run.wait(timeout=3600)
            watcher.end()
        finally:
            hosts.stop()
            print((folder / "run.log").read_text(), flush=True)
    if status != 0:
        raise RuntimeError(f"the run ended with {status}")
    wanted = records(expected)
    differing_tables, differing_files = told_of(differing(contents(expected), contents(output)))
    return {
        "hosts": len(WORKERS),
        "killed": 1,
        "cut_off": 1,
        "done_twice": sum(len(seen) > 1 for seen in watcher.seen.values()),
        "computed_twice": computed_twice(output),
        "missing": len(wanted.keys() - records(output).keys()),
        "differing_tables": differing_tables,
        "differing_files": differing_files,
        "nights": len(nights),
        "artifacts": len(wanted),
        "elsewhere": predicted_elsewhere(output),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="five nights, no further than their month")
    parser.add_argument("--model", type=Path, help="a model's folder from an output: predictions by it, and no further")
    asked = parser.parse_args()
    if reason := why_not():
        print(json.dumps({"skipped": reason}))
        return
    nights = [str(day.date()) for first, last in NIGHTS for day in pd.date_range(first, last)]
    goal = ["FullCorpusReport"]
    if asked.quick:
        nights, goal = nights[:5], ["MonthFrames", "--month", nights[0][:7]]
    if asked.model:
        nights = nights[:5]
        goal = ["MonthPredictions", "--month", nights[0][:7], "--model", asked.model.name]
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(benchmark(Path(place).resolve(), goal, nights, asked.model)))


if __name__ == "__main__":
    main()
