"""The rules of the house that no other tool can state: what importing costs, how long things may grow,
that everything public is documented, and that the files that must agree do."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from allsky.tables import ALL_TABLES, with_probabilities

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("allsky", "models", "tasks", "pipeline")
SOURCES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))

ALL_MODULES = """
import importlib, pathlib, sys
for path in sorted(pathlib.Path({floor!r}).rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
print(" ".join(sorted(name for name in {unwanted!r} if name in sys.modules)))
"""


def loaded_by(floor: str, *unwanted: str) -> list[str]:
    """Which of `unwanted` are loaded once every module of `floor` has been imported, in a fresh interpreter."""
    program = ALL_MODULES.format(floor=floor, unwanted=unwanted)
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.split()


def test_everything_checked_before_the_tests_was_in_order():
    # `./run test` checks style, types, imports and docs first, and names here what failed.
    assert os.environ.get("ALLSKY_FAILED_CHECKS", "") == ""


# What importing costs.


@pytest.mark.parametrize("floor", ["allsky", "tasks", "pipeline"])
def test_importing_every_module_of_a_floor_starts_no_torch(floor):
    # Luigi forks its workers, and scheduling ten thousand nights must not pay for a start of PyTorch.
    assert loaded_by(floor, "torch", "torchvision", "pytorch_grad_cam") == []


def test_the_sky_on_its_own_loads_no_luigi():
    assert loaded_by("allsky", "luigi", "tasks", "models", "pipeline") == []


# What may hang.


def test_nobody_waits_for_ever_for_a_process_that_died():
    # multiprocessing.Pool does, and also where what a process answers cannot be unpickled; ProcessPoolExecutor raises.
    folders = [*FLOORS, "benchmarks", "tests"]
    sources = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    calls = [
        (path, node.func)
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    pools = [(path, ast.unparse(called)) for path, called in calls if ast.unparse(called).split(".")[-1] == "Pool"]
    assert pools == []


# How long things may grow: see "Where the anchors land" in CONTRIBUTING.md.


def function_lengths() -> dict[str, int]:
    lengths = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lengths[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = node.end_lineno - node.lineno + 1
    return lengths


def test_no_function_is_longer_than_sixty_lines():
    assert {name: length for name, length in function_lengths().items() if length > 60} == {}


def test_the_usual_function_is_short():
    lengths = list(function_lengths().values())
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[-1] < 30


def test_no_file_is_longer_than_four_hundred_lines():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_opens_by_saying_what_it_answers(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


# Everything public is documented.


TABLES = (*ALL_TABLES, with_probabilities(["aurora", "no_aurora"]))
UNIT_OF_SUFFIX = {"_deg": "degree", "_s": "s"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_public_column_says_what_it_means_and_in_which_unit(table):
    for column in table.columns:
        assert column.meaning, column.name
        for suffix, unit in UNIT_OF_SUFFIX.items():
            assert not column.name.endswith(suffix) or column.unit == unit, column.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_instant_is_called_utc_and_stored_in_milliseconds(table):
    for column in table.columns:
        assert (column.name == "utc") == (column.type == pa.timestamp("ms", tz="UTC")), column.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_table_says_a_column_twice(table):
    assert len(set(table.names)) == len(table.names)


# The files that must agree.


def requirements() -> dict[str, Requirement]:
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    groups = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    lines = [line for group in groups for line in group.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in map(Requirement, lines)}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def test_every_requirement_is_a_range_that_its_constraint_meets():
    pins = constraints()
    for name, requirement in requirements().items():
        assert "==" not in str(requirement.specifier), f"{name} is pinned in setup.cfg"
        assert name in pins, f"{name} is missing in constraints.txt"
        assert requirement.specifier.contains(pins[name]), f"{name}: {requirement.specifier} excludes {pins[name]}"


def imported(folders: tuple[str, ...]) -> set[str]:
    """Distributions that the modules under `folders` import."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    distributions = importlib.metadata.packages_distributions()
    return {canonicalize_name(one) for name in names for one in distributions.get(name, [])} - {"allsky-pipeline"}


def extra_lines(setup: configparser.RawConfigParser, *extras: str) -> list[str]:
    lines = [line for extra in extras for line in setup["options.extras_require"][extra].splitlines()]
    return [line for line in lines if line and line[0] != "#"]


def test_what_is_imported_is_asked_for_and_nothing_else():
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = [line for line in setup["options"]["install_requires"].splitlines() if line and line[0] != "#"]
    runtime = {canonicalize_name(Requirement(line).name) for line in lines}
    # What only a part needs is an extra of its own, imported where it is used.
    parts = extra_lines(setup, "dask", "luigid", "netcdf", "onnx", "timm")
    optional = {canonicalize_name(Requirement(line).name) for line in parts}
    # Time zones are data; the others Dask and Luigi import for us.
    by_others = {"cryptography", "prometheus-client", "tzdata"}
    assert imported(FLOORS) == (runtime | optional) - by_others
    assert imported(("tests", "docs", "benchmarks")) <= set(requirements()) | {"packaging", "docutils"}


def test_constraints_name_released_versions_and_no_machine():
    for name, version in constraints().items():
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), f"{name}=={version}"


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.12.0", "3.13.0"])
def test_constraints_hold_on_every_python_that_systems_bring(python):
    # Debian 12 has 3.11.2. A pin that refuses it sends pip's resolver through everything else before it gives up.
    refused = {
        name: needed
        for name, version in constraints().items()
        if (needed := python_needed_by(name, version)) and not SpecifierSet(needed).contains(python)
    }
    assert refused == {}


def python_needed_by(name: str, version: str) -> str | None:
    """Requires-Python of the distribution, where the constrained version of it is installed."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return distribution.metadata.get("Requires-Python") if distribution.version.split("+")[0] == version else None


@pytest.mark.parametrize("name", ["torch", "torchvision", "opencv-python-headless"])
def test_what_has_to_fit_together_is_constrained_to_one_version(name):
    assert name in constraints()


def test_constrained_torchvision_is_the_one_made_for_the_constrained_torch():
    if importlib.metadata.version("torchvision").split("+")[0] != constraints()["torchvision"]:
        pytest.skip("another torchvision than the constrained one is installed")
    needs = map(Requirement, importlib.metadata.requires("torchvision") or [])
    wanted = next(need for need in needs if need.name == "torch")
    assert wanted.specifier.contains(constraints()["torch"])


def test_only_the_headless_variant_of_opencv_is_asked_for():
    # grad-cam requires it; two variants in one environment overwrite each other's cv2.
    assert {name for name in requirements() if name.startswith("opencv")} == {"opencv-python-headless"}


# The one door: ./run, and make for those who have it.


def test_make_opens_the_same_doors_as_run():
    named = re.search(r"^TARGETS = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert named is not None
    doors = subprocess.run(["./run", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(named[1].split()) == set(re.findall(r"^\./run (\w+)", doors, flags=re.MULTILINE))


def test_run_refuses_what_it_does_not_know():
    answer = subprocess.run(["./run", "nonsense"], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "nonsense" in answer.stderr


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_executable_and_free_of_warnings(script):
    assert os.access(ROOT / script, os.X_OK)
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    assert subprocess.run(["shellcheck", script], cwd=ROOT, capture_output=True, text=True).stdout == ""


def test_run_is_plain_posix_shell():
    assert (ROOT / "run").read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", "run"], cwd=ROOT).returncode == 0


@pytest.fixture
def bare_machine(tmp_path):
    """A checkout without `.venv`, and a way to run it with made-up programs before the system's own."""
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    checkout.mkdir()
    programs.mkdir()
    for name in ("run", "setup.cfg", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)

    def run(python: str, **scripts: str) -> subprocess.CompletedProcess[str]:
        for name, script in scripts.items():
            place = programs / name.replace("_", "-")
            place.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            place.chmod(0o755)
        environment = {"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin", "PYTHON": python}
        return subprocess.run(["./run", "setup"], cwd=checkout, env=environment, capture_output=True, text=True)

    return run


TOO_NEW = """case "$2" in *print*) echo 3.14;; *) exit 1;; esac"""
WITHOUT_VENV = """case "$2" in *print*) echo 3.12;; *ensurepip*) exit 1;; esac"""


def test_a_machine_with_python_3_14_only_is_told_how_to_get_3_13(bare_machine):
    answer = bare_machine("too-new", too_new=TOO_NEW)
    assert answer.returncode == 1
    assert "found 3.14" in answer.stderr
    assert all(way in answer.stderr for way in ("Luigi 3.8", "deadsnakes", "uv python install", "pyenv install"))


def test_whoever_may_not_install_is_given_the_exact_command(bare_machine):
    answer = bare_machine("incomplete", incomplete=WITHOUT_VENV, apt_get="exit 99", sudo="exit 1", id="echo 1000")
    assert answer.returncode == 1
    assert re.search(r"sudo sh -c 'apt-get update && apt-get install.* python3\.12-venv'", answer.stderr)
