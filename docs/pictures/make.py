"""Makes the pictures of README and documentation out of a finished demonstration run.

    python docs/pictures/make.py output [--real VIDEO]

Where the goal `ModelComparison` has been run, its figure is taken too.

`--real` also writes `pair.jpg`, frames of a real all-sky video above simulated ones, for judging the
simulation by eye. It is not part of the documentation, since recordings belong to those who made them.
The picture of the page needs Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from allsky.disk_search import find_sky_disk
from allsky.pictures import read_picture
from allsky.recordings.video import read_keyframes
from allsky.sky_disk import square_crop

HERE = Path(__file__).parent
SKIES = 6
PAGE_SIZE = (1100, 1580)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--real", type=Path)
    asked = parser.parse_args()
    told = told_skies(asked.output)
    skies = [(read_picture(asked.output / image), caption) for image, caption in told]
    draw([skies], HERE / "skies.jpg")
    shutil.copy(best_keogram(asked.output), HERE / "keogram.png")
    for figure in (*asked.output.glob("comparison/result/*.png"), *asked.output.glob("leakage/result/*.png")):
        shutil.copy(figure, HERE)
    photograph(only(asked.output.glob("report/model=*/report.html")), HERE / "report.png")
    for name in ("keogram.png", "report.png", *draw_gallery(asked.output)):
        make_small(HERE / name)
    if asked.real:
        draw([real_skies(asked.real), skies], Path("pair.jpg"))


def draw_gallery(output: Path) -> list[str]:
    """Runs each block of the gallery in a folder where `output` is this one; the names of the pictures."""
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (HERE.parent / "gallery.md").read_text(encoding="utf-8"), re.M | re.S
    )
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("output").symlink_to(output.resolve())
        for block in blocks:
            exec(compile(block, "docs/gallery.md", "exec"), {})
        drawn = sorted(path.name for path in Path().glob("gallery_*.png"))
        for name in drawn:
            shutil.copy(name, HERE / name)
    return drawn


def only(paths) -> Path:
    (path,) = paths
    return path


def told_skies(output: Path) -> list[tuple[str, str]]:
    """Frames of different kinds, as told by the truth: path under the output folder, and what is to be seen."""
    frames = pd.read_parquet(output / "months")
    truth = pd.read_parquet(output / "simulated" / "truth")
    told = frames.merge(truth.drop(columns=["utc", "night"], errors="ignore"), on=["video", "frame_index"])
    dark = told["solar_bin"] == "Night"
    moonless, clear = told["lunar_bin"] == "No_Moon", told["cloud_fraction"] < 0.15
    aurora, none = told["visible"] == "aurora", told["visible"] == "no aurora"
    contrast = told["contrast_to_noise"]
    kinds = [
        ("bright aurora", dark & moonless & clear & aurora, contrast),
        ("faint aurora", dark & moonless & clear & aurora, -contrast),
        ("aurora under the moon", (told["lunar_bin"] != "No_Moon") & dark & aurora & clear, contrast),
        ("aurora in twilight", (told["solar_bin"] == "Nautical") & aurora, contrast),
        ("moonlit cloud", (told["lunar_bin"] != "No_Moon") & dark & none & told["cloud_fraction"].between(0.3, 0.8), 0),
        ("no aurora", dark & moonless & clear & none, -contrast),
    ]
    return [(best(told[which], order), caption) for caption, which, order in kinds if which.any()]


def best(rows: pd.DataFrame, order) -> str:
    ranked = rows.assign(order=order).sort_values("order", ascending=False)
    return str(ranked["image"].iloc[len(ranked) // 50])


def best_keogram(output: Path) -> Path:
    """The night with the most visible aurora that is neither overcast nor without a moon."""
    truth = pd.read_parquet(output / "simulated" / "truth")
    score = truth.groupby("night").apply(lambda night: (night["visible"] == "aurora").mean(), include_groups=False)
    return only(output.glob(f"keograms/model=*/night={score.idxmax()}/keogram.png"))


def real_skies(video: Path) -> list[tuple[np.ndarray, str]]:
    frames = read_keyframes(video)
    disk = find_sky_disk([frame.luma for frame in frames])
    chosen = [frames[place] for place in np.linspace(0, len(frames) - 1, SKIES).round().astype(int)]
    return [(square_crop(frame.rgb(), disk, 240), f"real, frame {frame.index}") for frame in chosen]


def draw(rows: Sequence[Sequence[tuple[np.ndarray, str]]], path: Path) -> None:
    """Skies side by side with what is to be seen below each, a row of them below the other."""
    columns = max(map(len, rows))
    figure = Figure(figsize=(1.75 * columns, 2.0 * len(rows)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for line, row in zip(panels, rows, strict=True):
        for panel in line:
            panel.set_axis_off()
        for panel, (picture, caption) in zip(line, row, strict=False):
            panel.imshow(picture)
            panel.set_title(caption, y=-0.13, fontsize=9)
    figure.savefig(path, pil_kwargs={"quality": 88})


def photograph(page: Path, path: Path) -> None:
    """The top of the page, as a browser shows it."""
    browser = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
    if browser is None:
        raise SystemExit("Chromium is needed to photograph the page: apt-get install chromium")
    width, height = PAGE_SIZE
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        options += [f"--window-size={width},{height}", f"--screenshot={path}", page.resolve().as_uri()]
        subprocess.run([browser, *options], check=True, capture_output=True, timeout=120)


def make_small(path: Path) -> None:
    """A third of the bytes: a palette is enough for figures."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(200)
    few.save(path, optimize=True)


if __name__ == "__main__":
    main()
