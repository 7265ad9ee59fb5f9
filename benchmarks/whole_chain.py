"""From videos to predictions: the real Luigi run against the straightforward chain, on the same nights.

The obvious way is what a competent student writes (`usual_chain.py`): `VideoCapture.read()` through every video, one
`pytesseract.image_to_string` a kept frame with its defaults, mask, crop, `imwrite`, Skyfield frame by frame, and
eager float32 inference at its best batch size, which is tried before and not timed. It is fair, even generous: it is
told the clock's box and format like ours, it takes on trust that the camera never skipped a frame, reads only the
clocks of frames it keeps, and neither schedules, resumes nor records anything. Tuned: Tesseract on one thread
(`OMP_THREAD_LIMIT=1`) and told that there is one line, `grab()` without `retrieve()` for frames that are not kept,
Skyfield asked for a night at once, and a process a core, a night each. Each way begins as a new process, and all are
given the same trained model.

Both must keep the same frames with the same times, find sun and moon in the same places and decide alike; a frame
whose clock a rival misread is counted and left out. Then the run goes on to the report and a few frames are trained
on, so that the last table can tell what the published corpus of 331 nights would take (`hours.py`).

    python benchmarks/whole_chain.py [--quick] [--nights 2] [--frames 6500] [--model FOLDER]
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import hours
import pandas as pd
from inference import best_batch
from made_skies import CLOCK_BOX, CLOCK_FORMAT, DISK, SITE, Film, film, labelled_skies, write_skies
from side_by_side import OBVIOUS, OURS, TUNED, argument_parser, compared, require, take_turns, tell
from trained import CLASSES, trained_model, tried_model

from models.model_folder import load_model, save_weights
from models.recipe import TrainingRecipe
from tasks import history

# By the keyed hash of the dates a training night and an audit night, whose maps are drawn.
FIRST_NIGHT = "2023-02-06"
KEPT_EVERY = 10
# Nights of other frames by which predictions and maps are timed, some 60 of each.
NIGHTS_PREDICTED = 20
# As much grain as x264 keeps at this quality: 6 kB a frame, 40 MB a night.
CRF = 18
# Sun and moon of both: Skyfield's own, at the millisecond.
ANGLE_TOLERANCE_DEG = 0.001
# Both pictures are not the same to the last bit: of a frame as near to a tie as this the decision tells nothing.
NEAR_TIE = 0.05

CONFIGURATION = f"""
[archive]
videos = {{videos}}
output = {{output}}
name_date = evening
settle_s = 0
[site]
name = {SITE.name}
latitude = {SITE.latitude_deg}
longitude = {SITE.longitude_deg}
elevation_m = {SITE.elevation_m}
timezone = {SITE.timezone}
[camera]
disk_center = {DISK.center_x}, {DISK.center_y}
disk_radius = {DISK.radius}
clock_box = {", ".join(map(str, CLOCK_BOX))}
clock_format = {CLOCK_FORMAT}
[training]
model = {{model}}
"""


@dataclass(frozen=True)
class Archive:
    """Nights of video with their truth, a model that was trained before, and frames of other nights."""

    folder: Path
    nights: dict[str, Film]
    model: Path
    others: list[Path]

    @property
    def videos(self) -> Path:
        return self.folder / "videos"

    @functools.cached_property
    def model_name(self) -> str:
        """What the chain calls the model; every run's is the same, and it is asked for before any is timed."""
        code = "from tasks.train_classifier import model_name; print(model_name())"
        environment = configured(prepared(self, "named"))
        return subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).strip()

    @property
    def n_frames(self) -> int:
        return sum(len(film.utc) for film in self.nights.values())


def make_nights(folder: Path, n_nights: int, n_frames: int, n_skies: int) -> dict[str, Film]:
    """Films side by side, in forks: to be made before PyTorch has begun to compute."""
    (folder / "videos").mkdir()
    names = [str(day.date()) for day in pd.date_range(FIRST_NIGHT, periods=n_nights)]
    one = partial(film_of, folder / "videos", n_frames, n_skies)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        return dict(zip(names, pool.map(one, names)))


def film_of(videos: Path, n_frames: int, n_skies: int, night: str) -> Film:
    return film(videos / f"{night}.mp4", n_frames, n_skies=n_skies, night=night, crf=CRF)


def untrained(folder: Path, backbone: str, size: int) -> Path:
    """A model whose answers hang on every layer, for a look at whether all works."""
    model = tried_model(backbone, size, write_skies(empty(folder / "skies"), 16, n_skies=4))
    (folder / "given").mkdir()
    save_weights(model.network, folder / "given")
    model.description.write(folder / "given")
    return folder / "given"


# The ways.


def empty(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


def ours(archive: Archive) -> pd.DataFrame:
    place = prepared(archive, OURS)
    for month in sorted({night[:7] for night in archive.nights}):
        luigi(place, "MonthPredictions", "--month", month, "--model", archive.model_name)
    return results(place / "output")


def prepared(archive: Archive, name: str) -> Path:
    """An empty folder with a configuration."""
    place = empty(archive.folder / name)
    given = {"videos": archive.videos, "output": place / "output", "model": archive.model}
    (place / "luigi.cfg").write_text(CONFIGURATION.format(**given))
    return place


def luigi(place: Path, *goal: str, may_want_labels: bool = False) -> None:
    command = [sys.executable, "-m", "luigi", "--module", "pipeline", *goal, "--local-scheduler"]
    done = subprocess.run(command, cwd=place, env=configured(place), capture_output=True, text=True)
    require(done.returncode in ((0, 4) if may_want_labels else (0,)), f"a run ends well: {done.stderr[-2000:]}")


def configured(place: Path) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[1])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    # A cache of its own: which engine is quickest is to be found out, as in anybody's first run.
    ours = {"LUIGI_CONFIG_PATH": str(place / "luigi.cfg"), "PYTHONPATH": paths, "XDG_CACHE_HOME": str(place / "cache")}
    return os.environ | ours


def results(output: Path) -> pd.DataFrame:
    """A row for each frame: where it comes from, its time, sun, moon and what the model says."""
    keep = ["night", "frame_id", "utc", "frame_index", "clock_flag", "image"]
    frames = pd.read_parquet(output / "frames")[keep]
    sky = pd.read_parquet(output / "conditions").drop(columns=["night", "utc"])
    answers = pd.read_parquet(output / "predictions").drop(columns=["night", "utc", "model", "month"], errors="ignore")
    table = frames.merge(sky, on="frame_id").merge(answers, on="frame_id")
    return table.astype({"night": str}).sort_values(["night", "frame_index"], ignore_index=True)


def usual(archive: Archive, batch: int, name: str, *asked: str) -> pd.DataFrame:
    place = empty(archive.folder / name)
    script = Path(__file__).with_name("usual_chain.py")
    command = [sys.executable, str(script), str(archive.videos), str(archive.model), str(place), str(batch), *asked]
    subprocess.run(command, env=configured(place), check=True)
    return pd.read_parquet(place / "frames.parquet")


# Do they agree?


def check(archive: Archive, mine: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Stop unless the results are the same; what the rival did not read or misread, the share of equal decisions."""
    for night, true in archive.nights.items():
        kept = mine[mine["night"] == night]
        require(list(kept["utc"]) == list(true.utc[::KEPT_EVERY]), f"every kept frame of {night} has its true time")
    require(bool(mine["clock_flag"].isna().all()), "no time is in doubt")
    both = mine.merge(theirs, on=["night", "frame_index"], suffixes=("", "_theirs"))
    alike = both[both["utc"] == both["utc_theirs"]]
    angles = [name for name in mine if name.startswith(("sun_", "moon_"))]
    for name in angles:
        off = (alike[name] - alike[f"{name}_theirs"]).abs().max()
        require(off <= ANGLE_TOLERANCE_DEG, f"{name} is the same (off by {off:.5f})")
    for name in ("solar_bin", "lunar_bin"):
        require(bool((alike[name].astype(str) == alike[f"{name}_theirs"].astype(str)).all()), f"{name} is the same")
    same = alike["predicted"].astype(str) == alike["predicted_theirs"].astype(str)
    p, p_theirs = alike[f"p_{CLASSES[0]}"], alike[f"p_{CLASSES[0]}_theirs"]
    telling = (p_theirs - 0.5).abs() > NEAR_TIE
    require(bool(same[telling].all()), f"both decide alike, ties aside ({same.mean():.2%})")
    return {
        "rival_unread": len(mine) - len(theirs),
        "rival_wrong": len(both) - len(alike),
        "same_decisions": float(same.mean()),
        "p_difference_999": float((p - p_theirs).abs().quantile(0.999)),
    }


# What a corpus would take.


def account(output: Path) -> str:
    """How many tasks of each stage there were, and their seconds."""
    events, seconds = Counter[str](), Counter[str]()
    for event in history.read_all(output):
        events[event.stage] += 1
        seconds[event.stage] += event.seconds
    return "\n".join(f"  {stage:<20} {events[stage]:>3} x, together {seconds[stage]:8.2f} s" for stage in events)


def extrapolated(archive: Archive, pictures: int, quick: bool) -> list[hours.Row]:
    place = archive.folder / OURS
    if not quick:
        luigi(place, "FullCorpusReport", may_want_labels=True)
    described = load_model(archive.model).description
    labelled = empty(archive.folder / "labelled")
    split = labelled_skies(labelled, pictures, pictures // 3)
    recipe = TrainingRecipe(backbone=described.backbone, image_size=described.image_size)
    weights = archive.model / "weights.safetensors"
    rows = hours.stages(place / "output", os.cpu_count() or 1)
    rows += hours.predictions(archive.model, archive.others, *([len(archive.others)] if quick else []))
    rows += hours.maps(archive.model, archive.others, place / "output")
    return rows + hours.training(split, labelled, weights, recipe, archive.folder / "trained")


def main() -> None:
    asked = asked_for()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        # Which engine is quickest is to be found out, and what it compiles to be compiled.
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "cache" / "inductor")
        nights = make_nights(folder, asked.nights, asked.frames, asked.skies)
        others = hours.frames_of_nights(empty(folder / "others"), 1 if asked.quick else NIGHTS_PREDICTED)
        if asked.quick:
            model = untrained(folder, "mobilenet_v3_small", 64)
        else:
            model = asked.model or trained_model(folder, "efficientnet_b1", asked.size)
        archive = Archive(folder, nights, model.resolve(), others)
        batch = best_batch(load_model(model), write_skies(empty(folder / "tried"), 32, n_skies=4))
        ways = {
            OURS: partial(ours, archive),
            OBVIOUS: partial(usual, archive, batch, OBVIOUS),
            TUNED: partial(usual, archive, batch, TUNED, "--tuned"),
        }
        print(f"the model is {archive.model_name}", flush=True)
        turns = take_turns(ways, asked.rounds)
        mine = turns.answers[OURS]
        told = check(archive, mine, turns.answers[OBVIOUS]) | {"n_kept": len(mine), "best_batch": batch}
        told |= {f"tuned_{name}": value for name, value in check(archive, mine, turns.answers[TUNED]).items()}
        told["positive_share"] = float((mine["predicted"].astype(str) == CLASSES[0]).mean())
        told["kb_a_frame"] = sum(path.stat().st_size for path in archive.videos.iterdir()) / archive.n_frames / 1000
        tell_steps(archive)
        rows = extrapolated(archive, asked.pictures, asked.quick)
    print(hours.table(rows))
    total = {"hours_for_331_nights": sum(row.hours for row in rows)}
    tell(turns, {**compared(turns), "n_frames": archive.n_frames, **total, **told})


def asked_for() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    sizes = {"rounds": 1, "nights": 2, "frames": 6500, "size": 240, "pictures": 96, "skies": 24}
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"default {size}")
    parser.add_argument("--model", type=Path, help="a model's folder; without one an EfficientNet-B1 is trained first")
    asked = parser.parse_args()
    if asked.quick:
        asked.nights, asked.frames, asked.pictures, asked.skies = 1, 60, 16, 2
    return asked


def tell_steps(archive: Archive) -> None:
    print(account(archive.folder / OURS / "output"))
    for way in (OBVIOUS, TUNED):
        print(f"  {way}, each night: {(archive.folder / way / 'seconds.json').read_text()}")


if __name__ == "__main__":
    main()
