"""The documentation says everything it has to, and points at nothing that is not there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import pipeline
from allsky import tables
from pipeline.cli import main
from tasks.sections import SECTIONS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_table_stands_in_the_data_dictionary():
    declared = {name for name, value in vars(tables).items() if isinstance(value, tables.Table)}
    assert set(re.findall(r"^:::\{columns\} (\w+)$", page("artifacts.md"), flags=re.M)) == declared


def test_every_command_has_its_options_on_the_page_of_commands():
    assert re.findall(r"^:::\{options\} ([\w-]+)$", page("commands.md"), flags=re.M) == sorted(main.commands)


def test_everything_that_run_does_stands_on_the_page_of_commands():
    usage = (ROOT / "run").read_text(encoding="utf-8")
    does = set(re.findall(r"^\./run (\w+)", usage, flags=re.M))
    told = page("commands.md").partition("| `./run …` |")[2].partition("\n\n")[0]
    assert {"report", "test", "luigid"} <= does
    assert [name for name in sorted(does) if f"`{name}`" not in told] == []


def test_every_section_of_the_report_stands_on_the_page_about_reading_it():
    template = (ROOT / "allsky" / "report" / "templates" / "report.html").read_text(encoding="utf-8")
    sections = re.findall(r'<section id="([\w-]+)">', template)
    assert len(sections) > 5
    assert re.findall(r"^\| `#([\w-]+)`", page("report.md"), flags=re.M) == sections


def test_every_goal_stands_on_the_page_of_commands():
    goals = {"FullCorpusReport", "NightlyUpdate", "ModelComparison", "LeakageGap"}
    assert goals <= set(pipeline.__all__)
    assert [name for name in goals if f"| `{name}` |" not in page("commands.md")] == []


def test_every_section_stands_in_the_configuration_reference():
    assert re.findall(r"^:::\{settings\} (\w+)$", page("configuration.md"), flags=re.M) == list(SECTIONS)


def test_every_key_that_a_page_names_exists():
    named = {name for name in names_in_backticks(r"\[\w+\] \w+[^`]*") if name[1:].split("]")[0] in SECTIONS}
    for name in named:
        section, key = re.findall(r"\w+", name)[:2]
        assert key in SECTIONS[section].__dataclass_fields__, name


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_says_what_it_means(section):
    for key in SECTIONS[section].__dataclass_fields__.values():
        assert key.metadata["meaning"], f"[{section}] {key.name}"


def names_in_backticks(pattern: str) -> set[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    return set(re.findall(rf"`({pattern})`", text))


def test_every_module_that_a_page_names_exists():
    for name in names_in_backticks(r"(?:allsky|models|tasks|pipeline)(?:\.[a-z_]+)+"):
        module, _, attribute = name.rpartition(".")
        place = ROOT.joinpath(*name.split("."))
        is_module = place.with_suffix(".py").exists() or (place / "__init__.py").exists()
        assert is_module or hasattr(importlib.import_module(module), attribute), name


def test_every_file_of_ours_that_a_page_names_exists():
    for name in names_in_backticks(r"(?:allsky|models|tasks|pipeline|benchmarks|examples|tests)/[\w./]*"):
        assert (ROOT / name).exists(), name


def test_every_stage_stands_in_the_chain():
    stages = {name for name in pipeline.__all__ if not name.startswith("Simulated")}
    assert [name for name in stages if name not in page("architecture.md")] == []


@pytest.mark.parametrize("source", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_pages_outside_sphinx_lead_somewhere(source):
    # Sphinx checks those under docs/.
    for target in LINK.findall((ROOT / source).read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target


def test_no_picture_is_left_over():
    text = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS.rglob("*.md")])
    pictures = [path for path in (DOCS / "pictures").glob("*") if path.suffix in {".png", ".jpg", ".svg"}]
    assert [picture.name for picture in pictures if picture.name not in text] == []
