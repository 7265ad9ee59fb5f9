"""SIGKILL at many moments of whole runs: what is left, and does the resumed result equal the uninterrupted one?

A small archive is taken through the chain once, undisturbed. Then runs are started on an empty output
and killed, half of them at a random moment, half once the stage that was hit least so far has something
in hand, and a little later; the next run goes on where that one was. Whenever a run gets through, every table,
picture, map and weights file is compared with the undisturbed one's, and the output begins anew.

An interpreter with everything imported is kept, and every run is a fork of it: a start of Python and of
PyTorch would be most of each run otherwise.

Last line: `kills`; `stages_hit`, of `stages`, that had something in hand when a kill came; `completed` runs, and of
these, since no others can be compared, `differing_tables` and `differing_files` (pictures, maps, weights, tables of
text), out of so many `tables` and `files` each; `orphans`, processes alive ten seconds after their run was killed;
`temporaries`, names left after a run got through.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
from luigi.cmdline import luigi_run
from made_small_archive import ROLES, contents, differing, environment, make_archive, told_of

# What the stages import while they run, imported beforehand.
import models.explanation
import models.inference
import models.training  # noqa: F401
import pipeline  # noqa: F401
from tasks import history

STAGE_OF = {
    "inventory/": "VideoInventory",
    "sky_disk/": "SkyDisk",
    "epochs/": "CameraEpochs",
    "clock/": "NightClock",
    "frames/": "NightFrames",
    "conditions/": "NightConditions",
    "months/": "MonthFrames",
    "witnesses/": "MonthClockAudit",
    "labels/sheet": "LabelSheet",
    "labels/audit": "AuditSheet",
    "labels/split": "LabelSplit",
    "models/": "TrainClassifier",
    "predictions/": "MonthPredictions",
    "gradcam/": "GradCamGallery",
    "keograms/": "MonthKeograms",
    "report/": "FullCorpusReport",
}
# What a run keeps on purpose, and whose names begin with a dot.
KEPT = {".corpus.json", ".lock", ".publishing", ".runs", ".running", ".recipe.json", ".training"}
KEPT |= {".sources.parquet", ".stills.parquet", ".looks.parquet"}
PATIENCE_S = 240.0
# After so many kills before a run has done anything, the next may do something.
STUCK_AFTER = 2


def start(folder: Path) -> int:
    """A run on `folder`, in a fork; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        os.chdir(folder)
        os.environ.update(environment(folder))
        log = os.open(folder / "run.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        luigi_run(["--module", "pipeline", "FullCorpusReport", "--local-scheduler"])
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    finally:
        os._exit(99)


def has_ended(run: int) -> int | None:
    """The exit status of a run; None while it goes on."""
    child, status = os.waitpid(run, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if child else None


def markers(output: Path) -> set[Path]:
    return set((output / ".running").glob("*.json"))


def stages_in_hand(output: Path, older: set[Path]) -> set[str]:
    """The stages that are writing, by the markers of their processes; `older` ones are of runs before."""
    stages = set()
    for marker in markers(output) - older:
        try:
            places = json.loads(marker.read_text())
        except (OSError, ValueError):
            continue
        stages |= {stage for start, stage in STAGE_OF.items() if any(place.startswith(start) for place in places)}
    return stages


def stages_done(output: Path) -> Counter:
    """How many tasks of each stage runs have done on this output."""
    return Counter(event.stage for event in history.read_all(output) if event.outcome == history.DONE)


def wait_for_progress(run: int, output: Path) -> int | None:
    """Return once a task more is done; the exit status where the run ends."""
    before = stages_done(output).total()
    while (status := has_ended(run)) is None and stages_done(output).total() == before:
        time.sleep(0.02)
    return status


def stages_left(output: Path) -> list[str]:
    """The stages that no run has done yet for all their nights."""
    done = stages_done(output)
    return [stage for stage in STAGE_OF.values() if done[stage] < (len(ROLES) if stage.startswith("Night") else 1)]


def wait_for(run: int, output: Path, stage: str, older: set[Path]) -> int | None:
    """Return once `stage` is in hand; the exit status where the run ends before that."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if (status := has_ended(run)) is not None:
            return status
        if stage in stages_in_hand(output, older):
            return None
        time.sleep(0.0005)
    raise TimeoutError(f"a run did not end within {PATIENCE_S} s")


def wait_until(run: int, moment: float) -> int | None:
    """Return at `moment`; the exit status where the run ends before."""
    while time.monotonic() < moment:
        if (status := has_ended(run)) is not None:
            return status
        time.sleep(0.002)
    return None


def kill(run: int, chance: random.Random) -> None:
    """SIGKILL the run's main process, or all its processes at once."""
    if chance.random() < 0.3:
        os.killpg(run, signal.SIGKILL)
    else:
        os.kill(run, signal.SIGKILL)
    os.waitpid(run, 0)


def orphans(folder: Path) -> int:
    """Processes that work in `folder` ten seconds on, if any."""
    until = time.monotonic() + 10
    while (left := [one for one in psutil.process_iter() if works_in(one, folder)]) and time.monotonic() < until:
        time.sleep(0.01)
    for one in left:
        one.kill()
    return len(left)


def works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def temporaries(output: Path) -> list[str]:
    """Names that no finished run should leave."""
    left = [path for path in output.rglob(".*") if path.name not in KEPT and not path.name.endswith(".recipe.json")]
    return [str(path) for path in [*left, *(output / ".running").iterdir(), *(output / ".training").rglob("*")]]


def undisturbed(folder: Path) -> tuple[dict[str, Any], float]:
    """What a run leaves that nobody kills, and how long it took."""
    began = time.monotonic()
    run = start(folder)
    if (status := wait_until(run, began + PATIENCE_S)) != 0:
        raise RuntimeError(f"the undisturbed run ended with {status}: {(folder / 'run.log').read_text()[-2000:]}")
    took = time.monotonic() - began
    expected = contents(folder / "output")
    shutil.rmtree(folder / "output")
    return expected, took


def one_run(folder: Path, took_s: float, stuck: bool, hits: Counter, chance: random.Random) -> int | None:
    """Start a run and kill it; its exit status where it got through. `hits` learns what was in hand.

    `stuck` says that the last runs were killed before they had done anything: this one does a task first.
    """
    output = folder / "output"
    older = markers(output)
    run = start(folder)
    status = wait_for_progress(run, output) if stuck else None
    if status is None:
        status = wait_for_the_moment(run, output, took_s, hits, older, chance)
    if status is None:
        kill(run, chance)
        hits.update(stages_in_hand(output, older))
    return status


def wait_for_the_moment(run, output: Path, took_s: float, hits: Counter, older: set[Path], chance) -> int | None:
    """Return when the run is to be killed; its exit status where it ends before."""
    wanted = min(stages_left(output), key=lambda stage: hits[stage], default=None)
    if chance.random() < 0.5 or wanted is None:
        return wait_until(run, time.monotonic() + chance.uniform(0.02, took_s / 3))
    status = wait_for(run, output, wanted, older)
    if status is not None:
        return status
    return wait_until(run, time.monotonic() + chance.choice((0.0, 0.0, 0.002, 0.01, 0.3)) * chance.random())


def benchmark(folder: Path, kills: int, minutes: float, seed: int) -> dict:
    """Kill `kills` runs, or as many as fit in `minutes`; the figures."""
    chance, hits = random.Random(seed), Counter[str]()
    tally = {"kills": 0, "orphans": 0, "temporaries": 0, "completed": 0}
    all_different: list[str] = []
    expected, took_s = undisturbed(folder)
    until = time.monotonic() + 60 * minutes
    enough, without_progress = False, 0
    while True:
        before = stages_done(folder / "output").total()
        # The last run is left alone, so that what the last kills left is judged too.
        if enough:
            status = wait_until(start(folder), time.monotonic() + PATIENCE_S)
            if status is None:
                raise TimeoutError(f"the last run, which nobody kills, did not end within {PATIENCE_S} s")
        else:
            status = one_run(folder, took_s, without_progress >= STUCK_AFTER, hits, chance)
        without_progress = 0 if stages_done(folder / "output").total() != before else without_progress + 1
        tally["orphans"] += orphans(folder)
        if status is None:
            tally["kills"] += 1
        elif status == 0:
            tally["completed"] += 1
            left, different = temporaries(folder / "output"), differing(expected, contents(folder / "output"))
            tally["temporaries"] += len(left)
            all_different += different
            print(f"a run got through after {tally['kills']} kills: left {left}, different {different}", flush=True)
            shutil.rmtree(folder / "output")
            if enough:
                break
        else:
            raise RuntimeError(f"a resumed run ended with {status}: {(folder / 'run.log').read_text()[-2000:]}")
        enough = enough or tally["kills"] >= kills or time.monotonic() > until
    print(", ".join(f"{stage} {hits[stage]}" for stage in STAGE_OF.values()))
    told = {"stages_hit": sum(hits[stage] > 0 for stage in STAGE_OF.values()), "stages": len(STAGE_OF)}
    told |= dict(zip(("tables", "files"), told_of(expected), strict=True))
    told |= dict(zip(("differing_tables", "differing_files"), told_of(all_different), strict=True))
    return tally | told | {"seed": seed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop killing after so long")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; the clock's by default")
    parser.add_argument("--quick", action="store_true", help="three kills")
    asked = parser.parse_args()
    seed = int(time.time()) if asked.seed is None else asked.seed
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        make_archive(folder)
        print(json.dumps(benchmark(folder, 3 if asked.quick else asked.kills, asked.minutes, seed)))


if __name__ == "__main__":
    main()
