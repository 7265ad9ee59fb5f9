"""Commands, code and configurations in the documentation work as written.

Every ```console, ```python and ```ini block is run, or says in a comment above it why not:
`<!-- not run: the reason -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from allsky.conditions import observing_conditions
from allsky.corpus import Corpus
from allsky.site import Site, frame_ids
from allsky.tables import FRAMES, MONTH_FRAMES
from tasks import settings
from tasks.configuration import parse, read_section

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"^(?: *<!-- not run: (?P<reason>[^\n]+) -->\n)? *```(?P<language>\w+)\n(?P<body>.*?)^ *```$", re.S | re.M
)
SITE = Site("yellowknife", 62.43, -114.35, 200.0, "America/Yellowknife")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    body: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    return [
        Block(name, text[: found.start()].count("\n") + 1, found["language"], dedent(found["body"]), found["reason"])
        for found in BLOCK.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def blocks(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language and block.reason is None]


@pytest.fixture
def beside_a_corpus(tmp_path, monkeypatch) -> Path:
    """A folder as a user's: a configuration and its archive, `output/` of a small corpus, the examples, our commands on
    the path."""
    write_small_corpus(tmp_path / "output")
    elsewhere = blocks("ini")[0].body.replace("/data/allsky", str(tmp_path / "allsky"))
    (tmp_path / "my_camera.cfg").write_text(elsewhere, encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for archive in ("allsky/videos", "examples/themis_fsmi"):
        (tmp_path / archive).mkdir(parents=True)
        (tmp_path / archive / "20240208.mp4").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("LUIGI_CONFIG_PATH", raising=False)
    return tmp_path


NIGHTS = ("2024-02-08", "2024-02-24", "2024-03-10")


def write_small_corpus(output: Path) -> None:
    """Three short nights of two months, each with its pictures and what a model says of them."""
    corpus = Corpus(output)
    for month, nights in (("2024-02", NIGHTS[:2]), ("2024-03", NIGHTS[2:])):
        tables = [_short_night(corpus, night) for night in nights]
        corpus.month(month).parent.mkdir(parents=True)
        MONTH_FRAMES.to_arrow(pd.concat(tables)).to_pandas().to_parquet(corpus.month(month))


def _short_night(corpus: Corpus, night: str) -> pd.DataFrame:
    start = pd.Timestamp(night, tz="UTC") + pd.Timedelta(hours=26)
    utc = pd.Series(pd.date_range(start, periods=30, freq="20min", tz="UTC")).dt.as_unit("ms")
    frames = pd.DataFrame({"frame_id": frame_ids(SITE.name, utc), "utc": utc}).reindex(columns=FRAMES.names)
    frames = frames.assign(image=f"images/night={night}/" + frames["frame_id"] + ".jpg", frame_index=range(30))
    for place, image in enumerate(frames["image"]):
        path = corpus.root / image
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((24, 24, 3), 5 * place, np.uint8)).save(path)
    said = frames[["frame_id", "utc"]].assign(
        night=night, p_aurora=np.linspace(0, 1, 30), p_no_aurora=np.linspace(1, 0, 30)
    )
    path = corpus.predictions("resnet18-1a2b", night)
    path.parent.mkdir(parents=True, exist_ok=True)
    said.assign(predicted=np.where(said["p_aurora"] > 0.5, "aurora", "no_aurora")).to_parquet(path, index=False)
    conditions = observing_conditions(frames[["frame_id", "utc"]], SITE).drop(columns="utc")
    return frames.assign(mean_luma=30.0).merge(conditions, on="frame_id").assign(night=night)


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_commands_work_as_written(block, beside_a_corpus):
    commands = [line.removeprefix("$ ") for line in block.body.splitlines() if line.startswith("$ ")]
    assert commands, "a console block holds lines that begin with `$ `"
    program = "\n".join(commands)
    answer = subprocess.run(["bash", "-e", "-c", program], capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_code_works_as_written(block, beside_a_corpus):
    exec(compile(block.body, str(block), "exec"), {})
    plt.close("all")
    for name in re.findall(r'savefig\("(\w+\.png)"', block.body):
        with Image.open(name) as picture:
            assert picture.width > 300


def test_the_gallery_has_ten_pictures_each_with_its_code():
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    drawn = [name for block in blocks("python") for name in re.findall(r'savefig\("(gallery_\w+\.png)"', block.body)]
    assert len(set(drawn)) == len(drawn) == 10
    assert [name for name in drawn if f"](pictures/{name})" not in text] == []


@pytest.mark.parametrize("block", blocks("ini"), ids=str)
def test_configurations_are_understood(block, tmp_path):
    path = tmp_path / "page.cfg"
    path.write_text(block.body, encoding="utf-8")
    for name, given in parse(path).items():
        if name not in settings.LUIGI_SECTIONS:
            kind = settings.SECTIONS["camera" if name.startswith("camera:") else name]
            assert isinstance(read_section(kind, name, given, path), kind), name


def test_commands_stand_in_console_blocks_where_they_are_run():
    assert [str(block) for block in BLOCKS if block.language in {"sh", "bash", "shell", "cfg"}] == []
